import {
  Command,
  isTrue,
  listOf,
  nodeOf,
  nodesOf,
  numberOf,
  outputsOf,
  Rte,
} from '../tree/nodes.ts';
import type { TreeNode, TreeValue } from '../tree/parse-tree.ts';
import type { Catalog } from './catalog.ts';
import { constantText, isEmptyList, isNullConstant } from './constants.ts';
import { typeOf } from './expression-type.ts';
import { functionOf } from './facts.ts';
import { isOfServer } from './function-calls.ts';
import type { Inference } from './inference.ts';
import { ByScope, narrowed, type Scope, scopeAbove, scopeOf } from './scope.ts';
import { columnsOfSetOperation } from './set-operations.ts';

/** What is known of a value beyond its type. */
export type Shape =
  /** The type that the configuration declares for the column that it comes from. */
  | { readonly kind: 'declared'; readonly type: string; readonly isJson: boolean }
  /** An array of such values. */
  | { readonly kind: 'array'; readonly element: Shape }
  /** An array of arrays, which the server has the same type for; null where no more is known of these. */
  | { readonly kind: 'nested'; readonly inner: Shape | null }
  | { readonly kind: 'json'; readonly json: Json };

/** What is in a JSON document. */
export interface Json {
  readonly isNullable: boolean;
  readonly is: /** What JSON makes of a type of the server. */
    | { readonly oid: number }
    | { readonly declared: string }
    | { readonly list: Json }
    | { readonly values: Json }
    | { readonly object: readonly (readonly [name: string, value: Json])[] };
}

/** The type that a column was declared with. */
export type Declared = (schema: string, table: string, column: string) => string | undefined;

/** The type of rows that have none of their own. */
const RECORD = '2249';
const JSON_TYPES = new Set([114, 3802]);
const BUILDERS = new Set(['json_build_object', 'jsonb_build_object']);
const LISTS = new Set(['json_agg', 'jsonb_agg', 'json_agg_strict', 'jsonb_agg_strict']);
const DOCUMENTS = new Set(['to_json', 'to_jsonb', 'row_to_json']);
/** Aggregates and window functions that give one of the values that they are given. */
const PICKS = new Set([
  'any_value',
  'first_value',
  'lag',
  'last_value',
  'lead',
  'max',
  'min',
  'mode',
  'nth_value',
]);

/** Follows values to the columns that they come from, and tells what JSON is made of. */
export class Shapes {
  readonly #inference: Inference;
  readonly #declared: Declared;
  /** Recursive CTEs that are being looked into, and what is taken for granted of their columns. */
  readonly #open = new Map<TreeNode, readonly (Shape | null)[]>();
  /** What was told of queries, by the scope around them: each column of one asks for those that it is made of. */
  readonly #told = new ByScope<readonly (Shape | null)[]>();

  constructor(inference: Inference, declared: Declared) {
    this.#inference = inference;
    this.#declared = declared;
  }

  /** For each column of a query what shape it has, null where nothing is known. */
  columns(query: TreeNode, outer: Scope | null = null): readonly (Shape | null)[] {
    return this.#told.get(outer, query, () => this.#columnsOf(query, outer));
  }

  #columnsOf(query: TreeNode, outer: Scope | null): readonly (Shape | null)[] {
    const scope = scopeOf(query, outer, this.#inference.catalog);
    const operations = nodeOf(query['setOperations']);
    if (query['commandType'] === Command.select && operations !== null) {
      const shapes = (subquery: TreeNode): readonly (Shape | null)[] =>
        this.columns(subquery, scope);
      return columnsOfSetOperation(operations, query, shapes, (left, right = null) =>
        same([left, right]),
      );
    }
    return outputsOf(query).map((target) => this.of(target['expr'], scope));
  }

  /** The shape of an expression. */
  of(value: TreeValue | undefined, scope: Scope): Shape | null {
    const node = nodeOf(value);
    if (node === null) return null;
    switch (node.tag) {
      case 'VAR':
        return this.#variable(node, scope);
      case 'COALESCE':
      case 'MINMAX':
        return this.#allOf(listOf(node['args']), scope);
      case 'CASE': {
        const results = nodesOf(node['args']).map((each) => each['result'] ?? null);
        return this.#allOf([...results, node['defresult'] ?? null], scope);
      }
      case 'NULLIF':
        return this.of(listOf(node['args'])[0], scope);
      case 'COLLATEEXPR':
      case 'COERCETODOMAIN':
        return this.of(node['arg'], scope);
      case 'ARRAY': {
        const element = this.#allOf(listOf(node['elements']), scope);
        if (isTrue(node['multidims'])) return { kind: 'nested', inner: element };
        return element === null ? null : { kind: 'array', element };
      }
      case 'SUBLINK': {
        const query = nodeOf(node['subselect']);
        const shape = query === null ? null : (this.columns(query, scope)[0] ?? null);
        if (node['subLinkType'] === '4') return shape;
        if (query === null || node['subLinkType'] !== '6') return null;
        const type = typeOf(nodeOf(outputsOf(query)[0]?.['expr']));
        if (this.#inference.catalog.isArray(type)) return { kind: 'nested', inner: shape };
        return shape === null ? null : { kind: 'array', element: shape };
      }
      case 'AGGREF':
        return this.#aggregate(numberOf(node['aggfnoid']), node, scope);
      case 'WINDOWFUNC':
        return this.#aggregate(numberOf(node['winfnoid']), node, scope);
      case 'FUNCEXPR':
        return this.#call(node, scope);
      default:
        return null;
    }
  }

  /** The shape that all of them have: NULL has any, and JSON's empty list has that of any list. */
  #allOf(values: readonly TreeValue[], scope: Scope): Shape | null {
    const shapes = values
      .filter((each) => !isNullConstant(each) && !isEmptyList(each))
      .map((each) => this.of(each, scope));
    const shape = same(shapes);
    return values.some((each) => isEmptyList(each)) && !isList(shape) ? null : shape;
  }

  #aggregate(oid: number, node: TreeNode, scope: Scope): Shape | null {
    const known = this.#inference.catalog.functionOf(oid);
    if (known === undefined || !isOfServer(known)) return null;
    const args = listOf(node['args']).map((each) => nodeOf(each)?.['expr'] ?? each);
    const [first, second, fallback] = args;
    const inside = narrowed(scope, scope.facts.whenTrue(node['aggfilter']));
    if (PICKS.has(known.name)) {
      // `lag` and `lead` give their third argument where there is no row.
      return this.#allOf(fallback === undefined ? args.slice(0, 1) : [first!, fallback], inside);
    }
    if (known.name === 'array_agg') {
      const element = this.of(first, inside);
      // Of arrays it makes one of the same type.
      if (numberOf(node['aggtype'] ?? node['wintype']) === typeOf(nodeOf(first))) {
        return { kind: 'nested', inner: element };
      }
      return element === null ? null : { kind: 'array', element };
    }
    if (LISTS.has(known.name)) {
      const item = this.#json(first, inside);
      const list = known.name.endsWith('strict') ? { ...item, isNullable: false } : item;
      return { kind: 'json', json: { isNullable: false, is: { list } } };
    }
    if (/^jsonb?_object_agg$/.test(known.name)) {
      const values = this.#json(second, inside);
      return { kind: 'json', json: { isNullable: false, is: { values } } };
    }
    return null;
  }

  #call(node: TreeNode, scope: Scope): Shape | null {
    const known = functionOf(node, this.#inference.catalog);
    if (known === undefined || !isOfServer(known)) return null;
    const args = listOf(node['args']);
    if (DOCUMENTS.has(known.name)) {
      return { kind: 'json', json: { ...this.#json(args[0], scope), isNullable: false } };
    }
    // A cast of one JSON type to the other.
    const [first] = args;
    if (args.length === 1 && first !== undefined && /^jsonb?$/.test(known.name)) {
      return this.of(first, scope);
    }
    if (isTrue(node['funcvariadic'])) return null;
    if (/^jsonb?_build_array$/.test(known.name)) {
      const items = args.map((each) => this.#json(each, scope));
      const [item] = items;
      return item === undefined || items.some((each) => !isSame(each, item))
        ? null
        : { kind: 'json', json: { isNullable: false, is: { list: item } } };
    }
    if (!BUILDERS.has(known.name)) return null;
    const object: [string, Json][] = [];
    for (let index = 0; index < args.length; index += 2) {
      const name = constantText(args[index]);
      if (name === null) return null;
      object.push([name, this.#json(args[index + 1], scope)]);
    }
    return { kind: 'json', json: { isNullable: false, is: { object: lastOfEach(object) } } };
  }

  /** What an expression becomes within a JSON document. */
  #json(value: TreeValue | undefined, scope: Scope): Json {
    const node = nodeOf(value);
    const isNullable = this.#inference.isNullable(node, scope);
    if (node === null) return { isNullable, is: { oid: 0 } };
    const object = this.#row(node, scope);
    if (object !== null) return { isNullable, is: { object } };
    const shape = this.of(node, scope);
    if (shape?.kind === 'json')
      return { ...shape.json, isNullable: isNullable || shape.json.isNullable };
    if (shape?.kind === 'declared' && shape.isJson)
      return { isNullable, is: { declared: shape.type } };
    return { isNullable, is: nested(shape, typeOf(node)) };
  }

  /** The fields of a row that has no type of its own, or of which more is known than its type. */
  #row(node: TreeNode, scope: Scope): (readonly [string, Json])[] | null {
    if (node.tag === 'VAR' && node['varattno'] === '0') return this.#wholeRow(node, scope);
    if (node.tag === 'ROW' && node['row_typeid'] === RECORD) {
      const names = listOf(node['colnames']);
      return listOf(node['args']).map((each, index) => [
        String(names[index]),
        this.#json(each, scope),
      ]);
    }
    const query = nodeOf(node['subselect']);
    if (node.tag !== 'SUBLINK' || node['subLinkType'] !== '4' || query === null) return null;
    if (nodeOf(query['setOperations']) !== null) return null;
    const row = nodeOf(outputsOf(query)[0]?.['expr']);
    return row === null ? null : this.#row(row, scopeOf(query, scope, this.#inference.catalog));
  }

  /** The fields of a relation's row that is there, whatever join is above it. */
  #wholeRow(node: TreeNode, from: Scope): (readonly [string, Json])[] | null {
    const scope = scopeAbove(from, numberOf(node['varlevelsup']));
    const relation = nodesOf(scope?.query['rtable'])[numberOf(node['varno']) - 1];
    if (relation === undefined) return null;
    const columns = columnsOfRelation(relation, this.#inference.catalog);
    if (columns === null) return null;
    const fields = columns.map(({ name, number, type }): [string, Json] => {
      const column = { ...node, varattno: `${number}`, varnullingrels: [], vartype: `${type}` };
      return [name, this.#json(column, from)];
    });
    return lastOfEach(fields);
  }

  #variable(node: TreeNode, from: Scope): Shape | null {
    const scope = scopeAbove(from, numberOf(node['varlevelsup']));
    const relation = nodesOf(scope?.query['rtable'])[numberOf(node['varno']) - 1];
    const attribute = numberOf(node['varattno']);
    if (scope === null || relation === undefined || attribute <= 0) return null;
    switch (relation['rtekind']) {
      case Rte.relation: {
        const { catalog } = this.#inference;
        const oid = numberOf(relation['relid']);
        const column = catalog.column(oid, attribute);
        const type =
          column === undefined
            ? undefined
            : this.#declared(column.schema, column.table, column.name);
        if (type !== undefined) {
          return { kind: 'declared', type, isJson: JSON_TYPES.has(column?.type ?? 0) };
        }
        const view = catalog.view(oid);
        return view === undefined ? null : (this.columns(view)[attribute - 1] ?? null);
      }
      case Rte.subquery: {
        const subquery = nodeOf(relation['subquery']);
        return subquery === null ? null : (this.columns(subquery, scope)[attribute - 1] ?? null);
      }
      case Rte.join:
        return this.of(listOf(relation['joinaliasvars'])[attribute - 1], scope);
      case Rte.group:
        return this.of(listOf(relation['groupexprs'])[attribute - 1], scope);
      case Rte.values:
        return this.#allOf(
          listOf(relation['values_lists']).map((row) => listOf(row)[attribute - 1] ?? null),
          scope,
        );
      case Rte.cte: {
        const owner = scopeAbove(scope, numberOf(relation['ctelevelsup']));
        const ctes = nodesOf(owner?.query['cteList']);
        const cte = ctes.find((each) => each['ctename'] === relation['ctename']);
        return cte === undefined || owner === null
          ? null
          : (this.#columnsOfCte(cte, owner)[attribute - 1] ?? null);
      }
      default:
        return null;
    }
  }

  #columnsOfCte(cte: TreeNode, owner: Scope): readonly (Shape | null)[] {
    const query = nodeOf(cte['ctequery']);
    if (query === null) return [];
    if (!isTrue(cte['cterecursive'])) return this.columns(query, owner);
    const known = this.#open.get(cte);
    return known ?? this.#told.get(owner, cte, () => this.#settled(cte, query, owner));
  }

  /** The columns of a recursive CTE. */
  #settled(cte: TreeNode, query: TreeNode, owner: Scope): readonly (Shape | null)[] {
    // Its own rows are like the first ones until a round finds that they are not.
    let guess = this.columns(firstBranch(query), owner);
    try {
      for (;;) {
        this.#open.set(cte, guess);
        // What is told in a round holds for that round alone, and so each has a scope of its own.
        const round = this.columns(query, { ...owner });
        if (isSame(round, guess)) return guess;
        guess = guess.map((each, index) => same([each, round[index] ?? null]));
      }
    } finally {
      this.#open.delete(cte);
    }
  }
}

/** The columns of a relation, where these have names and types; null of a function's, which need not. */
function columnsOfRelation(
  relation: TreeNode,
  catalog: Catalog,
): readonly { readonly name: string; readonly number: number; readonly type: number }[] | null {
  if (relation['rtekind'] === Rte.relation) return catalog.columns(numberOf(relation['relid']));
  const names = listOf(nodeOf(relation['eref'])?.['colnames']);
  const subquery = nodeOf(relation['subquery']);
  const types =
    subquery === null
      ? listOf(relation['coltypes']).map(numberOf)
      : outputsOf(subquery).map((each) => typeOf(nodeOf(each['expr'])));
  if (types.length === 0 || types.length !== names.length) return null;
  return types.map((type, index) => ({ name: String(names[index]), number: index + 1, type }));
}

/** Of fields of the same name JSON has the last one. */
function lastOfEach(fields: readonly (readonly [string, Json])[]): [string, Json][] {
  return [...new Map(fields)];
}

/** What JSON makes of an array of arrays, or else of a type. */
function nested(shape: Shape | null, oid: number): Json['is'] {
  if (shape?.kind !== 'nested') return { oid };
  return { list: { isNullable: false, is: nested(shape.inner, oid) } };
}

function isList(shape: Shape | null): boolean {
  if (shape?.kind === 'json') return 'list' in shape.json.is;
  return shape?.kind === 'declared' && /\[\]\s*$|^\s*(?:Readonly)?Array</.test(shape.type);
}

/** The term of a recursive query that is not recursive. */
function firstBranch(query: TreeNode): TreeNode {
  const left = nodeOf(nodeOf(query['setOperations'])?.['larg']);
  if (left?.tag !== 'RANGETBLREF') return query;
  const relation = nodesOf(query['rtable'])[numberOf(left['rtindex']) - 1];
  return nodeOf(relation?.['subquery']) ?? query;
}

function same(shapes: readonly (Shape | null)[]): Shape | null {
  const [first, ...others] = shapes;
  if (first === undefined || first === null) return null;
  return others.every((each) => isSame(each, first)) ? first : null;
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

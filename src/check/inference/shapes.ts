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
import { CASTS, functionOf } from './facts.ts';
import { isOfServer } from './function-calls.ts';
import type { Inference } from './inference.ts';
import { type Scope, scopeAbove, scopeOf } from './scope.ts';
import { columnsOfSetOperation } from './set-operations.ts';

/** What is known of a value beyond its type. */
export type Shape =
  /** The type that the configuration declares for the column that it comes from. */
  | { readonly kind: 'declared'; readonly type: string; readonly isJson: boolean }
  /** An array of such values. */
  | { readonly kind: 'array'; readonly element: Shape }
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
  /** CTEs that are being looked into, which may be recursive. */
  readonly #open = new Set<TreeNode>();

  constructor(inference: Inference, declared: Declared) {
    this.#inference = inference;
    this.#declared = declared;
  }

  /** For each column of a query what shape it has, null where nothing is known. */
  columns(query: TreeNode, outer: Scope | null = null): readonly (Shape | null)[] {
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
        if (isTrue(node['multidims'])) return null;
        const element = this.#allOf(listOf(node['elements']), scope);
        return element === null ? null : { kind: 'array', element };
      }
      case 'SUBLINK': {
        const query = nodeOf(node['subselect']);
        const shape = query === null ? null : (this.columns(query, scope)[0] ?? null);
        if (node['subLinkType'] === '4') return shape;
        return node['subLinkType'] === '6' && shape !== null
          ? { kind: 'array', element: shape }
          : null;
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

  /** The shape that all of them have: NULL has any, and so have JSON's null and its empty list. */
  #allOf(values: readonly TreeValue[], scope: Scope): Shape | null {
    const shapes = values
      .filter((each) => !isEmptyConstant(each))
      .map((each) => this.of(each, scope));
    return same(shapes);
  }

  #aggregate(oid: number, node: TreeNode, scope: Scope): Shape | null {
    const known = this.#inference.catalog.functionOf(oid);
    if (known === undefined || !isOfServer(known)) return null;
    const [first, second] = listOf(node['args']).map((each) => nodeOf(each)?.['expr'] ?? each);
    if (PICKS.has(known.name)) return this.of(first, scope);
    if (known.name === 'array_agg') {
      const element = this.of(first, scope);
      return element === null || element.kind === 'array' ? null : { kind: 'array', element };
    }
    if (LISTS.has(known.name)) {
      const item = this.#json(first, scope);
      const list = known.name.endsWith('strict') ? { ...item, isNullable: false } : item;
      return { kind: 'json', json: { isNullable: false, is: { list } } };
    }
    if (/^jsonb?_object_agg$/.test(known.name)) {
      const values = this.#json(second, scope);
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
    return { kind: 'json', json: { isNullable: false, is: { object } } };
  }

  /** What an expression becomes within a JSON document. */
  #json(value: TreeValue | undefined, scope: Scope): Json {
    const node = nodeOf(value);
    const isNullable = this.#inference.isNullable(node, scope);
    if (node === null) return { isNullable, is: { oid: 0 } };
    const row = node.tag === 'VAR' && node['varattno'] === '0' ? this.#row(node, scope) : null;
    if (row !== null) return { isNullable, is: { object: row } };
    const shape = this.of(node, scope);
    if (shape?.kind === 'json')
      return { ...shape.json, isNullable: isNullable || shape.json.isNullable };
    if (shape?.kind === 'declared' && shape.isJson)
      return { isNullable, is: { declared: shape.type } };
    return { isNullable, is: { oid: typeOf(node, this.#inference) } };
  }

  /** The fields of a whole row, by the relation that it is of. */
  #row(node: TreeNode, from: Scope): (readonly [string, Json])[] | null {
    const scope = scopeAbove(from, numberOf(node['varlevelsup']));
    const relation = nodesOf(scope?.query['rtable'])[numberOf(node['varno']) - 1];
    if (scope === null || relation === undefined) return null;
    const names = listOf(nodeOf(relation['eref'])?.['colnames']);
    if (relation['rtekind'] === Rte.relation) {
      const columns = this.#inference.catalog.columns(numberOf(relation['relid']));
      // A row that is there has its columns as the table has them, whatever join is above it.
      return columns.map(({ number, name, type, isNotNull }) => {
        const shape = this.#variable({ ...node, varattno: `${number}` }, from);
        const view = this.#inference.catalog.view(numberOf(relation['relid']));
        const isNull =
          view === undefined
            ? !isNotNull
            : (this.#inference.columns(view, null)[number - 1] ?? true);
        return [name, { ...this.#field(shape, type), isNullable: isNull }];
      });
    }
    const subquery = nodeOf(relation['subquery']);
    if (relation['rtekind'] !== Rte.subquery || subquery === null) return null;
    const nulls = this.#inference.columns(subquery, scope);
    const shapes = this.columns(subquery, scope);
    const types = outputsOf(subquery).map((each) => typeOf(nodeOf(each['expr']), this.#inference));
    if (nodeOf(subquery['setOperations']) !== null) return null;
    return types.map((type, index) => [
      String(names[index]),
      { ...this.#field(shapes[index] ?? null, type), isNullable: nulls[index] ?? true },
    ]);
  }

  #field(shape: Shape | null, oid: number): Json {
    if (shape?.kind === 'json') return shape.json;
    if (shape?.kind === 'declared' && shape.isJson) {
      return { isNullable: false, is: { declared: shape.type } };
    }
    return { isNullable: false, is: { oid } };
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
        const query = nodeOf(cte?.['ctequery']);
        if (cte === undefined || owner === null || query === null || this.#open.has(cte))
          return null;
        this.#open.add(cte);
        try {
          // Of a recursive one: what its first rows are.
          const first = isTrue(cte['cterecursive']) ? firstBranch(query) : query;
          return this.columns(first, owner)[attribute - 1] ?? null;
        } finally {
          this.#open.delete(cte);
        }
      }
      default:
        return null;
    }
  }
}

/** The term of a recursive query that is not recursive; rows of the others are of the same columns or are not known. */
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

/** The type of an expression, 0 where it is not told. */
function typeOf(node: TreeNode | null, { catalog }: Inference): number {
  if (node === null) return 0;
  for (const field of [
    'vartype',
    'consttype',
    'paramtype',
    'funcresulttype',
    'opresulttype',
    'resulttype',
    'coalescetype',
    'casetype',
    'minmaxtype',
    'aggtype',
    'wintype',
    'array_typeid',
    'row_typeid',
    'type',
  ]) {
    const oid = numberOf(node[field]);
    if (oid > 0) return oid;
  }
  if (['BOOLEXPR', 'NULLTEST', 'BOOLEANTEST', 'SCALARARRAYOPEXPR'].includes(node.tag)) return 16;
  if (node.tag === 'SUBLINK') {
    if (node['subLinkType'] === '0' || node['subLinkType'] === '2') return 16;
    const query = nodeOf(node['subselect']);
    const first = query === null ? undefined : outputsOf(query)[0];
    return node['subLinkType'] === '4'
      ? typeOf(nodeOf(first?.['expr']), { catalog } as Inference)
      : 0;
  }
  return 0;
}

/** The bytes of a constant, without the length in front of them or the zero behind them. */
function constantBytes(value: TreeValue | undefined): Buffer | null {
  let node = nodeOf(value);
  while (node !== null && CASTS.has(node.tag)) node = nodeOf(node['arg']);
  const text = node?.tag === 'CONST' ? node['constvalue'] : null;
  if (typeof text !== 'string') return null;
  const bytes = Buffer.from(text.split(' ').map(Number));
  if (node?.['constlen'] === '-2') return bytes.subarray(0, -1);
  return node?.['constlen'] === '-1' ? bytes.subarray(4) : null;
}

function constantText(value: TreeValue | undefined): string | null {
  return constantBytes(value)?.toString('utf8') ?? null;
}

/** NULL, or a JSON document without anything in it. */
function isEmptyConstant(value: TreeValue | undefined): boolean {
  let node = nodeOf(value);
  while (node !== null && CASTS.has(node.tag)) node = nodeOf(node['arg']);
  if (node?.tag !== 'CONST') return false;
  if (node['constisnull'] === 'true') return true;
  const bytes = constantBytes(node);
  if (node['consttype'] === '114') return bytes?.toString().trim() === '[]';
  // The header of an array without items, as jsonb has it.
  return (
    node['consttype'] === '3802' && bytes?.length === 4 && bytes.readUInt32LE(0) === 0x4000_0000
  );
}

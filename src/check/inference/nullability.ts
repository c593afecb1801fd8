import {
  Command,
  isTrue,
  Join,
  listOf,
  nodeOf,
  nodesOf,
  numberOf,
  outputsOf,
  Returning,
  Rte,
  walk,
} from '../tree/nodes.ts';
import type { TreeNode, TreeValue } from '../tree/parse-tree.ts';
import {
  COUNTS,
  NOT_NULL_OF_ROWS,
  NOT_NULL_OF_VALUES,
  NULL_BY_ARGUMENTS,
  RANKS,
  SETS_WITHOUT_NULL,
} from './calls.ts';
import type { Catalog, KnownFunction } from './catalog.ts';
import { CASTS, functionOf, union } from './facts.ts';
import { NEVER_NULL } from './never-null.ts';
import { narrowed, type Scope, scopeAbove, scopeOf } from './scope.ts';

/** What may be NULL among a query's arguments. */
export interface ArgumentNulls {
  readonly isNullable: boolean;
  /** Of an array: its elements. */
  readonly hasNullableElements: boolean;
}

/** `void`: the driver makes it null. */
const VOID = '2278';
const RECORD = '2249';
const BOOLEAN = '16';

/**
 * Tells which columns of a query's result may be NULL, from the tree that the server has made of it.
 * What is not known may be NULL: every node that is not named here, every function that is not in a list.
 */
export class Nullability {
  readonly #catalog: Catalog;
  readonly #arguments: ReadonlyMap<number, ArgumentNulls>;
  readonly #views = new Map<number, readonly boolean[]>();
  readonly #ctes = new Map<TreeNode, readonly boolean[]>();

  constructor(catalog: Catalog, args: ReadonlyMap<number, ArgumentNulls> = new Map()) {
    this.#catalog = catalog;
    this.#arguments = args;
  }

  /** For each column of a query whether it may be NULL. */
  columns(query: TreeNode, outer: Scope | null = null): readonly boolean[] {
    const scope = scopeOf(query, outer, this.#catalog);
    const operations = nodeOf(query['setOperations']);
    if (query['commandType'] === Command.select && operations !== null) {
      return this.#setOperation(operations, scope);
    }
    return outputsOf(query).map((target) => this.isNullable(target['expr'], scope));
  }

  #setOperation(node: TreeNode, scope: Scope): readonly boolean[] {
    if (node.tag === 'RANGETBLREF') {
      const relation = nodesOf(scope.query['rtable'])[numberOf(node['rtindex']) - 1];
      const subquery = nodeOf(relation?.['subquery']);
      return subquery === null ? [] : this.columns(subquery, scope);
    }
    const left = nodeOf(node['larg']);
    const right = nodeOf(node['rarg']);
    if (left === null || right === null) return [];
    const rights = this.#setOperation(right, scope);
    return this.#setOperation(left, scope).map((isNullable, index) => {
      const other = rights[index] ?? true;
      if (node['op'] === '1') return isNullable || other;
      // What INTERSECT leaves is in both, what EXCEPT leaves is of the left.
      return node['op'] === '2' ? isNullable && other : isNullable;
    });
  }

  isNullable(value: TreeValue | undefined, scope: Scope): boolean {
    const node = nodeOf(value);
    if (node === null) return true;
    const any = (list: TreeValue | undefined): boolean =>
      listOf(list).some((each) => this.isNullable(each, scope));
    if (CASTS.has(node.tag)) return this.isNullable(node['arg'], scope);
    switch (node.tag) {
      case 'VAR':
        return this.#variable(node, scope);
      case 'CONST':
        return node['constisnull'] !== 'false';
      case 'PARAM':
        return this.#parameter(node)?.isNullable ?? true;
      case 'OPEXPR':
      case 'FUNCEXPR':
        return this.#call(node, scope);
      case 'ARRAY':
      case 'BOOLEANTEST':
      case 'DISTINCTEXPR':
      case 'GROUPINGFUNC':
      case 'JSONISPREDICATE':
      case 'MERGESUPPORTFUNC':
      case 'NEXTVALUEEXPR':
      case 'NULLTEST':
      case 'ROW':
        return false;
      case 'SQLVALUEFUNCTION':
        // current_schema is NULL where the search path leads nowhere.
        return numberOf(node['op']) >= 14;
      case 'NAMEDARGEXPR':
      case 'CONVERTROWTYPEEXPR':
        return this.isNullable(node['arg'], scope);
      case 'RETURNINGEXPR':
        return this.isNullable(node['retexpr'], scope);
      case 'COALESCE':
      case 'MINMAX':
        return listOf(node['args']).every((each) => this.isNullable(each, scope));
      case 'BOOLEXPR':
        return this.#boolean(node, scope);
      case 'CASE':
        return this.#case(node, scope);
      case 'SCALARARRAYOPEXPR': {
        const array = listOf(node['args'])[1];
        return any(node['args']) || this.#hasNullableElements(array, scope) || !this.#isSafe(node);
      }
      case 'SUBLINK':
        return this.#sublink(node, scope);
      case 'AGGREF':
        return this.#aggregate(node, numberOf(node['aggfnoid']), scope, false);
      case 'WINDOWFUNC':
        return this.#window(node, scope);
      case 'JSONCONSTRUCTOREXPR':
        return node['func'] === null ? true : this.isNullable(node['func'], scope);
      default:
        return true;
    }
  }

  #parameter(node: TreeNode): ArgumentNulls | undefined {
    return node['paramkind'] === '0' ? this.#arguments.get(numberOf(node['paramid'])) : undefined;
  }

  /** In `a AND b`, `b` counts only for rows in which `a` is true: what is false decides alone. */
  #boolean(node: TreeNode, scope: Scope): boolean {
    const args = nodesOf(node['args']);
    if (node['boolop'] === 'not') return args.some((each) => this.isNullable(each, scope));
    return args.some((each) => {
      const others = args.filter((other) => other !== each && !this.isNullable(other, scope));
      const known = others.map((other) =>
        node['boolop'] === 'and' ? scope.facts.whenTrue(other) : scope.facts.whenNotTrue(other),
      );
      return this.isNullable(each, narrowed(scope, union(known)));
    });
  }

  #case(node: TreeNode, scope: Scope): boolean {
    if (node['defresult'] === null) return true;
    let rest = scope;
    for (const branch of nodesOf(node['args'])) {
      // `CASE x WHEN y` compares a stand-in for x, of which nothing is known.
      const condition = node['arg'] === null ? branch['expr'] : null;
      const inside = narrowed(rest, scope.facts.whenTrue(condition));
      if (this.isNullable(branch['result'], inside)) return true;
      rest = narrowed(rest, scope.facts.whenNotTrue(condition));
    }
    return this.isNullable(node['defresult'], rest);
  }

  #sublink(node: TreeNode, scope: Scope): boolean {
    const query = nodeOf(node['subselect']);
    if (query === null) return true;
    switch (node['subLinkType']) {
      case '0': // EXISTS
      case '6': // ARRAY(…)
        return false;
      case '1': // ALL
      case '2': {
        // ANY
        const test = nodeOf(node['testexpr']);
        if (test === null || !this.#isSafeTest(test)) return true;
        const left = nodesOf(test['args'] ?? test['largs']).filter((each) => !isStandIn(each));
        return (
          left.some((each) => this.isNullable(each, scope)) ||
          this.columns(query, scope).some((isNullable) => isNullable)
        );
      }
      case '4': // a scalar
        return !hasOneRow(query) || (this.columns(query, scope)[0] ?? true);
      default:
        return true;
    }
  }

  /** The comparison of `x = ANY (SELECT …)`. */
  #isSafeTest(test: TreeNode): boolean {
    return test.tag === 'OPEXPR' && this.#isSafe(test);
  }

  /** Whether an operator gives NULL for NULL only. */
  #isSafe(node: TreeNode): boolean {
    const known = functionOf(node, this.#catalog);
    if (known === undefined || !known.isStrict) return false;
    return known.language === 'internal' && NEVER_NULL.has(known.source);
  }

  #hasNullableElements(value: TreeValue | undefined, scope: Scope): boolean {
    const node = nodeOf(value);
    switch (node?.tag) {
      case 'ARRAY':
        return listOf(node['elements']).some((each) =>
          isTrue(node['multidims'])
            ? this.#hasNullableElements(each, scope)
            : this.isNullable(each, scope),
        );
      case 'PARAM':
        return this.#parameter(node)?.hasNullableElements ?? true;
      case 'SUBLINK': {
        const query = nodeOf(node['subselect']);
        if (node['subLinkType'] !== '6' || query === null) return true;
        return this.columns(query, scope)[0] ?? true;
      }
      case 'RELABELTYPE':
        return this.#hasNullableElements(node['arg'], scope);
      case 'COALESCE':
        return listOf(node['args']).some((each) => this.#hasNullableElements(each, scope));
      default:
        // The elements of a constant are bytes that are not read.
        return true;
    }
  }

  #call(node: TreeNode, scope: Scope): boolean {
    const known = functionOf(node, this.#catalog);
    if (known === undefined || node['funcresulttype'] === VOID) return true;
    const args = listOf(node['args']);
    if (known.returnsSet) {
      // Of two sets side by side the shorter one is filled up with NULLs.
      const isAlone = countSets(scope.query) === 1;
      if (!isAlone || !isOfServer(known) || !SETS_WITHOUT_NULL.has(known.name)) return true;
      return args.some((each) => this.isNullable(each, scope));
    }
    if (known.language === 'internal') {
      const deciding = NULL_BY_ARGUMENTS[known.source];
      if (deciding !== undefined && !isTrue(node['funcvariadic'])) {
        return deciding.some((index) => this.isNullable(args[index], scope));
      }
      if (!NEVER_NULL.has(known.source)) return true;
      return known.isStrict && args.some((each) => this.isNullable(each, scope));
    }
    if (known.body !== null) {
      if (known.isStrict && args.some((each) => this.isNullable(each, scope))) return true;
      const nulls = args.map((each, index): [number, ArgumentNulls] => [
        index + 1,
        { isNullable: this.isNullable(each, scope), hasNullableElements: true },
      ]);
      if (!hasOneRow(known.body)) return true;
      return new Nullability(this.#catalog, new Map(nulls)).columns(known.body)[0] ?? true;
    }
    // Comparisons of an extension's types.
    const isComparison = node['opresulttype'] === BOOLEAN && known.isStrict;
    if (known.language !== 'c' || !isComparison) return true;
    return args.some((each) => this.isNullable(each, scope));
  }

  #aggregate(node: TreeNode, oid: number, scope: Scope, isWindow: boolean): boolean {
    const known = this.#catalog.functionOf(oid);
    if (known === undefined || !isOfServer(known)) return true;
    if (COUNTS.has(known.name)) return false;
    const groups = nodesOf(scope.query['groupClause']).length > 0;
    const hasRows = isWindow || (groups && nodesOf(scope.query['groupingSets']).length === 0);
    if (!hasRows || (node['aggfilter'] ?? null) !== null) return true;
    if (numberOf(node['agglevelsup'] ?? '0') !== 0) return true;
    if (NOT_NULL_OF_ROWS.has(known.name)) return false;
    if (!NOT_NULL_OF_VALUES.has(known.name)) return true;
    const args = nodesOf(node['args']).map((each) => each['expr'] ?? each);
    const deciding = known.name === 'string_agg' ? args.slice(0, 1) : args;
    return [...deciding, ...listOf(node['aggdirectargs'])].some((each) =>
      this.isNullable(each, scope),
    );
  }

  #window(node: TreeNode, scope: Scope): boolean {
    const oid = numberOf(node['winfnoid']);
    const known = this.#catalog.functionOf(oid);
    if (known === undefined || !isOfServer(known)) return true;
    if (RANKS.has(known.name) || COUNTS.has(known.name)) return false;
    const args = listOf(node['args']);
    const windows = nodesOf(scope.query['windowClause']);
    const clause = windows.find((each) => each['winref'] === node['winref']);
    if (clause === undefined || (node['aggfilter'] ?? null) !== null) return true;
    const isOfAllArguments = args.some((each) => this.isNullable(each, scope));
    switch (known.name) {
      case 'ntile':
        return isOfAllArguments;
      case 'lag':
      case 'lead':
        return args.length < 3 || isOfAllArguments;
      default:
        if (!frameHasCurrentRow(numberOf(clause['frameOptions']))) return true;
        if (known.name === 'first_value' || known.name === 'last_value') return isOfAllArguments;
        return known.isAggregate ? this.#aggregate(node, oid, scope, true) : true;
    }
  }

  #cte(cte: TreeNode, scope: Scope): readonly boolean[] {
    const known = this.#ctes.get(cte);
    if (known !== undefined) return known;
    const query = nodeOf(cte['ctequery']);
    if (query === null) return [];
    if (!isTrue(cte['cterecursive'])) {
      const columns = this.columns(query, scope);
      this.#ctes.set(cte, columns);
      return columns;
    }
    // Its own rows are not NULL until a round finds that they may be; a column only ever changes once.
    let guess: readonly boolean[] = outputsOf(query).map(() => false);
    for (;;) {
      this.#ctes.set(cte, guess);
      const next = this.columns(query, scope);
      const joined = guess.map((isNullable, index) => isNullable || (next[index] ?? true));
      if (joined.every((isNullable, index) => isNullable === guess[index])) return guess;
      guess = joined;
    }
  }

  #view(oid: number, query: TreeNode): readonly boolean[] {
    const known = this.#views.get(oid) ?? this.columns(query);
    this.#views.set(oid, known);
    return known;
  }

  #variable(node: TreeNode, from: Scope): boolean {
    const scope = scopeAbove(from, numberOf(node['varlevelsup']));
    if (scope === null) return true;
    const { query } = scope;
    const number = numberOf(node['varno']);
    const relation = nodesOf(query['rtable'])[number - 1];
    if (relation === undefined) return true;
    // Which set makes NULL of which column is not told reliably, if an expression is there twice.
    if (nodesOf(query['groupingSets']).length > 0) return true;
    if (scope.notNull.has(`${String(node['varno'])}.${String(node['varattno'])}`)) return false;
    const nullers = nullersOf(node, scope);
    if (nullers.some((join) => !scope.reduced.has(join))) return true;
    if (isOfMissingRow(node, query)) return true;
    if (numberOf(node['varattno']) < 0) return relation['rtekind'] !== Rte.relation;
    return this.#attribute(numberOf(node['varattno']), number, relation, scope);
  }

  /** Whether a column of a relation may be NULL, from what the relation is made of. */
  #attribute(attribute: number, number: number, relation: TreeNode, scope: Scope): boolean {
    const isWholeRow = attribute === 0;
    const index = attribute - 1;
    switch (relation['rtekind']) {
      case Rte.relation: {
        const oid = numberOf(relation['relid']);
        const view = this.#catalog.view(oid);
        if (view !== undefined) {
          // What is written to a view need not fit its query.
          if (number === numberOf(scope.query['resultRelation'])) return true;
          return isWholeRow ? false : (this.#view(oid, view)[index] ?? true);
        }
        return isWholeRow ? false : !(this.#catalog.column(oid, attribute)?.isNotNull ?? false);
      }
      case Rte.subquery: {
        const subquery = nodeOf(relation['subquery']);
        if (isWholeRow) return false;
        return subquery === null ? true : (this.columns(subquery, scope)[index] ?? true);
      }
      case Rte.join: {
        const alias = nodeOf(listOf(relation['joinaliasvars'])[index]);
        if (alias === null) return true;
        if (relation['jointype'] !== Join.full || alias.tag !== 'COALESCE') {
          return this.isNullable(alias, scope);
        }
        // Of the two sides of a FULL JOIN … USING one is always there.
        const inside = withoutJoin(scope, number);
        return listOf(alias['args']).some((each) =>
          this.isNullable(withoutNuller(each, number), inside),
        );
      }
      case Rte.function:
        return this.#tableFunction(attribute, relation, scope);
      case Rte.values:
        return listOf(relation['values_lists']).some((row) =>
          this.isNullable(listOf(row)[index], scope),
        );
      case Rte.cte: {
        const owner = scopeAbove(scope, numberOf(relation['ctelevelsup']));
        const ctes = nodesOf(owner?.query['cteList']);
        const cte = ctes.find((each) => each['ctename'] === relation['ctename']);
        if (cte === undefined || owner === null) return true;
        return this.#cte(cte, owner)[index] ?? true;
      }
      case Rte.group:
        return this.isNullable(listOf(relation['groupexprs'])[index], scope);
      default:
        return true;
    }
  }

  #tableFunction(attribute: number, relation: TreeNode, scope: Scope): boolean {
    const functions = nodesOf(relation['functions']);
    const names = listOf(nodeOf(relation['eref'])?.['colnames']);
    if (isTrue(relation['funcordinality']) && attribute === names.length) return false;
    const call = nodeOf(functions[0]?.['funcexpr']);
    if (functions.length !== 1 || call?.tag !== 'FUNCEXPR') return true;
    const known = functionOf(call, this.#catalog);
    if (known === undefined || !isOfServer(known)) return true;
    const args = listOf(call['args']);
    if (known.returnsSet) {
      // Of NULL, a strict one has no rows.
      if (known.isStrict && SETS_WITHOUT_NULL.has(known.name)) return false;
      if (known.isStrict && /^jsonb?_each$/.test(known.name)) return false;
      if (known.isStrict && /^jsonb?_each_text$/.test(known.name)) return attribute !== 1;
      if (known.name !== 'unnest' || args.length !== 1) return true;
      return this.#hasNullableElements(args[0], scope);
    }
    const isOneColumn = functions[0]?.['funccolcount'] === '1';
    if (!isOneColumn || known.returnsComposite || call['funcresulttype'] === RECORD) return true;
    return this.#call(call, scope);
  }
}

/** The outer joins above a variable: the server tells them from 16 on. */
function nullersOf(node: TreeNode, scope: Scope): number[] {
  const told = node['varnullingrels'];
  if (told !== undefined) return listOf(told).map(Number);
  return [...(scope.nulledBy.get(numberOf(node['varno'])) ?? [])];
}

/** Whether RETURNING speaks of a row that may not be there: old, new, or MERGE's source. */
function isOfMissingRow(node: TreeNode, query: TreeNode): boolean {
  const command = query['commandType'];
  const returning = node['varreturningtype'];
  const hasOld = command === Command.update || command === Command.delete;
  if (returning === Returning.old && !hasOld) return true;
  if (returning === Returning.new && (command === Command.delete || command === Command.merge)) {
    return true;
  }
  if (command !== Command.merge || node['varno'] === query['resultRelation']) return false;
  const actions = nodesOf(query['mergeActionList']);
  return actions.some((action) => action['matchKind'] !== '0' && action['matchKind'] !== '2');
}

function isOfServer({ schema }: KnownFunction): boolean {
  return schema === 'pg_catalog';
}

/** What stands for the values of a subquery, or for the one that CASE compares. */
function isStandIn(node: TreeNode): boolean {
  if (CASTS.has(node.tag)) {
    const inner = nodeOf(node['arg']);
    return inner !== null && isStandIn(inner);
  }
  return node.tag === 'PARAM' && node['paramkind'] !== '0';
}

/** How many functions of a query's output return sets. */
function countSets(query: TreeNode): number {
  let count = 0;
  walk(query['targetList'], (node) => {
    if (isTrue(node['funcretset']) || isTrue(node['opretset'])) count += 1;
    return node.tag !== 'QUERY';
  });
  return count;
}

/** Whether a query has at least one row, whatever is in the tables. */
function hasOneRow(query: TreeNode): boolean {
  const is = (field: string): boolean => (query[field] ?? null) !== null;
  if (query.tag !== 'QUERY' || query['commandType'] !== Command.select) return false;
  if (is('setOperations') || is('limitCount') || is('limitOffset') || is('havingQual'))
    return false;
  if (isTrue(query['hasTargetSRFs'])) return false;
  const isGrouped =
    nodesOf(query['groupClause']).length > 0 || nodesOf(query['groupingSets']).length > 0;
  if (isTrue(query['hasAggs']) && !isGrouped) return true;
  const tree = nodeOf(query['jointree']);
  if (isGrouped || tree === null || (tree['quals'] ?? null) !== null) return false;
  const from = nodesOf(tree['fromlist']);
  if (from.length === 0) return true;
  const relation = nodesOf(query['rtable'])[numberOf(from[0]?.['rtindex']) - 1];
  const kind = relation?.['rtekind'];
  return (
    from.length === 1 &&
    from[0]?.tag === 'RANGETBLREF' &&
    (kind === Rte.values || kind === Rte.result)
  );
}

/** Whether a window's frame has the current row for certain: nothing is excluded, both ends enclose it. */
function frameHasCurrentRow(options: number): boolean {
  const EXCLUSIONS = 0x1_8000;
  const STARTS_BEFORE = 0x0_0020 | 0x0_0200 | 0x0_0800;
  const ENDS_BEHIND = 0x0_0100 | 0x0_0400 | 0x0_4000;
  return (
    (options & EXCLUSIONS) === 0 && (options & STARTS_BEFORE) !== 0 && (options & ENDS_BEHIND) !== 0
  );
}

function withoutJoin(scope: Scope, join: number): Scope {
  const nulledBy = [...scope.nulledBy].map(([relation, joins]): [number, ReadonlySet<number>] => [
    relation,
    new Set([...joins].filter((each) => each !== join)),
  ]);
  return { ...scope, nulledBy: new Map(nulledBy) };
}

function withoutNuller(value: TreeValue, join: number): TreeValue {
  const node = nodeOf(value);
  if (node === null) return value;
  const nullers = node['varnullingrels'];
  return {
    ...node,
    ...(nullers === undefined
      ? {}
      : { varnullingrels: listOf(nullers).filter((each) => Number(each) !== join) }),
    ...(node['arg'] === undefined ? {} : { arg: withoutNuller(node['arg'], join) }),
  };
}

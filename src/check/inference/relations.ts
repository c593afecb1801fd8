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
} from '../tree/nodes.ts';
import type { TreeNode, TreeValue } from '../tree/parse-tree.ts';
import { SETS_WITHOUT_NULL } from './calls.ts';
import { functionOf } from './facts.ts';
import { isNullableCall, isOfServer } from './function-calls.ts';
import type { Inference } from './inference.ts';
import { type Scope, scopeAbove } from './scope.ts';

/** Whether a variable, a column of one of a query's relations, may be NULL. */
export function isNullableVariable(node: TreeNode, from: Scope, inference: Inference): boolean {
  const scope = scopeAbove(from, numberOf(node['varlevelsup']));
  if (scope === null) return true;
  const { query } = scope;
  const number = numberOf(node['varno']);
  const relation = nodesOf(query['rtable'])[number - 1];
  if (relation === undefined) return true;
  if (isOfMissingRow(node, query) || isOfRewrittenRow(number, relation, query, inference)) {
    return true;
  }
  // Which set makes NULL of which column is not told reliably, if an expression is there twice.
  if (nodesOf(query['groupingSets']).length > 0) return true;
  if (scope.notNull.has(`${String(node['varno'])}.${String(node['varattno'])}`)) return false;
  if (isWholeRow(node) && isKnownToBeThere(number, scope)) return false;
  if (nullersOf(node, scope).some((join) => !scope.reduced.has(join))) return true;
  if (numberOf(node['varattno']) < 0) return relation['rtekind'] !== Rte.relation;
  return isNullableColumn(numberOf(node['varattno']), number, relation, scope, inference);
}

function isWholeRow(node: TreeNode): boolean {
  return numberOf(node['varattno']) === 0;
}

/** Whether a relation has a row for certain, as a column of it is not NULL. A function's row may be NULL itself. */
function isKnownToBeThere(number: number, { query, notNull }: Scope): boolean {
  const kind = nodesOf(query['rtable'])[number - 1]?.['rtekind'];
  if (kind !== Rte.relation && kind !== Rte.subquery && kind !== Rte.cte) return false;
  return [...notNull].some((variable) => variable.startsWith(`${number}.`));
}

/** Whether a column of a relation may be NULL, from what the relation is made of. */
function isNullableColumn(
  attribute: number,
  number: number,
  relation: TreeNode,
  scope: Scope,
  inference: Inference,
): boolean {
  const isRow = attribute === 0;
  const index = attribute - 1;
  switch (relation['rtekind']) {
    case Rte.relation: {
      if (isRow) return false;
      const oid = numberOf(relation['relid']);
      const view = inference.catalog.view(oid);
      if (view !== undefined) return inference.columns(view, null)[index] ?? true;
      return !(inference.catalog.column(oid, attribute)?.isNotNull ?? false);
    }
    case Rte.subquery: {
      const subquery = nodeOf(relation['subquery']);
      if (isRow) return false;
      return subquery === null ? true : (inference.columns(subquery, scope)[index] ?? true);
    }
    case Rte.join: {
      const alias = nodeOf(listOf(relation['joinaliasvars'])[index]);
      if (alias === null) return true;
      if (relation['jointype'] !== Join.full || alias.tag !== 'COALESCE') {
        return inference.isNullable(alias, scope);
      }
      // Of the two sides of a FULL JOIN … USING one is always there.
      const inside = withoutJoin(scope, number);
      return listOf(alias['args']).some((each) =>
        inference.isNullable(withoutNuller(each, number), inside),
      );
    }
    case Rte.function:
      return isNullableOfFunction(attribute, relation, scope, inference);
    case Rte.values:
      if (isRow) return false;
      return listOf(relation['values_lists']).some((row) =>
        inference.isNullable(listOf(row)[index], scope),
      );
    case Rte.cte: {
      if (isRow) return false;
      const owner = scopeAbove(scope, numberOf(relation['ctelevelsup']));
      const ctes = nodesOf(owner?.query['cteList']);
      const cte = ctes.find((each) => each['ctename'] === relation['ctename']);
      if (cte === undefined || owner === null) return true;
      return columnsOfCte(cte, owner, inference)[index] ?? true;
    }
    case Rte.group:
      return inference.isNullable(listOf(relation['groupexprs'])[index], scope);
    default:
      return true;
  }
}

function columnsOfCte(cte: TreeNode, owner: Scope, inference: Inference): readonly boolean[] {
  const query = nodeOf(cte['ctequery']);
  if (query === null) return [];
  if (!isTrue(cte['cterecursive'])) return inference.columns(query, owner);
  const known = owner.recursive.get(cte);
  return known ?? inference.recursive.get(owner, cte, () => settled(cte, query, owner, inference));
}

/** The columns of a recursive CTE. */
function settled(
  cte: TreeNode,
  query: TreeNode,
  owner: Scope,
  inference: Inference,
): readonly boolean[] {
  // Its own rows are not NULL until a round finds that they may be; a column only ever changes once. What
  // a round finds counts for that round alone, and so each has a scope of its own.
  let guess: readonly boolean[] = outputsOf(query).map(() => false);
  for (;;) {
    const round = { ...owner, recursive: new Map(owner.recursive).set(cte, guess) };
    const next = inference.columns(query, round);
    const joined = guess.map((isNullable, index) => isNullable || (next[index] ?? true));
    if (joined.every((isNullable, index) => isNullable === guess[index])) return guess;
    guess = joined;
  }
}

function isNullableOfFunction(
  attribute: number,
  relation: TreeNode,
  scope: Scope,
  inference: Inference,
): boolean {
  const functions = nodesOf(relation['functions']);
  const names = listOf(nodeOf(relation['eref'])?.['colnames']);
  if (isTrue(relation['funcordinality']) && attribute === names.length) return false;
  const call = nodeOf(functions[0]?.['funcexpr']);
  if (functions.length !== 1 || call?.tag !== 'FUNCEXPR') return true;
  const known = functionOf(call, inference.catalog);
  if (known === undefined) return true;
  const args = listOf(call['args']);
  if (known.returnsSet && isOfServer(known)) {
    // Of NULL, a strict one has no rows.
    if (known.isStrict && SETS_WITHOUT_NULL.has(known.name)) return false;
    if (known.isStrict && /^jsonb?_each$/.test(known.name)) return false;
    if (known.isStrict && /^jsonb?_each_text$/.test(known.name)) return attribute !== 1;
  }
  // The fields of a row may be NULL where the row is not.
  if (!inference.catalog.isScalar(numberOf(call['funcresulttype']))) return true;
  if (!known.returnsSet) return isNullableCall(call, scope, inference);
  const isUnnest = isOfServer(known) && known.name === 'unnest' && args.length === 1;
  return !isUnnest || inference.hasNullableElements(args[0], scope);
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

/**
 * Whether RETURNING speaks of a row that is not the target's own: what triggers make of a view's row need not
 * fit its query, and a rule's RETURNING is another one.
 */
function isOfRewrittenRow(
  number: number,
  relation: TreeNode,
  query: TreeNode,
  { catalog }: Inference,
): boolean {
  if (query['commandType'] === Command.select || number !== numberOf(query['resultRelation'])) {
    return false;
  }
  const oid = numberOf(relation['relid']);
  return catalog.view(oid) !== undefined || catalog.hasRules(oid);
}

function withoutJoin(scope: Scope, join: number): Scope {
  const nulledBy = [...scope.nulledBy].map(([relation, joins]): [number, ReadonlySet<number>] => [
    relation,
    new Set([...joins].filter((each) => each !== join)),
  ]);
  return { ...scope, nulledBy: new Map(nulledBy) };
}

/** An expression as it is where the rows that an outer join makes up are not there. */
function withoutNuller(value: TreeValue, join: number): TreeValue {
  if (typeof value !== 'object' || value === null) return value;
  const node = nodeOf(value);
  if (node === null) return listOf(value).map((each) => withoutNuller(each, join));
  const fields = Object.entries(node).map(([name, field]): [string, TreeValue] => [
    name,
    name === 'varnullingrels'
      ? listOf(field).filter((each) => Number(each) !== join)
      : withoutNuller(field, join),
  ]);
  return Object.fromEntries(fields) as TreeNode;
}

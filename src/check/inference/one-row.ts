import { Command, isTrue, Join, nodeOf, nodesOf, numberOf, Rte } from '../tree/nodes.ts';
import type { TreeNode } from '../tree/parse-tree.ts';
import type { Catalog } from './catalog.ts';

/** Whether a query has at least one row, whatever is in the tables. */
export function hasOneRow(query: TreeNode, catalog: Catalog): boolean {
  const is = (field: string): boolean => (query[field] ?? null) !== null;
  if (query.tag !== 'QUERY' || isTrue(query['hasTargetSRFs'])) return false;
  if (query['commandType'] === Command.insert) return insertsOneRow(query, catalog);
  if (query['commandType'] !== Command.select) return false;
  if (is('setOperations') || is('limitCount') || is('limitOffset') || is('havingQual')) {
    return false;
  }
  const isGrouped =
    nodesOf(query['groupClause']).length > 0 || nodesOf(query['groupingSets']).length > 0;
  if (isTrue(query['hasAggs']) && !isGrouped) return true;
  // What another transaction has locked or changed may be left out.
  if (isGrouped || nodesOf(query['rowMarks']).length > 0) return false;
  const tree = nodeOf(query['jointree']);
  if (tree === null || (tree['quals'] ?? null) !== null) return false;
  return nodesOf(tree['fromlist']).every((each) => itemHasOneRow(each, query, catalog));
}

/** Whether an item of FROM has at least one row. */
export function itemHasOneRow(item: TreeNode, query: TreeNode, catalog: Catalog): boolean {
  if (item.tag === 'JOINEXPR') {
    const side = { [Join.left]: item['larg'], [Join.right]: item['rarg'] }[
      String(item['jointype'])
    ];
    const kept = nodeOf(side);
    return kept !== null && itemHasOneRow(kept, query, catalog);
  }
  const relation = nodesOf(query['rtable'])[numberOf(item['rtindex']) - 1];
  if (item.tag !== 'RANGETBLREF' || (relation?.['tablesample'] ?? null) !== null) return false;
  switch (relation?.['rtekind']) {
    case Rte.values:
    case Rte.result:
      return true;
    case Rte.subquery: {
      const subquery = nodeOf(relation['subquery']);
      return subquery !== null && hasOneRow(subquery, catalog);
    }
    default:
      return false;
  }
}

/** INSERT of a row that nothing can keep away but an error: no conflict, no trigger, no rule. */
function insertsOneRow(query: TreeNode, catalog: Catalog): boolean {
  if ((query['onConflict'] ?? null) !== null) return false;
  const relations = nodesOf(query['rtable']);
  const target = relations[numberOf(query['resultRelation']) - 1];
  const tree = nodeOf(query['jointree']);
  const isPlain = catalog.isPlainTarget(numberOf(target?.['relid']));
  if (!isPlain || tree === null || (tree['quals'] ?? null) !== null) return false;
  return nodesOf(tree['fromlist']).every((each) => itemHasOneRow(each, query, catalog));
}

import { nodeOf, nodesOf, numberOf } from '../tree/nodes.ts';
import type { TreeNode } from '../tree/parse-tree.ts';

/** Kinds of set operations, as `SetOperationStmt.op` counts them. */
export const SetOperation = { union: '1', intersect: '2', except: '3' } as const;

/**
 * What is known of the columns of UNION, INTERSECT and EXCEPT: what is known of those of its queries, joined
 * from the innermost operation on.
 *
 * @param node an operation of `query`, or a reference to one of its subqueries
 * @param columns what is known of the columns of one of the queries
 * @param join what follows for a column of an operation; the right one is undefined where it is not there
 */
export function columnsOfSetOperation<T>(
  node: TreeNode,
  query: TreeNode,
  columns: (subquery: TreeNode) => readonly T[],
  join: (left: T, right: T | undefined, operation: unknown) => T,
): readonly T[] {
  if (node.tag === 'RANGETBLREF') {
    const relation = nodesOf(query['rtable'])[numberOf(node['rtindex']) - 1];
    const subquery = nodeOf(relation?.['subquery']);
    return subquery === null ? [] : columns(subquery);
  }
  const left = nodeOf(node['larg']);
  const right = nodeOf(node['rarg']);
  if (left === null || right === null) return [];
  const rights = columnsOfSetOperation(right, query, columns, join);
  return columnsOfSetOperation(left, query, columns, join).map((each, index) =>
    join(each, rights[index], node['op']),
  );
}

import type { TreeNode, TreeValue } from './parse-tree.ts';

/** The nodes of a field that is a list, a single node, or empty. */
export function nodesOf(value: TreeValue | undefined): readonly TreeNode[] {
  return listOf(value).filter(isNode);
}

/** The items of a field that is a list, one value, or empty; an item may be null. */
export function listOf(value: TreeValue | undefined): readonly TreeValue[] {
  if (value === null || value === undefined) return [];
  return typeof value === 'string' || isNode(value) ? [value] : value;
}

/** The node that a field is, or null. */
export function nodeOf(value: TreeValue | undefined): TreeNode | null {
  return isNode(value) ? value : null;
}

/** The number that a field is; NaN if it is none, which is no relation's, attribute's or object's number. */
export function numberOf(value: TreeValue | undefined): number {
  return typeof value === 'string' ? Number(value) : Number.NaN;
}

export function isTrue(value: TreeValue | undefined): boolean {
  return value === 'true';
}

function isNode(value: unknown): value is TreeNode {
  return typeof value === 'object' && value !== null && 'tag' in value;
}

/** Calls `visit` for a value's nodes, outer ones first; it returns false for what not to go into. */
export function walk(value: TreeValue | undefined, visit: (node: TreeNode) => boolean): void {
  if (value === null || value === undefined || typeof value === 'string') return;
  if (!isNode(value)) {
    for (const item of value) walk(item, visit);
  } else if (visit(value)) {
    for (const field of Object.values(value)) walk(field, visit);
  }
}

/** Kinds of statements, as `Query.commandType` counts them. */
export const Command = {
  select: '1',
  update: '2',
  insert: '3',
  delete: '4',
  merge: '5',
  utility: '6',
} as const;

/** Kinds of range table entries, as `RangeTblEntry.rtekind` counts them. */
export const Rte = {
  relation: '0',
  subquery: '1',
  join: '2',
  function: '3',
  values: '5',
  cte: '6',
  result: '8',
  group: '9',
} as const;

/** Kinds of joins, as `JoinExpr.jointype` counts them. */
export const Join = { inner: '0', left: '1', full: '2', right: '3', semi: '4' } as const;

/** Whose row a variable of RETURNING is, as `Var.varreturningtype` counts them (PostgreSQL 18). */
export const Returning = { old: '1', new: '2' } as const;

/** The columns that come out of a query, in their order. */
export function outputsOf(query: TreeNode): readonly TreeNode[] {
  const list =
    query['commandType'] === Command.select ? query['targetList'] : query['returningList'];
  return nodesOf(list).filter((target) => !isTrue(target['resjunk']));
}

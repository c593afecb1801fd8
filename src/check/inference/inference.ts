import type { TreeNode, TreeValue } from '../tree/parse-tree.ts';
import type { Catalog } from './catalog.ts';
import type { ByScope, Scope } from './scope.ts';

/** What may be NULL among a query's arguments. */
export interface ArgumentNulls {
  readonly isNullable: boolean;
  /** Of an array: its elements. */
  readonly hasNullableElements: boolean;
}

/** What the parts of the inference ask each other. What is not known may be NULL. */
export interface Inference {
  readonly catalog: Catalog;
  /** The columns of recursive CTEs that have been worked out. */
  readonly recursive: ByScope<readonly boolean[]>;
  /** Whether an expression may be NULL. */
  isNullable(value: TreeValue | undefined, scope: Scope): boolean;
  /** Whether an array that an expression makes may have elements that are NULL. */
  hasNullableElements(value: TreeValue | undefined, scope: Scope): boolean;
  /** For each column of a query whether it may be NULL. */
  columns(query: TreeNode, outer: Scope | null): readonly boolean[];
  /** Whether the body of a function gives NULL for arguments of which these may be NULL. */
  body(query: TreeNode, args: readonly boolean[]): boolean;
}

import type { FieldDescription } from '../../protocol/backend/result.ts';

/** All that a statement came to. */
export interface QueryResult {
  /** In the form that was asked for; none for a statement that returns none. */
  readonly rows: readonly unknown[];
  /** What the server says of the columns; null for a statement that returns no rows. */
  readonly fields: readonly FieldDescription[] | null;
  /** The command tag; empty for an empty text. */
  readonly tag: string;
}

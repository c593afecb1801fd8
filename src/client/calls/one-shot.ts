import { statementKind } from '../../sql/statement-kind.ts';

/** Whether a query leaves the session that it is executed in as if it had not been, as far as its text tells. */
export function isOneShot(text: string): boolean {
  return statementKind(text).shareable;
}

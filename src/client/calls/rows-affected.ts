import { InvalidArgumentError } from '../../errors/client-errors.ts';

/** Commands whose tag ends in a count of rows. PostgreSQL manual, CommandComplete. */
const COUNTED = /^(?:INSERT \d+|UPDATE|DELETE|MERGE|SELECT|CREATE TABLE AS|MOVE|FETCH|COPY) (\d+)$/;

/**
 * How many rows a command has inserted, updated, deleted, merged, copied or returned, by the tag that
 * `execute` and others resolve to. 0 for a command that counts none, such as `CREATE TABLE`.
 *
 * @throws InvalidArgumentError for what is not a string
 * @example
 * const changed = rowsAffected(await pool.execute('UPDATE users SET is_active = false'));
 */
export function rowsAffected(tag: string): number {
  if (typeof tag !== 'string') {
    throw new InvalidArgumentError(`rowsAffected takes a command tag, not ${typeof tag}`);
  }
  return Number(COUNTED.exec(tag)?.[1] ?? 0);
}

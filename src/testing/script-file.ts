import path from 'node:path';
import type { Connection } from '../client/connection.ts';

/** Orders paths as people number their files: `9_a.sql` before `10_b.sql`. */
export function comparePaths(one: string, other: string): number {
  const others = other.split(path.sep);
  for (const [index, name] of one.split(path.sep).entries()) {
    const order = name.localeCompare(others[index] ?? '', 'en', { numeric: true });
    if (order !== 0) return order;
  }
  return 0;
}

/**
 * Executes one of several scripts. Lines for psql that pg_dump writes from 2025 on (`\restrict`) are passed
 * over, and the search path that it empties is that of the others again.
 *
 * @returns false if the script leaves a transaction open: it would undo all that follows
 * @throws PostgresError whose places are those of the text
 */
export async function executeScript(on: Connection, text: string): Promise<boolean> {
  await on.execute(text.replaceAll(/^\\(?=(?:un)?restrict\b)./gm, '--'));
  if (on.isInTransaction()) return false;
  if (text.includes('search_path') && (await on.fetchVal('SHOW search_path')) === '') {
    await on.execute('RESET search_path');
  }
  return true;
}

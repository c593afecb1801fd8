import type { Connection } from '../client/connection.ts';

/**
 * Whether a path comes before another as people number their files: `9_a.sql` before `10_b.sql`.
 *
 * @param separator what is between the names of a path
 */
export function comparePaths(one: string, other: string, separator: string): number {
  const others = other.split(separator);
  for (const [index, name] of one.split(separator).entries()) {
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

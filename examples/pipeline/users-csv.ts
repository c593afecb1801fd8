import type { Queryable } from 'asyncpg';

/** Options of `COPY`, the same for the way out and the way in. */
const CSV = { format: 'csv', header: true } as const;

/**
 * Writes all users into a CSV file with a header, and says how many. The rows go from the server to
 * the file as they come; the program never holds them all.
 *
 * @param onProgress gets how many bytes have been written so far
 */
export async function exportUsersCsv(
  db: Queryable,
  path: string,
  onProgress?: (bytes: number) => void,
): Promise<number> {
  const tag = await db.copyFromQuery(
    'SELECT email, name, is_active, created_at, updated_at FROM users ORDER BY id',
    { ...CSV, output: path, onProgress: ({ bytes }) => onProgress?.(bytes) },
  );
  return Number(tag.slice('COPY '.length));
}

/**
 * Reads a file of `exportUsersCsv` and adds the users whose email is not there yet. Says how many
 * were new. All in one transaction: a bad line in the middle of the file, and nothing has changed.
 *
 * COPY itself cannot skip what is there already, so the file goes into a temporary table first,
 * which disappears with the transaction.
 *
 * @param onProgress gets how many bytes have been sent so far
 */
export function importUsersCsv(
  db: Queryable,
  path: string,
  onProgress?: (bytes: number) => void,
): Promise<number> {
  return db.transaction(async (tx) => {
    await tx.execute(`
      CREATE TEMPORARY TABLE imported_users (
        email text, name text, is_active boolean, created_at timestamptz, updated_at timestamptz
      ) ON COMMIT DROP`);
    await tx.copyToTable('imported_users', {
      ...CSV,
      source: path,
      onProgress: ({ bytes }) => onProgress?.(bytes),
    });
    // RETURNING takes no aggregates: the returned rows are counted around it, on the server.
    const added = await tx.fetchVal<bigint>(`
      WITH added AS (
        INSERT INTO users (email, name, is_active, created_at, updated_at)
        SELECT email, name, is_active, created_at, updated_at FROM imported_users
        ON CONFLICT (email) DO NOTHING
        RETURNING id
      )
      SELECT count(*) FROM added`);
    return Number(added);
  });
}

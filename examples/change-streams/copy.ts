/** A table that is kept in another PostgreSQL, exactly once: the position is stored with the rows. */
import type { Pool } from 'asyncpg';
import { type ChangeTransaction, openChangeStream } from 'asyncpg/replication';

/** What the target needs. */
export const TARGET_SCHEMA = `
  CREATE TABLE IF NOT EXISTS products (id int PRIMARY KEY, name text NOT NULL);
  CREATE TABLE IF NOT EXISTS progress (slot text PRIMARY KEY, lsn pg_lsn NOT NULL)`;

const SLOT = 'products_copy';

/** Fills the target with the rows that there are, and follows the source from there, until it is aborted. */
export async function keepCopy(source: Pool, target: Pool, signal: AbortSignal): Promise<void> {
  const startAfter = await target.fetchVal<string>(
    'SELECT lsn FROM progress WHERE slot = $1',
    SLOT,
  );
  try {
    await using stream = await openChangeStream(source, {
      slot: SLOT,
      publication: { name: 'products_copy', tables: ['products'] },
      snapshot: true,
      startAfter,
      signal,
    });
    for await (const transaction of stream) await apply(target, transaction);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** The effects and the position, or neither. */
async function apply(target: Pool, transaction: ChangeTransaction): Promise<void> {
  await target.transaction(async (tx) => {
    // The rows that there are come only when everything begins: also after one that was not finished.
    if (transaction.isSnapshot) await tx.execute('TRUNCATE products');
    for await (const change of transaction) {
      switch (change.kind) {
        case 'insert':
          await tx.execute('INSERT INTO products VALUES ($1, $2)', change.new.id, change.new.name);
          break;
        case 'update':
          await tx.execute(
            'UPDATE products SET id = $1, name = $2 WHERE id = $3',
            change.new.id,
            change.new.name,
            change.key!.id,
          );
          break;
        case 'delete':
          await tx.execute('DELETE FROM products WHERE id = $1', change.key.id);
          break;
        case 'truncate':
          await tx.execute('TRUNCATE products');
          break;
        default:
      }
    }
    if (transaction.isSnapshot) return;
    await tx.execute(
      'INSERT INTO progress VALUES ($1, $2) ON CONFLICT (slot) DO UPDATE SET lsn = excluded.lsn',
      SLOT,
      transaction.lsn,
    );
  });
}

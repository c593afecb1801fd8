import type { DialFunction } from '../../config/connect-config.ts';
import { ClientConfigurationError } from '../../errors/client-errors.ts';
import { BackendStream } from './backend-stream.ts';
import type { PGliteDatabase } from './pglite-database.ts';
import { SharedBackend } from './shared-backend.ts';

/** The one backend of each database: all that is dialled to it shares it. */
const backends = new WeakMap<PGliteDatabase, SharedBackend>();

/**
 * Connects to a PGlite instance in the same process: give what this returns as the option `dial` of
 * `connect` or `createPool`. Host, user, database and password are not looked at; what PGlite does is
 * done as its own user.
 *
 * PGlite has one session, which all connections share, in turn. A connection that has a transaction
 * open keeps the others waiting until it ends, so code inside of a transaction must not wait for a call
 * on the pool: give such calls a `timeout` where that is not certain. Settings, temporary tables and
 * advisory locks are everybody's. A statement that is being carried out cannot be cancelled, as it
 * stops the whole process; one that waits for its turn can.
 *
 * @throws ClientConfigurationError for something that is no PGlite
 * @example
 * import { PGlite } from '@electric-sql/pglite';
 * import { createPool } from 'asyncpg';
 * import { pglite } from 'asyncpg/pglite';
 *
 * const db = await PGlite.create();
 * await using pool = await createPool({ dial: pglite(db), minSize: 1 });
 * console.log(await pool.fetchVal('SELECT 1 + 1')); // → 2
 */
export function pglite(db: PGliteDatabase): DialFunction {
  if (typeof (db as PGliteDatabase | null)?.execProtocolRawStream !== 'function') {
    throw new ClientConfigurationError('pglite(db): expected an instance of PGlite');
  }
  let backend = backends.get(db);
  if (backend === undefined) {
    backend = new SharedBackend(db);
    backends.set(db, backend);
  }
  const shared = backend;
  return () => new BackendStream(shared);
}

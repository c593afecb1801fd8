import { type Connection, type ConnectOptions, connect, createPool, type Pool } from 'asyncpg';
import { TempCluster } from 'asyncpg/cluster';
import { SCHEMA } from './schema.ts';

/** Where the pipeline works. Disposing it stops the embedded server, if it is one. */
export interface Database extends AsyncDisposable {
  readonly dsn: string;
  readonly description: string;
}

/** The database of `DATABASE_URL` if that is set, and a throw-away PostgreSQL server otherwise. */
export async function findDatabase(): Promise<Database> {
  const dsn = process.env['DATABASE_URL'];
  if (dsn !== undefined && dsn !== '') {
    return {
      dsn,
      description: 'the database of DATABASE_URL',
      [Symbol.asyncDispose]: async () => {},
    };
  }
  const cluster = await TempCluster.start();
  return {
    dsn: cluster.dsn,
    description: `an embedded PostgreSQL ${cluster.version}`,
    [Symbol.asyncDispose]: () => cluster.stop(),
  };
}

/**
 * What every connection of the pipeline has in common.
 *
 * Server settings travel with the connection's start-up, so they are what a session falls back to
 * when the pool resets it between two callers. A `SET search_path` in `init` would not survive that.
 */
export const CONNECT_OPTIONS: ConnectOptions = {
  applicationName: 'asyncpg-pipeline',
  commandTimeout: 60_000,
  serverSettings: {
    // The tables are found by their bare names, whatever search_path the role or database has.
    search_path: SCHEMA,
    default_transaction_isolation: 'read committed',
    // A CSV file written by one session means the same to another.
    TimeZone: 'UTC',
    DateStyle: 'ISO',
  },
};

/** Nobody needs a stack to learn that a server is not there. */
export class DatabaseNotReached extends Error {
  override readonly name = 'DatabaseNotReached';
}

/** The first connection: when it fails, one sentence says why and what to do. */
export async function reach({ dsn, description }: Database): Promise<Connection> {
  try {
    return await connect(dsn, CONNECT_OPTIONS);
  } catch (error) {
    throw new DatabaseNotReached(
      `Cannot connect to ${description}: ${(error as Error).message}\n` +
        'Without DATABASE_URL the pipeline starts a PostgreSQL of its own.',
      { cause: error },
    );
  }
}

/** Opens the pool that the whole program shares. The schema must be there already. */
export function openPool(dsn: string): Promise<Pool> {
  return createPool(dsn, {
    ...CONNECT_OPTIONS,
    minSize: 5,
    maxSize: 20,
    maxInactiveConnectionLifetime: 5 * 60_000,
    init: checkConnection,
  });
}

/**
 * Runs once for each new connection, before anybody gets it: the place for type codecs, and for a
 * look at whether this is the server that the program was written for.
 */
async function checkConnection(connection: Connection): Promise<void> {
  const found = await connection.fetchRow<{ schema: string | null; standby: boolean }>(
    'SELECT current_schema() AS schema, pg_is_in_recovery() AS standby',
  );
  if (found?.standby !== false) {
    throw new Error('the pipeline writes, and this server is a read-only standby');
  }
  if (found.schema !== SCHEMA) {
    throw new Error(`this connection works in the schema ${found.schema}, not in ${SCHEMA}`);
  }
}

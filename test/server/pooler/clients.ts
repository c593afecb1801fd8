import { onTestFinished } from 'vitest';
import { type Connection, type ConnectOptions, connect } from '../../../src/index.ts';
import { type PgBouncer, POOL_SIZE, TRACKS_STATEMENTS } from '../../support/servers/pgbouncer.ts';

/** How many clients share the sessions, and how often each asks. */
export const WORKERS = 10;
export const ITERATIONS = 100;

/** Settings of a PgBouncer that tracks no named statements. */
export const UNTRACKED = TRACKS_STATEMENTS ? { max_prepared_statements: 0 } : {};

/** Connects for the length of one test. */
export async function open(
  bouncer: PgBouncer,
  options: ConnectOptions = {},
  count: number = 1,
): Promise<Connection[]> {
  const opened = await Promise.all(
    Array.from({ length: count }, () => connect(bouncer.dsn, options)),
  );
  onTestFinished(() => {
    for (const connection of opened) connection.terminate();
  });
  return opened;
}

/** The process ID of the session that a transaction runs in. */
export function sessionOf(c: Connection): Promise<number | null> {
  return c.fetchVal<number>({ text: 'SELECT pg_backend_pid()', prepare: false });
}

/** Keeps the server sessions busy but for those that are to be free. The result lets go of them. */
export async function leaveFree(
  bouncer: PgBouncer,
  isFree: (pid: number | null) => boolean,
): Promise<() => Promise<void>> {
  const busy: Connection[] = [];
  const others = await open(bouncer, { statementCacheSize: 0 }, POOL_SIZE);
  for (const other of others) await other.execute('BEGIN');
  for (const other of others) {
    if (isFree(await sessionOf(other))) await other.execute('COMMIT');
    else busy.push(other);
  }
  return async () => {
    for (const other of busy) await other.execute('COMMIT');
  };
}

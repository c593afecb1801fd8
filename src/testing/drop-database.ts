import { connect } from '../client/connect.ts';
import type { Connection } from '../client/connection.ts';
import { ObjectInUseError } from '../errors/generated/sqlstate.ts';
import { quoteIdentifier, quoteLiteral } from '../sql/quote.ts';
import { systemClock } from '../transport/clock.ts';
import { withDatabase } from './server.ts';

/** How long those who hold a database may take to let go of it, in milliseconds, and how often that is tried. */
const PATIENCE = 5_000;
const PAUSE = 20;

/**
 * Drops a database, whoever is connected to it, if it is there. What FORCE does not end is ended as well:
 * prepared transactions, subscriptions, and change streams that are open.
 *
 * @param dsn leads to its server
 */
export async function dropDatabase(admin: Connection, dsn: string, name: string): Promise<void> {
  const drop = async (): Promise<boolean> => {
    try {
      await admin.execute(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      return true;
    } catch (error) {
      if (!(error instanceof ObjectInUseError) || systemClock.now() > until) throw error;
      return false;
    }
  };
  const until = systemClock.now() + PATIENCE;
  if (await drop()) return;
  await free(withDatabase(dsn, name));
  // A change stream that is ended comes back at once.
  await admin.execute(`ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS false`);
  do {
    await admin.execute(
      `SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots
       WHERE database = $1 AND active_pid IS NOT NULL`,
      name,
    );
    await new Promise<void>((resolve) => {
      systemClock.setTimer(PAUSE, resolve);
    });
  } while (!(await drop()));
}

/** What the database itself may have set for its sessions otherwise. */
const SETTINGS = {
  role: 'none',
  default_transaction_read_only: 'off',
  statement_timeout: '0',
  lock_timeout: '0',
} as const;

/** Ends what can only be ended in the database itself. */
async function free(dsn: string): Promise<void> {
  const connection = await connect(dsn, { serverSettings: SETTINGS });
  try {
    const prepared = await connection.fetch<{ gid: string }>(
      'SELECT gid FROM pg_prepared_xacts WHERE database = current_database()',
    );
    for (const { gid } of prepared)
      await connection.execute(`ROLLBACK PREPARED ${quoteLiteral(gid)}`);
    const subscriptions = await connection.fetch<{ name: string }>(
      `SELECT subname AS name FROM pg_subscription
       WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    );
    for (const { name } of subscriptions) {
      const subscription = quoteIdentifier(name);
      await connection.execute(`ALTER SUBSCRIPTION ${subscription} DISABLE`);
      // Its slot is another server's.
      await connection.execute(`ALTER SUBSCRIPTION ${subscription} SET (slot_name = NONE)`);
      await connection.execute(`DROP SUBSCRIPTION ${subscription}`);
    }
  } finally {
    await connection.close();
  }
}

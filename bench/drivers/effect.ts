import * as PgClient from '@effect/sql-pg/PgClient';
import * as Effect from 'effect/Effect';
import * as ManagedRuntime from 'effect/ManagedRuntime';
import * as Redacted from 'effect/Redacted';
import type { Driver, DriverConnection, DriverPool } from '../driver.ts';
import { versionOf } from './version.ts';

function open(dsn: string, maxConnections: number) {
  const layer = PgClient.layer({
    url: Redacted.make(dsn),
    minConnections: maxConnections,
    maxConnections,
    multiplex: true,
    multiplexConcurrency: 100,
  });
  const runtime = ManagedRuntime.make(layer);
  return { runtime, client: runtime.runPromise(PgClient.PgClient) };
}

export const driver: Driver = {
  version: versionOf('@effect/sql-pg'),

  async connect(dsn): Promise<DriverConnection> {
    const { runtime, client } = open(dsn, 1);
    const sql = await client;
    return {
      ...poolOf(sql, runtime),
      fetch: (text, args) => runtime.runPromise(sql.unsafe(text, args)),
      many: (text, sets) =>
        runtime.runPromise(
          sql.withTransaction(
            Effect.forEach(sets, (args) => sql.unsafe(text, args), { discard: true }),
          ),
        ),
    };
  },

  async pool(dsn, size) {
    const { runtime, client } = open(dsn, size);
    return poolOf(await client, runtime);
  },
};

function poolOf(
  sql: PgClient.PgClient,
  runtime: ManagedRuntime.ManagedRuntime<PgClient.PgClient, unknown>,
): DriverPool {
  return {
    fetchRow: (text, args) => runtime.runPromise(sql.unsafe(text, args)).then((rows) => rows[0]),
    transaction: (texts, args) =>
      runtime.runPromise(
        sql.withTransaction(
          Effect.forEach(texts, (text) => sql.unsafe(text, args), { discard: true }),
        ),
      ),
    close: () => runtime.dispose(),
  };
}

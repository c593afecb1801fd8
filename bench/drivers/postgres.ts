import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import postgres from 'postgres';
import { copyText, type Driver, type DriverConnection, type DriverPool } from '../driver.ts';
import { versionOf } from './version.ts';

/** Texts are constant here, so they go in as they are; that is the driver's cheapest way too. */
const PREPARED = { prepare: true };

function parameters(args: readonly unknown[]): postgres.ParameterOrJSON<never>[] {
  return args as postgres.ParameterOrJSON<never>[];
}

function open(dsn: string, max: number): postgres.Sql {
  return postgres(dsn, { max, onnotice: () => {} });
}

function poolOf(sql: postgres.Sql): DriverPool {
  return {
    fetchRow: (text, args) =>
      sql.unsafe(text, parameters(args), PREPARED).then((rows) => rows[0] as unknown),
    transaction: (texts, args) =>
      sql.begin(async (tx) => {
        for (const text of texts) await tx.unsafe(text, parameters(args), PREPARED);
      }),
    close: () => sql.end(),
  };
}

export const driver: Driver = {
  version: versionOf('postgres'),

  async connect(dsn): Promise<DriverConnection> {
    const sql = open(dsn, 1);
    return {
      ...poolOf(sql),
      fetch: (text, args) => sql.unsafe(text, parameters(args), PREPARED),
      many: (text, sets) =>
        sql.begin(async (tx) => {
          await Promise.all(sets.map((args) => tx.unsafe(text, parameters(args), PREPARED)));
        }),
      async copyIn(table, columns, records) {
        const copy = await sql
          .unsafe(`COPY ${table} (${columns.join(', ')}) FROM STDIN`)
          .writable();
        await pipeline(Readable.from(copyText(records)), copy);
      },
      async copyOut(text) {
        let bytes = 0;
        const copy = await sql.unsafe(`COPY (${text}) TO STDOUT`).readable();
        for await (const chunk of copy) bytes += (chunk as Buffer).length;
        return bytes;
      },
    };
  },

  async pool(dsn, size) {
    return poolOf(open(dsn, size));
  },
};

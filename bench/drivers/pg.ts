import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import realPg from 'pg';
import copyStreams from 'pg-copy-streams';
import { copyText, type Driver, type DriverConnection } from '../driver.ts';
import { versionOf } from './version.ts';

/** Statements are prepared, as they are by the others: pg does so for those that have a name. */
const names = new Map<string, string>();

function nameOf(text: string): string {
  let name = names.get(text);
  if (name === undefined) {
    name = `s${names.size}`;
    names.set(text, name);
  }
  return name;
}

function query(text: string, args: readonly unknown[]): realPg.QueryConfig<unknown[]> {
  return { name: nameOf(text), text, values: args as unknown[] };
}

/** pg's usual ways of doing things, with it or with what has its surface. */
export const driverOf = (pg: typeof realPg, version: string): Driver => ({
  version,

  async connect(dsn): Promise<DriverConnection> {
    // In pg's own words, TLS without verifying a certificate.
    const connectionString = dsn.replace('sslmode=require', 'sslmode=no-verify');
    const client = new pg.Client({ connectionString });
    await client.connect();
    return {
      fetch: (text, args) => client.query(query(text, args)).then(({ rows }) => rows),
      fetchRow: (text, args) => client.query(query(text, args)).then(({ rows }) => rows[0]),
      async many(text, sets) {
        await client.query('BEGIN');
        await Promise.all(sets.map((args) => client.query(query(text, args))));
        await client.query('COMMIT');
      },
      async copyIn(table, columns, records) {
        const copy = client.query(
          copyStreams.from(`COPY ${table} (${columns.join(', ')}) FROM STDIN`),
        );
        await pipeline(Readable.from(copyText(records)), copy);
      },
      async copyOut(text) {
        let bytes = 0;
        for await (const chunk of client.query(copyStreams.to(`COPY (${text}) TO STDOUT`))) {
          bytes += (chunk as Buffer).length;
        }
        return bytes;
      },
      close: () => client.end(),
    };
  },

  async pool(dsn, size) {
    const pool = new pg.Pool({ connectionString: dsn, min: size, max: size });
    return {
      fetchRow: (text, args) => pool.query(query(text, args)).then(({ rows }) => rows[0]),
      async transaction(texts, args) {
        const client = await pool.connect();
        await client.query('BEGIN');
        for (const text of texts) await client.query(query(text, args));
        await client.query('COMMIT');
        client.release();
      },
      close: () => pool.end(),
    };
  },
});

export const driver: Driver = driverOf(realPg, versionOf('pg'));

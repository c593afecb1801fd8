import { readFileSync } from 'node:fs';
import type { Driver, DriverConnection } from '../driver.ts';

/** Another build of this library, to compare with: the path of its `index.js`. */
const location = process.env['BENCH_LOCATION'];

const { connect, createPool } = (await import(location ?? 'asyncpg')) as typeof import('asyncpg');

/** From bench/dist/drivers. */
const manifest = new URL('../../../package.json', import.meta.url);

export const driver: Driver = {
  version: (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version,

  async connect(dsn): Promise<DriverConnection> {
    const connection = await connect(dsn);
    return {
      fetch: (text, args) => connection.fetch(text, ...args),
      fetchRow: (text, args) => connection.fetchRow(text, ...args),
      many: (text, sets) => connection.executeMany(text, sets),
      copyIn: (table, columns, records) =>
        connection.copyRecordsToTable(table, { columns, records }),
      async copyOut(text) {
        let bytes = 0;
        const output = (chunk: Buffer): void => {
          bytes += chunk.length;
        };
        await connection.copyFromQuery(text, { output });
        return bytes;
      },
      close: () => connection.close(),
    };
  },

  async pool(dsn, size, minSize = size) {
    const pool = await createPool(dsn, { minSize, maxSize: size });
    return {
      fetchRow: (text, args) => pool.fetchRow(text, ...args),
      transaction: (texts, args) =>
        pool.transaction(async (tx) => {
          for (const text of texts) await tx.fetch(text, ...args);
        }),
      close: () => pool.close(),
    };
  },
};

import type { Driver, DriverConnection, DriverPool } from '../driver.ts';

/** Bun's own client; this file runs under Bun only. */
interface BunSql {
  unsafe(text: string, args: readonly unknown[]): Promise<unknown[]>;
  begin<R>(work: (tx: BunSql) => Promise<R>): Promise<R>;
  close(): Promise<void>;
}
interface BunModule {
  readonly SQL: new (dsn: string, options: { max: number }) => BunSql;
}

const name: string = 'bun';
const { SQL } = (await import(name)) as BunModule;

function poolOf(sql: BunSql): DriverPool {
  return {
    fetchRow: (text, args) => sql.unsafe(text, args).then((rows) => rows[0]),
    transaction: (texts, args) =>
      sql.begin(async (tx) => {
        for (const text of texts) await tx.unsafe(text, args);
      }),
    close: () => sql.close(),
  };
}

export const driver: Driver = {
  version: process.versions['bun'] ?? '',

  async connect(dsn): Promise<DriverConnection> {
    const sql = new SQL(dsn, { max: 1 });
    return {
      ...poolOf(sql),
      fetch: (text, args) => sql.unsafe(text, args),
      many: (text, sets) =>
        sql.begin((tx) => Promise.all(sets.map((args) => tx.unsafe(text, args)))),
    };
  },

  async pool(dsn, size) {
    return poolOf(new SQL(dsn, { max: size }));
  },
};

import { AsyncpgDialect } from 'asyncpg/kysely';
import { CompiledQuery, Kysely, sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { describe, expect, test } from 'vitest';
import {
  InFailedSQLTransactionError,
  InterfaceError,
  ReadOnlySQLTransactionError,
  UniqueViolationError,
} from '../../../../src/index.ts';
import { CountingDial } from '../../../support/counting-dial.ts';
import { ada, bob, KyselyTest } from './support.ts';

describe.each([18, 15] as const)('on PostgreSQL %i', (version) => {
  const kysely = new KyselyTest('kysely_transactions', version);

  test('a transaction is committed, or rolled back with what it fails with', async () => {
    const { db, pool } = kysely;
    await db.transaction().execute((trx) => trx.insertInto('accounts').values(ada).execute());
    const failing = db.transaction().execute(async (trx) => {
      await trx.insertInto('accounts').values(bob).execute();
      throw new Error('mine');
    });
    await expect(failing).rejects.toThrow('mine');
    expect(await kysely.owners()).toEqual(['Ada']);
    expect(pool.stats.inUse).toBe(0);
  });

  test.each(['read uncommitted', 'read committed', 'repeatable read', 'serializable'] as const)(
    'has the level %s and the access mode',
    async (level) => {
      const builder = kysely.db.transaction().setIsolationLevel(level);
      const show = sql<object>`
      SELECT current_setting('transaction_isolation') AS level,
        current_setting('transaction_read_only') AS read_only`;
      for (const [mode, readOnly] of [
        ['read only', 'on'],
        ['read write', 'off'],
      ] as const) {
        const shown = await builder.setAccessMode(mode).execute((trx) => show.execute(trx));
        expect(shown.rows).toEqual([{ level, read_only: readOnly }]);
      }
      const writing = builder
        .setAccessMode('read only')
        .execute((trx) => trx.insertInto('accounts').values(ada).execute());
      await expect(writing).rejects.toThrow(ReadOnlySQLTransactionError);
    },
  );

  test('a level that PostgreSQL does not have is refused, and the connection is given back', async () => {
    const { db, pool } = kysely;
    const begun = db.transaction().setIsolationLevel('snapshot');
    await expect(begun.execute(async () => 1)).rejects.toThrow(InterfaceError);
    const controlled = db.startTransaction().setIsolationLevel('snapshot');
    await expect(controlled.execute()).rejects.toThrow(InterfaceError);
    await expect.poll(() => pool.stats.inUse).toBe(0);
  });

  test('a COMMIT that the server answers with a rollback is an error, and ends the transaction', async () => {
    const { db, pool } = kysely;
    const swallowing = db.transaction().execute(async (trx) => {
      await sql`SELECT 1 / 0`.execute(trx).catch(() => {});
    });
    await expect(swallowing).rejects.toThrow(InFailedSQLTransactionError);
    const trx = await db.startTransaction().execute();
    await sql`SELECT 1 / 0`.execute(trx).catch(() => {});
    await expect(trx.commit().execute()).rejects.toThrow(InFailedSQLTransactionError);
    expect(trx.isRolledBack).toBe(true);
    await expect.poll(() => pool.stats.inUse).toBe(0);
  });

  test('a lost connection is told by the statement, not by the rollback behind it', async () => {
    const { db, pool } = kysely;
    const lost = db.transaction().execute(async (trx) => {
      await sql`SELECT pg_terminate_backend(pg_backend_pid())`.execute(trx);
    });
    await expect(lost).rejects.toMatchObject({ sqlstate: '57P01' });
    await expect.poll(() => pool.stats.inUse).toBe(0);
    expect((await sql`SELECT 1 AS a`.execute(db)).rows).toEqual([{ a: 1 }]);
  });

  test('savepoints are set, returned to and released', async () => {
    const { db } = kysely;
    const trx = await db.startTransaction().execute();
    await trx.insertInto('accounts').values(ada).execute();
    const inner = await trx.savepoint('in"ner').execute();
    await expect(inner.insertInto('accounts').values(ada).execute()).rejects.toThrow(
      UniqueViolationError,
    );
    const outer = await inner.rollbackToSavepoint('in"ner').execute();
    await outer.insertInto('accounts').values(bob).execute();
    const released = await inner.releaseSavepoint('in"ner').execute();
    const gone = released.rollbackToSavepoint('in"ner' as never).execute();
    await expect(gone).rejects.toMatchObject({ sqlstate: '3B001' });
    await trx.rollback().execute();
    expect(await kysely.owners()).toEqual([]);
    const second = await db.startTransaction().execute();
    await second.insertInto('accounts').values(ada).execute();
    const point = await second.savepoint('a').execute();
    await point.insertInto('accounts').values(bob).execute();
    await point.rollbackToSavepoint('a').execute();
    await second.commit().execute();
    expect(await kysely.owners()).toEqual(['Ada']);
  });

  test('BEGIN travels with the first statement, and an empty transaction sends nothing', async () => {
    const counter = new CountingDial();
    await kysely.open({ minSize: 1, maxSize: 1, dial: counter.dial });
    const { db } = kysely;
    const run = (): Promise<unknown> =>
      db.transaction().execute((trx) => trx.selectFrom('accounts').select('id').execute());
    await run();
    expect(await counter.during(run)).toBe(2);
    expect(await counter.during(() => db.transaction().execute(async () => {}))).toBe(0);
  });

  test('Kysely’s log has what begins and ends a transaction', async () => {
    const texts: string[] = [];
    const db = new Kysely<object>({
      dialect: new AsyncpgDialect({ pool: kysely.pool }),
      log: ({ query }) => {
        texts.push(query.sql);
      },
    });
    await db
      .transaction()
      .setIsolationLevel('serializable')
      .execute((trx) => sql`SELECT 1`.execute(trx));
    const failing = db
      .transaction()
      .execute((trx) => trx.executeQuery(CompiledQuery.raw('SELECT 1/0')));
    await expect(failing).rejects.toThrow();
    expect(texts).toEqual([
      'start transaction isolation level serializable',
      'SELECT 1',
      'commit',
      'begin',
      'SELECT 1/0',
      'rollback',
    ]);
  });

  test('migrations run one after the other, whoever starts them', async () => {
    const { db } = kysely;
    let runs = 0;
    const provider = {
      getMigrations: async () => ({
        first: {
          up: async (one: Kysely<any>) => {
            runs += 1;
            await one.schema.createTable('migrated').addColumn('id', 'int8').execute();
            await sql
              .raw('CREATE INDEX ON migrated (id); COMMENT ON TABLE migrated IS $$a;b$$')
              .execute(one);
          },
          down: (one: Kysely<any>) => one.schema.dropTable('migrated').execute(),
        },
      }),
    };
    const options = { db, provider, migrationTableSchema: 'kysely_transactions' };
    const results = await Promise.all([1, 2].map(() => new Migrator(options).migrateToLatest()));
    expect(results.map(({ error }) => error)).toEqual([undefined, undefined]);
    expect(runs).toBe(1);
    const down = await new Migrator(options).migrateDown();
    expect(down.results).toMatchObject([{ direction: 'Down', status: 'Success' }]);
  });
});

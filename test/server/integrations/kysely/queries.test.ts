import { AsyncpgDialect } from 'asyncpg/kysely';
import { CompiledQuery, Kysely, sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import {
  camelCase,
  createPool,
  InterfaceError,
  InvalidArgumentError,
  type Pool,
  type PoolOptions,
  UniqueViolationError,
} from '../../../../src/index.ts';
import { CountingDial } from '../../../support/counting-dial.ts';
import { makeDatabase } from '../../../support/servers/database.ts';
import { serverDsn } from '../../../support/servers/server.ts';
import { ada, bob, type Database, KyselyTest } from './support.ts';

const kysely = new KyselyTest('kysely_queries');

test('rows are plain objects, their values exact', async () => {
  const { db } = kysely;
  const event = { id: 9_007_199_254_740_993n, body: { a: [1, 'x', null] } };
  await db.insertInto('events').values(event).execute();
  const rows = await db.selectFrom('events').selectAll().execute();
  expect(rows).toStrictEqual([event]);
  expect(Object.getPrototypeOf(rows[0])).toBe(Object.prototype);
});

test('columns are called as the query says, whatever the pool’s transform is', async () => {
  await kysely.open({ transform: { column: camelCase }, types: { int8: 'number' } });
  const { db, pool } = kysely;
  await db
    .insertInto('events')
    .values({ id: 7n, body: { is_kept: 1 } })
    .execute();
  const query = db.selectFrom('events').select(['id as event_id', 'body as the_body']);
  const expected = { event_id: 7, the_body: { is_kept: 1 } };
  const fromStream = async (stream: AsyncIterable<object>): Promise<object[]> => {
    const rows: object[] = [];
    for await (const row of stream) rows.push(row);
    return rows;
  };
  for (let round = 0; round < 4; round++) {
    expect(await query.execute()).toStrictEqual([expected]);
    expect(await fromStream(query.stream())).toStrictEqual([expected]);
    await db.transaction().execute(async (trx) => {
      const { rows } = await sql`SELECT ${round}::int4 AS in_transaction`.execute(trx);
      expect(rows).toStrictEqual([{ in_transaction: round }]);
      expect(await fromStream(trx.selectFrom('events').select('id as event_id').stream())).toEqual([
        { event_id: 7 },
      ]);
    });
    // The pool's own calls of the same text have the names that it makes.
    const [own] = await pool.fetch({ text: query.compile().sql, rows: 'object' });
    expect(own).toStrictEqual({ eventId: 7, theBody: { is_kept: 1 } });
  }
  const { rows } = await sql`SELECT 1; SELECT 2 AS of_script`.execute(db);
  expect(rows).toStrictEqual([{ of_script: 2 }]);
});

test('changed rows are counted, as the command says', async () => {
  const { db } = kysely;
  const inserted = await db.insertInto('accounts').values([ada, bob]).execute();
  expect(inserted.map(({ numInsertedOrUpdatedRows }) => numInsertedOrUpdatedRows)).toEqual([2n]);
  const [updated] = await db.updateTable('accounts').set({ balance: '2' }).execute();
  expect(updated?.numUpdatedRows).toBe(2n);
  const [deleted] = await db.deleteFrom('accounts').where('owner', '=', 'Bob').execute();
  expect(deleted?.numDeletedRows).toBe(1n);
  const returned = await db.executeQuery(
    CompiledQuery.raw('UPDATE accounts SET balance = 3 RETURNING owner, balance'),
  );
  expect(returned).toEqual({ numAffectedRows: 1n, rows: [{ owner: 'Ada', balance: '3' }] });
  const merged = await db.executeQuery(
    CompiledQuery.raw(
      'MERGE INTO accounts USING (VALUES (1)) v ON false WHEN NOT MATCHED THEN INSERT (balance) VALUES (1)',
    ),
  );
  expect(merged).toEqual({ numAffectedRows: 1n, rows: [] });
  expect(await sql`SELECT 1 AS a`.execute(db)).toEqual({ rows: [{ a: 1 }] });
});

test('a text of several statements comes to what its last one does', async () => {
  const { rows } = await sql.raw("SELECT ';' AS a; SELECT 2::int8 AS b; -- end").execute(kysely.db);
  expect(rows).toEqual([{ b: 2n }]);
  const failed = sql
    .raw('INSERT INTO accounts (balance) VALUES (1); SELECT 1 / 0')
    .execute(kysely.db);
  await expect(failed).rejects.toMatchObject({ sqlstate: '22012' });
  expect(await kysely.owners()).toEqual([]);
});

test("errors are the driver's own", async () => {
  const { db } = kysely;
  const insert = db.insertInto('accounts').values(ada);
  await insert.execute();
  await expect(insert.execute()).rejects.toThrow(UniqueViolationError);
  const strange = db.insertInto('accounts').values({ owner: 1 as never, balance: '1' });
  await expect(strange.execute()).rejects.toThrow(InvalidArgumentError);
});

describe('queries outside of a transaction', () => {
  test.each([18, 15] as const)('travel together on one connection (%i)', async (version) => {
    const counter = new CountingDial();
    const { dial } = counter;
    const pool = await createPool(serverDsn(version), { minSize: 1, maxSize: 1, dial });
    await using db = new Kysely<object>({ dialect: new AsyncpgDialect({ pool }) });
    const ask = async (count: number): Promise<unknown[]> =>
      await Promise.all(
        Array.from({ length: count }, async (_, i) => {
          const { rows } = await sql<{ i: number }>`SELECT ${i}::int4 AS i`.execute(db);
          return rows[0]?.i;
        }),
      );
    // The very first wait for Kysely to be ready, and know no statement yet.
    expect(await ask(10)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(pool.stats).toMatchObject({ size: 1, acquired: 10 });
    // Once the pool has learnt that they are quick.
    await expect.poll(() => counter.during(() => ask(50))).toBe(1);
  });

  test('take no turns with one that has a connection to itself', async () => {
    const { db, pool } = kysely;
    await db.transaction().execute(async (trx) => {
      await trx.insertInto('accounts').values(ada).execute();
      expect(await db.selectFrom('accounts').selectAll().execute()).toEqual([]);
      expect(await trx.selectFrom('accounts').select('owner').execute()).toEqual([
        { owner: 'Ada' },
      ]);
    });
    expect(pool.stats.inUse).toBe(0);
  });

  test('that change the session have a connection to themselves, which is cleaned', async () => {
    await kysely.open({ maxSize: 1 });
    const { db } = kysely;
    await sql`SET work_mem = '7MB'`.execute(db);
    await sql`SELECT set_config('x.y', 'z', false)`.execute(db);
    const { rows } = await sql<object>`
      SELECT current_setting('work_mem') AS memory, current_setting('x.y', true) AS own`.execute(
      db,
    );
    expect(rows).not.toMatchObject([{ memory: '7MB' }]);
    expect(rows).not.toMatchObject([{ own: 'z' }]);
  });
});

describe('db.connection()', () => {
  test.each([
    ['built in it', (): null => null],
    ['compiled before', () => sql`SET work_mem = '7MB'`.compile(kysely.db)],
  ])('is one connection for all its queries, the first %s', async (_, compile) => {
    const { db } = kysely;
    await Promise.all([1, 2].map(() => sql`SELECT pg_sleep(0)`.execute(db)));
    const first = compile();
    await db.connection().execute(async (one) => {
      if (first === null) await sql`SET work_mem = '7MB'`.execute(one);
      else await one.executeQuery(first);
      const pids = new Set<unknown>();
      for (let i = 0; i < 3; i++) {
        const { rows } = await sql<{ pid: number; memory: string }>`
          SELECT pg_backend_pid() AS pid, current_setting('work_mem') AS memory`.execute(one);
        expect(rows[0]?.memory).toBe('7MB');
        pids.add(rows[0]?.pid);
        await sql`SELECT 1`.execute(db);
      }
      expect(pids.size).toBe(1);
    });
  });

  test.each([
    ['built in it', (): null => null],
    ['compiled before', () => kysely.db.insertInto('accounts').values(ada).compile()],
  ])('knows what it has inserted, by a query %s', async (_, compile) => {
    const { db } = kysely;
    await sql`SELECT 1`.execute(db);
    const insert = compile();
    const last = await db.connection().execute(async (one) => {
      if (insert === null) await one.insertInto('accounts').values(ada).execute();
      else await one.executeQuery(insert);
      await db.insertInto('accounts').values(bob).execute();
      return await sql<{ id: bigint }>`SELECT lastval() AS id`.execute(one);
    });
    expect(last.rows).toEqual([{ id: 1n }]);
  });
});

describe('the pool', () => {
  test('is the dialect’s, for COPY', async () => {
    const { dialect, db, pool } = kysely;
    expect(dialect.pool).toBe(pool);
    await dialect.pool.copyRecordsToTable('accounts', {
      columns: ['owner', 'balance'],
      records: [['A', '1']],
    });
    expect(await db.selectFrom('accounts').select('owner').execute()).toEqual([{ owner: 'A' }]);
  });

  test('that a function makes is made for the first query, again when that failed, and closed', async () => {
    let made: Pool | undefined;
    let calls = 0;
    const dialect = new AsyncpgDialect({
      pool: async () => {
        calls += 1;
        if (calls === 1) throw new Error('not yet');
        made = await createPool(serverDsn(), { minSize: 0 });
        return made;
      },
    });
    expect(() => dialect.pool).toThrow(InterfaceError);
    const db = new Kysely<object>({ dialect });
    await expect(sql`SELECT 1`.execute(db)).rejects.toThrow('not yet');
    await Promise.all([sql`SELECT 1`.execute(db), sql`SELECT 1`.execute(db)]);
    expect(calls).toBe(2);
    expect(dialect.pool).toBe(made);
    await db.destroy();
    await expect(made!.fetch('SELECT 1')).rejects.toThrow('the pool is closed');
  });

  test('is nothing else', async () => {
    for (const config of [undefined, null, {}, 5]) {
      expect(() => new AsyncpgDialect(config as never)).toThrow(InvalidArgumentError);
    }
    expect(() => new AsyncpgDialect({ pool: {} as never })).toThrow(InvalidArgumentError);
    const config = { pool: () => createPool(), onCreateConnection: async () => {} };
    expect(() => new AsyncpgDialect(config)).toThrow(
      expect.objectContaining({
        name: 'ClientConfigurationError',
        hint: 'The option "init" of createPool is called with each.',
      }),
    );
    const db = new Kysely<object>({ dialect: new AsyncpgDialect({ pool: () => ({}) as never }) });
    await expect(sql`SELECT 1`.execute(db)).rejects.toThrow(InvalidArgumentError);
  });
});

test.each<PoolOptions>([{}, { transform: { column: camelCase } }])(
  'tables are introspected, on a pool with %o',
  async (options) => {
    // In a database of its own: Kysely asks for the tables of all schemas, which other tests drop meanwhile.
    await using database = await makeDatabase('kysely_introspection');
    const pool = await createPool(database.dsn, options);
    const db = new Kysely<Database>({ dialect: new AsyncpgDialect({ pool }) });
    await pool.execute(`
    CREATE SCHEMA shop;
    CREATE TABLE shop.accounts (id serial PRIMARY KEY, owner text UNIQUE,
      balance numeric NOT NULL, opened timestamptz)`);
    const tables = await db.introspection.getTables();
    await db.destroy();
    expect(tables.map(({ schema, name }) => [schema, name])).toEqual([['shop', 'accounts']]);
    expect(tables[0]!.columns).toMatchObject([
      { name: 'id', dataType: 'int4', isNullable: false, isAutoIncrementing: true },
      { name: 'owner', dataType: 'text', isNullable: true, isAutoIncrementing: false },
      { name: 'balance', dataType: 'numeric', isNullable: false, hasDefaultValue: false },
      { name: 'opened', dataType: 'timestamptz', isNullable: true, hasDefaultValue: false },
    ]);
  },
);

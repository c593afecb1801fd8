import { drizzle } from 'asyncpg/drizzle-v1';
import { asc, count, DrizzleQueryError, desc, eq, sql } from 'drizzle-orm-next';
import { Cache } from 'drizzle-orm-next/cache/core';
import { alias, snakeCase, text } from 'drizzle-orm-next/pg-core';
import { describe, expect, test } from 'vitest';
import {
  connect,
  createPool,
  InvalidArgumentError,
  QueryCanceledError,
  UniqueViolationError,
} from '../../../../src/index.ts';
import { CountingDial } from '../../../support/counting-dial.ts';
import { hasServer, serverDsn } from '../../../support/servers/server.ts';
import { backend, DrizzleTest, orders, users } from './support.ts';

const drizzleTest = new DrizzleTest('drizzle1_queries');

async function once<R>(query: PromiseLike<R>): Promise<R> {
  return await query;
}

async function twoUsers(): Promise<void> {
  const { db } = drizzleTest;
  await db.insert(users).values([{ name: 'Ada', profile: { likes: ['maths'] } }, { name: 'Bob' }]);
  await db.insert(orders).values([
    { userId: 1, total: '10.5' },
    { userId: 1, total: '2' },
    { userId: null, total: '0' },
  ]);
}

describe('queries', () => {
  test('insert, select, update and delete', async () => {
    const { db } = drizzleTest;
    const inserted = await db.insert(users).values({ name: 'Ada' }).returning();
    expect(inserted).toEqual([
      { id: 1, name: 'Ada', isActive: true, profile: null, createdAt: expect.any(Date) },
    ]);
    const twice = await db.insert(users).values({ name: 'Ada' }).onConflictDoNothing();
    expect(twice).toMatchObject({ command: 'INSERT', rowCount: 0, rows: [], fields: [] });
    const updated = await db.update(users).set({ isActive: false }).where(eq(users.name, 'Ada'));
    expect(updated).toMatchObject({ command: 'UPDATE', rowCount: 1 });
    expect(await db.select({ name: users.name, on: users.isActive }).from(users)).toEqual([
      { name: 'Ada', on: false },
    ]);
    expect(await db.delete(users).returning({ id: users.id })).toEqual([{ id: 1 }]);
    const created = await db.execute(sql`CREATE TEMP TABLE of_no_count (a int)`);
    expect(created).toMatchObject({ command: 'CREATE', rowCount: null });
  });

  test('join: the side without a row is null', async () => {
    await twoUsers();
    const { db } = drizzleTest;
    const rows = await db
      .select()
      .from(orders)
      .leftJoin(users, eq(users.id, orders.userId))
      .orderBy(asc(orders.id));
    expect(rows.map(({ orders: order, users: user }) => [order.total, user?.name ?? user])).toEqual(
      [
        ['10.5', 'Ada'],
        ['2', 'Ada'],
        ['0', null],
      ],
    );
    const other = alias(users, 'other');
    const nested = await db
      .select({
        total: orders.total,
        user: { name: users.name, likes: sql<string>`${users.profile} -> 'likes' ->> 0` },
        both: { total: orders.total, name: other.name },
      })
      .from(orders)
      .leftJoin(users, eq(users.id, orders.userId))
      .leftJoin(other, eq(other.id, orders.userId))
      .orderBy(desc(orders.id))
      .limit(2);
    expect(nested).toStrictEqual([
      { total: '0', user: null, both: { total: '0', name: null } },
      {
        total: '2',
        user: { name: 'Ada', likes: 'maths' },
        both: { total: '2', name: 'Ada' },
      },
    ]);
    const full = await db
      .select()
      .from(users)
      .fullJoin(orders, eq(users.id, orders.userId))
      .where(sql`${users.id} is null or ${orders.id} is null`)
      .orderBy(asc(users.id));
    expect(full.map(({ users: user, orders: order }) => [user?.name, order?.total])).toEqual([
      ['Bob', undefined],
      [undefined, '0'],
    ]);
  });

  test('$count, count() and $with', async () => {
    await twoUsers();
    const { db } = drizzleTest;
    expect(await db.$count(users)).toBe(2);
    expect(await db.$count(orders, eq(orders.userId, 1))).toBe(2);
    expect(await db.select({ all: count() }).from(orders)).toEqual([{ all: 3 }]);
    const rich = db.$with('rich').as(db.select().from(orders).where(sql`${orders.total} > 1`));
    const rows = await db.with(rich).select({ total: rich.total }).from(rich).orderBy(rich.id);
    expect(rows).toEqual([{ total: '10.5' }, { total: '2' }]);
  });

  test('ask for relations', async () => {
    await twoUsers();
    const { db } = drizzleTest;
    const found = await db.query.users.findMany({
      columns: { name: true, createdAt: true, profile: true },
      with: { orders: { columns: { total: true }, orderBy: { id: 'asc' } } },
      extras: { upper: (table) => sql<string>`upper(${table.name})` },
      orderBy: { id: 'asc' },
    });
    expect(found).toEqual([
      {
        name: 'Ada',
        upper: 'ADA',
        profile: { likes: ['maths'] },
        createdAt: expect.any(Date),
        orders: [{ total: '10.5' }, { total: '2' }],
      },
      { name: 'Bob', upper: 'BOB', profile: null, createdAt: expect.any(Date), orders: [] },
    ]);
    const order = await db.query.orders.findFirst({
      where: { total: '2' },
      with: { user: true },
    });
    expect(order).toMatchObject({ id: 2, total: '2', user: { id: 1, name: 'Ada' } });
    expect(await db.query.users.findFirst({ where: { id: 99 } })).toBeUndefined();
  });

  test('are prepared by name, with placeholders', async () => {
    await twoUsers();
    const { db } = drizzleTest;
    const byName = db
      .select({ id: users.id })
      .from(users)
      .where(eq(users.name, sql.placeholder('name')))
      .prepare('by_name');
    expect(await byName.execute({ name: 'Bob' })).toEqual([{ id: 2 }]);
    expect(await byName.execute({ name: 'Ada' })).toEqual([{ id: 1 }]);
    await expect(byName.execute({})).rejects.toThrow('No value for placeholder "name"');
    const insert = db
      .insert(users)
      .values({ name: sql.placeholder('name'), profile: sql.placeholder('profile') })
      .prepare('insert_user');
    await insert.execute({ name: 'Eve', profile: { a: [1] } });
    const one = db.query.users
      .findFirst({ where: { name: sql.placeholder('name') } })
      .prepare('one');
    expect(await one.execute({ name: 'Eve' })).toMatchObject({ profile: { a: [1] } });
    const [statements] = await drizzleTest.pool.fetch<{ count: bigint }>(
      "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%where%name%'",
    );
    expect(statements?.count).toBeGreaterThan(0n);
  });

  test('of a prepared query have the columns that its table has now', async () => {
    await drizzleTest.admin.execute(
      'CREATE TABLE altered (a int4); INSERT INTO altered VALUES (1)',
    );
    try {
      const { db } = drizzleTest;
      const query = sql`SELECT * FROM altered`;
      expect((await db.execute(query)).rows).toEqual([{ a: 1 }]);
      await drizzleTest.admin.execute('ALTER TABLE altered ALTER a TYPE int8, ADD b text');
      expect((await db.execute(query)).rows).toEqual([{ a: '1', b: null }]);
    } finally {
      await drizzleTest.admin.execute('DROP TABLE altered');
    }
  });

  test('are executed without names where the pool prepares none', async () => {
    await drizzleTest.open({ statementCacheSize: 0 });
    const { db } = drizzleTest;
    await db.insert(users).values({ name: 'Ada' });
    for (let i = 0; i < 2; i++) {
      const [row] = await db.select({ at: users.createdAt }).from(users);
      expect(row?.at).toBeInstanceOf(Date);
    }
    const { rows } = await db.execute(sql`SELECT count(*) FROM pg_prepared_statements`);
    expect(rows).toEqual([{ count: '0' }]);
  });

  test('of several statements come to the last one', async () => {
    const { db } = drizzleTest;
    const { rows, rowCount } = await db.execute(
      sql.raw("INSERT INTO users (name) VALUES ('Ada'); SELECT 2::int8 AS b, now()::date AS c"),
    );
    expect(rows).toEqual([{ b: '2', c: expect.stringMatching(/^\d{4}-\d\d-\d\d$/) }]);
    expect(rowCount).toBe(1);
    await expect(
      db.execute(sql.raw("INSERT INTO users (name) VALUES ('Bob'); SELECT 1 / 0")),
    ).rejects.toMatchObject({ cause: { sqlstate: '22012' } });
    expect(await drizzleTest.names()).toEqual(['Ada']);
  });

  test('are told to the logger, with casing as configured', async () => {
    const { db, logged } = drizzleTest;
    const table = snakeCase.table('orders', { userId: text(), total: text() });
    await db.insert(table).values({ total: '1' });
    expect(await db.select({ total: table.total, userId: table.userId }).from(table)).toEqual([
      { total: '1', userId: null },
    ]);
    expect(logged).toEqual([
      {
        query: 'insert into "orders" ("user_id", "total") values (default, $1)',
        params: ['1'],
      },
      { query: 'select "total", "user_id" from "orders"', params: [] },
    ]);
  });

  test('of expressions have their rows as objects, as arrays or in a result', async () => {
    const { db } = drizzleTest;
    await db.insert(users).values({ name: 'Ada' });
    const query = sql`SELECT id, name, id::int8 AS big FROM users`;
    expect(await db.execute(query, 'objects')).toEqual([{ id: 1, name: 'Ada', big: '1' }]);
    expect(await db.execute(query, 'arrays')).toEqual([[1, 'Ada', '1']]);
    expect(await db.execute(query)).toMatchObject({
      rows: [{ id: 1, name: 'Ada', big: '1' }],
      rowCount: 1,
    });
  });

  test.each([false, true])(
    'are mapped by Drizzle’s own functions as well, jit: %s',
    async (jit) => {
      await drizzleTest.open({}, { jit });
      await twoUsers();
      const { db } = drizzleTest;
      const rows = await db
        .select({ user: users, total: orders.total, nested: { at: users.createdAt, id: users.id } })
        .from(orders)
        .leftJoin(users, eq(users.id, orders.userId))
        .orderBy(desc(orders.id))
        .limit(2);
      const user = {
        id: 1,
        name: 'Ada',
        isActive: true,
        profile: { likes: ['maths'] },
        createdAt: expect.any(Date),
      };
      expect(rows).toEqual([
        { user: null, total: '0', nested: null },
        { user, total: '2', nested: { at: expect.any(Date), id: 1 } },
      ]);
      const [found] = await db.query.users.findMany({
        with: { orders: { with: { user: { columns: { createdAt: true } } } } },
        orderBy: { id: 'asc' },
      });
      const { createdAt } = found!;
      expect(found).toEqual({
        ...user,
        orders: [
          { id: 1, userId: 1, total: '10.5', user: { createdAt } },
          { id: 2, userId: 1, total: '2', user: { createdAt } },
        ],
      });
    },
  );
});

describe('errors', () => {
  test('are Drizzle’s, with the driver’s as their cause', async () => {
    const { db } = drizzleTest;
    const insert = db.insert(users).values({ name: 'Ada' });
    await insert;
    const error = await db
      .insert(users)
      .values({ name: 'Ada' })
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DrizzleQueryError);
    const { cause, query, params } = error as DrizzleQueryError;
    expect(cause).toBeInstanceOf(UniqueViolationError);
    expect((cause as UniqueViolationError).constraintName).toBe('users_name_key');
    expect(query).toMatch(/^insert into "users"/);
    expect(params).toBeUndefined();
    const unknown = db.execute(sql`SELECT nothing`);
    await expect(unknown).rejects.toMatchObject({ cause: { sqlstate: '42703' } });
    await drizzleTest.open({}, { paramsInErrors: true });
    const again = drizzleTest.db.insert(users).values({ name: 'Ada' });
    await expect(again).rejects.toMatchObject({ params: ['Ada'] });
  });

  test('of clients that are none of the driver’s', () => {
    expect(() => drizzle({} as never)).toThrow(InvalidArgumentError);
    expect(() => drizzle({ client: {} } as never)).toThrow(InvalidArgumentError);
    expect(() => drizzle('postgres://localhost:no/', {})).toThrow('port');
  });

  test('of a lost connection leave the others', async () => {
    const { db, admin } = drizzleTest;
    // A query of Drizzle's is sent again each time that it is awaited.
    const asked = once(db.execute(sql`SELECT 'drizzle1 lost', pg_sleep(3600)`));
    asked.catch(() => {});
    const kill = `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
      WHERE query LIKE '%drizzle1 lost%' AND wait_event = 'PgSleep'`;
    await expect.poll(() => admin.fetchVal(kill)).toBe(1n);
    await expect(asked).rejects.toMatchObject({ cause: { isTransient: true } });
    expect(await db.$count(users)).toBe(0);
  });
});

describe('the cache', () => {
  class JsonCache extends Cache {
    readonly kept = new Map<string, string>();
    readonly mutations: unknown[] = [];
    readonly #strategy: 'all' | 'explicit';

    constructor(strategy: 'all' | 'explicit') {
      super();
      this.#strategy = strategy;
    }

    override strategy(): 'all' | 'explicit' {
      return this.#strategy;
    }

    override async get(key: string): Promise<any[] | undefined> {
      const kept = this.kept.get(key);
      return kept === undefined ? undefined : JSON.parse(kept);
    }

    override async put(key: string, response: any): Promise<void> {
      this.kept.set(key, JSON.stringify(response));
    }

    override async onMutate({ tables }: { tables: any }): Promise<void> {
      this.mutations.push(tables);
      this.kept.clear();
    }
  }

  test('is asked first, and what it has kept as JSON has the same values', async () => {
    const cache = new JsonCache('all');
    await drizzleTest.open({}, { cache });
    const { db } = drizzleTest;
    await db.insert(users).values({ name: 'Ada', profile: { a: '1' } });
    expect(cache.mutations).toEqual([['users']]);
    const ask = () => db.select().from(users);
    const asked = await ask();
    expect(asked[0]!.createdAt).toBeInstanceOf(Date);
    await drizzleTest.admin.execute("UPDATE users SET name = 'Bob'");
    expect(await ask()).toEqual(asked);
    await db.update(users).set({ isActive: false });
    expect((await ask())[0]).toMatchObject({ name: 'Bob', isActive: false });
    await db.$cache.invalidate({ tables: users });
    expect(cache.kept.size).toBe(0);
  });

  test('is asked where a query wants it', async () => {
    const cache = new JsonCache('explicit');
    await drizzleTest.open({}, { cache });
    const { db } = drizzleTest;
    await db.insert(users).values({ name: 'Ada' });
    await db.select().from(users);
    expect(cache.kept.size).toBe(0);
    const kept = await db.select().from(users).$withCache();
    await drizzleTest.admin.execute("UPDATE users SET name = 'Bob'");
    expect(await db.select().from(users).$withCache()).toEqual(kept);
    expect((await db.select().from(users))[0]!.name).toBe('Bob');
  });
});

describe('the client', () => {
  test('is db.$client', () => {
    expect(drizzleTest.db.$client).toBe(drizzleTest.pool);
    expect(drizzle({ client: drizzleTest.pool, logger: true }).$client).toBe(drizzleTest.pool);
  });

  test.each<[string, () => ReturnType<typeof drizzle>]>([
    ['a DSN', () => drizzle(serverDsn())],
    ['a DSN as connection', () => drizzle({ connection: serverDsn() })],
    ['options', () => drizzle({ connection: { connectionString: serverDsn(), maxSize: 2 } })],
  ])('is a pool of its own for %s', async (_, make) => {
    const db = make();
    await using pool = db.$client;
    expect(pool.stats.size).toBe(0);
    const all = await Promise.all([1, 2, 3].map((i) => db.execute(sql`SELECT ${i}::int4 AS i`)));
    expect(all.map(({ rows }) => rows)).toEqual([[{ i: 1 }], [{ i: 2 }], [{ i: 3 }]]);
  });

  test('may be one connection', async () => {
    await using connection = await connect(serverDsn());
    const db = drizzle(connection);
    await db.execute(sql`CREATE TEMP TABLE mine (a int4)`);
    await db.transaction(async (tx) => {
      await tx.execute(sql`INSERT INTO mine VALUES (1)`);
    });
    expect((await db.execute(sql`SELECT * FROM mine`)).rows).toEqual([{ a: 1 }]);
  });

  test('may be a transaction, in which those of Drizzle are savepoints', async () => {
    await drizzleTest.pool.transaction(async (tx) => {
      const db = drizzle(tx);
      await db.insert(users).values({ name: 'Ada' });
      await expect(
        db.transaction(async (inner) => {
          await inner.insert(users).values({ name: 'Bob' });
          inner.rollback();
        }),
      ).rejects.toThrow('Rollback');
      expect(await tx.fetchVal('SELECT count(*) FROM users')).toBe(1n);
    });
    expect(await drizzleTest.names()).toEqual(['Ada']);
  });

  test('may be a pool with a time-out for each call', async () => {
    const db = drizzle(drizzleTest.pool.with({ timeout: 50 }));
    await expect(db.execute(sql`SELECT pg_sleep(3600)`)).rejects.toMatchObject({
      cause: { name: 'TimeoutError' },
    });
  });

  test('of drizzle.mock makes texts only', () => {
    const db = drizzle.mock();
    expect(db.select().from(orders).toSQL().sql).toBe(
      'select "id", "user_id", "total" from "orders"',
    );
  });
});

describe.each([18, 15] as const)('PostgreSQL %i: queries at once', (version) => {
  test.skipIf(!hasServer(version))('travel together on one connection', async () => {
    const counter = new CountingDial();
    const { dial } = counter;
    await using pool = await createPool(serverDsn(version), { minSize: 1, maxSize: 1, dial });
    const db = drizzle(pool);
    const ask = async (): Promise<unknown[]> =>
      await Promise.all(
        Array.from({ length: 50 }, async (_, i) => {
          const { rows } = await db.execute(sql`SELECT ${i}::int4 AS i`);
          return rows[0]?.['i'];
        }),
      );
    expect(await ask()).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect(pool.stats).toMatchObject({ size: 1, acquired: 50 });
    // Once the pool has learnt that they are quick.
    await expect.poll(() => counter.during(ask)).toBe(1);
  });
});

test('a query that is cancelled by the server is an error like any other', async () => {
  const { db, admin } = drizzleTest;
  const asked = once(db.execute(sql`SELECT 'drizzle1 cancelled', pg_sleep(3600)`));
  asked.catch(() => {});
  const cancel = `SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity
    WHERE query LIKE '%drizzle1 cancelled%' AND wait_event = 'PgSleep'`;
  await expect.poll(() => admin.fetchVal(cancel)).toBe(1n);
  const error = await asked.catch((reason: unknown) => reason);
  expect((error as DrizzleQueryError).cause).toBeInstanceOf(QueryCanceledError);
  expect(await db.select({ pid: backend }).from(sql`(VALUES (1)) v`)).toHaveLength(1);
});

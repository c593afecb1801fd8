import { drizzle } from 'asyncpg/drizzle-v1';
import { DrizzleQueryError, eq, sql } from 'drizzle-orm-next';
import { describe, expect, test } from 'vitest';
import { createPool, UniqueViolationError } from '../../../../src/index.ts';
import { CountingDial } from '../../../support/counting-dial.ts';
import { hasServer, serverDsn } from '../../../support/servers/server.ts';
import { DrizzleTest, orders, users } from './support.ts';

describe.each([18, 15] as const)('PostgreSQL %i: a batch', (version) => {
  if (!hasServer(version)) return;
  const drizzleTest = new DrizzleTest(`drizzle1_batch_${version}`, version);

  test('comes to what each of its queries would', async () => {
    const { db, logged } = drizzleTest;
    const results = await db.batch([
      db.insert(users).values({ name: 'Ada', profile: { a: [1] } }),
      db.insert(orders).values({ userId: 1, total: '1.50' }).returning({ id: orders.id }),
      db.select({ name: users.name, at: users.createdAt }).from(users),
      db.query.users.findFirst({ with: { orders: true } }),
      db.execute(sql`SELECT count(*) FROM orders`),
      db.execute(sql`SELECT count(*) FROM orders`, 'arrays'),
      db.update(users).set({ isActive: false }).where(eq(users.id, 1)),
    ]);
    const [inserted, returned, selected, found, counted, arrays, updated] = results;
    expect(inserted).toMatchObject({ command: 'INSERT', rowCount: 1, rows: [], fields: [] });
    expect(returned).toEqual([{ id: 1 }]);
    expect(selected).toEqual([{ name: 'Ada', at: expect.any(Date) }]);
    expect(found).toMatchObject({ profile: { a: [1] }, orders: [{ total: '1.50' }] });
    expect(counted).toMatchObject({
      command: 'SELECT',
      rows: [{ count: '1' }],
      fields: [{ name: 'count', dataTypeID: 20 }],
    });
    expect(arrays).toEqual([['1']]);
    expect(updated).toMatchObject({ command: 'UPDATE', rowCount: 1 });
    expect(logged).toHaveLength(7);
  });

  test('is undone if one of them fails, and its error is that one’s', async () => {
    const { db } = drizzleTest;
    await db.insert(users).values({ name: 'Ada' });
    const error = await db
      .batch([
        db.insert(users).values({ name: 'Bob' }),
        db.insert(users).values({ name: 'Ada' }).returning(),
        db.select().from(users),
      ])
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DrizzleQueryError);
    expect((error as DrizzleQueryError).query).toMatch(/^insert into "users" .* returning/);
    expect((error as DrizzleQueryError).cause).toBeInstanceOf(UniqueViolationError);
    expect(await drizzleTest.names()).toEqual(['Ada']);
  });

  test('is one flight on the wire', async () => {
    const counter = new CountingDial();
    const { dial } = counter;
    await using pool = await createPool(serverDsn(version), { minSize: 1, maxSize: 1, dial });
    const db = drizzle(pool);
    const ask = (): Promise<unknown> =>
      db.batch([
        db.execute(sql`SELECT ${1}::int4 AS a`),
        db.execute(sql`SELECT ${2}::int8 AS b`),
        db.execute(sql`SELECT now() AS c`),
      ]);
    await ask();
    expect(await counter.during(ask)).toBe(1);
  });

  test('may be one of a transaction’s, of a connection or of none', async () => {
    const { pool } = drizzleTest;
    await pool.transaction(async (tx) => {
      const db = drizzle(tx);
      await db.batch([db.insert(users).values({ name: 'Ada' })]);
      expect(await drizzleTest.names()).toEqual([]);
    });
    expect(await drizzleTest.names()).toEqual(['Ada']);
    expect(await drizzleTest.db.batch([] as never)).toEqual([]);
  });
});

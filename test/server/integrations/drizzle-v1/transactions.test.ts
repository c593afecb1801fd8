import { drizzle } from 'asyncpg/drizzle-v1';
import { DrizzleQueryError, eq, sql, TransactionRollbackError } from 'drizzle-orm-next';
import type { PgTransactionConfig } from 'drizzle-orm-next/pg-core';
import { describe, expect, test } from 'vitest';
import {
  ForeignKeyViolationError,
  InFailedSQLTransactionError,
  SerializationError,
} from '../../../../src/index.ts';
import { hasServer } from '../../../support/servers/server.ts';
import { DrizzleTest, orders, users } from './support.ts';

describe.each([18, 15] as const)('PostgreSQL %i: transactions', (version) => {
  if (!hasServer(version)) return;
  const drizzleTest = new DrizzleTest(`drizzle1_transactions_${version}`, version);

  test('are committed, and rolled back with what their function throws', async () => {
    const { db, pool } = drizzleTest;
    const result = await db.transaction(async (tx) => {
      await tx.insert(users).values({ name: 'Ada' });
      expect(await db.$count(users)).toBe(0);
      expect(await tx.$count(users)).toBe(1);
      return 'done';
    });
    expect(result).toBe('done');
    const reason = new Error('enough');
    const failed = db.transaction(async (tx) => {
      await tx.insert(users).values({ name: 'Bob' });
      throw reason;
    });
    expect(await failed.catch((error: unknown) => error)).toBe(reason);
    const rolledBack = db.transaction(async (tx) => {
      await tx.insert(users).values({ name: 'Bob' });
      tx.rollback();
    });
    await expect(rolledBack).rejects.toThrow(TransactionRollbackError);
    expect(await drizzleTest.names()).toEqual(['Ada']);
    expect(pool.stats.inUse).toBe(0);
  });

  const SHOWN = sql`SELECT current_setting('transaction_isolation') AS isolation,
    current_setting('transaction_read_only') AS read_only,
    current_setting('transaction_deferrable') AS deferrable`;
  test.each<[PgTransactionConfig, string, string[]]>([
    [{}, 'begin', ['read committed', 'off', 'off']],
    [
      { isolationLevel: 'read uncommitted' },
      'begin isolation level read uncommitted',
      ['read uncommitted', 'off', 'off'],
    ],
    [
      { isolationLevel: 'read committed', accessMode: 'read only' },
      'begin isolation level read committed read only',
      ['read committed', 'on', 'off'],
    ],
    [
      { isolationLevel: 'repeatable read', accessMode: 'read write', deferrable: false },
      'begin isolation level repeatable read read write not deferrable',
      ['repeatable read', 'off', 'off'],
    ],
    [
      { isolationLevel: 'serializable', accessMode: 'read only', deferrable: true },
      'begin isolation level serializable read only deferrable',
      ['serializable', 'on', 'on'],
    ],
  ])('are begun as asked for: %o', async (config, text, [isolation, readOnly, deferrable]) => {
    const { db, logged } = drizzleTest;
    const { rows } = await db.transaction(async (tx) => await tx.execute(SHOWN), config);
    expect(rows).toEqual([{ isolation, read_only: readOnly, deferrable }]);
    expect([logged.at(0)?.query, logged.at(-1)?.query]).toEqual([text, 'commit']);
  });

  test('refuse an isolation level that PostgreSQL does not have', async () => {
    const config = { isolationLevel: 'snapshot' } as never;
    await expect(drizzleTest.db.transaction(async () => {}, config)).rejects.toThrow(
      'unknown isolation level',
    );
  });

  test('are set by setTransaction', async () => {
    await drizzleTest.db.transaction(async (tx) => {
      await tx.setTransaction({ isolationLevel: 'serializable', accessMode: 'read only' });
      expect((await tx.execute(SHOWN)).rows).toMatchObject([
        { isolation: 'serializable', read_only: 'on' },
      ]);
    });
  });

  test('are savepoints inside of another', async () => {
    const { db, logged } = drizzleTest;
    await db.transaction(async (tx) => {
      await tx.insert(users).values({ name: 'Ada' });
      const inner = tx.transaction(async (tx2) => {
        await tx2.insert(users).values({ name: 'Bob' });
        await tx2.transaction(async (tx3) => {
          await tx3.insert(users).values({ name: 'Eve' });
        });
        await tx2.insert(users).values({ name: 'Ada' });
      });
      await expect(inner).rejects.toThrow(DrizzleQueryError);
      await tx.transaction(async (tx2) => {
        await tx2.update(users).set({ isActive: false }).where(eq(users.name, 'Ada'));
      });
    });
    expect(await drizzleTest.names()).toEqual(['Ada']);
    expect(logged.map(({ query }) => query).filter((text) => !/"users"/.test(text))).toEqual([
      'begin',
      'savepoint sp1',
      'savepoint sp2',
      'release savepoint sp2',
      'rollback to savepoint sp1',
      'savepoint sp1',
      'release savepoint sp1',
      'commit',
    ]);
  });

  test('have relational and prepared queries', async () => {
    const { db } = drizzleTest;
    await db.transaction(async (tx) => {
      await tx.insert(users).values({ name: 'Ada' });
      await tx.insert(orders).values({ userId: 1, total: '1' });
      const query = tx.query.users.findMany({ with: { orders: true } }).prepare('all');
      expect(await query.execute()).toMatchObject([{ name: 'Ada', orders: [{ total: '1' }] }]);
    });
  });

  test('that COMMIT refuses are errors of COMMIT', async () => {
    const fail = async (): Promise<unknown> => {
      const failed = drizzleTest.db.transaction(async (tx) => {
        await tx.insert(orders).values({ userId: 99, total: '1' });
      });
      return await failed.catch((reason: unknown) => reason);
    };
    const error = await fail();
    expect(error).toBeInstanceOf(DrizzleQueryError);
    const cause = expect.any(ForeignKeyViolationError);
    const message = 'Failed query: commit';
    expect(error).toMatchObject({ message, query: 'commit', params: undefined, cause });
    expect(await drizzleTest.db.$count(orders)).toBe(0);
    await drizzleTest.open({}, { paramsInErrors: true });
    expect(await fail()).toMatchObject({ query: 'commit', params: [], cause });
  });

  test('whose COMMIT is answered with a rollback are not taken for committed', async () => {
    const { db } = drizzleTest;
    const failed = db.transaction(async (tx) => {
      await tx.insert(users).values({ name: 'Ada' });
      await tx.execute(sql`SELECT 1 / 0`).catch(() => {});
    });
    await expect(failed).rejects.toMatchObject({
      query: 'commit',
      cause: expect.any(InFailedSQLTransactionError),
    });
    expect(await drizzleTest.names()).toEqual([]);
  });

  test('that cannot be serialized say so', async () => {
    const { db } = drizzleTest;
    await db.insert(users).values({ name: 'Ada' });
    let release = (): void => {};
    const both = new Promise<void>((resolve) => {
      release = resolve;
    });
    let readers = 0;
    const increment = (): Promise<unknown> =>
      db.transaction(
        async (tx) => {
          await tx.$count(users);
          readers += 1;
          if (readers === 2) release();
          await both;
          return await tx.update(users).set({ isActive: false });
        },
        { isolationLevel: 'repeatable read' },
      );
    const results = await Promise.allSettled([increment(), increment()]);
    const failed = results.filter((result) => result.status === 'rejected');
    expect(failed.map(({ reason }) => reason.cause)).toEqual([expect.any(SerializationError)]);
  });

  test('are ended by a signal: what is under way is cancelled, and all of it rolled back', async () => {
    const { pool, admin } = drizzleTest;
    const controller = new AbortController();
    const db = drizzle(pool.with({ signal: controller.signal }));
    const running = `SELECT count(*) FROM pg_stat_activity
      WHERE query LIKE '%drizzle1 ended ${version}%' AND wait_event = 'PgSleep'`;
    const ended = db.transaction(async (tx) => {
      await tx.insert(users).values({ name: 'Ada' });
      await tx.execute(sql.raw(`SELECT 'drizzle1 ended ${version}', pg_sleep(3600)`));
    });
    ended.catch(() => {});
    await expect.poll(() => admin.fetchVal(running)).toBe(1n);
    controller.abort(new Error('enough'));
    await expect(ended).rejects.toThrow();
    await expect.poll(() => admin.fetchVal(running)).toBe(0n);
    await expect.poll(() => pool.stats.inUse).toBe(0);
    expect(await drizzleTest.names()).toEqual([]);
  });

  test('whose connection is lost reject, and the pool goes on', async () => {
    const { db, admin } = drizzleTest;
    const lost = db.transaction(async (tx) => {
      const { rows } = await tx.execute<{ pid: number }>(sql`SELECT pg_backend_pid() AS pid`);
      await admin.fetchVal('SELECT pg_terminate_backend($1)', rows[0]!.pid);
      await tx.insert(users).values({ name: 'Ada' });
    });
    await expect(lost).rejects.toMatchObject({ cause: { isTransient: true } });
    await db.insert(users).values({ name: 'Bob' });
    expect(await drizzleTest.names()).toEqual(['Bob']);
  });

  test('take their turns on few connections, each for itself', async () => {
    const { db, pool } = drizzleTest;
    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        db
          .transaction(async (tx) => {
            const own = sql<number>`pg_backend_pid()`;
            const [first, , second] = await Promise.all([
              tx.select({ own }).from(sql`(VALUES (1)) v`),
              tx.insert(users).values({ name: `user ${i}` }),
              tx.select({ own }).from(sql`(VALUES (1)) v`),
            ]);
            expect(second).toEqual(first);
            if (i % 2 === 1) tx.rollback();
          })
          .catch((error: unknown) => {
            if (!(error instanceof TransactionRollbackError)) throw error;
          }),
      ),
    );
    expect(await db.$count(users)).toBe(10);
    expect(pool.stats.size).toBeLessThanOrEqual(3);
    expect(pool.stats.inUse).toBe(0);
  });
});

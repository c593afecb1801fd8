import { getEventListeners } from 'node:events';
import { AsyncpgDialect } from 'asyncpg/kysely';
import { Kysely, sql } from 'kysely';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { InvalidArgumentError } from '../../../../src/index.ts';
import { KyselyTest } from './support.ts';

const kysely = new KyselyTest('kysely_streams');

/** A query that goes on until its server process is told otherwise. */
const ENDLESS = sql<{ a: string }>`(SELECT 'kysely endless' AS a FROM pg_sleep(3600))`;
const RUNNING =
  "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%kysely endless%' AND state = 'active' AND pid <> pg_backend_pid()";

const running = (): Promise<unknown> => kysely.admin.fetchVal(RUNNING);

function numbers(db: Kysely<any>, count: number) {
  return db.selectFrom(sql<{ i: number }>`generate_series(1, ${count}::int4)`.as('i')).select('i');
}

afterEach(() => vi.restoreAllMocks());

describe('a stream', () => {
  test.each([1, 100, 1_000, 4_000])('yields every row, %i at a time', async (chunkSize) => {
    let sum = 0;
    for await (const { i } of numbers(kysely.db, 2_500).stream(chunkSize)) sum += i;
    expect(sum).toBe((2_500 * 2_501) / 2);
    await expect.poll(() => kysely.pool.stats.inUse).toBe(0);
  });

  test('hands on chunks of the size asked for, and a last one of the rest', async () => {
    const executor = kysely.db.getExecutor();
    const query = numbers(kysely.db, 7).compile();
    const sizes: number[] = [];
    for await (const { rows } of executor.stream(query, 3)) sizes.push(rows.length);
    expect(sizes).toEqual([3, 3, 1]);
    await expect(executor.stream(query, 0).next()).rejects.toThrow(InvalidArgumentError);
    await expect.poll(() => kysely.pool.stats.inUse).toBe(0);
  });

  test('makes the server wait for a slow consumer, and is cancelled when it is left', async () => {
    const state = `SELECT wait_event FROM pg_stat_activity WHERE query LIKE '%repeat(%' AND pid <> pg_backend_pid()`;
    const query = sql<{
      text: string;
    }>`(SELECT repeat('x', 10000) AS text FROM generate_series(1, 1000000))`;
    for await (const row of kysely.db.selectFrom(query.as('q')).selectAll().stream(1)) {
      expect(row).toEqual({ text: 'x'.repeat(10_000) });
      await expect.poll(() => kysely.admin.fetchVal(state)).toBe('ClientWrite');
      break;
    }
    await expect.poll(() => kysely.pool.stats.inUse).toBe(0);
    expect((await sql`SELECT 1 AS a`.execute(kysely.db)).rows).toEqual([{ a: 1 }]);
  });

  test('leaves its transaction as it is', async () => {
    await kysely.db.transaction().execute(async (trx) => {
      for await (const _ of numbers(trx, 100_000).stream(10)) break;
      expect((await sql`SELECT 1 AS a`.execute(trx)).rows).toEqual([{ a: 1 }]);
    });
  });

  test('fails with what the query fails with', async () => {
    const read = async (): Promise<void> => {
      const stream = kysely.db.selectFrom(
        sql<{ a: number }>`(SELECT 1 / (3 - i) AS a FROM generate_series(1, 5) i)`.as('q'),
      );
      for await (const _ of stream.selectAll().stream(1));
    };
    await expect(read()).rejects.toMatchObject({ sqlstate: '22012' });
    await expect.poll(() => kysely.pool.stats.inUse).toBe(0);
  });

  test.each([false, true])('leaves its signal when it is over (logged: %s)', async (isLogged) => {
    const { pool } = kysely;
    const dialect = new AsyncpgDialect({ pool });
    const db = new Kysely<any>({ dialect, log: isLogged ? () => {} : [] });
    const { signal } = new AbortController();
    const read = async (text: string, isLeft = false): Promise<void> => {
      const query = db.selectFrom(sql.raw<any>(`(${text})`).as('q')).selectAll();
      for await (const _ of query.stream({ signal })) if (isLeft) break;
    };
    await read('SELECT 1');
    await read('SELECT generate_series(1, 5)', true);
    await expect(read('SELECT 1 / 0')).rejects.toThrow('division by zero');
    await expect(read('SELECT 1 / (500 - g) FROM generate_series(1, 900) g')).rejects.toThrow(
      'division by zero',
    );
    await pool.close();
    await expect(read('SELECT 1')).rejects.toThrow('closed');
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test.each([false, true])(
    'is ended by its signal while it waits for rows (logged: %s)',
    async (isLogged) => {
      const told = vi.spyOn(console, 'error').mockImplementation(() => {});
      const db = isLogged
        ? new Kysely<object>({ dialect: new AsyncpgDialect({ pool: kysely.pool }), log: () => {} })
        : kysely.db;
      const controller = new AbortController();
      const reading = (async () => {
        const stream = (db as Kysely<any>).selectFrom(ENDLESS.as('q') as any).selectAll();
        for await (const _ of stream.stream({ signal: controller.signal }));
      })();
      reading.catch(() => {});
      await expect.poll(running).toBe(1n);
      controller.abort(new Error('enough'));
      await expect(reading).rejects.toThrow('enough');
      await expect.poll(running).toBe(0n);
      await expect.poll(() => kysely.pool.stats.inUse).toBe(0);
      expect(told).not.toHaveBeenCalled();
    },
  );
});

/** What queries of this file wait for is locked meanwhile. */
async function whileLocked(work: () => Promise<void>): Promise<void> {
  await kysely.admin.execute('SELECT pg_advisory_lock(4117003)');
  try {
    await work();
  } finally {
    await kysely.admin.execute('SELECT pg_advisory_unlock(4117003)');
  }
}

describe('an aborted query', () => {
  const abort = async (
    inflightQueryAbortStrategy: 'ignore query' | 'cancel query' | 'kill session',
  ): Promise<void> => {
    const controller = new AbortController();
    const query = sql`INSERT INTO accounts (owner, balance) SELECT 'kysely endless', 1 FROM pg_advisory_xact_lock(4117003)`;
    const { signal } = controller;
    const asked = query.execute(kysely.db, { signal, inflightQueryAbortStrategy });
    asked.catch(() => {});
    await expect.poll(running).toBe(1n);
    controller.abort(new Error('enough'));
    await expect(asked).rejects.toThrow('enough');
  };

  test('is cancelled where that is asked for, and its connection stays', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    await whileLocked(async () => {
      await abort('cancel query');
      await expect.poll(() => running()).toBe(0n);
    });
    await expect.poll(() => kysely.pool.stats).toMatchObject({ inUse: 0, closed: 0 });
    expect(await kysely.owners()).toEqual([]);
  });

  test('has its session ended where that is asked for', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    await whileLocked(async () => {
      await abort('kill session');
      await expect.poll(() => running()).toBe(0n);
    });
    await expect.poll(() => kysely.pool.stats).toMatchObject({ inUse: 0, closed: 1 });
    expect(await kysely.owners()).toEqual([]);
  });

  test('goes on by default, as Kysely has it, and its connection is given back then', async () => {
    await whileLocked(async () => {
      await abort('ignore query');
      expect(await running()).toBe(1n);
      expect(kysely.pool.stats.inUse).toBe(1);
    });
    await expect.poll(() => kysely.pool.stats.inUse).toBe(0);
    expect(await kysely.owners()).toEqual(['kysely endless']);
  });

  test('that waits for a connection is never executed', async () => {
    await kysely.open({ maxSize: 1 });
    const { db, pool } = kysely;
    const controller = new AbortController();
    const held = await pool.acquire();
    const insert = db.insertInto('accounts').values({ owner: 'late', balance: '1' });
    const asked = insert.execute({ signal: controller.signal });
    asked.catch(() => {});
    await expect.poll(() => pool.stats.waiting).toBe(1);
    controller.abort(new Error('enough'));
    await expect(asked).rejects.toThrow('enough');
    expect(pool.stats.waiting).toBe(0);
    await pool.release(held);
    await sql`SELECT 1`.execute(db);
    expect(await kysely.owners()).toEqual([]);
  });
});

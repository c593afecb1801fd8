import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  InterfaceError,
  type PoolConnection,
  PostgresError,
  TimeoutError,
} from '../../../src/index.ts';
import { CountingDial } from '../../support/counting-dial.ts';
import { sleep, TestPool, until } from '../../support/pool.ts';
import { Random } from '../../support/samples/random.ts';

/**
 * Random schedules over a real pool: callers of all kinds that succeed, fail, time out, are
 * aborted and lose their connection, while connections are cut and expire. After each schedule
 * nothing may be left over. `npm run test:races` runs many more; POOL_SEED repeats one.
 */
const first = Number(process.env['POOL_SEED'] ?? 1);
const runs = Number(process.env['POOL_RACES'] ?? 12);

let admin: TestPool;
beforeAll(async () => {
  admin = await TestPool.open();
  await admin.admin.execute('DROP TABLE IF EXISTS pool_races');
  await admin.admin.execute('CREATE TABLE pool_races (run int, id int, PRIMARY KEY (run, id))');
});
afterAll(async () => {
  await admin.admin.execute('DROP TABLE pool_races');
  await admin[Symbol.asyncDispose]();
});

/** What may befall a call of these schedules, besides its success. */
function isForeseen(error: unknown): boolean {
  return (
    error instanceof TimeoutError ||
    error instanceof InterfaceError ||
    error instanceof PostgresError ||
    (error instanceof Error && error.message === 'enough')
  );
}

async function runRace(seed: number): Promise<void> {
  const random = new Random(seed);
  const counter = new CountingDial();
  const maxSize = 1 + random.below(4);
  const minSize = random.below(maxSize + 1);
  await using test = await TestPool.open({
    minSize,
    maxSize,
    pipelining: random.pick([0, 2, 100]),
    maxQueries: random.pick([5, 50_000]),
    maxInactiveConnectionLifetime: random.pick([0, 20]),
    dial: counter.dial,
    ...(random.chance(0.3) ? { setup: () => sleep(1) } : {}),
    ...(random.chance(0.2) ? { acquireTimeout: 20 } : {}),
  });
  const { pool } = test;
  const committed: number[] = [];
  let unknown = 0;
  let id = 0;

  const signal = (): AbortSignal => {
    const abort = new AbortController();
    setTimeout(() => abort.abort(new Error('enough')), random.below(12));
    return abort.signal;
  };
  /** Uses a connection that nobody else may have: whatever is left in it belongs to the caller. */
  const use = async (connection: PoolConnection, mark: number): Promise<void> => {
    expect(connection.isInTransaction()).toBe(false);
    const was = await connection.fetchVal<string>("SELECT current_setting('asyncpg.mark', true)");
    expect(was === null || was === '').toBe(true);
    await connection.fetchVal("SELECT set_config('asyncpg.mark', $1, false)", String(mark));
    if (random.chance(0.5)) await connection.execute('BEGIN');
    if (random.chance(0.3)) void connection.fetchVal('SELECT pg_sleep(0.003)').catch(() => {});
    if (random.chance(0.3)) await sleep(random.below(5));
    expect(await connection.fetchVal("SELECT current_setting('asyncpg.mark')")).toBe(String(mark));
  };
  const insert = async (mark: number, run: () => Promise<unknown>): Promise<void> => {
    try {
      await run();
      committed.push(mark);
    } catch (error) {
      // Its answer may have been lost after it took effect.
      unknown += 1;
      throw error;
    }
  };
  const kinds: ((mark: number) => Promise<unknown>)[] = [
    async (mark) => expect(await pool.fetchVal('SELECT $1::int', mark)).toBe(mark),
    async (mark) =>
      expect(
        await pool.fetchVal({
          text: 'SELECT $1::int FROM pg_sleep(0.002)',
          args: [mark],
          signal: signal(),
        }),
      ).toBe(mark),
    (mark) => pool.fetchVal({ text: 'SELECT pg_sleep(0.01), $1::int', args: [mark], timeout: 5 }),
    () => pool.fetchVal('SELECT 1/0'),
    (mark) =>
      insert(mark, () => pool.execute('INSERT INTO pool_races VALUES ($1, $2)', seed, mark)),
    (mark) =>
      insert(mark, () =>
        pool.transaction(async (tx) => {
          await tx.execute('INSERT INTO pool_races VALUES ($1, $2)', seed, mark);
          if (random.chance(0.3)) throw new Error('enough');
        }),
      ),
    async (mark) => {
      const connection = await pool.acquire(
        random.chance(0.5) ? { signal: signal() } : { timeout: 1 + random.below(20) },
      );
      try {
        await use(connection, mark);
      } finally {
        if (random.chance(0.1)) connection.terminate();
        await pool.release(connection);
      }
    },
    (mark) => pool.withConnection((connection) => use(connection as PoolConnection, mark)),
    async () => {
      for await (const _ of pool.stream('SELECT generate_series(1, 3000)')) {
        if (random.chance(0.01)) break;
      }
    },
    () => pool.executeMany('SELECT $1::int', [[1], [2], [3]], { signal: signal() }),
  ];
  const caller = async (): Promise<void> => {
    for (let i = 0; i < 12; i++) {
      id += 1;
      try {
        await random.pick(kinds)(id);
      } catch (error) {
        if (!isForeseen(error)) throw error;
      }
      if (random.chance(0.2)) await sleep(random.below(4));
    }
  };
  const disturbing = random.chance(0.6);
  let done = false;
  const disturber = (async () => {
    while (!done && disturbing) {
      await sleep(10 + random.below(30));
      if (random.chance(0.2)) counter.cut();
      else if (random.chance(0.3)) await pool.expireConnections();
    }
  })();
  const watcher = (async () => {
    while (!done) {
      const { size, idle, inUse, connecting, waiting, opened, closed } = pool.stats;
      expect(size).toBeLessThanOrEqual(maxSize);
      expect(idle + inUse + connecting).toBe(size);
      expect(opened - closed).toBe(idle + inUse);
      if (idle > 0) expect(waiting).toBe(0);
      await sleep(1);
    }
  })();
  await Promise.all(Array.from({ length: 4 + random.below(12) }, caller));
  done = true;
  await Promise.all([disturber, watcher]);

  await until(() => pool.stats.inUse === 0 && pool.stats.connecting === 0 && pool.size >= minSize);
  expect(pool.stats.waiting).toBe(0);
  const rows = await test.admin.fetch<{ id: number }>(
    'SELECT id FROM pool_races WHERE run = $1',
    seed,
  );
  const found = new Set(rows.map((row) => row.id));
  expect(committed.filter((mark) => !found.has(mark))).toEqual([]);
  expect(found.size).toBeLessThanOrEqual(committed.length + unknown);
  // Every connection of the pool is as good as new.
  const lent = await Promise.all(
    Array.from({ length: maxSize }, () => pool.acquire({ timeout: 10_000 })),
  );
  for (const connection of lent) {
    expect(await connection.fetchVal('SELECT $1::int', seed)).toBe(seed);
    expect(connection.isInTransaction()).toBe(false);
  }
  await Promise.all(lent.map((connection) => pool.release(connection)));
  await pool.close();
  await until(async () => counter.open === 0 && (await test.backends()).length === 0);
}

it(`random schedules leave nothing over, ${runs} of them`, { timeout: 1_800_000 }, async () => {
  for (let seed = first; seed < first + runs; seed++) {
    try {
      await runRace(seed);
    } catch (error) {
      throw new Error(`schedule ${seed} failed (POOL_SEED=${seed})`, { cause: error });
    }
  }
});

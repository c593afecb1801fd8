import { describe, expect, it } from 'vitest';
import {
  ConnectionDoesNotExistError,
  InvalidArgumentError,
  type Pool,
  PostgresError,
  TimeoutError,
  UndefinedTableError,
} from '../../../src/index.ts';
import { CountingDial } from '../../support/counting-dial.ts';
import { sleep, stateOf, TestPool, until } from '../../support/pool.ts';

/** One connection that is busy, so that further one-shot calls share it. */
const ONE = { minSize: 1, maxSize: 1 } as const;

function numbers(pool: Pool, count: number): Promise<(number | null)[]> {
  return Promise.all(
    Array.from({ length: count }, (_, i) => pool.fetchVal<number>('SELECT $1::int', i)),
  );
}

describe('one-shot calls of a full pool', () => {
  it('share connections: 200 callers over 4 connections, each with its own answer', async () => {
    await using test = await TestPool.open({ minSize: 4, maxSize: 4 });
    const { pool } = test;
    for (let round = 0; round < 3; round++) {
      expect(await numbers(pool, 200)).toEqual(Array.from({ length: 200 }, (_, i) => i));
    }
    expect(pool.stats).toMatchObject({ size: 4, idle: 4, waiting: 0, acquired: 600 });
  });

  it('travel in one flight when they are made in one turn', async () => {
    const counter = new CountingDial();
    await using test = await TestPool.open({ ...ONE, dial: counter.dial });
    const { pool } = test;
    await pool.fetchVal('SELECT $1::int', 0);
    expect(await counter.during(() => numbers(pool, 50))).toBe(1);
  });

  it('spread evenly over the connections', async () => {
    await using test = await TestPool.open({ minSize: 4, maxSize: 4 });
    const pids = await Promise.all(
      Array.from({ length: 40 }, () =>
        test.pool.fetchVal<number>('SELECT pg_backend_pid() FROM pg_sleep(0.15)'),
      ),
    );
    const perConnection = new Map<number | null, number>();
    for (const pid of pids) perConnection.set(pid, (perConnection.get(pid) ?? 0) + 1);
    expect([...perConnection.values()]).toEqual([10, 10, 10, 10]);
  });

  it.each([
    { pipelining: 0, together: 1 },
    { pipelining: 1, together: 1 },
    { pipelining: 2, together: 2 },
    { pipelining: 5, together: 5 },
  ])(
    'are at most $together on one connection with pipelining $pipelining',
    async ({ pipelining, together }) => {
      await using test = await TestPool.open({ ...ONE, pipelining });
      const { pool } = test;
      const calls = Array.from({ length: 8 }, () => pool.fetchVal('SELECT 1'));
      expect(pool.stats.waiting).toBe(8 - together);
      await Promise.all(calls);
      expect(pool.stats).toMatchObject({ waiting: 0, idle: 1 });
    },
  );

  it('are expected to take what they took, and not what one took that was ahead of them', async () => {
    await using test = await TestPool.open(ONE);
    const { pool } = test;
    // No statement of constants: of both it has to be learnt that they are quick.
    const quick = (value: unknown) => pool.fetchVal('SELECT $1::int FROM pg_class LIMIT 1', value);
    const slow = (seconds: number) => pool.fetchVal('SELECT pg_sleep($1::float8)::text', seconds);
    for (let i = 0; i < 20; i++) {
      await quick(1);
      await slow(0);
    }
    const sleeping = slow(0.2);
    // Over at once, behind one that is under way.
    await expect(quick('x')).rejects.toThrow(InvalidArgumentError);
    await sleeping;
    const together = Array.from({ length: 3 }, () => quick(1));
    expect(pool.stats.waiting).toBe(0);
    await Promise.all(together);
    // It is the other one of which it has been learnt.
    const behind = [slow(0), quick(1)];
    expect(pool.stats.waiting).toBe(1);
    await Promise.all(behind);
  });

  it('fill up as others on the same connection are done', async () => {
    await using test = await TestPool.open({ ...ONE, pipelining: 3 });
    const { pool } = test;
    const calls = Array.from({ length: 30 }, (_, i) => pool.fetchVal('SELECT $1::int', i));
    calls.push(pool.fetchVal('SELECT pg_sleep(0.05)'));
    const slow = pool.fetchVal("SELECT 'slow' FROM pg_sleep(0.05)");
    await Promise.all(calls);
    expect(await slow).toBe('slow');
    expect(pool.stats).toMatchObject({ waiting: 0, idle: 1 });
  });

  it('do not delay one that wants a connection of its own for ever', async () => {
    await using test = await TestPool.open({ minSize: 2, maxSize: 2 });
    const { pool } = test;
    let stop = false;
    const callers = Array.from({ length: 20 }, async () => {
      while (!stop) await pool.fetchVal('SELECT 1');
    });
    for (let i = 0; i < 10; i++) {
      const connection = await pool.acquire();
      expect(await connection.fetchVal('SELECT 2')).toBe(2);
      await pool.release(connection);
    }
    stop = true;
    await Promise.all(callers);
  });

  it('never share a connection that somebody has for his own', async () => {
    await using test = await TestPool.open({ minSize: 2, maxSize: 2 });
    const { pool } = test;
    const lent = await pool.acquire();
    await lent.execute('BEGIN');
    await lent.execute('CREATE TEMP TABLE own (id int)');
    const pids = await Promise.all(
      Array.from({ length: 20 }, () => pool.fetchVal<number>('SELECT pg_backend_pid()')),
    );
    expect(pids).not.toContain(lent.serverPid);
    const seen = await Promise.all(
      Array.from({ length: 5 }, () =>
        pool.fetchVal(
          'SELECT count(*)::int FROM pg_stat_activity WHERE pid = pg_backend_pid() AND backend_xid IS NOT NULL',
        ),
      ),
    );
    expect(seen).toEqual([0, 0, 0, 0, 0]);
    await pool.release(lent);
  });

  it('get in line behind one that changes the session, and are not touched by it', async () => {
    await using test = await TestPool.open(ONE);
    const { pool } = test;
    const settings = await Promise.all([
      pool.fetchVal("SELECT current_setting('work_mem')"),
      pool.execute("SET work_mem = '1MB'").then(() => 'set'),
      pool.fetchVal("SELECT current_setting('work_mem')"),
      pool.execute('BEGIN; SELECT txid_current(); COMMIT').then(() => 'whole'),
      pool.fetchVal("SELECT current_setting('work_mem')"),
      pool.fetchVal('SELECT pg_current_xact_id_if_assigned()'),
    ]);
    expect(settings).toEqual(['4MB', 'set', '4MB', 'whole', '4MB', null]);
  });

  it('do not wait for slow ones that were asked at the same time, seen before or not', async () => {
    await using test = await TestPool.open({ minSize: 4, maxSize: 4 });
    const { pool } = test;
    for (let round = 0; round < 3; round++) {
      const slow = Promise.all(
        [1, 2].map(() => pool.fetchVal<number>('SELECT 1 FROM pg_sleep(0.5)')),
      );
      expect(await numbers(pool, 200)).toHaveLength(200);
      expect(await stateOf(slow)).toBe('pending');
      expect(await slow).toEqual([1, 1]);
    }
  });

  it('prefer a connection that is not held up by a slow query', async () => {
    await using test = await TestPool.open({ minSize: 2, maxSize: 2 });
    const { pool } = test;
    const abort = new AbortController();
    const slow = pool.fetchVal({ text: 'SELECT pg_sleep(60)', signal: abort.signal });
    await sleep(100);
    // One that is put behind the slow query ends only with that.
    for (let i = 0; i < 20; i++) await numbers(pool, 10);
    expect(await stateOf(slow)).toBe('pending');
    abort.abort();
    await expect(slow).rejects.toThrow();
  });
});

describe('one-shot calls at once on a pool that is not full', () => {
  it.each([
    { minSize: 0, maxSize: 5, calls: 5, each: [1, 1, 1, 1, 1] },
    { minSize: 1, maxSize: 4, calls: 8, each: [2, 2, 2, 2] },
  ])(
    'get connections of their own: $calls calls, $minSize of $maxSize connections open',
    async ({ minSize, maxSize, calls, each }) => {
      await using test = await TestPool.open({ minSize, maxSize });
      const pids = await Promise.all(
        Array.from({ length: calls }, () =>
          test.pool.fetchVal<number>('SELECT pg_backend_pid() FROM pg_sleep(0.3)'),
        ),
      );
      const perConnection = new Map<number | null, number>();
      for (const pid of pids) perConnection.set(pid, (perConnection.get(pid) ?? 0) + 1);
      expect([...perConnection.values()]).toEqual(each);
    },
  );
});

describe('what becomes of one shared call touches no other:', () => {
  it('an error of the server', async () => {
    await using test = await TestPool.open(ONE);
    const { pool } = test;
    const results = await Promise.allSettled([
      pool.fetchVal('SELECT 1'),
      pool.fetchVal('SELECT 1/0'),
      pool.fetchVal('SELECT 2'),
      pool.fetch('SELECT * FROM no_such_table'),
      pool.execute('SELECT 1/0'),
      pool.fetchVal('SELECT 3'),
    ]);
    expect(results).toEqual([
      { status: 'fulfilled', value: 1 },
      { status: 'rejected', reason: expect.any(PostgresError) },
      { status: 'fulfilled', value: 2 },
      { status: 'rejected', reason: expect.any(UndefinedTableError) },
      { status: 'rejected', reason: expect.any(PostgresError) },
      { status: 'fulfilled', value: 3 },
    ]);
  });

  it('a value that cannot be encoded', async () => {
    await using test = await TestPool.open(ONE);
    const { pool } = test;
    const results = await Promise.allSettled([
      pool.fetchVal('SELECT $1::int', 1),
      pool.fetchVal('SELECT $1::int', 'one'),
      pool.fetchVal('SELECT $1::int', 3),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(results[1]).toMatchObject({ reason: expect.any(InvalidArgumentError) });
  });

  it('a time-out', async () => {
    await using test = await TestPool.open(ONE);
    const { pool } = test;
    const results = await Promise.allSettled([
      pool.fetchVal('SELECT 1'),
      pool.fetchVal({ text: 'SELECT pg_sleep(60)', timeout: 50 }),
      pool.fetchVal('SELECT 2'),
      pool.fetchVal({ text: 'SELECT 5', timeout: 0 }),
      pool.execute('SELECT 3'),
    ]);
    expect(results).toEqual([
      { status: 'fulfilled', value: 1 },
      { status: 'rejected', reason: expect.any(TimeoutError) },
      { status: 'fulfilled', value: 2 },
      { status: 'rejected', reason: expect.any(TimeoutError) },
      { status: 'fulfilled', value: 'SELECT 1' },
    ]);
    expect(pool.stats).toMatchObject({ closed: 0, idle: 1 });
  });

  it('an abort, wherever the aborted call stands', async () => {
    await using test = await TestPool.open(ONE);
    const { pool } = test;
    for (const position of [0, 1, 2, 3]) {
      const abort = new AbortController();
      const calls = [0, 1, 2, 3].map((i) =>
        i === position
          ? pool.fetchVal({
              text: 'SELECT $1::int FROM pg_sleep(30)',
              args: [i],
              signal: abort.signal,
            })
          : pool.fetchVal('SELECT $1::int', i),
      );
      setTimeout(() => abort.abort(new Error('enough')), 30);
      const results = await Promise.allSettled(calls);
      for (const [i, result] of results.entries()) {
        expect(result).toEqual(
          i === position
            ? { status: 'rejected', reason: new Error('enough') }
            : { status: 'fulfilled', value: i },
        );
      }
    }
    await until(() => pool.idleSize === 1);
    expect(pool.stats.closed).toBe(0);
  });

  it('many aborts at random moments: every other answer arrives, and is the right one', async () => {
    await using test = await TestPool.open({ minSize: 2, maxSize: 2 });
    const { pool } = test;
    await pool.execute('CREATE TABLE IF NOT EXISTS pool_storm (id int PRIMARY KEY)');
    await pool.execute('TRUNCATE pool_storm');
    const total = 600;
    const wanted: number[] = [];
    await Promise.all(
      Array.from({ length: total }, async (_, i) => {
        await sleep(Math.random() * 300);
        if (i % 3 === 0) {
          const abort = new AbortController();
          setTimeout(() => abort.abort(), Math.random() * 6);
          await pool
            .fetchVal({ text: 'SELECT pg_sleep(0.004)', signal: abort.signal })
            .catch((error: unknown) => {
              expect((error as Error).name).toBe('AbortError');
            });
        } else if (i % 3 === 1) {
          expect(await pool.fetchVal('SELECT $1::int', i)).toBe(i);
        } else {
          wanted.push(i);
          const tag =
            i % 2 === 0
              ? pool.execute('INSERT INTO pool_storm VALUES ($1)', i)
              : pool.execute(`INSERT INTO pool_storm VALUES (${i})`);
          expect(await tag).toBe('INSERT 0 1');
        }
      }),
    );
    const found = await pool.fetch<{ id: number }>('SELECT id FROM pool_storm ORDER BY id');
    expect(found.map(({ id }) => id)).toEqual(wanted.toSorted((a, b) => a - b));
    await pool.execute('DROP TABLE pool_storm');
    await until(() => pool.idleSize === 2);
  });

  it('a connection that is lost takes only its own calls with it, and they are told', async () => {
    await using test = await TestPool.open({ minSize: 2, maxSize: 2 });
    const { pool } = test;
    const settled = Promise.allSettled(
      Array.from({ length: 8 }, (_, i) => pool.fetchVal('SELECT $1::int FROM pg_sleep(0.1)', i)),
    );
    await until(async () => (await test.running('%pg_sleep%')) === 2);
    const [victim] = await test.backends();
    await test.kill([victim!]);
    const results = await settled;
    const lost = results.filter((result) => result.status === 'rejected');
    // What takes so long is alone on its connection.
    expect(lost).toHaveLength(1);
    for (const { reason } of lost) {
      // 57P01 is the server's own word, if it arrives.
      expect(reason instanceof PostgresError || reason instanceof ConnectionDoesNotExistError).toBe(
        true,
      );
    }
    await until(() => pool.idleSize === 2);
    expect(await numbers(pool, 20)).toHaveLength(20);
  });
});

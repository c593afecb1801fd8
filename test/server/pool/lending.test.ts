import { describe, expect, it } from 'vitest';
import {
  ConnectionFailureError,
  createPool,
  InterfaceError,
  InvalidCatalogNameError,
  PostgresError,
  TimeoutError,
} from '../../../src/index.ts';
import { freePort, sleep, stateOf, TestPool, until } from '../../support/pool.ts';
import { serverDsn } from '../../support/servers/server.ts';

describe('acquire', () => {
  it('lends the connection that was used last first', async () => {
    await using test = await TestPool.open({ minSize: 3, maxSize: 3 });
    const { pool } = test;
    const first = await pool.acquire();
    const pid = first.serverPid;
    await pool.release(first);
    for (let i = 0; i < 5; i++) {
      await using connection = await pool.acquire();
      expect(connection.serverPid).toBe(pid);
    }
  });

  it('opens connections only as they are needed, up to maxSize', async () => {
    await using test = await TestPool.open({ maxSize: 3 });
    const { pool } = test;
    expect(pool.size).toBe(0);
    const lent = [await pool.acquire(), await pool.acquire(), await pool.acquire()];
    expect(new Set(lent.map((c) => c.serverPid)).size).toBe(3);
    const fourth = pool.acquire();
    expect(await stateOf(fourth)).toBe('pending');
    expect(pool.stats).toMatchObject({ size: 3, inUse: 3, waiting: 1, idle: 0 });
    const pid = lent[1]!.serverPid;
    await pool.release(lent[1]!);
    expect((await fourth).serverPid).toBe(pid);
    expect(await test.backends()).toHaveLength(3);
  });

  it('serves those who wait strictly in the order in which they came', async () => {
    await using test = await TestPool.open({ maxSize: 2 });
    const { pool } = test;
    const lent = [await pool.acquire(), await pool.acquire()];
    const served: number[] = [];
    const callers = Array.from({ length: 20 }, async (_, index) => {
      if (index % 3 === 0) {
        await pool.fetchVal('SELECT 1');
        served.push(index);
        return;
      }
      const connection = await pool.acquire();
      served.push(index);
      await connection.fetchVal('SELECT 1');
      await pool.release(connection);
    });
    // With one connection there is only one order.
    void pool.release(lent[0]!);
    await Promise.all(callers);
    expect(served).toEqual(served.toSorted((a, b) => a - b));
    await pool.release(lent[1]!);
  });

  it('lets no newcomer overtake those who wait', async () => {
    await using test = await TestPool.open({ maxSize: 1 });
    const { pool } = test;
    const served: string[] = [];
    const take = async (name: string): Promise<void> => {
      const connection = await pool.acquire();
      served.push(name);
      await pool.release(connection);
      // Asked for in the very moment of the release.
      if (name === 'first') late = take('late');
    };
    let late: Promise<void> | undefined;
    await Promise.all([take('first'), take('second'), take('third')]);
    await late;
    expect(served).toEqual(['first', 'second', 'third', 'late']);
  });

  it('times out with an error that tells the state of the pool, and loses no connection', async () => {
    await using test = await TestPool.open({ minSize: 1, maxSize: 1, acquireTimeout: 30 });
    const { pool } = test;
    const lent = await pool.acquire();
    const error = await pool.acquire().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({ safeToRetry: true });
    expect((error as Error).message).toMatch(/of 1 connections 1 are in use, 0 idle/);
    await expect(pool.acquire({ timeout: 1 })).rejects.toBeInstanceOf(TimeoutError);
    await expect(pool.acquire({ timeout: 0 })).rejects.toBeInstanceOf(TimeoutError);
    await expect(pool.execute('SELECT 1')).rejects.toBeInstanceOf(TimeoutError);
    await expect(pool.transaction(async () => {})).rejects.toBeInstanceOf(TimeoutError);
    expect(pool.stats).toMatchObject({ waiting: 0, abandonedWaits: 4 });
    await pool.release(lent);
    expect(pool.idleSize).toBe(1);
    expect(await pool.fetchVal('SELECT 1')).toBe(1);
  });

  it('ends a wait by the call’s own time-out as well as by acquireTimeout', async () => {
    await using test = await TestPool.open({
      minSize: 1,
      maxSize: 1,
      acquireTimeout: 20,
      commandTimeout: 60_000,
    });
    await using connection = await test.pool.acquire();
    await expect(test.pool.fetchVal('SELECT 1')).rejects.toBeInstanceOf(TimeoutError);
    await expect(test.pool.fetchVal({ text: 'SELECT 1', timeout: 1 })).rejects.toBeInstanceOf(
      TimeoutError,
    );
    expect(connection.isClosed).toBe(false);
  });

  it('is ended by its signal with the signal’s reason, before and while it waits', async () => {
    await using test = await TestPool.open({ maxSize: 1 });
    const { pool } = test;
    const reason = new Error('not any more');
    await expect(pool.acquire({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const lent = await pool.acquire();
    const abort = new AbortController();
    const waiting = pool.acquire({ signal: abort.signal });
    const behind = pool.acquire();
    abort.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await pool.release(lent);
    await pool.release(await behind);
    expect(pool.stats).toMatchObject({ size: 1, idle: 1, waiting: 0 });
  });

  it('loses no connection when the signal comes together with the connection', async () => {
    await using test = await TestPool.open({ maxSize: 1 });
    const { pool } = test;
    for (let i = 0; i < 50; i++) {
      const lent = await pool.acquire();
      const abort = new AbortController();
      const waiting = pool.acquire({ signal: abort.signal });
      const released = pool.release(lent);
      for (let turn = 0; turn < i % 7; turn++) await Promise.resolve();
      abort.abort();
      await released;
      await waiting.then(
        (connection) => pool.release(connection),
        () => {},
      );
      expect(pool.stats).toMatchObject({ size: 1, idle: 1, waiting: 0 });
    }
  });

  it('keeps for the pool a connection that arrives after its caller gave up', async () => {
    await using test = await TestPool.open({
      maxSize: 1,
      init: () => sleep(50),
    });
    const { pool } = test;
    await expect(pool.acquire({ timeout: 5 })).rejects.toBeInstanceOf(TimeoutError);
    await until(() => pool.idleSize === 1);
    expect(await test.backends()).toHaveLength(1);
  });

  it('tells the first who waits, and nobody else, that a connection could not be opened', async () => {
    let isBroken = false;
    await using test = await TestPool.open({
      maxSize: 2,
      init: async () => {
        if (!isBroken) return;
        isBroken = false;
        throw new Error('no luck');
      },
    });
    const { pool } = test;
    const lent = await pool.acquire();
    isBroken = true;
    const [first, second, third] = [pool.acquire(), pool.acquire(), pool.acquire()];
    await expect(first).rejects.toThrow('no luck');
    await pool.release(await second);
    await pool.release(await third);
    await pool.release(lent);
    expect(pool.stats).toMatchObject({ waiting: 0, failedConnects: 1 });
  });

  it('tells each caller why, while no server is there, and works once it is', async () => {
    const port = await freePort();
    const pool = await createPool({ host: '127.0.0.1', port, minSize: 0, maxSize: 2 });
    const results = await Promise.allSettled([
      pool.acquire(),
      pool.fetchVal('SELECT 1'),
      pool.execute('CREATE TABLE t ()'),
      pool.transaction(async () => {}),
    ]);
    for (const result of results) {
      expect(result).toMatchObject({
        status: 'rejected',
        reason: expect.any(ConnectionFailureError),
      });
    }
    expect(pool.stats).toMatchObject({ size: 0, waiting: 0 });
    await pool.close();
  });

  it('has the stack of its caller in its errors', async () => {
    await using test = await TestPool.open({ maxSize: 1 });
    await using connection = await test.pool.acquire();
    const error = await test.pool.acquire({ timeout: 1 }).catch((reason: unknown) => reason);
    expect((error as Error).stack).toContain('pool/lending.test.ts');
    expect(connection.isClosed).toBe(false);
  });
});

describe('createPool', () => {
  it('opens minSize connections before it resolves', async () => {
    await using test = await TestPool.open({ minSize: 3, maxSize: 5 });
    expect(test.pool).toMatchObject({ size: 3, idleSize: 3, minSize: 3, maxSize: 5 });
    expect(await test.backends()).toHaveLength(3);
  });

  it('rejects with the error of the first connection and leaves none open', async () => {
    await expect(createPool(serverDsn(), { database: 'no such database' })).rejects.toBeInstanceOf(
      InvalidCatalogNameError,
    );
    let opened = 0;
    const name = `pool-half-${process.pid}`;
    const failing = createPool(serverDsn(), {
      applicationName: name,
      minSize: 4,
      init: async () => {
        opened += 1;
        if (opened === 3) throw new Error('enough');
      },
    });
    await expect(failing).rejects.toThrow('enough');
    await using test = await TestPool.open();
    await until(async () => {
      const left = await test.admin.fetchVal<bigint>(
        'SELECT count(*) FROM pg_stat_activity WHERE application_name = $1',
        name,
      );
      return left === 0n;
    });
  });
});

describe('the methods of a pool', () => {
  it('run each on one connection that nobody else has meanwhile', async () => {
    await using test = await TestPool.open({ maxSize: 2, pipelining: 100 });
    const { pool } = test;
    const pids = await pool.transaction(async (tx) => {
      const own = await tx.fetchVal<number>('SELECT pg_backend_pid()');
      const others = await Promise.all(
        Array.from({ length: 10 }, () => pool.fetchVal<number>('SELECT pg_backend_pid()')),
      );
      return { own, others };
    });
    expect(pids.others).not.toContain(pids.own);
    await pool.execute('CREATE TABLE IF NOT EXISTS pool_methods (id int)');
    await pool.execute('TRUNCATE pool_methods');
    await pool.executeMany('INSERT INTO pool_methods VALUES ($1)', [[1], [2]]);
    expect(
      await pool.fetchMany('INSERT INTO pool_methods VALUES ($1) RETURNING id', [[3]]),
    ).toEqual([{ id: 3 }]);
    const [inserted, counted] = await pool.batch([
      { text: 'INSERT INTO pool_methods VALUES ($1)', args: [4] },
      'SELECT count(*)::int AS n FROM pool_methods',
    ]);
    expect(inserted!.tag).toBe('INSERT 0 1');
    expect(counted!.rows).toEqual([{ n: 4 }]);
    expect(await pool.copyRecordsToTable('pool_methods', { records: [[5], [6]] })).toBe('COPY 2');
    expect(await pool.copyToTable('pool_methods', { source: ['7\n', '8\n'] })).toBe('COPY 2');
    const chunks: Buffer[] = [];
    const copied = await pool.copyFromTable('pool_methods', {
      output: (chunk) => {
        chunks.push(chunk);
      },
    });
    expect(copied).toBe('COPY 8');
    expect(Buffer.concat(chunks).toString().trim().split('\n')).toHaveLength(8);
    const seen: number[] = [];
    for await (const { id } of pool.stream<{ id: number }>(
      'SELECT id FROM pool_methods ORDER BY 1',
    )) {
      seen.push(id);
    }
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    await pool.execute('DROP TABLE pool_methods');
    expect(pool.stats.inUse).toBe(0);
  });

  it('give a stream its own connection until its consumer is done or leaves', async () => {
    await using test = await TestPool.open({ maxSize: 2 });
    const { pool } = test;
    for await (const _ of pool.stream('SELECT generate_series(1, 1000000)')) {
      expect(pool.stats.inUse).toBe(1);
      expect(await pool.fetchVal('SELECT 1')).toBe(1);
      break;
    }
    expect(pool.stats.inUse).toBe(0);
    const failing = pool.stream('SELECT 1/0');
    await expect(failing.next()).rejects.toBeInstanceOf(PostgresError);
    await until(() => pool.stats.inUse === 0);
  });

  it('withConnection lends one and takes it back, whatever happens', async () => {
    await using test = await TestPool.open({ maxSize: 1 });
    const { pool } = test;
    const pid = await pool.withConnection(async (connection) => connection.serverPid);
    expect(pid).toBeTypeOf('number');
    const failure = new Error('mine');
    await expect(
      pool.withConnection(async (connection) => {
        await connection.execute('BEGIN');
        throw failure;
      }),
    ).rejects.toBe(failure);
    expect(pool.stats).toMatchObject({ idle: 1, inUse: 0 });
    expect(await pool.fetchVal('SELECT pg_backend_pid()')).toBe(pid);
  });

  it('do not make their caller wait until the server has heeded a cancellation', async () => {
    await using test = await TestPool.open({ maxSize: 1 });
    const { pool } = test;
    const abort = new AbortController();
    const call = pool.execute({
      text: "SELECT pg_sleep(60) WHERE 'temp' <> ''",
      signal: abort.signal,
    });
    await until(async () => (await test.running('%pg_sleep%')) === 1);
    abort.abort();
    let inUse = 0;
    await call.catch(() => {
      inUse = pool.stats.inUse;
    });
    expect(inUse).toBe(1);
    await until(() => pool.stats.inUse === 0);
    expect(await pool.fetchVal('SELECT 1')).toBe(1);
  });
});

describe('a pool that is misused', () => {
  it('refuses connections that are not its own', async () => {
    await using test = await TestPool.open({ minSize: 1, maxSize: 1 });
    await using other = await TestPool.open({ minSize: 1, maxSize: 1 });
    const foreign = await other.pool.acquire();
    await expect(test.pool.release(foreign)).rejects.toThrow(InterfaceError);
    await expect(test.pool.release(test.admin as never)).rejects.toThrow(/not one of this pool/);
    await expect(test.pool.release({} as never)).rejects.toThrow(InterfaceError);
    expect(await foreign.fetchVal('SELECT 1')).toBe(1);
    await other.pool.release(foreign);
    await expect(test.pool.release(foreign)).rejects.toThrow(InterfaceError);
    foreign.isReleased satisfies boolean;
    expect([test.pool.idleSize, other.pool.idleSize]).toEqual([1, 1]);
  });
});

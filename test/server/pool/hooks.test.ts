import { describe, expect, it } from 'vitest';
import {
  type Connection,
  createPool,
  type Pool,
  type PoolConnection,
  TimeoutError,
} from '../../../src/index.ts';
import { freePort, sleep, stateOf, TestPool, until } from '../../support/pool.ts';
import { serverDsn } from '../../support/servers/server.ts';

type Hook = (connection: Connection) => void | Promise<void>;

/** A promise that never ends. */
const FOREVER = new Promise<never>(() => {});

describe('the hook init', () => {
  it('is called once with each new connection, before anybody else has it', async () => {
    const pids: number[] = [];
    await using test = await TestPool.open({
      minSize: 2,
      maxSize: 3,
      init: async (connection) => {
        pids.push((await connection.fetchVal<number>('SELECT pg_backend_pid()'))!);
        await connection.setTypeCodec('json', {
          schema: 'pg_catalog',
          encoder: String,
          decoder: (value: unknown) => `mine: ${value}`,
        });
      },
    });
    const { pool } = test;
    expect(pids).toHaveLength(2);
    const lent = await Promise.all([pool.acquire(), pool.acquire(), pool.acquire()]);
    expect(new Set(pids)).toEqual(new Set(lent.map((connection) => connection.serverPid)));
    expect(await lent[2]!.fetchVal("SELECT '1'::json")).toBe('mine: 1');
    await Promise.all(lent.map((connection) => pool.release(connection)));
    await pool.fetchVal('SELECT 1');
    expect(pids).toHaveLength(3);
  });

  it('may change the session for good, also for holders that change it as well', async () => {
    let calls = 0;
    await using test = await TestPool.open({
      minSize: 1,
      maxSize: 1,
      init: async (connection) => {
        calls += 1;
        await connection.execute("SET work_mem = '2MB'");
        await connection.prepare('SELECT 42', { name: 'mine' });
      },
    });
    const { pool } = test;
    for (let i = 0; i < 3; i++) {
      await using connection = await pool.acquire();
      expect(await connection.fetchVal("SELECT current_setting('work_mem')")).toBe('2MB');
      await connection.execute('EXECUTE mine');
      await connection.execute("SET work_mem = '1MB'");
    }
    await using connection = await pool.acquire();
    expect(await connection.fetchVal("SELECT current_setting('work_mem')")).toBe('2MB');
    expect(calls).toBe(4);
  });

  it('cannot keep or release its connection, or leave a transaction in it', async () => {
    let kept: Connection | undefined;
    await using test = await TestPool.open({
      minSize: 1,
      maxSize: 1,
      init: async (connection) => {
        kept = connection;
        await connection.execute('BEGIN');
        void connection.fetchVal('SELECT pg_sleep(0.02)');
      },
    });
    const { pool } = test;
    await expect(kept!.fetchVal('SELECT 1')).rejects.toThrow(/released/);
    await using connection = await pool.acquire();
    expect(connection.isInTransaction()).toBe(false);
    await expect(pool.release(kept as never)).rejects.toThrow(/not one of this pool/);
  });

  it('that throws, even synchronously, fails the call that waits and closes the connection', async () => {
    let fail = true;
    await using test = await TestPool.open({
      init: (): Promise<void> => {
        if (fail) throw new Error('init failed');
        return Promise.resolve();
      },
    });
    const { pool } = test;
    await expect(pool.fetchVal('SELECT 1')).rejects.toThrow('init failed');
    await expect(pool.acquire()).rejects.toThrow('init failed');
    await until(async () => (await test.backends()).length === 0);
    fail = false;
    expect(await pool.fetchVal('SELECT 1')).toBe(1);
  });

  it('that hangs is given up after the time that connecting may take', async () => {
    let hang = true;
    await using test = await TestPool.open({
      timeout: 700,
      maxSize: 1,
      init: () => (hang ? FOREVER : Promise.resolve()),
    });
    const { pool } = test;
    const error = await pool.acquire().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TimeoutError);
    expect((error as Error).message).toContain('init hook');
    hang = false;
    expect(await pool.fetchVal('SELECT 1')).toBe(1);
    await until(async () => (await test.backends()).length === 1);
  });

  it('that hangs does not keep a pool from closing', async () => {
    let inInit = false;
    await using test = await TestPool.open({
      init: () => {
        inInit = true;
        return FOREVER;
      },
    });
    const call = test.pool.fetchVal('SELECT 1');
    await until(() => inInit);
    await Promise.all([expect(call).rejects.toThrow(/closing/), test.pool.close()]);
    await until(async () => (await test.backends()).length === 0);
  });

  it('that ends its own connection fails the call', async () => {
    const ends: Hook[] = [
      (connection) => connection.terminate(),
      (connection) => connection.close(),
      (connection) => {
        void connection.fetchVal('SELECT pg_sleep(0.02)');
        void connection.close();
      },
    ];
    for (const init of ends) {
      await using test = await TestPool.open({ init });
      await expect(test.pool.acquire()).rejects.toThrow("the pool's init hook has closed");
      expect(test.pool.stats).toMatchObject({ size: 0, waiting: 0, opened: 0, failedConnects: 1 });
    }
  });
});

describe('the hook setup', () => {
  it('that ends its own connection fails the call, and so does the loss of it', async () => {
    let end: Hook = () => {};
    await using test = await TestPool.open({ maxSize: 1, setup: (connection) => end(connection) });
    const { pool } = test;
    const ends: [Hook, RegExp][] = [
      [(connection) => connection.terminate(), /the pool's setup hook has closed its connection/],
      [(connection) => connection.close(), /the pool's setup hook has closed its connection/],
      [
        (connection) => {
          void connection.fetchVal('SELECT pg_sleep(0.02)').catch(() => {});
          void connection.close();
        },
        /the pool's setup hook has closed its connection/,
      ],
      [
        async (connection) => {
          await test.kill([connection.serverPid]);
          await until(() => connection.isClosed);
        },
        /terminating connection/,
      ],
    ];
    for (const [hook, message] of ends) {
      for (const call of [() => pool.acquire(), () => pool.fetchVal('SELECT 1')]) {
        end = hook;
        await expect(call()).rejects.toThrow(message);
        end = () => {};
        expect(await pool.fetchVal('SELECT 1')).toBe(1);
      }
    }
  });

  it('gets the very object that acquire returns, each time', async () => {
    const seen: Connection[] = [];
    await using test = await TestPool.open({
      minSize: 1,
      maxSize: 1,
      setup: async (connection) => {
        seen.push(connection);
        await connection.execute("SET work_mem = '2MB'");
      },
    });
    const { pool } = test;
    for (let i = 1; i <= 3; i++) {
      await using connection = await pool.acquire();
      expect(seen).toHaveLength(i);
      expect(seen[i - 1]).toBe(connection);
      expect(await connection.fetchVal("SELECT current_setting('work_mem')")).toBe('2MB');
    }
    expect(new Set(seen).size).toBe(3);
  });

  it('runs before one-shot calls too, each of which has a connection of its own then', async () => {
    let calls = 0;
    await using test = await TestPool.open({
      maxSize: 2,
      setup: async () => {
        calls += 1;
      },
    });
    await Promise.all(Array.from({ length: 6 }, () => test.pool.fetchVal('SELECT 1')));
    await test.pool.transaction(async () => {});
    expect(calls).toBe(7);
  });

  it('that throws fails that call only, and its connection is replaced', async () => {
    let fail = true;
    await using test = await TestPool.open({
      minSize: 1,
      maxSize: 1,
      setup: () => {
        if (!fail) return;
        fail = false;
        throw new Error('setup failed');
      },
    });
    const { pool } = test;
    const results = await Promise.allSettled([pool.acquire(), pool.acquire()]);
    expect(results[0]).toMatchObject({ status: 'rejected', reason: { message: 'setup failed' } });
    expect(results[1]!.status).toBe('fulfilled');
    if (results[1]!.status === 'fulfilled') await pool.release(results[1]!.value);
    expect(pool.stats).toMatchObject({ idle: 1, inUse: 0, closed: 1 });
  });

  it('that hangs ends with the call’s time-out, signal or the time that connecting may take', async () => {
    let kept: Connection | undefined;
    await using test = await TestPool.open({
      maxSize: 1,
      timeout: 700,
      setup: (connection) => {
        kept = connection;
        return FOREVER;
      },
    });
    const { pool } = test;
    await expect(pool.acquire({ timeout: 50 })).rejects.toBeInstanceOf(TimeoutError);
    await expect(kept!.fetchVal('SELECT 1')).rejects.toThrow(/released/);
    const abort = new AbortController();
    const aborted = pool.acquire({ signal: abort.signal });
    kept = undefined;
    await until(() => kept !== undefined);
    abort.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    await expect(pool.fetchVal({ text: 'SELECT 1', timeout: 50 })).rejects.toBeInstanceOf(
      TimeoutError,
    );
    await expect(pool.acquire()).rejects.toThrow(/setup hook/);
    await until(() => pool.size === 0);
  });
});

describe('the hook reset', () => {
  it('is called each time a connection comes back, after the rollback, in place of the reset', async () => {
    const seen: { connection: Connection; isInTransaction: boolean }[] = [];
    await using test = await TestPool.open({
      minSize: 1,
      maxSize: 1,
      reset: async (connection) => {
        seen.push({ connection, isInTransaction: connection.isInTransaction() });
        expect(await connection.fetchVal('SELECT 1')).toBe(1);
      },
    });
    const { pool } = test;
    const connection = await pool.acquire();
    await connection.execute("SET work_mem = '2MB'");
    await connection.execute('BEGIN');
    await connection.addListener('news of hooks', () => {});
    await pool.release(connection);
    expect(seen).toEqual([{ connection, isInTransaction: false }]);
    expect(await pool.fetchVal("SELECT current_setting('work_mem')")).toBe('2MB');
    expect(seen).toHaveLength(2);
    await expect(connection.fetchVal('SELECT 1')).rejects.toThrow(/released/);
    expect(await pool.fetchVal('SELECT count(*) FROM pg_listening_channels()')).toBe(0n);
  });

  it('that throws fails the release, and the connection is replaced', async () => {
    await using test = await TestPool.open({
      minSize: 1,
      maxSize: 1,
      reset: () => {
        throw new Error('reset failed');
      },
    });
    const { pool } = test;
    const connection = await pool.acquire();
    const { serverPid } = connection;
    await expect(pool.release(connection)).rejects.toThrow('reset failed');
    await pool.release(connection);
    await until(() => pool.idleSize === 1);
    expect(await test.backends()).not.toContain(serverPid);
    // The error of the call itself is the one that counts.
    await expect(pool.fetchVal('SELECT 1/0')).rejects.toThrow('division by zero');
    await expect(pool.fetchVal('SELECT 1')).rejects.toThrow('reset failed');
  });

  it('that throws after a call which the server has carried out is not taken for that call’s failure', async () => {
    const cause = Object.assign(new Error('reset failed'), {
      safeToRetry: true,
      isTransient: true,
    });
    let calls = 0;
    await using test = await TestPool.open({
      minSize: 1,
      maxSize: 1,
      reset: () => {
        throw cause;
      },
    });
    const { pool } = test;
    const done = {
      name: 'InterfaceError',
      message: expect.stringMatching(/the call was executed, .*reset failed/),
      safeToRetry: false,
      isTransient: false,
      cause,
    };
    const work = async (): Promise<void> => void calls++;
    await expect(pool.execute('SELECT 1')).rejects.toMatchObject(done);
    await expect(pool.transaction({ retries: 2 }, work)).rejects.toMatchObject(done);
    await expect(pool.withConnection(work)).rejects.toMatchObject(done);
    await expect(pool.executeMany('SELECT $1::int', [[1]])).rejects.toMatchObject(done);
    expect(calls).toBe(2);
  });

  it('that hangs, or leaves a call or a transaction behind, harms nobody', async () => {
    let how: 'hang' | 'leave' = 'leave';
    await using test = await TestPool.open({
      minSize: 1,
      maxSize: 1,
      timeout: 200,
      reset: async (connection) => {
        if (how === 'hang') await FOREVER;
        await connection.execute('BEGIN');
        void connection.fetchVal('SELECT pg_sleep(0.02)');
      },
    });
    const { pool } = test;
    const first = await pool.acquire();
    await pool.release(first);
    const second = await pool.acquire();
    expect(second.isInTransaction()).toBe(false);
    how = 'hang';
    const third = pool.acquire();
    const released = pool.release(second);
    expect(await stateOf(third)).toBe('pending');
    await expect(released).rejects.toThrow(/reset hook/);
    how = 'leave';
    await pool.release(await third);
  });

  it('is over before its connection is lent out again', async () => {
    let resetting = 0;
    await using test = await TestPool.open({
      maxSize: 2,
      setup: async () => {
        expect(resetting).toBeLessThanOrEqual(1);
      },
      reset: async () => {
        resetting += 1;
        await sleep(5);
        resetting -= 1;
      },
    });
    await Promise.all(Array.from({ length: 10 }, () => test.pool.fetchVal('SELECT 1')));
    expect(resetting).toBe(0);
    expect(test.pool.stats).toMatchObject({ idle: 2, inUse: 0 });
  });
});

describe('a hook', () => {
  it.each(['setup', 'reset'] as const)(
    '%s that hangs does not outlast terminate()',
    async (name) => {
      let hangs = false;
      const hook = async (): Promise<void> => {
        if (hangs) await FOREVER;
      };
      await using test = await TestPool.open({ minSize: 1, maxSize: 1, [name]: hook });
      const { pool } = test;
      const connection = name === 'reset' ? await pool.acquire() : null;
      hangs = true;
      const call = connection === null ? pool.execute('SELECT 1') : pool.release(connection);
      call.catch(() => {});
      await sleep(5);
      pool.terminate();
      await expect(call).rejects.toMatchObject({
        message: 'the pool is closed',
        safeToRetry: true,
      });
    },
  );

  it('setup that takes too long leaves the call worth another try', async () => {
    await using test = await TestPool.open({
      minSize: 1,
      maxSize: 1,
      timeout: 100,
      setup: () => FOREVER,
    });
    await expect(test.pool.execute('SELECT 1')).rejects.toMatchObject({
      message: expect.stringMatching(/setup hook did not finish/),
      safeToRetry: true,
    });
  });

  it('does not release its connection: setup is refused that, in reset it has been done', async () => {
    for (const how of ['release', 'dispose'] as const) {
      let open: Pool | null = null;
      const told: unknown[] = [];
      const hook = async (connection: Connection): Promise<void> => {
        await connection.fetchVal('SELECT 1');
        const lent = connection as PoolConnection;
        const over = how === 'release' ? open!.release(lent) : lent[Symbol.asyncDispose]();
        told.push(await over.catch((error: Error) => error.message));
      };
      const hooks = { setup: hook, reset: hook, leakWarning: 20 };
      await using test = await TestPool.open({ minSize: 1, maxSize: 1, timeout: 5000, ...hooks });
      const { pool } = test;
      open = pool;
      const connection = await pool.acquire();
      expect(await connection.fetchVal('SELECT 2')).toBe(2);
      const began = performance.now();
      await pool.release(connection);
      expect(performance.now() - began).toBeLessThan(4000);
      expect(told).toEqual([
        expect.stringContaining('the setup hook has the connection'),
        undefined,
      ]);
      expect(pool.stats).toMatchObject({ idle: 1, opened: 1 });
    }
  });
});

describe('a pool that cannot connect', () => {
  it('does not call its hooks', async () => {
    const port = await freePort();
    const fail = (): never => {
      throw new Error('called');
    };
    const options = { host: '127.0.0.1', port, init: fail, setup: fail, reset: fail };
    await expect(createPool(serverDsn(), options)).rejects.not.toThrow('called');
  });
});

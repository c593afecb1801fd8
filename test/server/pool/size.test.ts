import { describe, expect, it } from 'vitest';
import { TooManyConnectionsError } from '../../../src/index.ts';
import { CountingDial } from '../../support/counting-dial.ts';
import { sleep, TestPool, until } from '../../support/pool.ts';

describe('minSize', () => {
  it('is a floor: lost connections are replaced unasked', async () => {
    await using test = await TestPool.open({ minSize: 3, maxSize: 5 });
    const { pool } = test;
    await until(async () => (await test.backends()).length === 3);
    const before = await test.backends();
    await test.kill(before);
    await until(() => pool.stats.closed === 3 && pool.idleSize === 3);
    await until(async () => (await test.backends()).length === 3);
    const after = await test.backends();
    expect(after.filter((pid) => before.includes(pid))).toEqual([]);
    expect(pool.stats).toMatchObject({ opened: 6, closed: 3, idle: 3 });
  });

  it('is kept when connections are lost while they are lent out', async () => {
    await using test = await TestPool.open({ minSize: 2, maxSize: 2 });
    const { pool } = test;
    const lent = await pool.acquire();
    await test.kill([lent.serverPid]);
    await until(() => pool.stats.closed === 1 && pool.idleSize === 2);
    await pool.release(lent);
    expect(pool.size).toBe(2);
  });

  it('is tried for again and again while connections cannot be opened, at growing intervals', async () => {
    let failing = false;
    let attempts = 0;
    await using test = await TestPool.open({
      minSize: 1,
      init: async () => {
        if (!failing) return;
        attempts += 1;
        throw new Error('not yet');
      },
    });
    const { pool } = test;
    failing = true;
    await test.kill();
    await sleep(500);
    // At 0, 0.1, 0.3, 0.7 s or a little sooner: no busy loop.
    expect(attempts).toBeLessThanOrEqual(5);
    await until(() => attempts >= 3);
    failing = false;
    await until(() => pool.idleSize === 1);
    expect(await pool.fetchVal('SELECT 1')).toBe(1);
  });

  it('makes nobody wait for the pause of the background', async () => {
    let failing = false;
    await using test = await TestPool.open({
      minSize: 2,
      maxSize: 2,
      init: async () => {
        if (failing) throw new Error('not yet');
      },
    });
    const { pool } = test;
    failing = true;
    await test.kill();
    await until(() => pool.stats.failedConnects >= 3);
    await expect(pool.fetchVal('SELECT 1')).rejects.toThrow('not yet');
    failing = false;
    expect(await pool.fetchVal('SELECT 1')).toBe(1);
    await until(() => pool.idleSize === 2);
  });

  it('does not hurry to replace connections that the server ends at once', async () => {
    const counter = new CountingDial();
    let opened = 0;
    await using test = await TestPool.open({
      minSize: 1,
      dial: async (host) => {
        opened += 1;
        return counter.dial(host);
      },
    });
    opened = 0;
    const killing = new AbortController();
    const killer = (async () => {
      while (!killing.signal.aborted) {
        counter.cut();
        await sleep(1);
      }
    })();
    await sleep(600);
    killing.abort();
    await killer;
    expect(opened).toBeLessThanOrEqual(6);
    await until(() => test.pool.idleSize === 1);
  });

  it('is what the pool shrinks back to when it has been idle', async () => {
    await using test = await TestPool.open({
      minSize: 2,
      maxSize: 6,
      maxInactiveConnectionLifetime: 60,
    });
    const { pool } = test;
    const lent = await Promise.all(Array.from({ length: 6 }, () => pool.acquire()));
    expect(pool.size).toBe(6);
    await Promise.all(lent.map((connection) => pool.release(connection)));
    await until(() => pool.size === 2);
    await sleep(150);
    expect(pool).toMatchObject({ size: 2, idleSize: 2 });
    await until(async () => (await test.backends()).length === 2);
  });

  it('of 0 lets an idle pool have no connection at all', async () => {
    await using test = await TestPool.open({ maxSize: 3, maxInactiveConnectionLifetime: 30 });
    const { pool } = test;
    await Promise.all([pool.fetchVal('SELECT 1'), pool.fetchVal('SELECT 1')]);
    await until(() => pool.size === 0);
    expect(await pool.fetchVal('SELECT 1')).toBe(1);
  });
});

describe('maxSize', () => {
  it('is never exceeded on the server, not even while connections are replaced', async () => {
    await using test = await TestPool.open({ maxSize: 3, maxQueries: 1, pipelining: 0 });
    const { pool } = test;
    let most = 0;
    let done = false;
    const watching = (async () => {
      while (!done) most = Math.max(most, (await test.backends()).length);
    })();
    await Promise.all(Array.from({ length: 120 }, () => pool.fetchVal('SELECT 1')));
    done = true;
    await watching;
    expect(most).toBeLessThanOrEqual(3);
    expect(pool.stats.opened).toBeGreaterThanOrEqual(120);
  });

  it('lets the role’s own limit be used up to the last connection', async () => {
    await using test = await TestPool.open();
    await test.admin.execute('DROP ROLE IF EXISTS pool_limited');
    await test.admin.execute('CREATE ROLE pool_limited LOGIN CONNECTION LIMIT 2');
    {
      await using limited = await TestPool.open({
        user: 'pool_limited',
        maxSize: 2,
        maxQueries: 1,
      });
      await Promise.all(
        Array.from({ length: 40 }, (_, i) => limited.pool.fetchVal('SELECT $1::int', i)),
      );
      expect(limited.pool.stats.failedConnects).toBe(0);
      await limited.pool.close();
    }
    {
      await using limited = await TestPool.open({ user: 'pool_limited', maxSize: 4 });
      // One after the other: sessions that start at once count each other, and all may be refused.
      const lent = [await limited.pool.acquire(), await limited.pool.acquire()];
      await expect(limited.pool.acquire()).rejects.toThrow(TooManyConnectionsError);
      expect(limited.pool.stats.failedConnects).toBe(1);
      for (const connection of lent) await limited.pool.release(connection);
      await limited.pool.close();
    }
    await test.admin.execute('DROP ROLE pool_limited');
  });
});

describe('a connection is replaced', () => {
  it('after maxQueries, also when it is always shared', async () => {
    await using test = await TestPool.open({ minSize: 1, maxSize: 1, maxQueries: 10 });
    const { pool } = test;
    const pids = new Set<number | null>();
    let calls = 0;
    const caller = async (): Promise<void> => {
      while (calls < 60) {
        calls += 1;
        pids.add(await pool.fetchVal<number>('SELECT pg_backend_pid()'));
      }
    };
    await Promise.all([caller(), caller(), caller()]);
    expect(pids.size).toBeGreaterThanOrEqual(4);
    expect(pids.size).toBeLessThanOrEqual(6);
  });

  it('after maxQueries of its users, not of the init hook', async () => {
    await using test = await TestPool.open({
      minSize: 1,
      maxSize: 1,
      maxQueries: 2,
      init: async (connection) => {
        for (let i = 0; i < 5; i++) await connection.fetchVal('SELECT 1');
      },
    });
    const { pool } = test;
    const pid = await pool.fetchVal('SELECT pg_backend_pid()');
    expect(await pool.fetchVal('SELECT pg_backend_pid()')).toBe(pid);
    expect(await pool.fetchVal('SELECT pg_backend_pid()')).not.toBe(pid);
  });

  it('at the end of its lifetime, which differs from one to the next, but never while it is lent', async () => {
    await using test = await TestPool.open({
      minSize: 4,
      maxSize: 4,
      maxConnectionLifetime: 300,
    });
    const { pool } = test;
    const lent = await pool.acquire();
    const first = await test.backends();
    expect(first).toHaveLength(4);
    // The idle ones are replaced in the background, one after the other.
    const seen = new Set<number>();
    await until(async () => {
      const now = await test.backends();
      seen.add(now.filter((pid) => first.includes(pid)).length);
      return now.filter((pid) => first.includes(pid)).length === 1;
    });
    expect(await lent.fetchVal('SELECT 1')).toBe(1);
    expect(first).toContain(lent.serverPid);
    const { serverPid } = lent;
    await pool.release(lent);
    await until(async () => !(await test.backends()).includes(serverPid));
    await until(() => pool.idleSize === 4);
  });

  it('when it has expired by expireConnections: at rest at once, lent out when it comes back', async () => {
    await using test = await TestPool.open({ minSize: 3, maxSize: 3 });
    const { pool } = test;
    const lent = await pool.acquire();
    const { serverPid } = lent;
    const before = await test.backends();
    await pool.expireConnections();
    expect(await lent.fetchVal('SELECT 1')).toBe(1);
    await until(() => pool.idleSize === 2);
    await pool.release(lent);
    await until(() => pool.idleSize === 3);
    const after = await test.backends();
    expect(after.filter((pid) => before.includes(pid))).toEqual([]);
    expect(after).not.toContain(serverPid);
  });
});

describe('a connection that dies at rest', () => {
  it('is noticed at once and never lent out', async () => {
    await using test = await TestPool.open({ minSize: 2, maxSize: 2 });
    const { pool } = test;
    for (let round = 0; round < 5; round++) {
      await until(() => pool.idleSize === 2);
      await test.kill();
      await until(() => pool.stats.closed === 2 * (round + 1));
      const answers = await Promise.all(
        [1, 2, 3, 4].map((n) => pool.fetchVal('SELECT $1::int', n)),
      );
      expect(answers).toEqual([1, 2, 3, 4]);
      await using connection = await pool.acquire();
      expect(await connection.fetchVal('SELECT 1')).toBe(1);
    }
  });

  it('is replaced when the network cuts it off', async () => {
    const counter = new CountingDial();
    await using test = await TestPool.open({ minSize: 2, maxSize: 2, dial: counter.dial });
    const { pool } = test;
    counter.cut();
    await until(() => pool.stats.opened === 4 && pool.idleSize === 2);
    expect(await pool.fetchVal('SELECT 1')).toBe(1);
    await pool.close();
    expect(counter.open).toBe(0);
  });
});

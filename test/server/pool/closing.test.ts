import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { InterfaceError, PostgresError } from '../../../src/index.ts';
import { sleep, stateOf, TestPool, until } from '../../support/pool.ts';
import { serverDsn } from '../../support/servers/server.ts';

describe('close', () => {
  it('waits for connections that are lent out and for one-shot calls, and refuses new ones', async () => {
    await using test = await TestPool.open({ maxSize: 3 });
    const { pool } = test;
    const lent = await pool.acquire();
    const oneShot = pool.fetchVal("SELECT 'done' FROM pg_sleep(0.05)");
    const transaction = pool.transaction(async (tx) => {
      await sleep(60);
      return await tx.fetchVal("SELECT 'committed'");
    });
    await until(() => pool.stats.inUse === 3);
    const closed = pool.close();
    await expect(pool.acquire()).rejects.toBeInstanceOf(InterfaceError);
    await expect(pool.fetchVal('SELECT 1')).rejects.toThrow(/the pool is closing/);
    await expect(pool.listen('c', () => {})).rejects.toThrow(/the pool is closing/);
    expect(await oneShot).toBe('done');
    expect(await transaction).toBe('committed');
    expect(await lent.fetchVal('SELECT 1')).toBe(1);
    expect(await stateOf(closed)).toBe('pending');
    await pool.release(lent);
    await closed;
    expect(pool.stats).toMatchObject({ size: 0, idle: 0, inUse: 0 });
    await expect(pool.fetchVal('SELECT 1')).rejects.toThrow(/the pool is closed/);
  });

  it('has let go of every connection on the server when it resolves', async () => {
    await using test = await TestPool.open({ minSize: 5, maxSize: 5 });
    await Promise.all(Array.from({ length: 20 }, () => test.pool.fetchVal('SELECT 1')));
    await test.pool.close();
    expect(await test.backends()).toEqual([]);
  });

  it('waits for the server to undo what a connection has left that has just come back', async () => {
    await using test = await TestPool.open({ maxSize: 1 });
    const { pool } = test;
    const connection = await pool.acquire();
    const tables = Array.from({ length: 60 }, (_, n) => `CREATE TEMP TABLE left_${n} (a text)`);
    await connection.execute(tables.join(';'));
    void pool.release(connection);
    await pool.close();
    expect(await test.backends()).toEqual([]);
  });

  it('refuses those who wait at once', async () => {
    await using test = await TestPool.open({ maxSize: 1 });
    const { pool } = test;
    const lent = await pool.acquire();
    const waiting = [pool.acquire(), pool.fetchVal('SELECT 1')];
    const closed = pool.close();
    for (const call of waiting) await expect(call).rejects.toThrow(/the pool is closing/);
    await pool.release(lent);
    await closed;
  });

  it('may be called again, before and after it has ended', async () => {
    await using test = await TestPool.open({ minSize: 2 });
    const { pool } = test;
    await Promise.all([pool.close(), pool.close()]);
    await pool.close();
    pool.terminate();
    await pool[Symbol.asyncDispose]();
    expect(pool.size).toBe(0);
  });

  it('ends attempts to connect that are under way', async () => {
    await using test = await TestPool.open({ init: () => sleep(30) });
    const { pool } = test;
    const call = pool.fetchVal('SELECT 1');
    await Promise.all([expect(call).rejects.toBeInstanceOf(InterfaceError), pool.close()]);
    await until(async () => (await test.backends()).length === 0);
    expect(pool.stats).toMatchObject({ size: 0, failedConnects: 0 });
  });

  it('resolves when the connection it waits for is lost', async () => {
    await using test = await TestPool.open({ maxSize: 1 });
    const { pool } = test;
    const lent = await pool.acquire();
    const closed = pool.close();
    await test.kill([lent.serverPid]);
    await closed;
    await pool.release(lent);
  });

  it('is called at the end of the pool’s block', async () => {
    await using test = await TestPool.open({ minSize: 1 });
    const { pool } = test;
    {
      await using scoped = pool;
      await scoped.fetchVal('SELECT 1');
    }
    await expect(pool.fetchVal('SELECT 1')).rejects.toThrow(/the pool is closed/);
  });
});

describe('terminate', () => {
  it('ends everything at once, and every call is told', async () => {
    await using test = await TestPool.open({ maxSize: 2 });
    const { pool } = test;
    const lent = await pool.acquire();
    const calls = [
      lent.fetchVal('SELECT pg_sleep(60)'),
      pool.fetchVal('SELECT pg_sleep(60)'),
      pool.fetchVal('SELECT 1'),
      pool.acquire(),
    ];
    await until(async () => (await test.running('%pg_sleep%')) === 2);
    pool.terminate();
    for (const result of await Promise.allSettled(calls)) {
      expect(result).toMatchObject({ status: 'rejected' });
    }
    await expect(lent.fetchVal('SELECT 1')).rejects.toThrow(/closed/);
    await pool.close();
    pool.terminate();
    await expect(pool.acquire()).rejects.toThrow(/the pool is closed/);
    expect(pool.stats).toMatchObject({ size: 0, waiting: 0 });
  });

  it('cuts a close short that waits', async () => {
    await using test = await TestPool.open({ maxSize: 1 });
    const { pool } = test;
    const call = pool.fetchVal('SELECT pg_sleep(60)');
    await until(async () => (await test.running('%pg_sleep%')) === 1);
    const closed = pool.close();
    pool.terminate();
    await expect(call).rejects.toSatisfy(
      (error) => error instanceof InterfaceError || error instanceof PostgresError,
    );
    await closed;
  });
});

describe('a process', () => {
  const run = promisify(execFile);
  const program = (body: string): Promise<{ stdout: string }> =>
    run(
      process.execPath,
      [
        '--input-type=module',
        '--eval',
        `import { createPool } from ${JSON.stringify(new URL('../../../src/index.ts', import.meta.url).href)};
         const dsn = ${JSON.stringify(serverDsn())};
         ${body}
         console.log('end');`,
      ],
      { timeout: 20_000 },
    );

  it('exits by itself after close, whatever the pool was doing', async () => {
    const { stdout } = await program(`
      const pool = await createPool(dsn, {
        minSize: 2, maxSize: 4, maxConnectionLifetime: 60_000, acquireTimeout: 60_000,
        commandTimeout: 60_000, leakWarning: 60_000 });
      await Promise.all(Array.from({ length: 20 }, () => pool.fetchVal('SELECT 1')));
      const connection = await pool.acquire();
      await pool.release(connection);
      const subscription = await pool.listen('c', () => {});
      await pool.close();`);
    expect(stdout).toBe('end\n');
  });

  it('exits by itself after terminate', async () => {
    const { stdout } = await program(`
      const pool = await createPool(dsn, { minSize: 2, maxSize: 4 });
      await pool.acquire();
      pool.fetchVal('SELECT pg_sleep(60)').catch(() => {});
      await pool.listen('c', () => {});
      pool.terminate();`);
    expect(stdout).toBe('end\n');
  });
});

describe('leakWarning', () => {
  it('reports once, with the stack of who acquired it, a connection that stays away', async () => {
    await using test = await TestPool.open({ maxSize: 2, leakWarning: 20 });
    const { pool } = test;
    const warnings: (Error & { detail?: string })[] = [];
    const listener = (warning: Error): void => {
      if (warning.name === 'AsyncpgLeakWarning') warnings.push(warning);
    };
    process.on('warning', listener);
    try {
      const leaked = await pool.acquire();
      for (let i = 0; i < 5; i++) await pool.release(await pool.acquire());
      await until(() => warnings.length > 0);
      await sleep(50);
      expect(warnings).toHaveLength(1);
      expect(warnings[0]!.message).toContain('20 ms');
      expect(warnings[0]!.detail).toContain('pool/closing.test.ts');
      await pool.release(leaked);
    } finally {
      process.off('warning', listener);
    }
  });
});

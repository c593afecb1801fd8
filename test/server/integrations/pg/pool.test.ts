import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import * as asyncpg from '../../../../src/index.ts';
import asyncpgPg from '../../../../src/integrations/pg/index.ts';
import { Pool } from '../../../../src/pool/pool.ts';
import { testServer } from '../../../support/servers/server.ts';

function poolOf(options: asyncpgPg.PoolConfig = {}): asyncpgPg.Pool {
  const { host, port, superuser } = testServer();
  return new asyncpgPg.Pool({ host, port, user: superuser, database: 'postgres', ...options });
}

describe('a pool of asyncpg/pg', () => {
  it('is told of a lost client only when whoever had it could give it back', async () => {
    const pool = poolOf({ max: 2 });
    const errors: unknown[] = [];
    pool.on('error', (error) => errors.push(error.message));
    for (let round = 0; round < 20; round++) {
      const client = await pool.connect();
      const { rows } = await client.query('SELECT pg_backend_pid() AS pid');
      const failed = client.query('SELECT pg_sleep(60)').then(
        () => 'answered',
        async (error: unknown) => {
          // As long as layers above need until they have unwound.
          for (let i = 0; i < 20; i++)
            await new Promise<void>((resolve) => process.nextTick(resolve));
          client.release();
          return (error as Error).message;
        },
      );
      const removed = once(pool, 'remove');
      await pool.query('SELECT pg_terminate_backend($1)', [rows[0].pid]);
      expect(await failed).toBe('terminating connection due to administrator command');
      await removed;
    }
    // Each of them is the pool's to tell of, as the client was given back before: nobody else listened.
    expect(errors).toEqual(Array(20).fill('Connection terminated unexpectedly'));
    await pool.end();
  });

  it('leaves a client as its last user has left it', async () => {
    const pool = poolOf({ max: 1 });
    await pool.query("SET application_name = 'kept'; CREATE TEMP TABLE kept (a int)");
    const { rows } = await pool.query("SELECT current_setting('application_name') AS name");
    expect(rows).toEqual([{ name: 'kept' }]);
    expect((await pool.query('SELECT * FROM kept')).rowCount).toBe(0);
    await pool.end();
  });
});

describe('pool.asyncpg', () => {
  it('is a pool of the driver to the same server, with the same options', async () => {
    const pool = poolOf({
      max: 2,
      application_name: 'moved',
      statement_timeout: 12_345,
      options: '-c work_mem=12MB',
    });
    expect(pool.asyncpg).toBeInstanceOf(Pool);
    expect(pool.asyncpg).toBe(pool.asyncpg);
    expect(pool.asyncpg.stats.size).toBe(0);
    const settings = `SELECT current_user::text, current_database()::text AS db,
      current_setting('application_name') AS name, current_setting('statement_timeout') AS timeout,
      current_setting('work_mem') AS mem`;
    const [row] = await pool.asyncpg.fetch(settings);
    expect({ ...row }).toEqual((await pool.query(settings)).rows[0]);
    expect(row.name).toBe('moved');
    expect(await pool.asyncpg.fetchVal('SELECT $1::int8', 2n ** 60n)).toBe(2n ** 60n);
    const held = await Promise.all([pool.asyncpg.acquire(), pool.asyncpg.acquire()]);
    expect(pool.asyncpg.stats.size).toBe(2);
    for (const connection of held) await pool.asyncpg.release(connection);
    await pool.end();
  });

  it('waits as long for a connection as the pool does', async () => {
    const pool = poolOf({ max: 1, connectionTimeoutMillis: 2_000 });
    const held = await pool.asyncpg.acquire();
    await expect(pool.asyncpg.acquire({ timeout: 20 })).rejects.toThrow(asyncpg.TimeoutError);
    await pool.asyncpg.release(held);
    const busy = pool.asyncpg.acquire();
    await pool.asyncpg.release(await busy);
    await pool.end();
  });

  it('is closed with the pool, which waits for who still has a connection', async () => {
    const pool = poolOf();
    const { asyncpg: driver } = pool;
    const connection = await driver.acquire();
    const order: string[] = [];
    const ended = pool.end().then(() => order.push('ended'));
    await expect(driver.fetch('SELECT 1')).rejects.toThrow(asyncpg.InterfaceError);
    expect(await connection.fetchVal('SELECT 1')).toBe(1);
    order.push('released');
    await driver.release(connection);
    await ended;
    expect(order).toEqual(['released', 'ended']);
    expect(pool.ended).toBe(true);
    expect(pool.asyncpg).toBe(driver);
  });

  it('is not made for a pool that is over', async () => {
    const pool = poolOf();
    await pool.end();
    expect(() => pool.asyncpg).toThrow('Cannot use a pool after calling end on the pool');
  });

  it('a client that the pool has lent has the driver underneath', async () => {
    const pool = poolOf({ max: 1 });
    const client = await pool.connect();
    const pid = await client.asyncpg.fetchVal('SELECT pg_backend_pid()');
    expect(pid).toBe(client.processID);
    client.release();
    expect((await pool.query('SELECT pg_backend_pid() AS pid')).rows).toEqual([{ pid }]);
    const again = await pool.connect();
    // Closed by way of the driver, it is no client for the next one.
    await again.asyncpg.close();
    again.release();
    expect((await pool.query('SELECT pg_backend_pid() AS pid')).rows[0].pid).not.toBe(pid);
    await pool.end();
  });
});

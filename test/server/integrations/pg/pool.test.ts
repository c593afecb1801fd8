import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import asyncpgPg from '../../../../src/integrations/pg/index.ts';
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

import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { both, config, plain, settled } from './both.ts';

/*
 * Small programs with pools as users of pg write them, played on both.
 */

const Cursor: any = createRequire(import.meta.url)('pg-cursor');

/** Plays with a pool of one client, if not told otherwise, and ends it. */
function onPools<R>(play: (pool: any, log: unknown[]) => Promise<R>, options: object = {}) {
  return both(async ({ Pool }) => {
    const pool: any = new Pool({ ...config(), max: 1, ...options });
    const log: unknown[] = [];
    try {
      const result = await play(pool, log);
      return [result, log];
    } finally {
      if (!pool.ending) await pool.end();
    }
  });
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Events of a pool, in their order. */
function record(pool: any, log: unknown[]): void {
  for (const name of ['connect', 'acquire', 'release', 'remove', 'error']) {
    pool.on(name, (...args: any[]) =>
      log.push([name, args.map((arg) => (arg instanceof Error ? arg.message : typeof arg))]),
    );
  }
}

describe('events of a pool', () => {
  test('of queries, of a client that is released with an error, and of the end', async () => {
    const [, log] = await onPools(async (pool, told) => {
      record(pool, told);
      told.push((await pool.query('SELECT 1 AS a')).rows);
      const removed = () => new Promise((resolve) => pool.once('remove', resolve));
      const client = await pool.connect();
      told.push([pool.totalCount, pool.idleCount, pool.waitingCount]);
      const first = removed();
      client.release(new Error('mine'));
      told.push([pool.totalCount, pool.idleCount, pool.waitingCount]);
      await first;
      const second = removed();
      told.push(await settled(pool.query('SELECT 1/0')));
      told.push([pool.totalCount, pool.idleCount, pool.waitingCount]);
      await second;
      await pool.end();
      told.push([pool.totalCount, pool.idleCount, pool.ending, pool.ended]);
    });
    expect(log?.length).toBeGreaterThan(10);
  });

  test('of an idle client whose session is ended', async () => {
    const [, log] = await onPools(async (pool, told) => {
      const client = await pool.connect();
      const pid = client.processID;
      client.release();
      const failed = new Promise<void>((resolve) =>
        pool.on('error', (error: any, other: any) => {
          told.push([error.code, error.message, other === client, error.client === client]);
          resolve();
        }),
      );
      const other = await pool.query('SELECT 1').then(() => pid);
      const killer = new pool.Client(config());
      await killer.connect();
      await killer.query('SELECT pg_terminate_backend($1)', [other]);
      await killer.end();
      await failed;
      told.push([pool.totalCount, pool.idleCount]);
      told.push((await pool.query('SELECT 2 AS a')).rows);
    });
    expect(log).toContainEqual([{ a: 2 }]);
  });

  test('of a client that is in use when its session is ended', async () => {
    await onPools(async (pool, told) => {
      pool.on('error', (error: any) => told.push(['pool', error.message]));
      const client = await pool.connect();
      const gone = new Promise<void>((resolve) =>
        client.once('error', (error: any) => {
          told.push(['client', error.code, error.message]);
          resolve();
        }),
      );
      const query = settled(client.query('SELECT pg_terminate_backend(pg_backend_pid())'));
      told.push(await query);
      await gone;
      told.push(await settled(client.query('SELECT 1')));
      client.release();
      told.push([pool.totalCount, pool.idleCount]);
      told.push((await pool.query('SELECT 2 AS a')).rows);
    });
  });
});

describe('the end of a pool', () => {
  test('waits for clients that are in use, which may go on', async () => {
    const [, log] = await onPools(async (pool, told) => {
      const client = await pool.connect();
      const end = pool.end().then(() => told.push('ended'));
      told.push(await settled(client.query('SELECT 3 AS a')));
      told.push(await settled(pool.query('SELECT 1')));
      told.push(await settled(pool.connect()));
      told.push(await settled(pool.end()));
      client.release();
      await end;
      told.push([pool.totalCount, pool.ended]);
    });
    expect(log).toContain('ended');
  });

  test('tells who waits for a client that there will be none', async () => {
    // pg-pool forgets them.
    const { default: facade } = await import('asyncpg/pg');
    const pool: any = new facade.Pool({ ...config(), max: 1 });
    const client = await pool.connect();
    const waiting = settled(pool.query('SELECT 1 AS a'));
    const end = pool.end();
    client.release();
    await end;
    expect(await waiting).toMatchObject({
      error: { message: 'Cannot use a pool after calling end on the pool' },
    });
  });

  test('by a callback, twice', async () => {
    await onPools(async (pool, told) => {
      await pool.query('SELECT 1');
      await new Promise<void>((resolve) =>
        pool.end((error: any) => {
          told.push(plain(error));
          resolve();
        }),
      );
      await new Promise<void>((resolve) =>
        pool.end((error: any) => {
          told.push(plain(error));
          resolve();
        }),
      );
    });
  });
});

describe('clients of a pool', () => {
  test('that are released twice', async () => {
    await onPools(async (pool, told) => {
      const client = await pool.connect();
      client.release();
      try {
        client.release();
      } catch (error) {
        told.push(plain(error));
      }
      told.push((await pool.query('SELECT 1 AS a')).rows);
    });
  });

  test('that are released with true, false, and what is no error', async () => {
    await onPools(async (pool, told) => {
      for (const how of [true, false, 'text', 0, null, {}]) {
        const client = await pool.connect();
        client.release(how);
        await turn();
        told.push([String(how), pool.totalCount, pool.idleCount]);
      }
    });
  });

  test('are reused after an error, with what they were set to', async () => {
    await onPools(async (pool, told) => {
      const client = await pool.connect();
      await client.query("SET application_name = 'mine'");
      told.push(await settled(client.query('SELECT nothing')));
      await client.query('CREATE TEMP TABLE kept AS SELECT 7 AS a');
      client.release();
      told.push((await pool.query('SHOW application_name')).rows);
      told.push((await pool.query('SELECT a FROM kept')).rows);
    });
  });

  test('that are in a failed transaction are given to the next one so', async () => {
    await onPools(async (pool, told) => {
      const client = await pool.connect();
      await client.query('BEGIN');
      told.push(await settled(client.query('SELECT 1/0')));
      client.release();
      told.push(await settled(pool.query('SELECT 1')));
    });
  });

  test('are told when they may be asked again: maxUses', async () => {
    await onPools(
      async (pool, told) => {
        const pids = new Set<number>();
        for (let i = 0; i < 4; i++) {
          const { rows } = await pool.query('SELECT pg_backend_pid() AS pid');
          pids.add(rows[0].pid);
        }
        told.push(pids.size);
      },
      { maxUses: 2 },
    );
  });

  test('for which nobody waits longer than connectionTimeoutMillis', async () => {
    await onPools(
      async (pool, told) => {
        const client = await pool.connect();
        told.push(await settled(pool.query('SELECT 1')));
        told.push(await settled(pool.connect()));
        told.push([pool.waitingCount, pool.totalCount]);
        client.release();
        told.push((await pool.query('SELECT 1 AS a')).rows);
      },
      // On a machine that is busy a connection may take a tenth of a second.
      { connectionTimeoutMillis: 500 },
    );
  });

  test('of which each is given in its turn', async () => {
    await onPools(async (pool, told) => {
      await Promise.all(
        [1, 2, 3, 4, 5].map((n) =>
          pool.connect().then(async (client: any) => {
            told.push(n);
            await client.query('SELECT 1');
            client.release();
          }),
        ),
      );
    });
  });

  test('that cannot connect', async () => {
    await onPools(
      async (pool, told) => {
        record(pool, told);
        told.push(await settled(pool.connect()));
        told.push(await settled(pool.query('SELECT 1')));
        await new Promise<void>((resolve) =>
          pool.connect((error: any, client: any, release: unknown) => {
            told.push([error.code, client, typeof release]);
            resolve();
          }),
        );
        told.push([pool.totalCount, pool.idleCount, pool.waitingCount]);
      },
      { database: 'there_is_none' },
    );
  });

  test('listen, and hear what is notified while nobody uses them', async () => {
    const [, log] = await onPools(async (pool, told) => {
      const client = await pool.connect();
      const heard = new Promise<void>((resolve) =>
        client.on('notification', ({ channel, payload, processId }: any) => {
          told.push([channel, payload, processId === client.processID]);
          if (payload === 'last') resolve();
        }),
      );
      await client.query('LISTEN "of the pool"');
      client.release();
      await pool.query("SELECT pg_notify('of the pool', 'ä ''quoted''')");
      await pool.query('NOTIFY "of the pool"');
      await pool.query(`NOTIFY "of the pool", 'last'`);
      await heard;
    });
    expect(log).toEqual([
      ['of the pool', "ä 'quoted'", true],
      ['of the pool', '', true],
      ['of the pool', 'last', true],
    ]);
  });
});

describe('queries of a pool', () => {
  test('with callbacks, in each form', async () => {
    await onPools(async (pool, told) => {
      const call = (...args: unknown[]) =>
        new Promise<void>((resolve) =>
          pool.query(...args, (error: any, result: any) => {
            told.push([plain(error), result?.rows]);
            resolve();
          }),
        );
      await call('SELECT 1 AS a');
      await call('SELECT $1::int AS a', [2]);
      await call({ text: 'SELECT $1::int AS a', values: [3] });
      await call({ text: 'SELECT 4 AS a', rowMode: 'array' });
      await call('SELECT 1/0');
      await call(undefined);
      await call('SELECT $1::int AS a', 'no array');
    });
  });

  test('that nobody gives, or that are none', async () => {
    await onPools(async (pool, told) => {
      for (const query of [
        undefined,
        null,
        '',
        {},
        { text: 5 },
        { values: [1] },
        ';',
        '  -- nothing',
      ]) {
        told.push(await settled(pool.query(query)));
      }
      told.push([pool.totalCount, pool.idleCount]);
    });
  });
});

describe('pg-cursor in a pool', () => {
  test('is read, closed, and read again', async () => {
    await onPools(async (pool, told) => {
      const client = await pool.connect();
      const cursor = client.query(new Cursor('SELECT n FROM generate_series(1, 10) AS n'));
      told.push(await cursor.read(3));
      told.push(await cursor.read(3));
      await cursor.close();
      told.push(await settled(cursor.read(3)));
      told.push((await client.query('SELECT 1 AS a')).rows);
      const whole = client.query(new Cursor('SELECT $1::int AS n', [5], { rowMode: 'array' }));
      told.push(await whole.read(3), await whole.read(3));
      await whole.close();
      const broken = client.query(
        new Cursor('SELECT 1/(n - 2) AS n FROM generate_series(1, 3) AS n'),
      );
      told.push(await settled(broken.read(1)), await settled(broken.read(1)));
      await settled(broken.close());
      told.push((await client.query('SELECT 2 AS a')).rows);
      client.release();
      told.push([pool.totalCount, pool.idleCount]);
    });
  });

  test('closed before it was read, with queries behind it', async () => {
    await onPools(async (pool, told) => {
      const client = await pool.connect();
      const cursor = client.query(new Cursor('SELECT n FROM generate_series(1, 10) AS n'));
      const behind = client.query('SELECT 1 AS a');
      await cursor.close();
      told.push((await behind).rows);
      client.release();
    });
  });
});

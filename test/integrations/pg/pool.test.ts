import { EventEmitter, once } from 'node:events';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Pool } from '../../../src/integrations/pg/pool.ts';
import { pg } from './side-by-side.ts';

/** A client without a server: it connects, answers and fails as its options and texts say. */
class ScriptedClient extends EventEmitter {
  static made = 0;
  readonly name: string;
  readonly options: any;
  _queryable = true;
  _ending = false;
  refs: string[] = [];

  constructor(options: any) {
    super();
    this.options = options;
    this.name = `client ${++ScriptedClient.made}`;
  }
  get connection(): unknown {
    return { stream: { destroy: () => this.#connected?.(new Error('destroyed')) } };
  }
  #connected: ((error?: Error) => void) | undefined;
  connect(callback: (error?: Error) => void): void {
    this.#connected = callback;
    if (this.options.hangs?.()) return;
    // Before any timer, so that no time-out is in a race with it.
    process.nextTick(() => callback(this.options.refuses?.()));
  }
  query(text: any, values: any, callback: (error: any, result?: any) => void): void {
    if (text === null) throw new TypeError('no text');
    if (text === 'lose') {
      setImmediate(() => {
        this._queryable = false;
        this.emit('error', new Error('lost'));
      });
      return;
    }
    const error = text === 'fail' ? new Error('failed') : null;
    setImmediate(() => callback(error, error ? undefined : { text, values, by: this.name }));
  }
  end(callback?: () => void): void {
    this._ending = true;
    process.nextTick(() => {
      this.emit('end');
      callback?.();
    });
  }
  ref(): void {
    this.refs.push('ref');
  }
  unref(): void {
    this.refs.push('unref');
  }
  isConnected(): boolean {
    return true;
  }
}

const POOLS: readonly (new (options?: any, Client?: any) => any)[] = [
  Object.getPrototypeOf(pg.Pool),
  Pool,
];

interface Run {
  readonly pool: any;
  /** Notes something in the trace. */
  note(...what: unknown[]): void;
  counts(): void;
}

/** What happens in a pool while it is used so. */
async function trace(
  PoolClass: new (options?: any, Client?: any) => any,
  options: any,
  use: (run: Run) => Promise<void>,
): Promise<string[]> {
  ScriptedClient.made = 0;
  const lines: string[] = [];
  const show = (value: any): string => {
    if (value instanceof ScriptedClient) return value.name;
    if (value instanceof Error) {
      return `${value.message}${value.cause ? `, cause ${show(value.cause)}` : ''}`;
    }
    if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`;
    return typeof value === 'string' ? value : inspect(value, { breakLength: Infinity });
  };
  const note = (...what: unknown[]): void => {
    lines.push(what.map(show).join(' '));
  };
  const pool = new PoolClass(
    { log: (...messages: unknown[]) => note('log:', ...messages), ...options },
    ScriptedClient,
  );
  for (const event of ['connect', 'acquire', 'release', 'remove', 'error']) {
    pool.on(event, (...args: unknown[]) => note('event', event, ...args));
  }
  const counts = (): void => {
    const { totalCount, idleCount, waitingCount, expiredCount } = pool;
    note('counts', { totalCount, idleCount, waitingCount, expiredCount });
  };
  await use({ pool, note, counts });
  if (!pool.ending) await pool.end();
  await new Promise((resolve) => setImmediate(resolve));
  counts();
  note('ended', pool.ended, pool.ending);
  return lines;
}

async function expectSameTrace(
  options: () => any,
  use: (run: Run) => Promise<void>,
): Promise<string[]> {
  const [theirs, ours] = [
    await trace(POOLS[0]!, options(), use),
    await trace(POOLS[1]!, options(), use),
  ];
  expect(ours).toEqual(theirs);
  return ours;
}

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => ({ value }),
    (error) => error,
  );

describe('a pool does as pg-pool does', () => {
  it('with one client after the other, the last one first', async () => {
    const lines = await expectSameTrace(
      () => ({ max: 3 }),
      async ({ pool, note, counts }) => {
        const [a, b, c] = [await pool.connect(), await pool.connect(), await pool.connect()];
        counts();
        const waiting = [pool.connect(), pool.connect()];
        counts();
        b.release();
        const first = await waiting[0];
        note('first', first);
        c.release();
        note('second', await waiting[1]);
        a.release();
        first.release();
        counts();
        const again = await pool.connect();
        note('again', again);
        again.release();
        c.release();
      },
    );
    expect(lines).toContain('again client 2');
  });

  it('with callbacks, and with what is thrown at a second release', async () => {
    const lines = await expectSameTrace(
      () => ({}),
      async ({ pool, note }) => {
        await new Promise<void>((resolve) => {
          pool.connect((error: any, client: any, release: any) => {
            note('given', error, client, release === client.release);
            release();
            for (const again of [release, client.release]) {
              try {
                again();
              } catch (thrown) {
                note('thrown', thrown);
              }
            }
            resolve();
          });
        });
        await new Promise<void>((resolve) => {
          pool.query('SELECT 1', ['x'], (error: any, result: any) => {
            note('with values', error, result);
            pool.query('SELECT 2', (failed: any, second: any) => {
              note('without', failed, second);
              resolve();
            });
          });
        });
        await new Promise<void>((resolve) => {
          pool.query((error: any) => {
            note('function', error);
            resolve();
          });
        });
        await new Promise((resolve) => pool.end((error: any) => resolve(note('end', error))));
        pool.end((error: any) => note('end again', error));
        pool.connect((error: any, ...rest: any[]) => note('connect', error, rest.length));
        pool.query('SELECT 3', (error: any) => note('query', error));
        note('rejected', await failure(pool.end()), await failure(pool.connect()));
        note('rejected', await failure(pool.query('SELECT 4')));
      },
    );
    expect(lines.join('\n')).toContain(
      'thrown Release called on client which has already been released to the pool.',
    );
    expect(lines.join('\n')).toContain('end again Called end on pool more than once');
    expect(lines.join('\n')).toContain('connect Cannot use a pool after calling end on the pool');
  });

  it('with queries that fail, throw, or lose their client', async () => {
    await expectSameTrace(
      () => ({ max: 1 }),
      async ({ pool, note, counts }) => {
        note(await pool.query({ text: 'config' }, [1]));
        for (const text of ['fail', null, 'lose', 'SELECT 1']) {
          note(String(text), await failure(pool.query(text)));
          counts();
        }
        note(await Promise.all(['a', 'fail', 'b'].map((text) => failure(pool.query(text)))));
      },
    );
  });

  it('with a client that is released with an error, or true, or is ending, or lost', async () => {
    await expectSameTrace(
      () => ({}),
      async ({ pool, counts }) => {
        for (const reason of [new Error('broken'), true, undefined, false, null]) {
          const client = await pool.connect();
          const removed = reason ? once(pool, 'remove') : null;
          client.release(reason);
          await removed;
          counts();
        }
        const ending = await pool.connect();
        ending._ending = true;
        ending.release();
        await once(pool, 'remove');
        const lost = await pool.connect();
        lost._queryable = false;
        lost.release();
        await once(pool, 'remove');
        counts();
      },
    );
  });

  it('with an idle client that fails, more than once', async () => {
    await expectSameTrace(
      () => ({}),
      async ({ pool, note, counts }) => {
        const client = await pool.connect();
        client.release();
        const error: any = new Error('gone');
        client.emit('error', error);
        client.emit('error', new Error('still gone'));
        note('of', error.client);
        await once(pool, 'remove');
        counts();
        note(await pool.query('SELECT 1'));
      },
    );
  });

  it('with refusals to connect, in front of others that wait', async () => {
    await expectSameTrace(
      () => {
        const answers = [new Error('refused'), undefined, new Error('refused again'), undefined];
        return { max: 1, refuses: () => answers.shift() };
      },
      async ({ pool, note, counts }) => {
        note(await Promise.all([1, 2].map((n) => failure(pool.query(`SELECT ${n}`)))));
        counts();
        const client = await pool.connect();
        client.release(true);
        note(await failure(pool.connect()));
        note(await failure(pool.query('SELECT 3')));
      },
    );
  });

  it('with time-outs: of those who wait, and of connecting', async () => {
    const lines = await expectSameTrace(
      () => ({ max: 1, connectionTimeoutMillis: 1 }),
      async ({ pool, note, counts }) => {
        const client = await pool.connect();
        note(await failure(pool.connect()));
        note(await failure(pool.query('SELECT 1')));
        counts();
        client.release();
        note(await pool.query('SELECT 2'));
      },
    );
    expect(lines).toContain('timeout exceeded when trying to connect');
    const hung = await expectSameTrace(
      () => ({ max: 1, connectionTimeoutMillis: 1, hangs: () => true }),
      async ({ pool, note, counts }) => {
        note(await failure(pool.connect()));
        counts();
      },
    );
    expect(hung).toContain('Connection terminated due to connection timeout, cause destroyed');
  });

  it('with a client that comes too late for the one who waited', async () => {
    await expectSameTrace(
      () => {
        let made = 0;
        return { max: 1, connectionTimeoutMillis: 1, hangs: () => ++made === 2 };
      },
      async ({ pool, note, counts }) => {
        const client = await pool.connect();
        const waiting = failure(pool.connect());
        client.release(true);
        note(await waiting);
        counts();
      },
    );
  });

  it('with maxUses, min, and idle time-outs', async () => {
    await expectSameTrace(
      () => ({ maxUses: 2 }),
      async ({ pool, note }) => {
        for (const n of [1, 2, 3]) note(await pool.query(`SELECT ${n}`));
      },
    );
    await expectSameTrace(
      () => ({ max: 3, min: 1, idleTimeoutMillis: 1 }),
      async ({ pool, counts }) => {
        const clients = [await pool.connect(), await pool.connect()];
        clients[0].release();
        await once(pool, 'remove');
        counts();
        clients[1].release();
        counts();
      },
    );
    await expectSameTrace(
      () => ({ idleTimeoutMillis: null, poolSize: 2 }),
      async ({ pool, note, counts }) => {
        (await pool.connect()).release();
        note(pool.options.max, pool.options.idleTimeoutMillis);
        counts();
      },
    );
  });

  it('with a lifetime, which ends for an idle client and for one in use', async () => {
    await expectSameTrace(
      () => ({ maxLifetimeSeconds: 0.001 }),
      async ({ pool, note }) => {
        (await pool.connect()).release();
        await once(pool, 'remove');
        note('removed');
      },
    );
    await expectSameTrace(
      () => ({ maxLifetimeSeconds: 0.001 }),
      async ({ pool, counts }) => {
        const client = await pool.connect();
        while (pool.expiredCount === 0) await new Promise((resolve) => setTimeout(resolve, 1));
        counts();
        client.release();
        await once(pool, 'remove');
        counts();
      },
    );
  });

  it('with verify, onConnect and allowExitOnIdle', async () => {
    await expectSameTrace(
      () => ({
        verify: (client: any, done: (error?: Error) => void) =>
          done(client.name === 'client 1' ? new Error('not this one') : undefined),
      }),
      async ({ pool, note, counts }) => {
        note(await failure(pool.connect()));
        counts();
        note(await pool.query('SELECT 1'));
        note(await pool.query('SELECT 2'));
      },
    );
    await expectSameTrace(
      () => {
        const answers = [new Error('not ready'), null, new Error('thrown')];
        return {
          onConnect: (client: any) => {
            client.prepared = true;
            const error = answers.shift();
            if (error?.message === 'thrown') throw error;
            return error ? Promise.reject(error) : Promise.resolve();
          },
        };
      },
      async ({ pool, note, counts }) => {
        note(await failure(pool.connect()));
        counts();
        const client = await pool.connect();
        note(client.prepared);
        note(await failure(pool.connect()));
        client.release();
      },
    );
    // As methods of the options.
    await expectSameTrace(
      () => ({
        refused: 'client 2',
        verify(client: any, done: (error?: Error) => void) {
          done(client.name === this.refused ? new Error('refused') : undefined);
        },
        onConnect(client: any) {
          if (client.name === this.refused.replace('2', '1')) throw new Error('not prepared');
        },
      }),
      async ({ pool, note }) => {
        for (let i = 0; i < 3; i++) note(await failure(pool.query('SELECT 1')));
      },
    );
    await expectSameTrace(
      () => ({ allowExitOnIdle: true }),
      async ({ pool, note }) => {
        const client = await pool.connect();
        client.release();
        note(client.refs.join());
        (await pool.connect()).release();
        note(client.refs.join());
      },
    );
  });

  it('with methods that somebody else has put in the place of its own', async () => {
    await expectSameTrace(
      () => ({}),
      async ({ pool, note }) => {
        const { connect } = pool;
        pool.connect = function patched(callback: any): unknown {
          note('patched connect', typeof callback);
          return connect.call(this, callback);
        };
        const client = await pool.connect();
        const { query } = ScriptedClient.prototype;
        client.query = function patched(text: any, values: any, callback: any): void {
          note('patched query', text, values, typeof callback);
          query.call(this, text, values, callback);
        };
        client.release();
        note(await pool.query('SELECT 1', [2]));
      },
    );
  });

  it('in the options that it shows', () => {
    for (const options of [
      undefined,
      null,
      {},
      { password: 'secret', max: 4, ssl: { key: 'secret' }, unknown: 1, Promise },
      { idleTimeoutMillis: 0, min: 2, maxUses: 5, maxLifetimeSeconds: 3 },
    ]) {
      const given = () => (options?.ssl ? { ...options, ssl: { ...options.ssl } } : options);
      const [theirs, ours] = POOLS.map((PoolClass) => new PoolClass(given(), ScriptedClient));
      expect(ours.options).toEqual(theirs.options);
      expect(Object.keys(ours.options)).toEqual(Object.keys(theirs.options));
      expect(ours.options.password).toBe(theirs.options.password);
      expect(inspect(ours)).not.toContain('secret');
      expect(ours.Promise).toBe(theirs.Promise);
      expect(ours.Client).toBe(ScriptedClient);
      expect([ours.ending, ours.ended, ours._clients]).toEqual([false, false, []]);
    }
    const own = class extends ScriptedClient {};
    expect(new Pool({ Client: own }, ScriptedClient).Client).toBe(own);
  });
});

describe('a pool does better than pg-pool', () => {
  // pg-pool calls it when the answer is there, which ends the process.
  it('and refuses a callback that is none in the call that gives it', async () => {
    const pool = new Pool({}, ScriptedClient);
    for (const wrong of [5, 'x', {}, true] as any[]) {
      for (const call of [
        () => pool.query('SELECT 1', [], wrong),
        () => pool.connect(wrong),
        () => pool.end(wrong),
      ]) {
        expect(call).toThrow(new TypeError('callback is not a function'));
      }
    }
    expect([pool.totalCount, pool.waitingCount, pool.ending]).toEqual([0, 0, false]);
    await pool.query('SELECT 1', [], null);
    await pool.end(null as any);
    const { default: facade } = await import('asyncpg/pg');
    const client: any = new facade.Client();
    expect(() => client.connect(5)).toThrow(new TypeError('callback is not a function'));
    expect(client._connecting).toBe(false);
  });

  it('and names what is no function', async () => {
    const pool = new Pool({ onConnect: 5 }, ScriptedClient);
    await expect(pool.connect()).rejects.toThrow('options.onConnect is not a function');
  });

  it('and refuses those who wait once it has ended: nobody else would tell them', async () => {
    const pool = new Pool({ max: 1 }, ScriptedClient);
    const client = await pool.connect();
    const waiting = pool.query('SELECT 1');
    const ended = pool.end();
    client.release();
    await ended;
    await expect(waiting).rejects.toThrow('Cannot use a pool after calling end on the pool');
    expect(pool.waitingCount).toBe(0);
  });
});

/** A call on a pool, or its close, inside what has its last connection: a transaction, a loop, the source of a COPY. */

import { Readable, Writable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { instrument } from 'asyncpg/opentelemetry';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { CREATE } from '../../../src/client/internals.ts';
import { resolveConfig } from '../../../src/config/resolve.ts';
import { type Connection, createPool, TimeoutError } from '../../../src/index.ts';
import { checkedPoolOptions } from '../../../src/pool/checked-pool-options.ts';
import { Pool } from '../../../src/pool/pool.ts';
import { failure } from '../../support/connections.ts';
import { hastyClock, hastyConnection, nextWarning } from '../../support/hasty.ts';
import { serverDsn } from '../../support/servers/server.ts';

/** A pool of one connection with such a clock. */
function hastyPool(): Pool {
  const [settings, connect] = checkedPoolOptions({ minSize: 0, maxSize: 1 });
  return Pool[CREATE](resolveConfig(serverDsn(), connect), settings, hastyClock(0));
}

it.each([false, true])(
  'is warned of by name, with the line of the call (traced: %s)',
  async (isTraced) => {
    const warned = nextWarning();
    if (isTraced) {
      const spans = new BasicTracerProvider();
      onTestFinished(instrument({ tracerProvider: spans }));
    }
    await using pool = hastyPool();
    const inside = pool.transaction(async (tx) => {
      await tx.execute('SELECT 1');
      async function myOwnFunction() {
        const ending = new AbortController();
        const waiting = failure(pool.fetch({ text: 'SELECT 2', signal: ending.signal }));
        const warning = await warned;
        ending.abort();
        await waiting;
        return warning;
      }
      return await myOwnFunction();
    });
    const warning = await inside;
    expect(warning.name).toBe('AsyncpgPoolWaitWarning');
    expect(warning.message).toMatch(
      /5000 ms .* inside a transaction of the same pool, whose 1 conn/,
    );
    expect(warning.detail).toMatch(/^It was called: *\n/);
    expect(warning.detail).toMatch(/myOwnFunction .*wait-inside\.test\.ts/s);
  },
);

it('is named by the error of acquireTimeout, for every kind of call, and only there', async () => {
  await using pool = await createPool(serverDsn(), { minSize: 1, maxSize: 1, acquireTimeout: 20 });
  await using other = await createPool(serverDsn(), { minSize: 1, maxSize: 1, acquireTimeout: 20 });
  const hint = /HINT: {2}It was called inside a transaction of the same pool/;
  await pool.transaction(async (tx) => {
    await tx.execute('SELECT 1');
    const calls = [
      () => pool.fetch('SELECT 1'),
      () => pool.batch(['SELECT 1']),
      () => pool.executeMany('SELECT $1::int', [[1]]),
      () => pool.transaction(async () => 1),
      () => pool.withConnection(async () => 1),
      () => pool.acquire(),
      () => pool.stream('SELECT 1').next(),
      () => tx.transaction((inner) => inner.execute('SELECT 1').then(() => pool.fetch('SELECT 1'))),
      () => other.transaction(() => pool.fetch('SELECT 1')),
    ];
    for (const call of calls) {
      const error = await failure(call());
      expect(error).toBeInstanceOf(TimeoutError);
      expect(error.message).toMatch(hint);
    }
    await using held = await other.acquire();
    expect(held).toBeDefined();
    expect((await failure(other.fetch('SELECT 1'))).message).not.toMatch(hint);
  });
  await using held = await pool.acquire();
  expect(held).toBeDefined();
  expect((await failure(pool.fetch('SELECT 1'))).message).not.toMatch(hint);
});

const MANY = 'SELECT generate_series(1, 1000000) AS a';

/** What has the only connection of a pool, and asks the pool meanwhile. */
const holders: Record<
  string,
  [(pool: Pool, ask: () => Promise<unknown>) => Promise<unknown>, RegExp]
> = {
  'the loop of a stream': [
    async (pool, ask) => {
      for await (const _ of pool.stream(MANY)) await ask();
    },
    /1 by a stream or COPY whose data nobody takes/,
  ],
  'the loop of a COPY as rows': [
    async (pool, ask) => {
      for await (const _ of pool.copyRecordsFromQuery(MANY)) await ask();
    },
    /1 by a stream or COPY whose data nobody takes/,
  ],
  'the output of a COPY': [
    (pool, ask) => pool.copyFromQuery(MANY, { output: async () => void (await ask()) }),
    /1 by a stream or COPY whose data nobody takes/,
  ],
  'a stream that is the output of a COPY': [
    (pool, ask) => {
      const output = new Writable({
        write: (_chunk, _encoding, done) => void ask().then(() => done(), done),
      });
      return pool.copyFromQuery(MANY, { output });
    },
    /1 by a stream or COPY whose data nobody takes/,
  ],
  withConnection: [(pool, ask) => pool.withConnection(() => ask()), /1 held by who asks nothing/],
  acquire: [
    async (pool, ask) => {
      await using _ = await pool.acquire();
      await ask();
    },
    /1 held by who asks nothing/,
  ],
  'the source of a COPY': [
    async (pool, ask) => {
      const records = (async function* () {
        yield [1];
        await ask();
      })();
      await pool.copyRecordsToTable('waits', { records });
    },
    /1 by a COPY or executeMany whose source gives nothing/,
  ],
  'a source that works ahead': [
    (pool, ask) => {
      const lines = async function* () {
        yield '1\n';
        await pause(1);
        await ask();
      };
      return pool.copyToTable('waits', { source: Readable.toWeb(Readable.from(lines())) });
    },
    /1 by a COPY or executeMany whose source gives nothing/,
  ],
};

describe('in a pool that stands still', () => {
  /** Where a source's own call is known, it is refused. */
  const askers = Object.keys(holders).filter((name) => name !== 'the source of a COPY');

  it.each(askers)('is warned of: %s', async (name) => {
    const [hold, what] = holders[name]!;
    const warned = nextWarning();
    await using pool = hastyPool();
    await pool.execute('CREATE TABLE IF NOT EXISTS waits (a int)');
    const holding = failure(
      hold(pool, async () => {
        const ending = new AbortController();
        const waiting = failure(pool.fetch({ text: 'SELECT 2', signal: ending.signal }));
        await warned;
        ending.abort();
        await waiting;
        throw new Error('told');
      }),
    );
    const warning = await warned;
    expect(warning.name).toBe('AsyncpgPoolWaitWarning');
    expect(warning.message).toMatch(/has waited 5000 ms .* nothing happened on any/);
    expect(warning.message).toMatch(what);
    await holding;
    expect(await pool.fetchVal('SELECT 1')).toBe(1);
  });

  it('is told of by the error of acquireTimeout', async () => {
    await using pool = await createPool(serverDsn(), {
      minSize: 1,
      maxSize: 1,
      acquireTimeout: 20,
    });
    const error = await pool.withConnection(() => failure(pool.fetch('SELECT 1')));
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error.message).toMatch(
      /HINT: {2}Nothing is under way on them: 1 held by who asks nothing/,
    );
  });

  it('is not told of where the server works', async () => {
    await using pool = await createPool(serverDsn(), {
      minSize: 1,
      maxSize: 1,
      acquireTimeout: 20,
    });
    const [error] = await Promise.all([
      pause(1).then(() => failure(pool.fetch('SELECT 1'))),
      pool.withConnection((connection) => connection.execute('SELECT pg_sleep(0.1)')),
    ]);
    expect(error.message).not.toMatch(/HINT/);
  });
});

describe('in the source of a COPY', () => {
  const source = (ask: () => Promise<unknown>) =>
    (async function* () {
      yield [1];
      await pause(1);
      await ask();
    })();

  it('is refused where that has the last connection', async () => {
    await using pool = await createPool(serverDsn(), { minSize: 1, maxSize: 1 });
    await pool.execute('CREATE TABLE IF NOT EXISTS waits (a int)');
    const refused = {
      name: 'InterfaceError',
      safeToRetry: true,
      message: expect.stringMatching(/in the source .* would wait for itself/),
    };
    for (const call of [
      () => pool.fetch('SELECT 1'),
      () => pool.transaction(async () => 1),
      () => pool.acquire(),
    ]) {
      const records = source(call);
      expect(await failure(pool.copyRecordsToTable('waits', { records }))).toMatchObject(refused);
    }
    const many = pool.executeMany(
      'INSERT INTO waits VALUES ($1)',
      source(() => pool.fetch('SELECT 1')),
    );
    expect(await failure(many)).toMatchObject(refused);
    expect(await pool.fetchVal('SELECT count(*) FROM waits')).toBe(0n);
  });

  it('is served where there is another one, and named by an error where that is in use', async () => {
    await using pool = await createPool(serverDsn(), {
      minSize: 2,
      maxSize: 2,
      acquireTimeout: 20,
    });
    await pool.execute('CREATE TABLE IF NOT EXISTS waits (a int)');
    await pool.copyRecordsToTable('waits', { records: source(() => pool.fetch('SELECT 1')) });
    await pool.execute('TRUNCATE waits');
    await using held = await pool.acquire();
    expect(held).toBeDefined();
    const records = source(() => pool.fetch('SELECT 1'));
    const error = await failure(pool.copyRecordsToTable('waits', { records }));
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error.message).toMatch(
      /HINT: {2}It was called inside the source of a COPY or executeMany/,
    );
  });
});

describe('the close of a pool', () => {
  it.each(Object.keys(holders))('is warned of within %s', async (name) => {
    const [hold, what] = holders[name]!;
    const warned = nextWarning();
    const pool = hastyPool();
    await pool.execute('CREATE TABLE IF NOT EXISTS waits (a int)');
    let closed: Promise<void> | null = null;
    await failure(
      hold(pool, async () => {
        closed = pool.close();
        await Promise.race([closed, warned]);
        throw new Error('told');
      }),
    );
    const warning = await warned;
    expect(warning.name).toBe('AsyncpgSlowCloseWarning');
    expect(warning.message).toMatch(/has waited 5000 ms .* nothing happened on any/);
    expect(warning.message).toMatch(what);
    expect(warning.detail).toMatch(/^It was closed: *\n.*wait-inside\.test\.ts/s);
    await closed;
    expect(pool.size).toBe(0);
  });

  it('is warned of within a transaction, which is named', async () => {
    const warned = nextWarning();
    const pool = hastyPool();
    await pool.transaction(async (tx) => {
      await tx.execute('SELECT 1');
      await Promise.race([pool.close(), warned]);
    });
    expect((await warned).message).toMatch(/inside a transaction of the same pool/);
    await pool.close();
  });

  it('is not warned of while the server works, nor once it is over', async () => {
    const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const pool = hastyPool();
    const working = pool.withConnection((connection) => connection.execute('SELECT pg_sleep(0.1)'));
    while (pool.stats.inUse === 0) await pause(1);
    await pool.close();
    await working;
    await pause(10);
    expect(warnings).not.toHaveBeenCalled();
  });
});

describe('the close of a connection', () => {
  it.each([
    ['a stream', (c: Connection) => c.stream(MANY)],
    ['a COPY as rows', (c: Connection) => c.copyRecordsFromQuery(MANY)],
  ])('is warned of within the loop of %s', async (_name, open) => {
    const warned = nextWarning();
    const connection = await hastyConnection(0);
    let closed: Promise<void> | null = null;
    for await (const _ of open(connection)) {
      closed = connection.close();
      await Promise.race([closed, warned]);
      break;
    }
    const warning = await warned;
    expect(warning.name).toBe('AsyncpgSlowCloseWarning');
    expect(warning.message).toMatch(/a connection has waited 5000 ms/);
    expect(warning.detail).toMatch(/^It was closed: *\n.*wait-inside\.test\.ts/s);
    await closed;
  });
});

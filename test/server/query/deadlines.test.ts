/** Whatever ends a call, its time-out and its listener on the caller's signal end with it. */
import { getEventListeners } from 'node:events';
import { expect, it, onTestFinished, vi } from 'vitest';
import {
  type CallOptions,
  type Connection,
  connect,
  createPool,
  type PoolConnection,
  type Queryable,
} from '../../../src/index.ts';
import { systemClock } from '../../../src/transport/clock.ts';
import { collect, describeEach, failure } from '../../support/connections.ts';
import { until } from '../../support/pool.ts';
import { serverDsn } from '../../support/servers/server.ts';

/** A call that evaluates an SQL expression, which is quick, fails, or takes for ever. */
type Call = (db: Queryable, expression: string, limits: CallOptions) => Promise<unknown>;

const QUICK = '1';
const FAILING = '(1/0)';
const ENDLESS = 'pg_sleep(600)';

const CALLS: readonly [string, Call][] = [
  ['fetch', (db, x, limits) => db.fetch({ text: `SELECT ${x}::text`, ...limits })],
  [
    'an unnamed statement',
    (db, x, limits) => db.fetch({ text: `SELECT ${x}::text`, prepare: false, ...limits }),
  ],
  ['a script', (db, x, limits) => db.execute({ text: `SELECT 1; SELECT ${x}`, ...limits })],
  [
    'executeMany',
    (db, x, limits) => db.executeMany(`SELECT $1::int4, ${x}::text`, [[1], [2]], limits),
  ],
  [
    'fetchMany of an asynchronous iterable',
    (db, x, limits) =>
      db.fetchMany(`SELECT $1::int4, ${x}::text`, collectLater([[1], [2]]), limits),
  ],
  ['batch', (db, x, limits) => db.batch(['SELECT 1', { text: `SELECT ${x}::text`, ...limits }])],
  ['stream', (db, x, limits) => collect(db.stream({ text: `SELECT ${x}::text`, ...limits }))],
  [
    'a stream in a transaction',
    (db, x, limits) =>
      db.transaction((tx) => collect(tx.stream({ text: `SELECT ${x}::text`, ...limits }))),
  ],
  ['transaction', (db, x, { signal }) => db.transaction({ signal }, (tx) => tx.execute(select(x)))],
  [
    'a nested transaction',
    (db, x, { signal }) =>
      db.transaction((tx) => tx.transaction({ signal }, (inner) => inner.execute(select(x)))),
  ],
  [
    'copyFromQuery',
    (db, x, limits) => db.copyFromQuery(select(x), { output: () => {}, ...limits }),
  ],
  [
    'copyRecordsFromQuery',
    (db, x, limits) =>
      collect(db.copyRecordsFromQuery({ text: `SELECT ${x}::text`, args: [], ...limits })),
  ],
  [
    'copyRecordsFromQuery in a transaction',
    (db, x, limits) =>
      db.transaction((tx) =>
        collect(tx.copyRecordsFromQuery({ text: `SELECT ${x}::text`, ...limits })),
      ),
  ],
  [
    'copyToTable',
    (db, x, limits) =>
      inTable(db, (tx) =>
        tx.copyToTable('copied', { source: ['1\n'], where: `${x}::text <> 'no'`, ...limits }),
      ),
  ],
  [
    'copyRecordsToTable',
    (db, x, limits) =>
      inTable(db, (tx) =>
        tx.copyRecordsToTable('copied', {
          records: collectLater([[1]]),
          where: `${x}::text <> 'no'`,
          ...limits,
        }),
      ),
  ],
  [
    'a cursor',
    (db, x, limits) =>
      db.transaction(async ({ connection }) => {
        const cursor = connection.cursor({ text: `SELECT ${x}::text`, ...limits });
        await cursor.fetch(1);
        await cursor.forward(1);
        await cursor.close();
      }),
  ],
  [
    'a prepared statement',
    (db, x, limits) =>
      withConnection(db, async (connection) => {
        const statement = await connection.prepare(`SELECT ${x}::text`, limits);
        const limited = statement.with(limits);
        await limited.fetch();
      }),
  ],
  [
    'executeMany of a prepared statement',
    (db, x, limits) =>
      withConnection(db, async (connection) => {
        const statement = await connection.prepare(`SELECT ${x}::text, $1::int4`);
        await statement.with(limits).executeMany([[1], [2]]);
      }),
  ],
  [
    'the stream of a prepared statement',
    (db, x, limits) =>
      withConnection(db, async (connection) => {
        const statement = await connection.prepare(`SELECT ${x}::text`);
        await collect(statement.with(limits).stream());
      }),
  ],
  [
    'explain',
    (db, x, limits) =>
      withConnection(db, async (connection) => {
        const statement = await connection.prepare(`SELECT ${x}::text`);
        await statement.with(limits).explain({ analyze: true });
      }),
  ],
];

function select(expression: string): string {
  return `SELECT ${expression}`;
}

async function* collectLater<T>(items: readonly T[]): AsyncGenerator<T> {
  for (const item of items) yield await Promise.resolve(item);
}

function withConnection<R>(db: Queryable, work: (c: Connection) => Promise<R>): Promise<R> {
  return db.transaction(({ connection }) => work(connection));
}

function inTable<R>(db: Queryable, work: (tx: Queryable) => Promise<R>): Promise<R> {
  return db.transaction(async (tx) => {
    await tx.execute('CREATE TEMP TABLE copied (a int4) ON COMMIT DROP');
    return await work(tx);
  });
}

/** Follows the timers that are set for so many milliseconds. */
function timersOf(delay: number): { readonly left: number } {
  const timers = new Set<unknown>();
  const { setTimer } = systemClock;
  vi.spyOn(systemClock, 'setTimer').mockImplementation((ms, callback, referenced) => {
    const timer = setTimer(ms, callback, referenced);
    if (ms !== delay) return timer;
    const counted = {
      cancel(): void {
        timers.delete(counted);
        timer.cancel();
      },
    };
    timers.add(counted);
    return counted;
  });
  return {
    get left() {
      return timers.size;
    },
  };
}

/** No test has another time-out of so many milliseconds. */
const TIMEOUT = 543_210;

let names = 0;

describeEach('time-out and signal of a call', (version) => {
  const open = async (where: string): Promise<[Queryable, kill: () => Promise<void>]> => {
    names += 1;
    const applicationName = `deadlines-${process.pid}-${names}`;
    const admin = await connect(serverDsn(version));
    onTestFinished(() => admin.close());
    const kill = async (): Promise<void> => {
      await until(async () => {
        const killed = await admin.fetchVal<bigint>(
          `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
           WHERE application_name = $1 AND wait_event = 'PgSleep'`,
          applicationName,
        );
        return killed !== 0n;
      });
    };
    if (where === 'connection') {
      const connection = await connect(serverDsn(version), { applicationName });
      onTestFinished(() => connection.terminate());
      return [connection, kill];
    }
    const pool = await createPool(serverDsn(version), { applicationName, minSize: 0, maxSize: 1 });
    onTestFinished(() => pool.terminate());
    return [pool, kill];
  };

  it.each(['connection', 'pool'])('are over with it, however it ends: on a %s', async (where) => {
    const timers = timersOf(TIMEOUT);
    const left = (signal: AbortSignal): [number, number] => [
      getEventListeners(signal, 'abort').length,
      timers.left,
    ];
    let [db, kill] = await open(where);
    for (const [name, call] of CALLS) {
      const { signal } = new AbortController();
      const limits = { timeout: TIMEOUT, signal };
      await call(db, QUICK, limits);
      expect([name, 'success', ...left(signal)]).toEqual([name, 'success', 0, 0]);
      await failure(call(db, FAILING, limits));
      expect([name, 'failure', ...left(signal)]).toEqual([name, 'failure', 0, 0]);

      // A transaction has no time-out of its own.
      if (!name.includes('transaction') || name.includes(' in a ')) {
        const error = await failure(call(db, ENDLESS, { timeout: 20, signal }));
        expect([name, error.name]).toEqual([name, 'TimeoutError']);
        expect([name, 'time-out', ...left(signal)]).toEqual([name, 'time-out', 0, 0]);
      }

      const abort = new AbortController();
      const aborted = failure(call(db, ENDLESS, { timeout: TIMEOUT, signal: abort.signal }));
      setTimeout(() => abort.abort(new Error('enough')), 20);
      expect([name, await aborted]).toEqual([name, abort.signal.reason]);
      expect([name, 'abort', ...left(abort.signal)]).toEqual([name, 'abort', 0, 0]);

      // Whatever was cancelled has ended by then.
      await db.fetchVal('SELECT 1');
      const lost = failure(call(db, ENDLESS, limits));
      await kill();
      await lost;
      expect([name, 'loss', ...left(signal)]).toEqual([name, 'loss', 0, 0]);
      if (where === 'connection') [db, kill] = await open(where);
    }
  });

  it('are over when the loop over a stream is left', async () => {
    const timers = timersOf(TIMEOUT);
    const { signal } = new AbortController();
    const limits = { timeout: TIMEOUT, signal };
    const [db] = await open('pool');
    const text = 'SELECT generate_series(1, 100000)';
    const leave = async (rows: AsyncIterable<unknown>): Promise<void> => {
      for await (const row of rows) if (row !== null) break;
      expect([getEventListeners(signal, 'abort').length, timers.left]).toEqual([0, 0]);
    };
    await leave(db.stream({ text, ...limits }));
    await leave(db.copyRecordsFromQuery({ text, ...limits }));
    await db.transaction((tx) => leave(tx.stream({ text, ...limits })));
    await db.transaction((tx) => leave(tx.copyRecordsFromQuery({ text, ...limits })));
  });

  it('are over when waiting for a connection is', async () => {
    const timers = timersOf(TIMEOUT);
    const abort = new AbortController();
    const { signal } = abort;
    const limits = { timeout: TIMEOUT, signal };
    const left = (): [number, number] => [getEventListeners(signal, 'abort').length, timers.left];
    await using pool = await createPool(serverDsn(version), { minSize: 0, maxSize: 1 });
    const connection: PoolConnection = await pool.acquire(limits);
    expect(left()).toEqual([0, 0]);
    await failure(pool.acquire({ timeout: 20, signal }));
    await failure(pool.batch([{ text: 'SELECT 1', timeout: 20, signal }]));
    expect(left()).toEqual([0, 0]);
    const waiting = [pool.acquire(limits), pool.batch([{ text: 'SELECT 1', ...limits }])];
    const reasons = Promise.all(waiting.map((call) => failure(call)));
    expect(left()).toEqual([2, 2]);
    abort.abort(new Error('enough'));
    expect(await reasons).toEqual([signal.reason, signal.reason]);
    expect(left()).toEqual([0, 0]);
    await pool.release(connection);
  });

  it('are over when the pool refuses its hook’s connection', async () => {
    const timers = timersOf(TIMEOUT);
    const { signal } = new AbortController();
    await using pool = await createPool(serverDsn(version), {
      minSize: 0,
      setup: () => Promise.reject(new Error('no')),
    });
    await failure(pool.acquire({ timeout: TIMEOUT, signal }));
    await failure(pool.fetch({ text: 'SELECT 1', timeout: TIMEOUT, signal }));
    expect([getEventListeners(signal, 'abort').length, timers.left]).toEqual([0, 0]);
  });

  it('of listening and of savepoints are over as well: the commandTimeout', async () => {
    const timers = timersOf(TIMEOUT);
    const connection = await connect(serverDsn(version), { commandTimeout: TIMEOUT });
    await connection.addListener('deadlines', () => {});
    await connection.transaction(async (tx) => {
      const savepoint = await tx.savepoint();
      await savepoint.rollback();
      await savepoint.release();
      await tx.transaction((inner) => inner.fetchVal('SELECT 1'));
    });
    const none = (): void => {};
    await connection.addListener('others', none);
    await connection.removeListener('others', none);
    expect(timers.left).toBe(0);
    await connection.close({ timeout: TIMEOUT });
    expect(timers.left).toBe(0);
  });
});

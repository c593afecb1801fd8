/** A source that makes calls on the connection which takes its data from it: it would wait for itself. */
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { contextFor } from '../../../src/client/connect.ts';
import { CREATE } from '../../../src/client/internals.ts';
import { openClientSession } from '../../../src/client/open-client-session.ts';
import { resolveConfig } from '../../../src/config/resolve.ts';
import { Connection, type Queryable } from '../../../src/index.ts';
import { systemClock, type Timer } from '../../../src/transport/clock.ts';
import { describeEach, failure, open } from '../../support/connections.ts';
import { deferred } from '../../support/deferred.ts';
import { hastyConnection } from '../../support/hasty.ts';
import { serverDsn } from '../../support/servers/server.ts';

type Ask = () => Promise<unknown>;

/** What takes data from a source that asks something before its second piece. */
const takers: Record<string, (q: Queryable, ask: Ask) => Promise<unknown>> = {
  executeMany: (q, ask) => q.executeMany('INSERT INTO t VALUES ($1)', values(ask)),
  fetchMany: (q, ask) =>
    q.fetchMany('INSERT INTO t VALUES ($1) RETURNING a', values(ask) as unknown as [number][]),
  copyRecordsToTable: (q, ask) => q.copyRecordsToTable('t', { records: values(ask) }),
  'copyToTable of an iterable': (q, ask) => q.copyToTable('t', { source: lines(ask) }),
  'copyToTable of a Readable': (q, ask) =>
    q.copyToTable('t', { source: Readable.from(lines(ask)) }),
  'copyToTable of a ReadableStream': (q, ask) => q.copyToTable('t', { source: webLines(ask) }),
};

async function* values(ask: Ask) {
  yield [1];
  await pause(1);
  await ask();
  yield [2];
}

async function* lines(ask: Ask) {
  yield Buffer.from('1\n');
  await pause(1);
  await ask();
  yield Buffer.from('2\n');
}

/** The first chunk is pulled ahead, when the stream is made. */
function webLines(ask: Ask): ReadableStream<Uint8Array> {
  const chunks = lines(ask);
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
}

/** Calls that a source may make. */
const asks: Record<string, (c: Connection) => Promise<unknown>> = {
  fetch: (c) => c.fetch('SELECT 1'),
  'a script': (c) => c.execute('SELECT 1; SELECT 2'),
  batch: (c) => c.batch(['SELECT 1']),
  stream: (c) => c.stream('SELECT 1').next(),
  prepare: (c) => c.prepare('SELECT 1'),
  transaction: (c) => c.transaction((tx) => tx.execute('SELECT 1')),
  begin: (c) => c.begin(),
  COPY: (c) => c.copyFromTable('t', { output: () => {} }),
  addListener: (c) => c.addListener('news', () => {}),
  reset: (c) => c.reset(),
  close: (c) => c.close(),
  'through another source': (c) => c.copyToTable('t', { source: lines(() => c.fetch('SELECT 1')) }),
};

const REFUSED = {
  name: 'InterfaceError',
  safeToRetry: true,
  message: expect.stringMatching(/the call would wait for itself/),
};

async function withTable(version: 18 | 15): Promise<Connection> {
  const connection = await open(version);
  await connection.execute('CREATE TEMP TABLE t (a int)');
  return connection;
}

describeEach('a call on the same connection', (version) => {
  it.each(Object.keys(takers))('fails what takes its data from there, by %s', async (name) => {
    const c = await withTable(version);
    for (let round = 0; round < 2; round++) {
      const taken = takers[name]!(c, () => c.fetch('SELECT 1'));
      expect(await failure(taken)).toMatchObject(REFUSED);
      const inside = c.transaction((tx) => takers[name]!(tx, () => tx.fetch('SELECT 1')));
      expect(await failure(inside)).toMatchObject(REFUSED);
    }
    expect(await c.fetchVal('SELECT count(*) FROM t')).toBe(0n);
  });

  it.each(Object.keys(asks))(
    'is refused, the source may go on, and the connection does: %s',
    async (name) => {
      const c = await withTable(version);
      for (const take of Object.values(takers)) {
        await take(c, async () => expect(await failure(asks[name]!(c))).toMatchObject(REFUSED));
      }
      const count = await c.fetchVal<bigint>('SELECT count(*) FROM t');
      expect(count).toBe(BigInt(2 * Object.keys(takers).length));
      expect(c.isInTransaction()).toBe(false);
    },
  );

  it('is refused where the source is a result of it', async () => {
    const c = await withTable(version);
    const query = 'SELECT generate_series(1, 3) AS a';
    const sources = [
      () => c.copyRecordsToTable('t', { records: c.stream(query) }),
      () => c.copyRecordsToTable('t', { records: c.copyRecordsFromQuery(query) }),
      () => c.copyToTable('t', { source: c.stream(query).toNodeStream().map(String) }),
      () =>
        c.transaction((tx) => tx.copyRecordsToTable('t', { records: tx.cursor<object>(query) })),
    ];
    for (const copy of sources) expect(await failure(copy())).toMatchObject(REFUSED);
    expect(await c.fetchVal('SELECT count(*) FROM t')).toBe(0n);
  });
});

describe('others', () => {
  it.each(Object.keys(takers))('are not refused, by %s', async (name) => {
    const c = await withTable(18);
    const other = await withTable(18);
    // On another connection, also in turn with it; of who is not the source; and afterwards.
    const stranger = pause(1).then(() => c.fetchVal('SELECT 7'));
    const late: Promise<unknown>[] = [];
    await takers[name]!(c, async () => {
      expect(await other.fetchVal('SELECT 5')).toBe(5);
      await takers[name]!(other, async () => {
        expect(await failure(c.fetch('SELECT 1'))).toMatchObject(REFUSED);
      });
      late.push(pause(50).then(() => c.fetchVal('SELECT 6')));
    });
    expect(await stranger).toBe(7);
    expect(await Promise.all(late)).toEqual([6]);
    expect(await c.fetchVal('SELECT count(*) FROM t')).toBe(2n);
    expect(await other.fetchVal('SELECT count(*) FROM t')).toBe(2n);
  });

  it('are calls of an iterable that does not wait: they follow the COPY', async () => {
    const c = await withTable(18);
    const counted: Promise<unknown>[] = [];
    const records = function* () {
      for (let i = 0; i < 3; i++) {
        counted.push(c.fetchVal('SELECT count(*)::int FROM t'));
        yield [i];
      }
    };
    await c.copyRecordsToTable('t', { records: records() });
    expect(await Promise.all(counted)).toEqual([3, 3, 3]);
  });
});

describe('a source that works ahead, whose context is not known', () => {
  /** A connection for which a second is over at once. */
  async function withTable(): Promise<Connection> {
    const connection = await hastyConnection(1);
    await connection.execute('CREATE TEMP TABLE t (a int)');
    return connection;
  }

  const ahead = (ask: Ask) =>
    Readable.toWeb(Readable.from(lines(ask))) as ReadableStream<Uint8Array>;

  function given(ask: Ask) {
    // What it reads from is read already.
    const source = new Readable({ objectMode: true, read() {} });
    void (async () => {
      source.push([1]);
      await pause(5);
      await ask().catch((error: Error) => source.destroy(error));
      source.push(null);
    })();
    return source;
  }

  const copies: Record<string, (c: Connection, ask: Ask) => Promise<unknown>> = {
    'COPY of a Web stream': (c, ask) => c.copyToTable('t', { source: ahead(ask) }),
    'COPY of records': (c, ask) => c.copyRecordsToTable('t', { records: given(ask) }),
    executeMany: (c, ask) => c.executeMany('INSERT INTO t VALUES ($1)', given(ask)),
    'COPY in a transaction': (c, ask) =>
      c.transaction((tx) => tx.copyToTable('t', { source: ahead(ask) })),
  };

  it.each(Object.keys(copies))('is warned of when it waits for itself: %s', async (name) => {
    await using c = await withTable();
    const warned = deferred<Error>();
    const ended = new AbortController();
    const emit = vi.spyOn(process, 'emitWarning').mockImplementation((warning) => {
      warned.resolve(warning as Error);
      ended.abort(new Error('told'));
    });
    const copying = copies[name]!(c, () => c.fetch({ text: 'SELECT 1', signal: ended.signal }));
    const warning = await warned.promise;
    expect(warning.name).toBe('AsyncpgSourceWaitWarning');
    expect(warning.message).toMatch(/whose source has given nothing for 5000 ms/);
    expect(await failure(copying)).toMatchObject({ message: 'told' });
    expect(emit).toHaveBeenCalledTimes(1);
    expect(await c.fetchVal('SELECT count(*) FROM t')).toBe(0n);
  });

  it('is not warned of while nobody waits, or the server is what is slow', async () => {
    await using c = await withTable();
    const emit = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    await c.copyToTable('t', { source: ahead(() => pause(100)) });
    await using other = await withTable();
    const many = other.executeMany(
      'SELECT pg_sleep($1)',
      (async function* () {
        yield [0.1];
      })(),
    );
    await Promise.all([many, other.fetch('SELECT 1')]);
    expect(emit).not.toHaveBeenCalled();
  });

  it.each([
    ['bytes', (c: Connection) => c.copyToTable('locked', { source: lines(() => pause(1)) })],
    [
      'records',
      (c: Connection) => c.copyRecordsToTable('locked', { records: values(() => pause(1)) }),
    ],
  ])(
    'is not warned of while the server asks for no %s yet, as it waits for a lock',
    async (_name, copy) => {
      const other = await open();
      await other.execute('CREATE TABLE locked (a int)');
      onTestFinished(async () => void (await other.execute('DROP TABLE locked')));
      await using c = await hastyConnection(1);
      const emit = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
      await other.execute('BEGIN; LOCK TABLE locked');
      const calls = [copy(c), c.fetchVal('SELECT 1')];
      await pause(200);
      await other.execute('COMMIT');
      expect(await Promise.all(calls)).toEqual(['COPY 2', 1]);
      expect(emit).not.toHaveBeenCalled();
    },
  );

  it('is not looked at any more when all is taken of it, or it has failed', async () => {
    const looks = new Set<Timer>();
    const context = contextFor(resolveConfig(serverDsn(), {}), {
      now: systemClock.now,
      setTimer: (delay, callback, referenced) => {
        const timer = systemClock.setTimer(delay, callback, referenced);
        const cancel = (): void => {
          looks.delete(watched);
          timer.cancel();
        };
        const watched: Timer = { cancel };
        if (delay === 1000) looks.add(watched);
        return watched;
      },
    });
    await using c = Connection[CREATE](await openClientSession(context));
    await c.execute('CREATE TEMP TABLE t (a int PRIMARY KEY)');
    let most = 0;
    const some = async function* (a: unknown) {
      await pause(1);
      most = Math.max(most, looks.size);
      yield [a];
    };
    const signal = AbortSignal.timeout(0);
    const copies = [
      () => c.copyRecordsToTable('t', { records: some(1) }),
      () => failure(c.copyRecordsToTable('t', { records: some(1) })),
      () => failure(c.copyRecordsToTable('t', { records: some('one') })),
      () => failure(c.copyRecordsToTable('t', { records: some(2), signal })),
      () => c.transaction((tx) => tx.copyRecordsToTable('t', { records: some(3) })),
      () => c.executeMany('INSERT INTO t VALUES ($1)', some(4)),
      () => failure(c.copyToTable('t', { source: lines(() => pause(1)) })),
    ];
    for (const copy of copies) {
      await c.execute('DELETE FROM t WHERE a > 1');
      await copy();
      await c.execute('SELECT 1');
      expect(looks.size).toBe(0);
    }
    expect(most).toBe(1);
  });

  it('is not warned of when it gives little by little: no flight leaves before there is enough', async () => {
    await using c = await withTable();
    const emit = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const some = async function* () {
      for (let i = 0; i < 40; i++) {
        await pause(3);
        yield [i];
      }
    };
    const copying = c.copyRecordsToTable('t', { records: some() });
    await Promise.all([copying, c.fetch('SELECT 1')]);
    await Promise.all([c.executeMany('INSERT INTO t VALUES ($1)', some()), c.fetchVal('SELECT 1')]);
    expect(emit).not.toHaveBeenCalled();
  });
});

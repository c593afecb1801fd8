import type { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { expect, it, onTestFinished } from 'vitest';
import {
  type Connection,
  createPool,
  DivisionByZeroError,
  InterfaceError,
  type Queryable,
  type RowStream,
} from '../../../src/index.ts';
import { collect, describeEach, failure, open } from '../../support/connections.ts';
import { connectedTo } from '../../support/counting-dial.ts';
import { NUMBERS } from '../../support/numbers.ts';
import { sleep } from '../../support/pool.ts';
import { serverDsn } from '../../support/servers/server.ts';

/** The server makes its rows one by one. */
const ENDLESS = 'SELECT generate_series(1, 1000000000) AS a';

describeEach('streams', (version) => {
  it('give every row in order, inside a transaction and outside', async () => {
    const c = await open(version);
    let last = 0;
    for await (const row of c.stream<{ a: number }>(NUMBERS, 50_000)) {
      expect(row.a).toBe(last + 1);
      last = row.a;
    }
    expect(last).toBe(50_000);
    await c.transaction(async (tx) => {
      expect(await collect(tx.stream(NUMBERS, 3))).toEqual([{ a: 1 }, { a: 2 }, { a: 3 }]);
    });
    expect(await collect(c.stream(NUMBERS, 0))).toEqual([]);
    expect(await collect(c.stream('CREATE TEMP TABLE x (a int4)'))).toEqual([]);
  });

  it('may be read row by row', async () => {
    const c = await open(version);
    await using stream = c.stream(NUMBERS, 2);
    expect(await stream.next()).toEqual({ a: 1 });
    expect(await stream.next()).toEqual({ a: 2 });
    expect(await stream.next()).toBeNull();
    expect(await stream.next()).toBeNull();
    const many = c.stream(NUMBERS, 3);
    expect(await Promise.all([many.next(), many.next(), many.next(), many.next()])).toEqual([
      { a: 1 },
      { a: 2 },
      { a: 3 },
      null,
    ]);
  });

  it('refuse a second loop when rows were left, which would look like no rows at all', async () => {
    const c = await open(version);
    for (const count of [5, 5_000]) {
      for (const stream of [c.stream(NUMBERS, count), c.copyRecordsFromQuery(NUMBERS, count)]) {
        for await (const row of stream) if (row['a'] === 2) break;
        const again = collect(stream);
        await expect(again).rejects.toThrow(InterfaceError);
        await expect(again).rejects.toThrow('left or closed before its end');
        expect(() => stream.toNodeStream()).toThrow(InterfaceError);
        expect(() => stream.toWebStream()).toThrow(InterfaceError);
      }
    }
    const whole = c.stream(NUMBERS, 3);
    expect(await collect(whole)).toHaveLength(3);
    expect(await collect(whole)).toEqual([]);
    await whole.close();
    expect(await collect(whole)).toEqual([]);
  });

  it('send nothing before the first row is asked for', async () => {
    const c = await open(version);
    const stream = c.stream('SELECT 1/0');
    expect(await c.fetchVal('SELECT 1')).toBe(1);
    await stream.close();
    expect(await stream.next()).toBeNull();
  });

  it('end the query when the loop is left or throws, and free the connection', async () => {
    const c = await open(version);
    const other = await open(version);
    for (const leave of ['break', 'throw'] as const) {
      const error = await (async () => {
        for await (const row of c.stream(ENDLESS)) {
          if (row['a'] < 5) continue;
          if (leave === 'break') break;
          throw new Error('mine');
        }
        return null;
      })().catch((thrown: Error) => thrown.message);
      expect(error).toBe(leave === 'break' ? null : 'mine');
      expect(await c.fetchVal('SELECT 1')).toBe(1);
      const state = 'SELECT state FROM pg_stat_activity WHERE pid = $1';
      expect(await other.fetchVal(state, c.serverPid)).toBe('idle');
    }
  });

  it('can be left while they wait for a row', async () => {
    const c = await open(version);
    const stream = c.stream('SELECT pg_sleep(60)');
    const waiting = stream.next();
    await new Promise((resolve) => setTimeout(resolve, 20));
    await stream.close();
    expect(await waiting).toBeNull();
    const iterator = c.stream('SELECT pg_sleep(60)')[Symbol.asyncIterator]();
    const next = iterator.next();
    expect(await iterator.return!()).toEqual({ done: true, value: undefined });
    expect(await next).toEqual({ done: true, value: undefined });
    expect(await c.fetchVal('SELECT 1')).toBe(1);
  });

  it('give the rows before a failure, then the failure', async () => {
    const c = await open(version);
    const seen: number[] = [];
    const error = await failure(
      (async () => {
        const text = 'SELECT g AS a, 1 / (2000 - g) FROM generate_series(1, 3000) g';
        for await (const row of c.stream(text)) seen.push(row['a']);
      })(),
    );
    expect(error).toBeInstanceOf(DivisionByZeroError);
    expect(seen).toEqual(Array.from({ length: seen.length }, (_, i) => i + 1));
    expect(seen.length).toBeGreaterThan(1000);
    expect(await c.fetchVal('SELECT 1')).toBe(1);
    const unreadable = await open(version, { types: { int8: 'number' } });
    await expect(
      collect(unreadable.stream('SELECT 9007199254740900 + g FROM generate_series(1, 100000) g')),
    ).rejects.toThrow(InterfaceError);
    expect(await unreadable.fetchVal('SELECT 1')).toBe(1);
  });

  it('end at once with the reason of an abort or of a time-out', async () => {
    const c = await open(version);
    const abort = new AbortController();
    let rows = 0;
    const aborted = await failure(
      (async () => {
        const query = { text: ENDLESS, signal: abort.signal };
        for await (const _row of c.stream(query)) {
          rows += 1;
          if (rows === 10) abort.abort(new Error('enough'));
        }
      })(),
    );
    expect(aborted.message).toBe('enough');
    expect(rows).toBeLessThan(20);
    expect(await c.fetchVal('SELECT 1')).toBe(1);
    const slow = await failure(
      (async () => {
        const query = { text: ENDLESS, timeout: 100 };
        for await (const _row of c.stream(query)) {
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      })(),
    );
    expect(slow.name).toBe('TimeoutError');
    expect(await c.fetchVal('SELECT 1')).toBe(1);
  });

  it('make the server wait for a slow consumer', async () => {
    const c = await open(version);
    const other = await open(version);
    const stream = c.stream("SELECT repeat('x', 1000), generate_series(1, 10000000)");
    expect(await stream.next()).not.toBeNull();
    const state = 'SELECT wait_event FROM pg_stat_activity WHERE pid = $1';
    await expect
      .poll(() => other.fetchVal(state, c.serverPid), { timeout: 10_000 })
      .toBe('ClientWrite');
    await stream.close();
    expect(await c.fetchVal('SELECT 1')).toBe(1);
  });

  it.each([
    ['of a query', (c: Connection, text: string) => c.stream(text)],
    ['in a transaction', async (c: Connection, text: string) => (await c.begin()).stream(text)],
    ['of a COPY', (c: Connection, text: string) => c.copyRecordsFromQuery(text)],
  ])('hold some megabytes of large rows for a slow consumer: %s', async (_, streamOf) => {
    let socket: Socket | null = null;
    const c = await open(version, {
      dial: async (host) => {
        socket = await connectedTo(host);
        return socket;
      },
    });
    const text = "SELECT g, repeat('x', 1000000) AS large FROM generate_series(1, 100) g";
    const stream = await streamOf(c, text);
    expect(await stream.next()).toMatchObject({ g: 1 });
    // The server waits for whoever does not read, or has been asked for no more.
    const other = await open(version);
    const state = 'SELECT wait_event FROM pg_stat_activity WHERE pid = $1';
    await expect
      .poll(() => other.fetchVal(state, c.serverPid), { timeout: 10_000 })
      .toMatch(/^Client(Read|Write)$/);
    const held = socket!.bytesRead;
    await expect(stream.next()).resolves.toMatchObject({ g: 2 });
    await sleep(100);
    expect(held).toBeLessThan(30_000_000);
    expect(socket!.bytesRead).toBeLessThan(30_000_000);
    const rest = await collect(stream);
    expect(rest.map(({ g }) => g)).toEqual(Array.from({ length: 98 }, (_, i) => i + 3));
    expect(socket!.bytesRead).toBeGreaterThan(100_000_000);
  });

  it('let their consumer use the same connection', async () => {
    const c = await open(version);
    let sum = 0;
    for await (const row of c.stream(NUMBERS, 20_000)) {
      if (row['a'] % 5000 === 0) sum += (await c.fetchVal<number>('SELECT $1::int4', row['a']))!;
    }
    expect(sum).toBe(50_000);
  });

  it('let their consumer do what waits until nothing is under way', async () => {
    const c = await open(version);
    const uses: ((c: Connection) => Promise<unknown>)[] = [
      (c) => c.transaction((tx) => tx.execute('SELECT 1')),
      (c) => c.begin().then((tx) => tx.rollback()),
      (c) => c.with({ settings: { 'stream.use': '1' } }).execute('SELECT 1'),
      (c) => c.reset(),
    ];
    for (const rows of [c.stream.bind(c), c.copyRecordsFromQuery.bind(c)]) {
      for (const use of uses) {
        let count = 0;
        for await (const _ of rows('SELECT generate_series(1, 50000)')) {
          if (count++ === 0) await use(c);
        }
        expect(count).toBe(50_000);
      }
    }
    let blocks = 0;
    const text = "SELECT repeat('x', 1000) FROM generate_series(1, 20000)";
    const output = async (): Promise<void> => {
      if (blocks++ < uses.length) await uses[blocks - 1]!(c);
    };
    expect(await c.copyFromQuery(text, { output })).toBe('COPY 20000');
  });

  it('become Node streams', async () => {
    const c = await open(version);
    const rows = await c.stream(NUMBERS, 5000).toNodeStream().toArray();
    expect(rows).toHaveLength(5000);
    expect(rows[4999]).toEqual({ a: 5000 });
    let sum = 0;
    await pipeline(
      c.stream(NUMBERS, 1000).toNodeStream(),
      new Writable({
        objectMode: true,
        write: (row: { a: number }, _encoding, done) => {
          sum += row.a;
          done();
        },
      }),
    );
    expect(sum).toBe(500_500);
    const failing = c.stream('SELECT 1/0').toNodeStream();
    await expect(failing.toArray()).rejects.toThrow(DivisionByZeroError);
    const left = c.stream('SELECT pg_sleep(60)').toNodeStream();
    left.resume();
    await new Promise((resolve) => setTimeout(resolve, 20));
    left.destroy();
    expect(await c.fetchVal('SELECT 1')).toBe(1);
  });

  it('become Web streams', async () => {
    const c = await open(version);
    const rows = await collect(c.stream(NUMBERS, 3).toWebStream());
    expect(rows).toEqual([{ a: 1 }, { a: 2 }, { a: 3 }]);
    const web = c.stream(ENDLESS).toWebStream();
    const reader = web.getReader();
    expect((await reader.read()).value).toEqual({ a: 1 });
    await reader.cancel();
    await expect(collect(c.stream('SELECT 1/0').toWebStream())).rejects.toThrow(
      DivisionByZeroError,
    );
    expect(await c.fetchVal('SELECT 1')).toBe(1);
  });

  it('fail when the connection ends under them', async () => {
    const c = await open(version);
    const error = await failure(
      (async () => {
        for await (const _row of c.stream(ENDLESS)) c.terminate();
      })(),
    );
    expect(error.message).toContain('closed');
  });

  it('can be left inside a transaction, which goes on', async () => {
    const c = await open(version);
    const statement = await c.prepare(ENDLESS);
    await c.transaction(async (tx) => {
      for (const stream of [tx.stream(ENDLESS), c.stream(ENDLESS), statement.stream()]) {
        for await (const row of stream) if (row.a === 700) break;
        expect(await tx.fetchVal('SELECT 1')).toBe(1);
      }
      const names = await tx.fetch("SELECT name FROM pg_cursors WHERE name <> ''");
      expect(names).toEqual([]);
    });
  });

  it('that were read to their end leave nothing of their tables in use', async () => {
    const c = await open(version);
    await c.transaction(async (tx) => {
      await tx.execute('CREATE TEMP TABLE streamed AS SELECT generate_series(1, 3) AS a');
      expect(await collect(tx.stream('SELECT a FROM streamed'))).toHaveLength(3);
      expect(await tx.execute('DROP TABLE streamed')).toBe('DROP TABLE');
    });
  });

  it('inside a transaction fail once that has ended, and fail no other transaction', async () => {
    const started = async (on: Queryable): Promise<RowStream> => {
      const stream = on.stream(NUMBERS, 5000);
      await stream.next();
      return stream;
    };
    const c = await open(version);
    const pool = await createPool(serverDsn(version), { minSize: 1, maxSize: 1 });
    onTestFinished(() => pool.close());
    for (const on of [c, pool]) {
      const committed = await on.transaction(started);
      await on.transaction(async (tx) => {
        await tx.execute('SELECT 1');
        let undone!: RowStream;
        const nested = tx.transaction(async (inner) => {
          undone = await started(inner);
          throw new Error('undo');
        });
        await failure(nested);
        for (const stream of [committed, undone]) {
          expect(await failure(collect(stream))).toBeInstanceOf(InterfaceError);
        }
        expect(await tx.fetchVal('SELECT 2')).toBe(2);
      });
    }
  });

  it('inside a transaction let other calls go between their rows', async () => {
    const c = await open(version);
    await c.transaction(async (tx) => {
      let sum = 0;
      for await (const { a } of tx.stream(NUMBERS, 2000)) {
        sum += a % 100 === 0 ? ((await tx.fetchVal<number>('SELECT $1::int4', 1)) ?? 0) : 0;
      }
      expect(sum).toBe(20);
    });
  });

  it('inside a transaction end with their signal while their rows wait to be read', async () => {
    const c = await open(version);
    await c.transaction(async (tx) => {
      const abort = new AbortController();
      const stream = tx.stream({ text: ENDLESS, signal: abort.signal });
      expect(await stream.next()).toEqual({ a: 1 });
      // Each of these follows rows that are fetched ahead, until enough are there.
      for (let i = 0; i < 4; i++) await tx.fetchVal('SELECT 1');
      abort.abort(new Error('enough'));
      expect(await failure(collect(stream))).toBe(abort.signal.reason);
      expect(await tx.fetchVal("SELECT count(*) FROM pg_cursors WHERE name <> ''")).toBe(0n);
    });
  });
});

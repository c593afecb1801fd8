import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { type Connection, PostgresError, TimeoutError } from '../../../src/index.ts';
import {
  collect,
  describeEach,
  failure,
  open,
  openBeside,
  openWithSchema,
} from '../../support/connections.ts';
import { CountingDial } from '../../support/counting-dial.ts';

const pause = (milliseconds: number) =>
  new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

describeEach('time-outs and aborts', (version) => {
  async function isIdle(observer: Connection, c: Connection): Promise<void> {
    const state = 'SELECT state FROM pg_stat_activity WHERE pid = $1';
    await expect.poll(() => observer.fetchVal(state, c.serverPid)).toBe('idle');
  }

  it('end every kind of call, and stop it on the server', async () => {
    const c = await openWithSchema(version);
    const observer = await openBeside(c, version);
    await c.execute(
      'CREATE TABLE t (a int4); CREATE FUNCTION slow(int4) RETURNS int4 LANGUAGE sql AS $$ SELECT pg_sleep(60); SELECT 1 $$',
    );
    const statement = await c.prepare('SELECT pg_sleep(60)');
    type Options = { timeout?: number; signal?: AbortSignal };
    const calls: ((options: Options) => Promise<unknown>)[] = [
      (o) => c.fetch({ text: 'SELECT pg_sleep(60)', ...o }),
      (o) => c.fetchRow({ text: 'SELECT pg_sleep(60)', prepare: false, ...o }),
      (o) => c.fetchVal({ text: 'SELECT pg_sleep($1)', args: [60], ...o }),
      (o) => c.execute({ text: 'SELECT pg_sleep(60); SELECT 1', ...o }),
      (o) => c.executeMany('INSERT INTO t SELECT slow($1)', [[1], [2]], o),
      (o) => c.fetchMany('SELECT slow($1)', [[1], [2]], o),
      (o) => collect(c.stream({ text: 'SELECT pg_sleep(60)', ...o })),
      (o) => statement.with(o).fetch(),
      (o) => c.copyFromQuery('SELECT pg_sleep(60)', { output: () => {}, ...o }),
    ];
    for (const call of calls) {
      const timedOut = await failure<TimeoutError>(call({ timeout: 40 }));
      expect(timedOut).toBeInstanceOf(TimeoutError);
      expect(timedOut.safeToRetry).toBe(false);
      expect(await c.fetchVal('SELECT 1')).toBe(1);
      const abort = new AbortController();
      const call2 = failure(call({ signal: abort.signal }));
      await pause(20);
      const reason = new Error('enough');
      abort.abort(reason);
      expect(await call2).toBe(reason);
      expect(await c.fetchVal('SELECT 1')).toBe(1);
      await isIdle(observer, c);
    }
  });

  it('send nothing when they have passed before', async () => {
    const flights = new CountingDial();
    const c = await open(version, { dial: flights.dial });
    flights.take();
    const signal = AbortSignal.abort(new Error('before'));
    for (const timeout of [0, -1]) {
      const error = await failure<TimeoutError>(c.fetch({ text: 'SELECT 1', timeout }));
      expect(error).toBeInstanceOf(TimeoutError);
      expect(error.safeToRetry).toBe(true);
      await expect(c.executeMany('SELECT $1::int4', [[1]], { timeout })).rejects.toThrow(
        TimeoutError,
      );
    }
    await expect(c.fetch({ text: 'SELECT 1', signal })).rejects.toThrow('before');
    await expect(c.execute({ text: 'SELECT 1', signal })).rejects.toThrow('before');
    await expect(c.stream({ text: 'SELECT 1', signal }).next()).rejects.toThrow('before');
    expect(flights.take()).toBe(0);
    for (const timeout of [Number.NaN, '5' as never, {} as never]) {
      await expect(c.fetch({ text: 'SELECT 1', timeout })).rejects.toThrow('timeout');
    }
  });

  it('take a call out of the queue before it is sent', async () => {
    const c = await openWithSchema(version);
    await c.execute('CREATE TABLE t (a int4)');
    const abort = new AbortController();
    // The first holds the line while it is prepared.
    const first = c.fetch('SELECT pg_sleep(0.2)');
    const queued = failure(c.execute({ text: 'INSERT INTO t VALUES (1)', signal: abort.signal }));
    abort.abort(new Error('enough'));
    expect((await queued).message).toBe('enough');
    await first;
    expect(await c.fetchVal('SELECT count(*) FROM t')).toBe(0n);
  });

  it('of the connection hold for every call that has none of its own', async () => {
    const c = await open(version, { commandTimeout: 60 });
    for (const call of [
      () => c.fetch('SELECT pg_sleep(30)'),
      () => c.execute('SELECT pg_sleep(30)'),
      () => c.executeMany('SELECT pg_sleep($1)', [[30]]),
      () => collect(c.stream('SELECT pg_sleep(30)')),
      () => c.batch(['SELECT pg_sleep(30)']),
    ]) {
      expect(await failure(call())).toBeInstanceOf(TimeoutError);
    }
    expect(await c.fetchVal({ text: 'SELECT pg_sleep(0.15)::text', timeout: 20_000 })).toBe('');
  });

  it('leave a call behind them alone that is once only, which waits for them', async () => {
    const c = await openWithSchema(version);
    await c.execute('CREATE TABLE t (a int4)');
    const writing: ((numbers: AsyncIterable<[number]>) => Promise<unknown>)[] = [
      (numbers) => c.copyRecordsToTable('t', { records: numbers }),
      (numbers) => c.executeMany('INSERT INTO t VALUES ($1)', numbers),
      (numbers) =>
        c.copyToTable('t', {
          source: (async function* () {
            for await (const [a] of numbers) yield `${a}\n`;
          })(),
        }),
    ];
    for (const write of writing) {
      // What is known is sent at once.
      await write((async function* (): AsyncGenerator<[number]> {})());
      await c.fetch('SELECT pg_sleep($1)', 0);
      await c.execute('TRUNCATE t');
      const abort = new AbortController();
      const sleep = { text: 'SELECT pg_sleep($1)', args: [30], signal: abort.signal };
      let isOver = false;
      const ended = failure(c.fetch(sleep)).finally(() => {
        isOver = true;
      });
      const numbers = async function* (): AsyncGenerator<[number]> {
        expect(isOver).toBe(true);
        yield [1];
        await ended;
        // The cancel has struck, and what is sent behind it has had its time.
        const other = await open(version);
        const isIdle = "SELECT query NOT LIKE '%pg_sleep%' FROM pg_stat_activity WHERE pid = $1";
        while (!(await other.fetchVal(isIdle, c.serverPid)));
        for (let trips = 0; trips < 100; trips++) await other.fetchVal('SELECT 1');
        yield [2];
      };
      const written = write(numbers());
      abort.abort(new Error('enough'));
      await written;
      expect(await c.fetchVal('SELECT sum(a) FROM t')).toBe(3n);
    }
  });

  // The second signal of a server before 18 is late when there is much to do.
  it('leave a COPY behind them alone whose columns have to be looked up first', async () => {
    const copyOften = async (): Promise<void> => {
      const c = await openWithSchema(version);
      await c.execute('CREATE TABLE t (a int4)');
      await c.copyRecordsToTable('t', { records: [] });
      await c.fetch('SELECT pg_sleep($1)', 0);
      for (let round = 0; round < 100; round++) {
        const abort = new AbortController();
        const sleep = { text: 'SELECT pg_sleep($1)', args: [30], signal: abort.signal };
        const ended = failure(c.fetch(sleep));
        const records = async function* (): AsyncGenerator<[number]> {
          yield [1];
          await ended;
        };
        const written = c.copyRecordsToTable('t', { records: records() });
        if (round % 2 === 0) abort.abort(new Error('enough'));
        else setTimeout(() => abort.abort(new Error('enough')), round % 3);
        expect(await written).toBe('COPY 1');
        expect((await ended).message).toBe('enough');
      }
      expect(await c.fetchVal('SELECT count(*) FROM t')).toBe(100n);
    };
    await Promise.all(Array.from({ length: 8 }, copyOften));
  });

  it('leave a stream behind them alone, which cannot give its rows twice', async () => {
    const c = await open(version);
    for (let round = 0; round < 5; round++) {
      const abort = new AbortController();
      const sleep = { text: 'SELECT pg_sleep($1)', args: [30], signal: abort.signal };
      const ended = failure(c.fetch(sleep));
      const rows = collect(c.stream('SELECT n FROM generate_series(1, 20000) n'));
      abort.abort(new Error('enough'));
      expect((await ended).message).toBe('enough');
      expect((await rows).length).toBe(20_000);
    }
  });

  it('leave no timer and no listener behind', async () => {
    const c = await open(version);
    const { signal } = new AbortController();
    const calls = Array.from({ length: 1000 }, (_, i) =>
      c
        .fetchVal({ text: i % 3 === 0 ? 'SELECT 1/0' : 'SELECT 1', signal, timeout: 60_000 })
        .catch(() => {}),
    );
    await Promise.all(calls);
    await c.executeMany('SELECT $1::int4', [[1]], { signal });
    await collect(c.stream({ text: 'SELECT 1', signal }));
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    expect(
      process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length,
    ).toBeLessThan(5);
  });

  it('strike no neighbour, whenever they come', async () => {
    const c = await open(version);
    let [aborted, finished] = [0, 0];
    for (let i = 0; i < 500; i++) {
      const abort = new AbortController();
      const delay = Math.random() * 3;
      const before = c.fetchVal('SELECT $1::int4', i);
      const target = c
        .fetchVal({ text: 'SELECT pg_sleep(0.001)::text', signal: abort.signal })
        .then(
          () => 'finished',
          () => 'aborted',
        );
      const after = [c.fetchVal('SELECT $1::int4', i + 1), c.fetchVal(`SELECT ${i % 10}`)];
      const later = pause(delay).then(() => {
        abort.abort();
        return c.fetchVal('SELECT $1::int4', i + 2);
      });
      expect(await before).toBe(i);
      expect(await Promise.all(after)).toEqual([i + 1, i % 10]);
      expect(await later).toBe(i + 2);
      if ((await target) === 'aborted') aborted += 1;
      else finished += 1;
    }
    expect(aborted).toBeGreaterThan(0);
    expect(aborted + finished).toBe(500);
  });

  it('of a loop that is left strike no COPY and no stream behind it', async () => {
    const c = await open(version);
    await c.execute('CREATE TEMP TABLE t (a int)');
    const query = 'SELECT n, pg_sleep(0.001) FROM generate_series(1, 2) n';
    const first = [
      () => c.stream('SELECT n FROM generate_series(1, 3000) n'),
      () => c.copyRecordsFromQuery('SELECT n FROM generate_series(1, 3000) n'),
    ];
    const behind = [
      () => c.copyRecordsToTable('t', { records: [[1]] }),
      () => c.copyToTable('t', { source: [Buffer.from('1\n')] }),
      () => collect(c.copyRecordsFromQuery(query)),
      () => collect(c.stream(query)),
    ];
    for (let i = 0; i < 24; i++) {
      let next: Promise<unknown> | null = null;
      for await (const _ of first[i % 2]!()) {
        next = behind[(i >> 1) % 4]!();
        if (i % 3 === 0) await pause(i % 4);
        break;
      }
      await next;
    }
    expect(await c.fetchVal('SELECT count(*) FROM t')).toBe(12n);
  });

  it('that overtake their query on the way to the server are sent again', async () => {
    const c = await open(version);
    await c.fetch('SELECT pg_sleep(0)');
    for (let i = 0; i < 40; i++) {
      const abort = new AbortController();
      const call = failure(c.fetch({ text: 'SELECT pg_sleep(60)', signal: abort.signal }));
      if (i % 2 === 1) await Promise.resolve();
      abort.abort(new Error('enough'));
      expect((await call).message).toBe('enough');
      if (i % 4 === 0) expect(await c.fetchVal('SELECT 1')).toBe(1);
    }
    expect(await c.fetchVal('SELECT 1')).toBe(1);
  });

  it('of several calls at once stop each of them', async () => {
    const c = await open(version);
    const abort = new AbortController();
    const calls = Array.from({ length: 5 }, () =>
      failure(c.fetch({ text: 'SELECT pg_sleep(60)', signal: abort.signal })),
    );
    const tail = c.fetchVal('SELECT 1');
    await pause(30);
    abort.abort(new Error('enough'));
    for (const error of await Promise.all(calls)) expect(error.message).toBe('enough');
    expect(await tail).toBe(1);
  });

  it('leave a long neighbour alone that was sent behind', async () => {
    const c = await open(version);
    await c.fetch('SELECT pg_sleep(0)');
    const abort = new AbortController();
    const target = failure(c.fetch({ text: 'SELECT pg_sleep(60)', signal: abort.signal }));
    const neighbour = c.fetchVal('SELECT pg_sleep(6)::text');
    await pause(30);
    abort.abort(new Error('enough'));
    await target;
    // Longer than the time after which a server that does not react is given up.
    expect(await neighbour).toBe('');
  }, 20_000);

  it('fail the transaction that they happen in, and only that', async () => {
    const c = await openWithSchema(version);
    await c.execute('CREATE TABLE t (a int4)');
    const error = await failure(
      c.transaction(async (tx) => {
        await tx.execute('INSERT INTO t VALUES (1)');
        await tx.fetch({ text: 'SELECT pg_sleep(60)', timeout: 30 });
      }),
    );
    expect(error).toBeInstanceOf(TimeoutError);
    expect(c.isInTransaction()).toBe(false);
    await c.transaction(async (tx) => {
      const savepoint = await tx.savepoint();
      await failure(tx.fetch({ text: 'SELECT pg_sleep(60)', timeout: 30 }));
      await savepoint.rollback();
      await tx.execute('INSERT INTO t VALUES (2)');
    });
    expect(await c.fetch('SELECT a FROM t')).toEqual([{ a: 2 }]);
  });

  it('do not stop what the server cancels on its own behalf from being told', async () => {
    const c = await open(version);
    await c.execute("SET statement_timeout = '30ms'");
    const error = await failure<PostgresError>(c.fetch('SELECT pg_sleep(60)'));
    expect(error).toBeInstanceOf(PostgresError);
    expect(error.sqlstate).toBe('57014');
  });
});

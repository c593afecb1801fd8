import { type TracingChannelSubscribers, tracingChannel } from 'node:diagnostics_channel';
import { expect, it, onTestFinished, vi } from 'vitest';
import { createPool, type LoggedQuery, sql } from '../../../src/index.ts';
import { collect, describeEach, failure, open, openWithSchema } from '../../support/connections.ts';
import { serverDsn } from '../../support/servers/server.ts';

describeEach('query loggers and tracers', (version) => {
  it('are told of every kind of call', async () => {
    const c = await openWithSchema(version);
    await c.execute('CREATE TABLE t (a int4)');
    const logged: LoggedQuery[] = [];
    const logger = (query: LoggedQuery) => void logged.push(query);
    c.addQueryLogger(logger);
    c.addQueryLogger(logger);
    const told = () => logged.splice(0).map(({ query, args }) => [query, args]);

    await c.fetch('SELECT $1::int4', 1);
    await c.fetchRow('SELECT $1::int4', 2);
    await c.fetchVal(sql`SELECT ${3}::int4`);
    await c.execute('SELECT 4');
    await c.execute('SELECT $1::int4', 5);
    expect(told()).toEqual([
      ['SELECT $1::int4', [1]],
      ['SELECT $1::int4', [2]],
      ['SELECT $1::int4', [3]],
      ['SELECT 4', []],
      ['SELECT $1::int4', [5]],
    ]);
    const sets = [[1], [2]];
    await c.executeMany('INSERT INTO t VALUES ($1)', sets);
    await c.batch(['SELECT 1', sql`SELECT ${2}::int4`]);
    await collect(c.stream('SELECT $1::int4', 1));
    const statement = await c.prepare('SELECT $1::text');
    await statement.fetch('x');
    expect(told()).toEqual([
      ['INSERT INTO t VALUES ($1)', sets],
      ['SELECT 1;\nSELECT $1::int4', [[], [2]]],
      ['SELECT $1::int4', [1]],
      ['SELECT $1::text', []],
      ['SELECT $1::text', ['x']],
    ]);
    await c.transaction(async () => {
      await c.cursor('SELECT $1::int4', 1).fetch(1);
    });
    expect(told().map(([query]) => query)).toEqual(
      expect.arrayContaining(['SELECT $1::int4', 'COMMIT']),
    );
    await c.copyToTable('t', { source: ['1\n'] });
    await c.copyFromTable('t', { output: () => {} });
    expect(told().map(([query]) => query)).toEqual([
      expect.stringMatching(/^COPY .* FROM STDIN/),
      expect.stringMatching(/^COPY .* TO STDOUT/),
    ]);
    await c.copyFromQuery({ text: 'SELECT $1::int4', args: [7] }, { output: () => {} });
    expect(told()).toEqual([['COPY (\nSELECT $1::int4\n) TO STDOUT', [7]]]);
    c.removeQueryLogger(logger);
    await c.fetch('SELECT 1');
    expect(told()).toEqual([]);
  });

  it('get duration, time-out and error', async () => {
    const c = await open(version);
    const logger = vi.fn<(query: LoggedQuery) => void>();
    c.addQueryLogger(logger);
    await c.fetch({ text: 'SELECT pg_sleep(0.05)', timeout: 5000 });
    const [[slow]] = logger.mock.calls as [[LoggedQuery]];
    expect(slow).toMatchObject({ timeout: 5000, exception: null });
    expect(slow.elapsed).toBeGreaterThanOrEqual(40);
    const error = await failure(c.fetch('SELECT 1/0'));
    expect(logger.mock.lastCall![0].exception).toBe(error);
    expect(logger.mock.lastCall![0].timeout).toBeNull();
    const refused = await failure(c.fetch('SELECT $1::int4', 'x'));
    expect(logger.mock.lastCall![0].exception).toBe(refused);
  });

  it('are told of no failure of rows that are left early', async () => {
    const c = await open(version);
    const told: unknown[] = [];
    c.addQueryLogger(({ query, exception }) => void told.push([query, exception]));
    const many = 'SELECT generate_series(1, 1000000)';
    for await (const _row of c.stream(many)) break;
    for await (const _row of c.copyRecordsFromQuery(many)) break;
    expect(told).toEqual([
      [many, null],
      [many, null],
    ]);
  });

  it('are told the time-out that the call has, whatever it is', async () => {
    const c = await openWithSchema(version);
    await c.execute('CREATE TABLE t (a int4)');
    const statement = (await c.prepare('SELECT $1::int4')).with({ timeout: 5000 });
    const timeout = 5000;
    const query = { text: 'SELECT 1', timeout };
    const calls: Record<string, () => Promise<unknown>> = {
      fetch: () => c.fetch(query),
      script: () => c.execute(query),
      executeMany: () => c.executeMany('INSERT INTO t VALUES ($1)', [[1]], { timeout }),
      fetchMany: () => c.fetchMany('SELECT $1::int4', [[1]], { timeout }),
      batch: () => c.batch([query, { text: 'SELECT 2', timeout: 6000 }, 'SELECT 3']),
      stream: () => collect(c.stream(query)),
      cursor: () => c.cursor(query).fetch(1),
      'statement.fetch': () => statement.fetch(1),
      'statement.executeMany': () => statement.executeMany([[1]]),
      'statement.stream': () => collect(statement.stream(1)),
      'statement.cursor': () => statement.cursor(1).fetch(1),
      copyToTable: () => c.copyToTable('t', { source: ['1\n'], timeout }),
      copyRecordsToTable: () => c.copyRecordsToTable('t', { records: [[1]], timeout }),
      copyFromTable: () => c.copyFromTable('t', { output: () => {}, timeout }),
      copyFromQuery: () => c.copyFromQuery(query, { output: () => {} }),
      copyRecordsFromQuery: () => collect(c.copyRecordsFromQuery(query)),
    };
    await c.transaction(async () => {
      for (const [name, call] of Object.entries(calls)) {
        const told: (number | null)[] = [];
        const logger = (logged: LoggedQuery) => void told.push(logged.timeout);
        c.addQueryLogger(logger);
        await call();
        c.removeQueryLogger(logger);
        expect([name, new Set(told)]).toEqual([name, new Set([5000])]);
      }
    });
  });

  it('that throw what has no text, or come back while they are told, harm no call', async () => {
    const c = await open(version);
    const warnings: Error[] = [];
    const note = (warning: Error): void => void warnings.push(warning);
    process.on('warning', note);
    for (const thrown of [Symbol('mine'), Object.create(null), null]) {
      c.addQueryLogger(() => {
        throw thrown;
      });
    }
    let told = 0;
    const comesBack = (): void => {
      c.removeQueryLogger(comesBack);
      if (told++ < 10) c.addQueryLogger(comesBack);
    };
    c.addQueryLogger(comesBack);
    expect(await c.fetchVal('SELECT 1')).toBe(1);
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', note);
    expect(told).toBe(1);
    expect(warnings.map(({ message }) => message)).toEqual([
      'a query logger failed: Symbol(mine)',
      'a query logger failed: it threw a value that has no text',
      'a query logger failed: null',
    ]);
  });

  it('that fail are reported and harm no call', async () => {
    const c = await open(version);
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => void warnings.push(warning);
    process.on('warning', onWarning);
    c.addQueryLogger(() => {
      throw new Error('mine');
    });
    // biome-ignore lint/nursery/noMisusedPromises: a logger may be asynchronous
    c.addQueryLogger(async () => {
      throw new Error('mine, later');
    });
    expect(await c.fetchVal('SELECT 1')).toBe(1);
    await expect.poll(() => warnings.length).toBe(2);
    expect(warnings.map(({ name }) => name)).toEqual(new Array(2).fill('AsyncpgCallbackWarning'));
    process.off('warning', onWarning);
  });

  it('are told of no question that the driver asks on its own', async () => {
    const c = await openWithSchema(version);
    await c.execute("CREATE TYPE mood AS ENUM ('a')");
    const logger = vi.fn<(query: LoggedQuery) => void>();
    c.addQueryLogger(logger);
    await c.fetch("SELECT 'a'::mood");
    expect(logger).toHaveBeenCalledTimes(1);
  });

  it('trace calls, transactions, COPY, connecting and acquiring on their channels', async () => {
    const events: string[] = [];
    const messages: Record<string, unknown>[] = [];
    for (const name of ['query', 'connect', 'prepare', 'transaction', 'copy', 'pool.acquire']) {
      const note = (event: string) => (message: unknown) => {
        events.push(`${name} ${event}`);
        if (event === 'start') messages.push({ channel: name, ...(message as object) });
      };
      const subscribers = {
        start: note('start'),
        end: () => {},
        asyncStart: () => {},
        asyncEnd: note('asyncEnd'),
        error: note('error'),
      } as TracingChannelSubscribers<object>;
      const channel = tracingChannel(`asyncpg:${name}`);
      channel.subscribe(subscribers);
      onTestFinished(() => channel.unsubscribe(subscribers));
    }
    const took = () => events.splice(0);

    const c = await open(version);
    expect(took()).toEqual(['connect start', 'connect asyncEnd']);
    expect(messages[0]).toMatchObject({ channel: 'connect', user: expect.any(String) });
    expect(JSON.stringify(messages[0])).not.toContain('password');
    await c.fetch('SELECT $1::int4', 1);
    expect(took()).toEqual(['query start', 'query asyncEnd']);
    expect(messages.at(-1)).toMatchObject({
      query: 'SELECT $1::int4',
      args: [1],
      serverPid: c.serverPid,
    });
    await failure(c.fetch('SELECT 1/0'));
    expect(took()).toEqual(['query start', 'query error', 'query asyncEnd']);
    await c.prepare('SELECT 1');
    expect(took()).toEqual(['prepare start', 'prepare asyncEnd']);
    await c.transaction({ readOnly: true }, async (tx) => tx.fetch('SELECT 1'));
    expect(took()).toEqual([
      'transaction start',
      'query start',
      'query asyncEnd',
      'query start',
      'query asyncEnd',
      'transaction asyncEnd',
    ]);
    await c.execute('CREATE TEMP TABLE t (a int4)');
    took();
    await c.copyToTable('t', { source: ['1\n'] });
    expect(took()).toEqual(['copy start', 'copy asyncEnd']);
    await using pool = await createPool(serverDsn(version), { minSize: 1, maxSize: 1 });
    took();
    await pool.release(await pool.acquire());
    expect(took()).toEqual(['pool.acquire start', 'pool.acquire asyncEnd']);
  });
});

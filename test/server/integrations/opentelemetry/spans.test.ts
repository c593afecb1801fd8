import { type Span, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import type { TracedCall } from 'asyncpg/opentelemetry';
import { expect, it, onTestFinished } from 'vitest';
import { contextFor } from '../../../../src/client/connect.ts';
import { resolveConfig } from '../../../../src/config/resolve.ts';
import { type Connection, createPool, type Pool } from '../../../../src/index.ts';
import { SubscriptionHub } from '../../../../src/pool/subscription-hub.ts';
import { openChangeStream } from '../../../../src/replication/index.ts';
import {
  collect,
  describeEach,
  failure,
  open,
  openWithSchema,
} from '../../../support/connections.ts';
import { VirtualClock } from '../../../support/fakes/virtual-clock.ts';
import { until } from '../../../support/pool.ts';
import { LogicalCluster } from '../../../support/replication/logical-cluster.ts';
import { serverDsn } from '../../../support/servers/server.ts';
import { names, traced, useContexts } from './telemetry.ts';

useContexts();

/** Each span as its name, and those inside of it, in the order of their beginnings. */
type Tree = readonly [name: string, ...inside: Tree[]];

function treesOf(spans: readonly ReadableSpan[], parent?: ReadableSpan): Tree[] {
  const ids = new Set(spans.map((span) => span.spanContext().spanId));
  return spans
    .filter(({ parentSpanContext }) =>
      parent === undefined
        ? parentSpanContext === undefined || !ids.has(parentSpanContext.spanId)
        : parentSpanContext?.spanId === parent.spanContext().spanId,
    )
    .toSorted((a, b) => Number(startOf(a) - startOf(b)))
    .map((span) => [span.name, ...treesOf(spans, span)]);
}

const startOf = ({ startTime: [seconds, nanos] }: ReadableSpan): bigint =>
  BigInt(seconds) * 1_000_000_000n + BigInt(nanos);

const MANY = 'SELECT generate_series(1, 1000000)';

describeEach('spans of OpenTelemetry', (version) => {
  it('have the names and attributes of the conventions', async () => {
    const c = await openWithSchema(version);
    const { host, port, pathname } = new URL(serverDsn(version).replace(/^\w+:/, 'http:'));
    await c.execute('CREATE TABLE t (a int4)');
    const spans = traced();
    await c.fetch("SELECT a FROM t WHERE a = $1 AND 'secret' <> 'x' -- secret", 41);
    const [span, ...others] = spans.take();
    expect(others).toEqual([]);
    expect(span).toMatchObject({
      name: 'SELECT t',
      kind: SpanKind.CLIENT,
      status: { code: SpanStatusCode.UNSET },
      instrumentationScope: { name: 'asyncpg' },
    });
    expect(span!.attributes).toEqual({
      'db.system.name': 'postgresql',
      'db.namespace': pathname.slice(1),
      'db.query.summary': 'SELECT t',
      'db.query.text': 'SELECT a FROM t WHERE a = $1 AND ? <> ?',
      'db.operation.name': 'SELECT',
      'server.address': host.split(':')[0],
      'server.port': Number(port),
    });
  });

  it('are made of every kind of call', async () => {
    const c = await openWithSchema(version);
    await c.execute('CREATE TABLE t (a int4)');
    const spans = traced();
    await c.fetchVal('SELECT 1');
    await c.execute('DELETE FROM t; TRUNCATE t');
    await collect(c.stream('SELECT a FROM t'));
    const statement = await c.prepare('SELECT a FROM t WHERE a = $1');
    await statement.fetch(1);
    await c.copyToTable('t', { source: ['1\n'] });
    await c.copyFromTable('t', { output: () => {} });
    await c.transaction(async (tx) => {
      await tx.cursor('SELECT a FROM t').fetch(1);
    });
    const taken = spans.take();
    expect(names(taken).map((name) => name.replace(/"?test_\w+"?\./, ''))).toEqual([
      'SELECT',
      'DELETE t; TRUNCATE t',
      'SELECT t',
      'PREPARE SELECT t',
      'SELECT t',
      expect.stringMatching(/^COPY "?t"?$/),
      expect.stringMatching(/^COPY "?t"?$/),
      'SELECT t',
      'COMMIT',
      expect.stringMatching(/^TRANSACTION /),
    ]);
    expect(taken.map(({ attributes }) => attributes['db.operation.name'])).toEqual([
      'SELECT',
      undefined,
      'SELECT',
      'PREPARE',
      'SELECT',
      'COPY',
      'COPY',
      'SELECT',
      'COMMIT',
      undefined,
    ]);
  });

  it('tell the size of a batch of two and more', async () => {
    const c = await openWithSchema(version);
    await c.execute('CREATE TABLE t (a int4)');
    const spans = traced();
    await c.batch(['INSERT INTO t VALUES (1)', 'INSERT INTO t VALUES (2)']);
    await c.batch(['INSERT INTO t VALUES (1)', 'DELETE FROM t', 'SELECT 3']);
    await c.batch(['SELECT 1']);
    await c.executeMany('INSERT INTO t VALUES ($1)', [[1], [2], [3], [4]]);
    await c.executeMany('INSERT INTO t VALUES ($1)', [[1]]);
    const told = spans
      .take()
      .map(({ name, attributes }) => [
        name,
        attributes['db.operation.name'],
        attributes['db.operation.batch.size'],
      ]);
    expect(told).toEqual([
      ['BATCH INSERT t', 'BATCH INSERT', 2],
      ['BATCH', 'BATCH', 3],
      ['SELECT', 'SELECT', undefined],
      ['BATCH INSERT t', 'BATCH INSERT', 4],
      ['INSERT t', 'INSERT', undefined],
    ]);
  });

  it('have summaries, and so names, of 255 characters at most', async () => {
    const c = await openWithSchema(version);
    const tables = Array.from({ length: 40 }, (_, i) => `table_with_a_name_${i}`);
    await c.execute(tables.map((table) => `CREATE TABLE ${table} ()`).join(';'));
    const spans = traced();
    const query = `SELECT FROM ${tables.join()}`;
    await c.fetch(query);
    await (await c.prepare(query)).close();
    await c.batch([query, query]);
    await c.executeMany(`SELECT $1::int4 FROM ${tables.join()}`, [[1], [2]]);
    const whole = tables.slice(0, 12).join(' ');
    const less = tables.slice(0, 11).join(' ');
    const told = spans.take();
    expect(names(told)).toEqual(told.map(({ attributes }) => attributes['db.query.summary']));
    expect(names(told)).toEqual([
      `SELECT ${whole}`,
      `PREPARE SELECT ${less}`,
      `BATCH SELECT ${whole}`,
      `BATCH SELECT ${whole}`,
    ]);
  });

  it('have the kind of a failure and nothing of its message', async () => {
    const c = await openWithSchema(version);
    await c.execute('CREATE TABLE t (a text PRIMARY KEY)');
    await c.execute('INSERT INTO t VALUES ($1)', 'secret');
    const spans = traced();
    await failure(c.execute('INSERT INTO t VALUES ($1)', 'secret'));
    await failure(c.fetch('SELECT $1::text::int4', 'secret'));
    await failure(c.fetch({ text: 'SELECT pg_sleep(10)', timeout: 20 }));
    await failure(c.fetch('SELECT $1::int4', 'secret'));
    await failure(c.transaction(async () => Promise.reject(new RangeError('secret'))));
    const taken = spans.take().filter(({ name }) => name !== 'ROLLBACK');
    expect(taken.map(({ attributes }) => attributes['db.response.status_code'])).toEqual([
      '23505',
      '22P02',
      undefined,
      undefined,
      undefined,
    ]);
    expect(taken.map(({ attributes }) => attributes['error.type'])).toEqual([
      '23505',
      '22P02',
      'TimeoutError',
      expect.any(String),
      'RangeError',
    ]);
    for (const { status, events, attributes } of taken) {
      expect(status.code).toBe(SpanStatusCode.ERROR);
      expect(JSON.stringify([status, events, attributes])).not.toContain('secret');
    }
  });

  it.each([
    ['a stream', (c: Connection) => c.stream(MANY)],
    ['a stream in text', (c: Connection) => c.stream({ text: MANY, prepare: false })],
    ['rows by COPY', (c: Connection) => c.copyRecordsFromQuery(MANY)],
  ])('of %s that is left early say of no failure', async (_name, stream) => {
    const c = await open(version);
    const spans = traced();
    for await (const _row of stream(c)) break;
    const [span, ...others] = spans.take();
    expect(others).toEqual([]);
    expect(span!.status.code).toBe(SpanStatusCode.UNSET);
    expect(span!.attributes['error.type']).toBeUndefined();
    expect(await c.fetchVal('SELECT 1')).toBe(1);
  });

  it('are inside of the span that is active where the call is made', async () => {
    const c = await openWithSchema(version);
    await c.execute('CREATE TABLE t (a int4)');
    await using pool = await createPool(serverDsn(version), { minSize: 1, maxSize: 1 });
    const spans = traced();
    const inside = async (name: string, work: () => Promise<unknown>): Promise<void> =>
      await spans.tracer.startActiveSpan(name, async (span) => {
        await work();
        span.end();
      });
    await Promise.all([
      inside('one', () => pool.fetch('SELECT 1 FROM pg_class LIMIT 0')),
      inside('two', () => pool.fetch('SELECT 1 FROM pg_type LIMIT 0')),
      inside('three', () => collect(pool.stream('SELECT 1 FROM pg_am LIMIT 0'))),
    ]);
    const trees = treesOf(spans.take());
    const queries = new Map(trees.map(([name, ...children]) => [name, children.at(-1)]));
    expect(queries).toEqual(
      new Map([
        ['one', ['SELECT pg_class']],
        ['two', ['SELECT pg_type']],
        ['three', ['SELECT pg_am']],
      ]),
    );
  });

  it('of a transaction have its queries, and what its callback makes, inside', async () => {
    const c = await openWithSchema(version);
    await c.execute('CREATE TABLE t (a int4)');
    const spans = traced();
    await c.transaction(async (tx) => {
      await tx.execute('INSERT INTO t VALUES (1)');
      await spans.tracer.startActiveSpan('mine', async (mine) => {
        await collect(tx.stream('SELECT a FROM t'));
        mine.end();
      });
      await tx.transaction(async (savepoint) => {
        await savepoint.execute('DELETE FROM t');
      });
    });
    await c.fetch('SELECT 1');
    const database = new URL(serverDsn(version)).pathname.slice(1);
    const outer: Tree = [
      `TRANSACTION ${database}`,
      ['INSERT t'],
      ['mine', ['SELECT t']],
      [`TRANSACTION ${database}`, ['SAVEPOINT'], ['DELETE t'], ['RELEASE']],
      ['COMMIT'],
    ];
    const [transaction, ...others] = treesOf(spans.take());
    expect(transaction).toEqual(outer);
    expect(others).toEqual([['SELECT']]);
  });

  it.each([
    ['one holder', (pool: Pool) => pool.withConnection((c) => c.fetch('SELECT 1'))],
    ['a call that shares', (pool: Pool) => pool.fetch('SELECT 1')],
  ])('of getting a connection for %s have that of opening it inside', async (_for, ask) => {
    await using pool = await createPool(serverDsn(version), { minSize: 0, maxSize: 1 });
    const spans = traced();
    await ask(pool);
    const database = new URL(serverDsn(version)).pathname.slice(1);
    expect(treesOf(spans.take())).toEqual([
      [`ACQUIRE ${database}`, [`CONNECT ${database}`]],
      ['SELECT'],
    ]);
  });

  it('of what a pool does by itself are in no other one', async () => {
    const admin = await open(version);
    const spans = traced();
    const inside = <R>(work: () => Promise<R>): Promise<R> =>
      spans.tracer.startActiveSpan('mine', (mine) => work().finally(() => mine.end()));
    const init = async (connection: Connection): Promise<void> =>
      void (await connection.execute('SELECT 1 AS of_init'));
    await using pool = await inside(() => createPool(serverDsn(version), { minSize: 1, init }));
    await using _subscription = await inside(() => pool.listen('by_itself', () => {}));
    const database = new URL(serverDsn(version)).pathname.slice(1);
    const opening: Tree[] = [[`CONNECT ${database}`], ['SELECT']];
    const listening: Tree[] = [[`CONNECT ${database}`], ['LISTEN']];
    expect(treesOf(spans.take())[0]).toEqual(['mine', ...opening]);
    const kill =
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE $1 || '%'";
    for (const [query, tree] of [
      ['SELECT 1 AS of_init', opening],
      ['LISTEN "by_itself"', listening],
      ['SELECT 1 AS of_init', opening],
    ] as const) {
      await inside(() => admin.execute(kill, query));
      const found: ReadableSpan[] = [];
      await until(() => found.push(...spans.take()) > tree.length + 1);
      expect(treesOf(found)).toEqual([['mine', ['SELECT pg_stat_activity']], ...tree]);
      // Not those of before either, which were taken.
      const roots = found.filter(({ parentSpanContext }) => parentSpanContext === undefined);
      expect(roots).toHaveLength(1 + tree.length);
    }
  });

  it('of signs of life that a pool asks for are in no other one', async () => {
    const spans = traced();
    const clock = new VirtualClock();
    const hub = new SubscriptionHub({
      ...contextFor(resolveConfig(serverDsn(version), {})),
      clock,
    });
    await spans.tracer.startActiveSpan('mine', async (mine) => {
      await hub.subscribe('sign_of_life', () => {}, null);
      mine.end();
    });
    spans.take();
    // A timer runs in the context in which it was made; this one in that of whoever lets time pass.
    await spans.tracer.startActiveSpan('timer', () => clock.advance(30_000));
    const found: ReadableSpan[] = [];
    await until(() => found.push(...spans.take()) > 0);
    expect(found.map(({ name, parentSpanContext }) => [name, parentSpanContext])).toEqual([
      ['SELECT', undefined],
    ]);
    await hub.close();
  });

  it('of what a change stream asks now and then are in no other one', async () => {
    await using server = await LogicalCluster.start(version);
    await server.pool.execute('CREATE TABLE t (a int4); CREATE PUBLICATION t FOR TABLE t');
    const spans = traced();
    const options = { slot: 'asks', publication: 't', statusInterval: 50, onSlotWarning() {} };
    const open = (): Promise<AsyncDisposable> => openChangeStream(server.pool, options);
    await using _stream = await spans.tracer.startActiveSpan('mine', open);
    spans.take();
    const found: ReadableSpan[] = [];
    await until(() => found.push(...spans.take()) >= 2);
    expect(treesOf(found).flat().slice(0, 2)).toEqual([
      'CONNECT postgres',
      'SELECT pg_catalog.pg_replication_slots',
    ]);
    expect(found.filter(({ parentSpanContext }) => parentSpanContext !== undefined)).toEqual([]);
  });

  it('are there for what has a parent alone, if so wanted', async () => {
    const c = await open(version);
    const spans = traced({ requireParentSpan: true });
    await c.fetch('SELECT 1');
    await c.transaction(async (tx) => tx.fetch('SELECT 1'));
    expect(spans.take()).toEqual([]);
    await spans.tracer.startActiveSpan('mine', async (span) => {
      await c.fetch('SELECT 1');
      span.end();
    });
    expect(treesOf(spans.take())).toEqual([['mine', ['SELECT']]]);
  });

  it('leave the text out, if so wanted', async () => {
    const c = await open(version);
    const spans = traced({ captureQueryText: false });
    await c.fetch('SELECT 1');
    const [span] = spans.take();
    expect(span!.attributes).not.toHaveProperty(['db.query.text']);
    expect(span!.attributes).toHaveProperty(['db.query.summary'], 'SELECT');
  });

  it('are told to the server in a comment, if so wanted', async () => {
    const c = await openWithSchema(version);
    await c.execute('CREATE TABLE t (a text)');
    const own = 'SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid()';
    expect(await c.fetchVal({ text: own, prepare: false })).toBe(own);
    const spans = traced({ traceContext: true });
    const comments = (): string[] =>
      spans.take().map((span) => {
        const { traceId, spanId } = span.spanContext();
        return `/*traceparent='00-${traceId}-${spanId}-01'*/`;
      });
    expect(await c.fetchVal(own)).toBe(`${own} ${comments()[0]}`);
    expect(await c.fetchVal(`${own} AND $1 -- end`, true)).toBe(
      `${own} AND $1 -- end\n${comments()[0]}`,
    );
    expect((await collect(c.stream(own)))[0].query).toBe(`${own} ${comments()[0]}`);
    await c.transaction(async (tx) => {
      const [row] = await collect(tx.stream(own));
      expect(row.query).toBe(`${own} ${comments()[0]}`);
    });
    spans.take();
    // What is seen of sessions is kept for a transaction.
    const forget = 'SELECT pg_stat_clear_snapshot()';
    const [first, , second] = await c.batch([own, forget, `${own} LIMIT 1`]);
    const [comment, ...others] = comments();
    expect(others).toEqual([]);
    expect(first.rows[0].query).toBe(`${own} ${comment}`);
    expect(second.rows[0].query).toBe(`${own} LIMIT 1 ${comment}`);
    const insert = `INSERT INTO t ${own} AND $1`;
    await c.executeMany(insert, [[true], [true]]);
    await c.execute(`INSERT INTO t ${own}; INSERT INTO t ${own}`);
    const [many, script] = comments();
    expect(await c.fetch('SELECT DISTINCT a FROM t')).toHaveLength(2);
    expect(await c.fetchVal('SELECT a FROM t WHERE a LIKE $1 LIMIT 1', `%${many}`)).toBe(
      `${insert} ${many}`,
    );
    expect(await c.fetchVal('SELECT count(*) FROM t WHERE a LIKE $1', `%${script}`)).toBe(2n);
    // The server keeps none of them, and places in a text are those of the program's.
    expect(await c.fetchVal('SELECT count(*) FROM pg_prepared_statements')).toBe(0n);
    expect(await failure(c.fetch('SELECT nothing'))).toMatchObject({ position: 8 });
    spans.stop();
    expect(await c.fetchVal({ text: own, prepare: false })).toBe(own);
  });

  it('are shown to hooks, whose failures harm no call', async () => {
    const c = await open(version);
    const calls: TracedCall[] = [];
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => void warnings.push(warning);
    process.on('warning', onWarning);
    onTestFinished(() => void process.off('warning', onWarning));
    const hook = (span: Span, call: TracedCall): void => {
      calls.push(call);
      span.setAttribute('mine', true);
      throw new Error('mine');
    };
    const spans = traced({ onSpanStart: hook, onSpanEnd: hook });
    const error = await failure(c.fetch('SELECT 1/$1::int4', 0));
    expect(calls).toEqual([
      { kind: 'query', query: 'SELECT 1/$1::int4', error: undefined },
      { kind: 'query', query: 'SELECT 1/$1::int4', error },
    ]);
    expect(spans.take()[0]!.attributes).toMatchObject({ mine: true, 'error.type': '22012' });
    await expect.poll(() => warnings.length).toBe(2);
  });
});

/** What users of other drivers write out of habit, and what they are told. */
import { expect, it, vi } from 'vitest';
import { connect, createPool } from '../../../src/index.ts';
import { describeEach, failure, open } from '../../support/connections.ts';
import { serverDsn } from '../../support/servers/server.ts';

describeEach('a habit', (version) => {
  it('of passing the arguments as an array is answered', async () => {
    const c = await open(version);
    const two = await failure(c.fetch('SELECT $1::int4, $2::text', [1, 'a']));
    expect(two.message).toBe(
      'the server expects 2 arguments for this query, 1 was passed: query argument $2 is missing\n' +
        'HINT:  Arguments are passed one after the other, not as an array: fetch(query, ...args).',
    );
    const one = await failure(c.fetch('SELECT $1::int4', [7]));
    expect(one.message).toMatch(/got an array\nHINT: {2}Arguments are passed one after the other/);
    const none = await failure(c.fetch('SELECT $1::int4, $2::int4', 1));
    expect(none.message).toMatch(/HINT: {2}Check the query against/);
    const query = { text: 'SELECT $1::int4, $2::int4', args: [[1, 2]] };
    const copy = c.copyFromQuery(query, { output() {} });
    expect((await failure(copy)).message).toMatch(/HINT: {2}Arguments are passed one after/);
  });

  it('of IN ($1) with an array is answered by = ANY', async () => {
    const c = await open(version);
    const error = await failure(c.fetch('SELECT 1 WHERE 1 IN ($1)', [1, 2]));
    expect(error.message).toMatch(/= ANY\(\$1\), which takes an array/);
    expect(await c.fetchVal('SELECT 1 = ANY($1::int4[])', [1, 2])).toBe(true);
    // A value inside a list, and a list of lists, are no such habit.
    const inner = await failure(c.fetch('SELECT $1::int4[]', ['x']));
    expect(inner.message).not.toMatch(/ANY/);
    expect((await failure(c.fetch('SELECT $1::int4', 'x'))).message).not.toMatch(/HINT/);
    // So are types whose values are arrays, and what an encoder of the user's makes of one.
    const cycle: unknown[] = [];
    cycle.push(cycle);
    await c.setTypeCodec('uuid', { schema: 'pg_catalog', encoder: (value) => value as never });
    for (const [type, value, message] of [
      ['json', cycle, 'the value has no JSON form'],
      ['jsonb', cycle, 'the value has no JSON form'],
      ['point', [1], 'expected a Point or [x, y], got an array of 1'],
      ['box', [[1, 2], 3], 'low of a Box must be'],
      ['tid', [1], 'expected [block, offset], got an array of 1'],
      ['tid', [[1], 2], 'expected the block as an integer, got an array'],
      ['txid_snapshot', [1n], 'expected a snapshot [xmin, xmax, [xip]], got an array of 1'],
      [
        'txid_snapshot',
        [1n, 2n, 3n],
        'expected the transaction ids as an array, got the bigint 3n',
      ],
      ['int4range', [1], 'expected a Range or [lower, upper], got 1 elements'],
      ['int4[]', cycle, 'at most 6 dimensions'],
      ['uuid', [1], 'expected the encoder of uuid to return a string, got an array'],
    ] as const) {
      const error = await failure(c.fetch(`SELECT $1::${type}`, value));
      expect(error.message).toContain(message);
      expect(error.message).not.toMatch(/HINT/);
    }
    for (const type of ['bool', 'text', 'numeric', 'timestamptz', 'bytea', 'inet', 'interval']) {
      const error = await failure(c.fetch(`SELECT $1::${type}`, [1]));
      expect(error.message).toMatch(/got an array\nHINT: {2}Arguments are passed one after/);
    }
    const many = await failure(c.executeMany('SELECT $1::int4', [[[1]]]));
    expect(many.message).not.toMatch(/one after the other/);
  });
});

it.each([
  ['max', 'maxSize'],
  ['idleTimeoutMillis', 'maxInactiveConnectionLifetime'],
  ['connectionTimeoutMillis', 'acquireTimeout'],
  ['connectionString', 'first argument'],
  ['statement_timeout', 'serverSettings'],
  ['application_name', 'applicationName'],
  ['username', '"user"'],
])('the option %s is unknown, and the hint names %s', async (name, word) => {
  const error = await failure(createPool(serverDsn(), { [name]: 1 } as never));
  expect(error.message).toMatch(new RegExp(`^unknown option "${name}"\nHINT: .*${word}`));
});

it.each([
  ['query', 'fetch(text, ...args)'],
  ['connect', 'acquire()'],
  ['end', 'close()'],
  ['on', 'listen()'],
  ['unsafe', 'fetch(text'],
  ['oneOrNone', 'fetchRow()'],
  ['fetchrow', 'fetchRow()'],
])('the method %s is not there, and the hint names %s', async (name, word) => {
  await using pool = await createPool(serverDsn(), { minSize: 0 });
  const error = await failure(
    (async () =>
      (pool as never as Record<string, (...args: unknown[]) => unknown>)[name]!('SELECT 1', []))(),
  );
  expect(error.name).toBe('InterfaceError');
  expect(error.message).toMatch(new RegExp(`^there is no method ${name}\\(\\)\nHINT: `));
  expect(error.message).toContain(word);
  expect(error).toMatchObject({ safeToRetry: true });
});

it('client.release() is answered, and what there is of these names is what it was', async () => {
  await using pool = await createPool(serverDsn(), { minSize: 0, rows: 'object' });
  const client = await pool.acquire();
  expect(() => (client as never as { release(): void }).release()).toThrow(/pool\.release\(conn/);
  await client.transaction(async (tx) => {
    expect(() => (tx as never as { query(text: string): void }).query('x')).toThrow(/fetch\(text/);
    expect(() => (tx as never as { release(): void }).release()).toThrow(/await using/);
  });
  const begun = await client.begin();
  await begun.rollback();
  await pool.release(client);
  expect(pool.stats.idle).toBe(1);
  for (const name of ['query', 'end']) expect(Object.keys(pool)).not.toContain(name);
});

it('.rows of a result is refused by the compiler', async () => {
  const c = await connect(serverDsn());
  const result = await c.fetch<{ id: number }>('SELECT 1 AS id');
  // @ts-expect-error a result is the rows
  expect(result.rows).toBeUndefined();
  const tag = await c.execute('SELECT 1');
  // @ts-expect-error a command tag is text; rowsAffected() reads it
  expect(tag.rowCount).toBeUndefined();
  await c.close();
});

it('an option of nobody has no hint', async () => {
  for (const name of ['maximum', 'toString', '__proto__x']) {
    const error = await failure(connect(serverDsn(), { [name]: 1 } as never));
    expect(error.message).toBe(`unknown option "${name}"`);
  }
});

it.each([
  ['pgbouncer=true', 'statementCacheSize: 0'],
  ['schema=public', 'search_path=NAME'],
  ['connection_limit=5', 'maxSize'],
  ['sslaccept=strict', 'sslmode=verify-full'],
])('the parameter ?%s of a DSN is told of before connecting', async (parameter, word) => {
  const error = await failure(connect(`postgres://ada:secret@127.0.0.1:1/shop?${parameter}`));
  expect(error.name).toBe('ClientConfigurationError');
  expect(error.message).toMatch(`the DSN has the parameter "${parameter.split('=')[0]}"`);
  expect(error.message).toMatch(word);
  expect(error.message).not.toMatch('secret');
});

it('a row that a serializer takes for a list is warned of once, with what to do', async () => {
  const emit = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  await using connection = await connect(serverDsn());
  const row = await connection.fetchOne('SELECT 1 AS id, 2 AS serialized_row');
  const [id] = row;
  expect(id).toBe(1);
  expect(emit).not.toHaveBeenCalled();
  const next = await connection.fetchOne('SELECT 1 AS id, 3 AS serialized_too');
  // As React's Flight does with whatever has an iterator.
  const renderModelDestructive = (value: Iterable<unknown>): unknown => Array.from(value);
  expect(renderModelDestructive(next)).toEqual([1, 3]);
  expect(renderModelDestructive(await connection.fetchOne('SELECT 4 AS again'))).toEqual([4]);
  expect(emit).toHaveBeenCalledTimes(1);
  const [warning] = emit.mock.calls[0]! as unknown as [Error];
  expect(warning.name).toBe('AsyncpgSerializedRowWarning');
  expect(warning.message).toMatch(/rows: 'object'/);
});

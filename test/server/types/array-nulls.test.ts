/** NULL in arrays that are sent as text, which a server with array_nulls = off reads as the string "NULL". */
import { expect, it, onTestFinished } from 'vitest';
import {
  type Connection,
  type ConnectOptions,
  createPool,
  InvalidArgumentError,
  type Queryable,
} from '../../../src/index.ts';
import { collect, describeEach, failure, open, openWithSchema } from '../../support/connections.ts';
import { CountingDial } from '../../support/counting-dial.ts';
import { serverDsn, type TestedVersion } from '../../support/servers/server.ts';

const TEXT = 'SELECT ($1::xml[])[1] IS NULL AS v';

/** Ways to ask with one argument. */
const WAYS: Readonly<
  Record<string, (c: Queryable, text: string, arg: unknown) => Promise<unknown>>
> = {
  fetchVal: (c, text, arg) => c.fetchVal(text, arg),
  'prepare: false': (c, text, arg) => c.fetchVal({ text, args: [arg], prepare: false }),
  batch: async (c, text, arg) =>
    (await c.batch(['SELECT 1', { text, args: [arg] }]))[1]!.rows[0]!['v'],
  fetchMany: async (c, text, arg) => (await c.fetchMany(text, [[null], [arg]]))[1]!['v'],
  stream: async (c, text, arg) => (await collect(c.stream(text, arg)))[0]!['v'],
  'COPY of a query': async (c, text, arg) => {
    let copied = '';
    const output = (chunk: Uint8Array): void => {
      copied += Buffer.from(chunk).toString();
    };
    await c.copyFromQuery({ text, args: [arg] }, { output });
    return copied.startsWith('t');
  },
};

/** A connection for which types are made: `pair` with an array in it, `list` over an array, `mood` with a codec. */
async function openWithTypes(version: TestedVersion, options: ConnectOptions = {}) {
  const c = await openWithSchema(version, options);
  await c.execute(`CREATE TYPE pair AS (a int4, b xml[]); CREATE DOMAIN list AS xml[];
    CREATE TYPE mood AS ENUM ('NULL', 'a')`);
  const schema = (await c.fetchVal<string>('SELECT current_schema()'))!;
  await c.setTypeCodec('mood', { schema, encoder: String, decoder: (text: string) => text });
  return c;
}

/** Arguments with a NULL in an array, and the same without. */
const VALUES: readonly (readonly [type: string, withNull: unknown, without: unknown])[] = [
  ['xml[]', ['<a/>', null], ['NULL']],
  ['xml[]', [['a'], [null]], [['a'], ['null']]],
  ['pair', { a: 1, b: [null] }, { a: null, b: ['NULL'] }],
  ['pair[]', [null], [{ a: 1, b: null }]],
  ['pair[]', [{ a: 1, b: [null] }], []],
  ['list', [null], ['a']],
  ['mood[]', [null], ['NULL', 'a']],
];

const refused = expect.objectContaining({
  name: 'InvalidArgumentError',
  message: expect.stringContaining(
    'a NULL in an array has no text in a session with array_nulls = off',
  ),
});

describeEach('NULL in an array that is sent as text', (version) => {
  it.each(Object.keys(WAYS))('is never the string NULL, by %s', async (name) => {
    const way = WAYS[name]!;
    const c = await open(version);
    expect(await way(c, TEXT, [null])).toBe(true);
    await c.execute('SET array_nulls = off');
    expect(await failure(way(c, TEXT, [null]))).toEqual(refused);
    expect(await way(c, TEXT, ['NULL'])).toBe(false);
    await c.execute('SET array_nulls TO true');
    expect(await way(c, TEXT, [null])).toBe(true);
    await c.transaction(async (tx) => {
      await tx.execute("SET LOCAL array_nulls = 'no'");
      expect(await failure(way(tx, TEXT, [null]))).toEqual(refused);
      expect(await way(tx, TEXT, ['a'])).toBe(false);
    });
    expect(await way(c, TEXT, [null])).toBe(true);
    const off = c.with({ settings: { array_nulls: 'off' } });
    expect(await failure(way(off, TEXT, [null]))).toEqual(refused);
    const sent = c.fetchVal("SELECT set_config('array_nulls', $1, false)", '0');
    expect(await failure(way(c, TEXT, [null]))).toEqual(refused);
    await sent;
    await c.execute('RESET ALL');
    expect(await way(c, TEXT, [null])).toBe(true);
  });

  it.each(Object.keys(WAYS))('is not where the session has begun so, by %s', async (name) => {
    const way = WAYS[name]!;
    const c = await open(version, { serverSettings: { array_nulls: 'off' } });
    expect(await failure(way(c, TEXT, [null]))).toEqual(refused);
    expect(await way(c, TEXT, ['NULL'])).toBe(false);
    await c.transaction(async (tx) => {
      await tx.execute('SET LOCAL array_nulls = on');
      expect(await way(tx, TEXT, [null])).toBe(true);
    });
    expect(await failure(way(c, TEXT, [null]))).toEqual(refused);
    await c.execute('SET array_nulls = on; RESET array_nulls');
    expect(await failure(way(c, TEXT, [null]))).toEqual(refused);
    await c.execute('SET array_nulls = on');
    expect(await way(c, TEXT, [null])).toBe(true);
  });

  it.each(VALUES)(
    'is refused within %s %j, and other values arrive',
    async (type, withNull, without) => {
      const on = await openWithTypes(version);
      const text = `SELECT $1::${type}::text`;
      const expected = await on.fetchVal(text, without);
      for (const read of [(c: Connection, value: unknown) => c.fetchVal(text, value), copied]) {
        expect(await read(on, without)).toBe(expected);
        expect(await read(on, withNull)).toMatch(/NULL/);
      }
      const off = await openWithTypes(version, { serverSettings: { array_nulls: 'off' } });
      for (const read of [(c: Connection, value: unknown) => c.fetchVal(text, value), copied]) {
        expect(await failure(read(off, withNull))).toEqual(refused);
        expect(await read(off, without)).toBe(expected);
      }

      async function copied(c: Connection, value: unknown): Promise<unknown> {
        // With the type of a codec that is the user's the text format is taken.
        await c.execute(`DROP TABLE IF EXISTS t; CREATE TABLE t (v ${type}, m mood)`);
        await c.copyRecordsToTable('t', { records: [[value, null]] });
        return c.fetchVal('SELECT v::text FROM t');
      }
    },
  );

  it('is refused in the row that has it, of which none is left', async () => {
    const c = await openWithTypes(version, { serverSettings: { array_nulls: 'off' } });
    await c.execute('CREATE TABLE t (v xml[], m mood)');
    const records = [
      [['a'], 'a'],
      [['b', null], 'a'],
    ];
    const copy = await failure(c.copyRecordsToTable('t', { records }));
    expect(copy).toBeInstanceOf(InvalidArgumentError);
    expect(copy.message).toMatch(/row 1, column "v" \(xml\[\]\)/);
    const sets = (async function* () {
      yield* records;
    })();
    const many = await failure(c.executeMany('INSERT INTO t VALUES ($1, $2)', sets));
    expect(many.message).toMatch(/query argument \$1 in row 1 \(xml\[\]\)/);
    expect(await c.fetchVal('SELECT count(*) FROM t')).toBe(0n);
  });

  it('is what each holder of a pool has set', async () => {
    const pool = await createPool(serverDsn(version), { minSize: 0, maxSize: 1 });
    onTestFinished(() => pool.terminate());
    for (let round = 0; round < 2; round++) {
      await pool.withConnection(async (c) => {
        await c.execute('SET array_nulls = off');
        expect(await failure(c.fetchVal(TEXT, [null]))).toEqual(refused);
      });
      expect(await pool.fetchVal(TEXT, [null])).toBe(true);
    }
  });

  it('is asked for once in a session, and not for what is sent in binary', async () => {
    const flights = new CountingDial();
    const c = await open(version, { dial: flights.dial });
    await c.fetchVal('SELECT ($1::int4[])[1]', [null]);
    flights.take();
    expect(await c.fetchVal('SELECT ($1::int4[])[1]', [null])).toBe(null);
    expect(flights.take()).toBe(1);
    await c.fetchVal(TEXT, [null]);
    flights.take();
    for (const way of ['fetchVal', 'fetchMany', 'stream']) await WAYS[way]!(c, TEXT, [null]);
    expect(flights.take()).toBe(3);
  });
});

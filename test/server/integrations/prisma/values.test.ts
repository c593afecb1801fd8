import { expect, it } from 'vitest';
import { describeEach, failure } from '../../../support/connections.ts';
import { type Argument, type Both, failuresOf, openBoth, queryOf, resultsOf } from './both.ts';

/** Literals of each type that Prisma has one for. */
const TYPES: Record<string, string[]> = {
  bit: ['1'],
  bool: ['t', 'f'],
  bpchar: ['x '],
  bytea: ['\\x00ff', ''],
  cidr: ['10.0.0.0/8'],
  date: ['2024-02-29', '0001-01-01', '9999-12-31', 'infinity', '-infinity'],
  float4: ['1.1', 'NaN', '-Infinity', '3.4e38', '-0'],
  float8: ['1.1', 'NaN', 'Infinity', '1e300', '-0'],
  inet: ['10.0.0.1/8', '::1'],
  int2: ['-32768'],
  int4: ['2147483647', '-1'],
  int8: ['9223372036854775807', '-9223372036854775808', '0'],
  json: ['{"a" : [1, 2.50], "a": null}', '"\\u00e4"'],
  jsonb: ['{"a" : [1, 2.50]}', 'null'],
  money: ['12.34', '0'],
  numeric: ['1.50', 'NaN', '123456789012345678901234567890.123', '-Infinity'],
  oid: ['42', '4294967295'],
  text: ['a "b" {c}, \\ NULL', ''],
  time: ['12:34:56.789012', '24:00'],
  timestamp: ['2024-02-29 12:34:56.123456', '2024-01-01', '0001-01-01 00:00'],
  timestamptz: ['2024-02-29 12:34:56.1+02:30', '-infinity'],
  uuid: ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
  varbit: ['101', ''],
  varchar: ['ä€😀'],
  xml: ['<a/>'],
};
/** Those of which Prisma has no lists. */
const ALONE: Record<string, string[]> = {
  name: ['n'],
  timetz: ['12:34:56.7+02'],
};

describeEach('values of Prisma’s client', (version) => {
  it('are those of its own adapter, type by type and in arrays', async () => {
    const both = await openBoth(version);
    for (const [type, literals] of Object.entries({ ...TYPES, ...ALONE })) {
      for (const literal of literals) {
        const value = `'${literal}'::${type}`;
        const array = `ARRAY[${value}, NULL, ${value}], '{}'::${type}[], ARRAY[[${value}], [NULL::${type}]]`;
        const columns = type in ALONE ? value : `${value}, ${array}`;
        const { their, our } = await resultsOf(both, `SELECT ${columns}, NULL::${type} AS none`);
        expect(our).toEqual(their);
      }
    }
  });

  it('of types that users have made are text', async () => {
    const both = await openBoth(version);
    const schema = `prisma_${process.pid}_${version}`;
    await both.ours.executeScript(`CREATE SCHEMA ${schema};
      CREATE TYPE ${schema}.mood AS ENUM ('sad', 'so so');
      CREATE TYPE ${schema}.pair AS (a int4, b text);
      CREATE DOMAIN ${schema}.age AS int4 CHECK (VALUE > 0)`);
    try {
      const sql = `SELECT 'so so'::${schema}.mood, ARRAY['so so', 'sad']::${schema}.mood[],
        ROW(1, 'x')::${schema}.pair, 7::${schema}.age, ARRAY[7]::${schema}.age[]`;
      const { their, our } = await resultsOf(both, sql);
      expect(our).toEqual(their);
      expect(our.rows).toEqual([['so so', '{"so so",sad}', '(1,x)', 7, '{7}']]);
    } finally {
      await both.ours.executeScript(`DROP SCHEMA ${schema} CASCADE`);
    }
  });

  it('of other types are refused by name', async () => {
    const both = await openBoth(version);
    for (const value of [
      "'(1,2)'::point",
      "'1 day'::interval",
      "'08:00:2b:01:02:03'::macaddr",
      "'[1,2)'::int4range",
      "'a'::tsvector",
      "'0/1'::pg_lsn",
      "'int4'::regtype",
      '\'c\'::"char"',
      "''::void",
      'ROW(1, 2)',
    ]) {
      const { their, our } = await failuresOf(both, (adapter) =>
        adapter.queryRaw(queryOf(`SELECT ${value}`)),
      );
      expect(our).toEqual(their);
      expect(our).toMatchObject({ cause: { kind: 'UnsupportedNativeDataType' } });
    }
    const error = await failure(both.ours.queryRaw(queryOf("SELECT ARRAY['(1,2)'::point]")));
    expect(error['cause']).toEqual({ kind: 'UnsupportedNativeDataType', type: 'point[]' });
  });

  it('are right where its own adapter’s are not', async () => {
    const { ours } = await openBoth(version);
    const valuesOf = async (sql: string) => (await ours.queryRaw(queryOf(sql))).rows[0];
    expect(
      await valuesOf(`SELECT '-1234567.8'::money, ARRAY['1000'::money], '{a}'::"char"[],
        '0044-03-15 BC'::date, '12024-01-01'::date, '0044-03-15 01:02 BC'::timestamp, 
        '12024-01-01 10:00'::timestamptz AT TIME ZONE 'UTC', 'infinity'::timestamp`),
    ).toEqual([
      '-1234567.80',
      ['1000.00'],
      ['a'],
      '-000043-03-15',
      '+012024-01-01',
      '-000043-03-15T01:02:00+00:00',
      expect.stringMatching(/^\+012024-01-01T\d\d:00:00\+00:00$/),
      'infinity',
    ]);
  });

  it('do not depend on the session’s time zone and style of dates', async () => {
    const { ours } = await openBoth(version);
    const tx = await ours.startTransaction();
    await tx.executeRaw(queryOf("SET LOCAL TIME ZONE 'Asia/Tokyo'"));
    await tx.executeRaw(queryOf("SET LOCAL DateStyle = 'German'"));
    const sql = `SELECT $1::timestamptz, $1::timestamptz = '2024-05-06 07:08:09.123456Z',
      ARRAY[$1::timestamptz], $2::timestamptz[] = ARRAY['2024-05-06 00:00Z'::timestamptz],
      $3::timetz = '07:08:09Z'::timetz, $1::timestamp, $4::date, $5::time`;
    const { rows } = await tx.queryRaw(
      queryOf(
        sql,
        ['2024-05-06T09:08:09.123456+02:00', 'datetime'],
        [['2024-05-06T00:00:00Z'], 'datetime', 'TIMESTAMPTZ', 'list'],
        ['1970-01-01T07:08:09Z', 'datetime', 'TIMETZ'],
        ['2024-05-06T00:00:00.000Z', 'datetime', 'DATE'],
        ['1970-01-01T07:08:09.5Z', 'datetime', 'TIME'],
      ),
    );
    const time = '2024-05-06T07:08:09.123456+00:00';
    expect(rows[0]!.slice(0, 5)).toEqual([time, true, [time], true, true]);
    expect(rows[0]!.slice(6)).toEqual(['2024-05-06', '07:08:09.5']);
    await tx.rollback();
  });

  it('come from the last statement of a script as well', async () => {
    const { ours } = await openBoth(version);
    const { rows } = await ours.queryRaw(
      queryOf(`SELECT 1; SELECT 1::int8, '2024-05-06 07:08:09.5'::timestamp, '2024-05-06'::date,
        '07:08:09+02'::timetz, '{1,2}'::int4[], '{"a":1}'::jsonb, '\\x00'::bytea, true`),
    );
    expect(rows).toEqual([
      [
        '1',
        '2024-05-06T07:08:09.5+00:00',
        '2024-05-06',
        '07:08:09',
        [1, 2],
        '{"a":1}',
        Buffer.from([0]),
        true,
      ].map((value) => (value === '{"a":1}' ? '{"a": 1}' : value)),
    ]);
  });
});

describeEach('arguments of Prisma’s client', (version) => {
  /** As text, by which it shows what the server has understood. */
  async function check(both: Both, type: string, ...args: Argument[]): Promise<string[]> {
    const seen: string[] = [];
    for (const argument of args) {
      const { their, our } = await resultsOf(both, `SELECT $1::${type}::text AS seen`, argument);
      expect(our).toEqual(their);
      seen.push(our.rows[0]![0] as string);
    }
    return seen;
  }

  it('are understood as those of its own adapter', async () => {
    const both = await openBoth(version);
    await check(both, 'int4', [5, 'int'], ['5', 'int'], [null, 'int'], [-0, 'int']);
    await check(both, 'int8', ['9223372036854775807', 'bigint'], [5n, 'bigint'], [5, 'bigint']);
    await check(both, 'float8', [1.5, 'float'], [1e300, 'float'], ['NaN', 'float']);
    await check(both, 'numeric', ['1.50', 'decimal'], [2, 'decimal'], ['NaN', 'decimal']);
    await check(both, 'bool', [true, 'boolean'], [false, 'boolean'], ['t', 'boolean']);
    await check(both, 'text', ['ä "€" \\', 'string'], ['', 'string'], [5, 'unknown']);
    await check(both, 'uuid', ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'uuid']);
    await check(both, 'jsonb', ['{"a": [1]}', 'json'], [{ a: [1, 'x'] }, 'unknown']);
    await check(both, 'json', ['[1, 2]', 'json'], ['null', 'json']);
    await check(both, 'bytea', ['AP8=', 'bytes'], [new Uint8Array([0, 255]), 'bytes']);
    await check(both, 'bytea', ['\\x00ff', 'string'], ['a\\\\b\\001', 'string']);
    await check(both, 'inet', ['10.0.0.1', 'string']);
    await check(both, 'xml', ['<a/>', 'string']);
  });

  it('are the characters of a text that is given as bytes', async () => {
    const both = await openBoth(version);
    const bytes = (text: string): Argument => [Buffer.from(text), 'unknown'];
    for (const type of ['text', 'varchar', 'bpchar', 'name', 'xml']) {
      expect(await check(both, type, bytes('<a/>'), bytes('ä\\x41'), [Buffer.from('b'), 'bytes'])) //
        .toEqual(['<a/>', 'ä\\x41', 'b']);
    }
    expect(await check(both, 'json', bytes('{"a" : 1}'))).toEqual(['{"a" : 1}']);
    const { their, our } = await resultsOf(both, 'SELECT $1 AS a', bytes('ä'));
    expect(our).toEqual(their);
    expect(our.rows).toEqual([['ä']]);
    for (const wrong of [Buffer.of(255), Buffer.of(97, 0)]) {
      const failed = await failuresOf(both, (adapter) =>
        adapter.queryRaw(queryOf('SELECT $1::text', [wrong, 'bytes'])),
      );
      expect(failed.our).toEqual(failed.their);
      expect(failed.our).toMatchObject({ cause: { originalCode: '22021' } });
    }
  });

  it('that are bytes are those of the type’s own binary form, whatever type it is', async () => {
    const both = await openBoth(version);
    const schema = `prisma_bytes_${process.pid}_${version}`;
    await both.ours.executeScript(`CREATE SCHEMA ${schema}; CREATE EXTENSION citext SCHEMA ${schema};
      CREATE TYPE ${schema}.mood AS ENUM ('sad');
      CREATE DOMAIN ${schema}.title AS text; CREATE DOMAIN ${schema}.name AS ${schema}.citext;
      CREATE DOMAIN ${schema}.file AS bytea`);
    try {
      const bytes: Argument = [Buffer.from('sad'), 'bytes'];
      for (const type of ['citext', 'mood', 'title', 'name']) {
        expect(await check(both, `${schema}.${type}`, bytes)).toEqual(['sad']);
      }
      expect(await check(both, `${schema}.file`, bytes)).toEqual(['\\x736164']);
      expect(await check(both, 'int4', [Buffer.of(0, 0, 1, 0), 'bytes'])).toEqual(['256']);
      expect(await check(both, 'jsonb', [Buffer.from('\x01{"a":1}'), 'bytes'])).toEqual([
        '{"a": 1}',
      ]);
    } finally {
      await both.ours.executeScript(`DROP SCHEMA ${schema} CASCADE`);
    }
  });

  it('are dates and times in UTC', async () => {
    const both = await openBoth(version);
    const date = new Date('2024-05-06T07:08:09.120Z');
    const text = '2024-05-06T09:08:09.120+02:00';
    await check(both, 'timestamp', [date, 'datetime'], [text, 'datetime'], [date, 'unknown']);
    await check(both, 'timestamptz', [date, 'datetime', 'TIMESTAMPTZ'], [text, 'datetime']);
    await check(both, 'date', [date, 'datetime', 'DATE'], [text, 'datetime', 'DATE']);
    await check(both, 'time', [date, 'datetime', 'TIME'], [text, 'datetime', 'TIME']);
    await check(both, 'text', [date, 'datetime'], [new Date(0), 'datetime', 'DATE']);
  });

  it('are lists', async () => {
    const both = await openBoth(version);
    const strings = ['a', 'b "c" \\', '{d,e}', '', 'NULL', null];
    await check(both, 'text[]', [strings, 'string', undefined, 'list'], [[], 'string']);
    await check(both, 'int4[]', [[1, null, 3], 'int', undefined, 'list']);
    await check(both, 'int4[]', [[[1, 2], [3, 4]], 'unknown']); // biome-ignore format: as it reads
    await check(both, 'int8[]', [['9223372036854775807'], 'bigint', undefined, 'list']);
    await check(both, 'bool[]', [[true, false], 'boolean', undefined, 'list']);
    await check(both, 'jsonb[]', [['{"a":"\\"b\\""}', 'null'], 'json', undefined, 'list']);
    await check(both, 'bytea[]', [['AP8=', ''], 'bytes', undefined, 'list']);
    const dates = [new Date('2024-05-06T07:08:09.120Z'), '2024-05-06T09:08:09+02:00'];
    await check(both, 'timestamptz[]', [dates, 'datetime', undefined, 'list']);
    await check(both, 'date[]', [dates, 'datetime', 'DATE', 'list']);
  });

  it('keep the microseconds of a date’s text, and years beyond four digits', async () => {
    const { ours } = await openBoth(version);
    const seen = async (...argument: Argument) =>
      (await ours.queryRaw(queryOf('SELECT $1::timestamp', argument))).rows[0]![0];
    expect(await seen('2024-05-06T07:08:09.123456Z', 'datetime')).toBe(
      '2024-05-06T07:08:09.123456+00:00',
    );
    for (const date of ['-000043-03-15T00:00:00.000Z', '+012024-01-01T00:00:00.000Z']) {
      expect(new Date((await seen(new Date(date), 'datetime')) as string)).toEqual(new Date(date));
    }
  });
});

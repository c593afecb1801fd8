/** Values that do not fit their type: refused before anything is sent, in words that help. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  BitString,
  type Connection,
  connect,
  InvalidArgumentError,
  Range,
} from '../../../src/index.ts';
import { serverDsn } from '../../support/servers/server.ts';

let db: Connection;
beforeAll(async () => {
  db = await connect(serverDsn());
  await db.execute(`
    CREATE TEMP TABLE t (i int4, "a ""b" text);
    CREATE TYPE pg_temp.pair AS (a int4, "b c" text);
    CREATE TYPE pg_temp.nested AS (ps pg_temp.pair[]);
    CREATE TYPE pg_temp.priced AS (m money, n int4);
    CREATE TYPE pg_temp.stored AS (m money, b bytea);
    CREATE TYPE pg_temp.moneyrange AS RANGE (subtype = money);
  `);
});
afterAll(() => db.close());

const refusals: readonly (readonly [type: string, value: unknown, message: string])[] = [
  ['int2', 32768, 'the number 32768 is out of range for int2'],
  ['int2', 70000n, 'the bigint 70000n is out of range for int2'],
  ['int4', 2147483648, 'the number 2147483648 is out of range for int4'],
  ['int4', '1', 'expected an integer, got a string'],
  ['int4', 1.5, 'expected an integer, got the number 1.5'],
  ['int4', Number.NaN, 'expected an integer, got the number NaN'],
  ['int4', true, 'expected an integer, got true'],
  ['int8', 2 ** 53, 'expected a bigint (it is beyond 2^53), got the number 9007199254740992'],
  ['int8', 2n ** 63n, 'the bigint 9223372036854775808n is out of range for int8'],
  ['int8', '12', 'expected a bigint or a safe integer, got a string'],
  ['oid', -1, 'the number -1 is out of range for oid'],
  ['xid8', -1n, 'the bigint -1n is out of range for xid8'],
  ['float4', 1e39, 'the number 1e+39 is out of range for float4'],
  ['float8', '1.5', 'expected a number, got a string'],
  ['numeric', '1__000', 'expected a decimal number, got a string that is none'],
  ['numeric', true, 'expected a number, a bigint or a string with a decimal number, got true'],
  ['money', 1, 'expected a string, got the number 1'],
  ['bool', 'true', 'expected a boolean, got a string'],
  ['text', 1, 'expected a string, got the number 1'],
  ['text', 'half \ud83d', 'a string with a lone surrogate has no UTF-8 form'],
  ['text', 'a\0b', 'a string with a NUL character cannot be sent to PostgreSQL'],
  ['text', Buffer.from('x'), 'expected a string, got a Buffer'],
  ['name', 1, 'expected a string, got the number 1'],
  ['"char"', 'ab', 'expected one ASCII character, the empty string or \\ooo in octal'],
  ['bytea', 'abc', 'expected a Buffer, a Uint8Array or an ArrayBuffer, got a string'],
  ['uuid', 'x', 'expected a UUID, got a string that is none'],
  ['date', '2020-02-30', 'expected a date such as "2024-05-06", got a string that is none'],
  ['date', new Date(Number.NaN), 'the Date is invalid'],
  ['time', '25:00', 'expected a time such as "04:05:06.789", got a string that is none'],
  [
    'timetz',
    '01:00',
    'expected a time with an offset such as "04:05:06.789+02", got a string that is none',
  ],
  ['timestamp', new Date(Number.NaN), 'the Date is invalid'],
  [
    'timestamp',
    0,
    'expected a Date, a string in ISO 8601 or a Temporal.PlainDateTime, got the number 0',
  ],
  ['timestamptz', '2020-01-01', 'a timestamptz needs an offset in its text, such as Z or +02:00'],
  ['interval', { month: 1 }, 'an Interval has months, days and microseconds, and no "month"'],
  ['interval', { months: 1.5 }, 'months of an Interval must be an integer'],
  ['bit', '1', 'expected a BitString, got a string'],
  ['point', [1], 'expected a Point or [x, y], got an array of 1'],
  ['box', 1, 'expected a Box or two points, got the number 1'],
  ['inet', 1, 'expected a string, got the number 1'],
  ['tid', '(1,2)', 'expected [block, offset], got a string'],
  ['pg_lsn', 1n, 'expected a log position such as "16/B374D848", got the bigint 1n'],
  ['json', undefined, 'undefined is not a value; pass null for NULL'],
  ['json', () => 1, 'a function has no JSON form'],
  ['int4range', [1, 2, 3], 'expected a Range or [lower, upper], got 3 elements'],
  ['int4multirange', 5, 'expected an array of Range, got the number 5'],
];

test.each(refusals)('%s %s is refused', async (type, value, message) => {
  const call = db.fetchVal(`SELECT $1::text, $2::${type}`, 'x', value);
  const name = type.replaceAll('"', '');
  await expect(call).rejects.toThrow(`invalid input for query argument $2 (${name}): ${message}`);
  await expect(call).rejects.toBeInstanceOf(InvalidArgumentError);
  expect(await db.fetchVal('SELECT 7')).toBe(7);
});

const inItself: unknown[] = [];
inItself.push(inItself);
const inEachOther: unknown[] = [[], 1];
(inEachOther[0] as unknown[]).push(inEachOther);

test.each([
  'int4',
  'text',
  'box',
  'circle',
  'lseg',
  'path',
  'polygon',
  'int4range',
  'int4multirange',
])('an array that is in itself is no array of %s', async (type) => {
  for (const value of [inItself, inEachOther]) {
    await expect(db.fetchVal(`SELECT $1::${type}[]`, value)).rejects.toThrow(
      `query argument $1 (${type}[]): an array has at most 6 dimensions`,
    );
  }
  expect(await db.fetchVal('SELECT 7')).toBe(7);
});

// biome-ignore-start lint/suspicious/noSparseArray: holes are what this is about
test.each([
  ['int2vector', [1, , 3], 'at [1]: expected an integer, got undefined'],
  ['int2vector[]', [[1, , 3]], 'at [0][1]: expected an integer, got undefined'],
  ['path', [[1, 2], , [3, 4]], 'point 1 of a Path must be a Point'],
  ['polygon', [[1, 2], , [3, 4]], 'point 1 of a Polygon must be a Point'],
  ['txid_snapshot', [1n, 9n, [2n, , 4n]], 'expected a transaction id as a bigint, got undefined'],
  ['pg_temp.pair', [1, ,], 'at ["b c"]: undefined is not a value'],
  ['pg_temp.priced', ['1', ,], 'at .n: undefined is not a value'],
  ['pg_temp.moneymultirange', [['1', '2'], , ['5', '6']], 'at [1]: expected a Range'],
])('a hole in an array is a value that is missing: %s', async (type, value, message) => {
  const call = db.fetchVal(`SELECT $1::${type}::text`, value);
  await expect(call).rejects.toThrow(InvalidArgumentError);
  await expect(call).rejects.toThrow(message);
  expect(await db.fetchVal('SELECT 7')).toBe(7);
});
// biome-ignore-end lint/suspicious/noSparseArray: see above

describe('bytes whose memory has been given away are no empty bytes', () => {
  const given = (): Uint8Array => {
    const bytes = new Uint8Array([1, 2]);
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    return bytes;
  };
  // The declarations that the tests are compiled with do not have it yet.
  const Resizable = ArrayBuffer as unknown as new (
    length: number,
    options: { maxByteLength: number },
  ) => ArrayBuffer & { resize(length: number): void };
  const cutOff = (): Uint8Array => {
    const memory = new Resizable(8, { maxByteLength: 16 });
    const bytes = new Uint8Array(memory, 4, 4);
    memory.resize(2);
    return bytes;
  };
  const message = 'the memory of these bytes has been transferred or cut off';

  test.each([
    ['bytea', given()],
    ['bytea', cutOff()],
    ['bytea[]', [given()]],
    ['pg_temp.stored', { m: '1', b: given() }],
    ['pg_temp.stored', { m: '1', b: cutOff() }],
  ])('%s', async (type, value) => {
    const call = db.fetchVal(`SELECT $1::${type}::text`, value);
    await expect(call).rejects.toThrow(InvalidArgumentError);
    await expect(call).rejects.toThrow(message);
    expect(await db.fetchVal("SELECT $1::bytea = ''", new Uint8Array(0))).toBe(true);
  });

  test('what a codec of yours returns, and a BitString', async () => {
    await using own = await connect(serverDsn(), {
      codecs: { macaddr: { schema: 'pg_catalog', format: 'binary', encoder: given } },
    });
    await expect(own.fetchVal('SELECT $1::macaddr', 1)).rejects.toThrow(message);
    expect(() => BitString.fromBytes(given())).toThrow(new TypeError(message));
  });
});

describe('the place inside a value is named', () => {
  test.each([
    ['int4[]', [1, 'x'], 'at [1]: expected an integer, got a string'],
    ['int4[]', [[1], [2, 3]], 'at [1]: 2 elements, but 1 in the parts before it'],
    [
      'int4[]',
      [
        [1, 2],
        [3, null],
        [4, 5.5],
      ],
      'at [2][1]: expected an integer, got the number 5.5',
    ],
    ['int4range', new Range(1, 2.5), 'at .upper: expected an integer, got the number 2.5'],
    ['int4range[]', [null, [1, 'x']], 'at [1].upper: expected an integer'],
    ['pg_temp.pair', { a: 1, 'b c': 2 }, 'at ["b c"]: expected a string, got the number 2'],
    ['pg_temp.pair', { a: 1, 'b c': undefined }, 'at ["b c"]: undefined is not a value'],
    ['pg_temp.pair', { a: 1, b: 2 }, 'has no field "b"'],
    ['pg_temp.pair', [1], 'expected 2 fields, got 1'],
    ['pg_temp.nested', { ps: [null, { a: 'x', 'b c': null }] }, 'at .ps[1].a: expected an integer'],
    ['pg_temp.nested[]', [{ ps: [] }, { ps: 1 }], 'at [1].ps: expected an array, got the number 1'],
  ])('%s', async (type, value, message) => {
    const call = db.fetchVal(`SELECT $1::${type}`, value);
    await expect(call).rejects.toThrow(message);
    await expect(call).rejects.toThrow('query argument $1');
  });
});

test('fields of a composite that an object or a Row leaves out are NULL', async () => {
  const text = 'SELECT $1::pg_temp.pair::text';
  expect(await db.fetchVal(text, { a: 1 })).toBe('(1,)');
  expect(await db.fetchVal(text, {})).toBe('(,)');
  expect(await db.fetchVal(text, await db.fetchRow(`SELECT 'x' AS "b c"`))).toBe('(,x)');
});

test.each([
  ['a Map', new Map([['a', 1]])],
  ['a Date', new Date(0)],
  ['a Promise', Promise.resolve({ a: 1, 'b c': 'x' })],
  ['a Set', new Set([1])],
  ['a RegExp', /x/],
  ['a Number', Object(1)],
  ['an ArrayBuffer', new ArrayBuffer(3)],
  ['a Range', new Range(1, 2)],
])('%s is no composite of NULLs', async (kind, value) => {
  const message = `expected an object, a Row or an array of fields, got ${kind}`;
  await expect(db.fetchVal('SELECT $1::pg_temp.pair', value)).rejects.toThrow(
    kind === 'a Range' ? 'has no field' : `query argument $1 (pair): ${message}`,
  );
  expect(await db.fetchVal('SELECT 7')).toBe(7);
});

test('an object of a class is a composite by its fields, inherited getters included', async () => {
  class Pair {
    get a(): number {
      return 1;
    }
  }
  expect(await db.fetchVal('SELECT $1::pg_temp.pair::text', new Pair())).toBe('(1,)');
  const bare = Object.assign(Object.create(null), { 'b c': 'x' });
  expect(await db.fetchVal('SELECT $1::pg_temp.pair::text', bare)).toBe('(,x)');
  expect(await db.fetchVal('SELECT $1::pg_temp.pair::text', Object.create(null))).toBe('(,)');
});

describe('the row is named', () => {
  const insert = 'INSERT INTO t VALUES ($1, $2)';

  test('by executeMany, which leaves the table as it was', async () => {
    const call = db.executeMany(insert, [
      [1, 'a'],
      [2, 'b'],
      [2 ** 31, 'c'],
    ]);
    await expect(call).rejects.toThrow(/\$1.*2.*\(int4\): the number 2147483648 is out of range/);
    expect(await db.fetchVal('SELECT count(*) FROM t')).toBe(0n);
  });

  test('by copyRecordsToTable, with the column, which leaves the table as it was', async () => {
    const records = [
      [1, 'a'],
      [2, 3],
    ];
    const call = db.copyRecordsToTable('t', { records });
    await expect(call).rejects.toThrow(
      'invalid input for row 1, column "a \\"b" (text): expected a string, got the number 3',
    );
    expect(await db.fetchVal('SELECT count(*) FROM t')).toBe(0n);
  });

  test('in a transaction that goes on, as nothing was sent', async () => {
    await db.transaction(async (tx) => {
      await tx.execute(insert, 1, 'a');
      await expect(tx.execute(insert, 'x', 'b')).rejects.toThrow(InvalidArgumentError);
      expect(await tx.fetchVal('SELECT count(*) FROM t')).toBe(1n);
    });
    await db.execute('TRUNCATE t');
  });
});

test('what a value throws when it is read is the cause of its refusal', async () => {
  const cause = new Error('no access');
  const hostile = {
    get a(): number {
      throw cause;
    },
  };
  for (const type of ['jsonb', 'pg_temp.pair', 'interval']) {
    const error = await db.fetchVal(`SELECT $1::${type}`, hostile).catch((e: unknown) => e);
    expect(error, type).toBeInstanceOf(InvalidArgumentError);
    if (type !== 'interval') expect((error as Error).cause, type).toBe(cause);
  }
  expect(await db.fetchVal('SELECT 7')).toBe(7);
});

/** Dates, bytes, maps and errors that another realm has made (node:vm, Jest, frames) are what they are. */
import { createContext, runInContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Connection, connect, InvalidArgumentError, Range } from '../../../src/index.ts';
import { makeDatabase, type TestDatabase } from '../../support/servers/database.ts';

const context = createContext({ AbortController, AbortSignal, URL });
// biome-ignore lint/suspicious/noExplicitAny: each use says what it is
const other = (code: string): any => runInContext(`(${code})`, context);

let database: TestDatabase;
let connection: Connection;

beforeAll(async () => {
  database = await makeDatabase('other_realm');
  connection = await connect(database.dsn);
  await connection.execute('CREATE SCHEMA other_realm; CREATE EXTENSION hstore SCHEMA other_realm');
  const codecName = 'pg_contrib.hstore';
  await connection.setBuiltinTypeCodec('hstore', { schema: 'other_realm', codecName });
});

afterAll(async () => {
  await connection.close();
  await database[Symbol.asyncDispose]();
});

describe('an argument of another realm', () => {
  it.each([
    ['date', 'new Date(Date.UTC(2024, 4, 6, 23))', '2024-05-06'],
    ['timestamp', 'new Date(Date.UTC(2024, 4, 6, 7, 8, 9, 10))', '2024-05-06 07:08:09.01'],
    ['timestamptz', 'new Date(Date.UTC(2024, 4, 6, 7, 8))', '2024-05-06 07:08:00+00'],
    ['date[]', '[new Date(Date.UTC(2024, 4, 6))]', '{2024-05-06}'],
    ['bytea', 'new Uint8Array([1, 171])', '\\x01ab'],
    ['bytea', 'new Uint8Array([1, 171]).buffer', '\\x01ab'],
    ['bytea[]', '[new Uint8Array([1])]', '{"\\\\x01"}'],
    ['int4[]', 'new Int32Array([1, -2])', '{1,-2}'],
    ['float8[]', 'new Float64Array([0.5])', '{0.5}'],
    ['other_realm.hstore', 'new Map([["a", "1"]])', '"a"=>"1"'],
    ['other_realm.hstore', '({ a: null })', '"a"=>NULL'],
    [
      'jsonb',
      '({ at: new Date(0), list: [1] })',
      '{"at": "1970-01-01T00:00:00.000Z", "list": [1]}',
    ],
    ['interval', '({ days: 1 })', '1 day'],
    ['point', '[1, 2]', '(1,2)'],
    ['text[]', '["a", null]', '{a,NULL}'],
  ])('%s: %s', async (type, code, printed) => {
    await connection.execute("SET timezone = 'UTC'");
    const text = await connection.fetchVal(`SELECT $1::${type}::text`, other(code));
    expect(text).toBe(printed);
  });

  it('is refused with the words for one of this realm', async () => {
    const words = async (value: unknown, type: string): Promise<string> => {
      const error = await connection.fetchVal(`SELECT $1::${type}`, value).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(InvalidArgumentError);
      return (error as Error).message;
    };
    expect(await words(other('new Date(NaN)'), 'timestamptz')).toBe(
      await words(new Date(Number.NaN), 'timestamptz'),
    );
    expect(await words(other('({ at: new Date(NaN) })'), 'jsonb')).toBe(
      await words({ at: new Date(Number.NaN) }, 'jsonb'),
    );
    const cycle = '(() => { const a = {}; a.a = a; return a })()';
    expect(await words(other(cycle), 'jsonb')).toMatch(/has a cycle/);
    expect(await words(other('new DataView(new ArrayBuffer(1))'), 'int4[]')).toBe(
      await words(new DataView(new ArrayBuffer(1)), 'int4[]'),
    );
    expect(await words(other('({ [Symbol.toStringTag]: "Date" })'), 'date')).toMatch(
      /expected a date/,
    );
  });
});

it('ranges of dates of two realms are compared and printed', () => {
  const range = new Range(new Date(0), other('new Date(86400000)') as Date);
  expect(String(range)).toBe('["1970-01-01 00:00:00+00","1970-01-02 00:00:00+00")');
  expect(range.contains(other('new Date(1)') as Date)).toBe(true);
  expect(range.contains(new Date(86_400_000))).toBe(false);
  expect(range.equals(new Range(other('new Date(0)'), new Date(86_400_000)))).toBe(true);
});

it('what a codec returns or throws in another realm is taken as of this one', async () => {
  const encoder = other(
    '(value) => value === "fail" ? (() => { throw new Error("no such") })() : new Uint8Array([65])',
  );
  await using own = await connect(database.dsn);
  await own.setTypeCodec('text', {
    schema: 'pg_catalog',
    encoder,
    decoder: other('() => { throw new Error("unreadable") }'),
    format: 'binary',
  });
  await expect(own.fetchVal('SELECT $1::text = $$A$$', 'a')).resolves.toBe(true);
  await expect(own.fetchVal('SELECT $1::text = $$A$$', 'fail')).rejects.toThrow(/no such/);
  await expect(own.fetchVal("SELECT 'a'::text")).rejects.toThrow(
    'the decoder of text failed: unreadable',
  );
});

it('errors and signals of another realm end calls as those of this one', async () => {
  const reason = other('new Error("closed for today")');
  const controller = new AbortController();
  controller.abort(reason);
  await expect(connection.with({ signal: controller.signal }).fetch('SELECT 1')).rejects.toBe(
    reason,
  );
  await expect(
    connect(database.dsn, { dial: other('async () => { throw new Error("no line") }') }),
  ).rejects.toThrow(/no line/);
  const cause = other('(cause) => Object.assign(new Error("wrapped", { cause }))');
  let runs = 0;
  await connection.transaction({ retries: 1 }, async (tx) => {
    await tx.execute('SELECT 1');
    runs += 1;
    if (runs > 1) return;
    const conflict = await tx
      .execute('DO $$ BEGIN RAISE serialization_failure; END $$')
      .catch((error: unknown) => error);
    throw cause(conflict);
  });
  expect(runs).toBe(2);
});

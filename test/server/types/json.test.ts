/** JSON: what becomes of values on the way there and back. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Connection, connect, InvalidArgumentError } from '../../../src/index.ts';
import { serverDsn } from '../../support/servers/server.ts';

let db: Connection;
beforeAll(async () => {
  db = await connect(serverDsn());
});
afterAll(() => db.close());

describe.each(['json', 'jsonb'])('%s', (type) => {
  const text = (value: unknown): Promise<string | null> =>
    db.fetchVal<string>(`SELECT ($1::${type})::jsonb::text`, value);
  const echo = (value: unknown): Promise<unknown> => db.fetchVal(`SELECT $1::${type}`, value);

  test.each([
    ['an object', { a: [1, null, { b: 'ü' }] }],
    ['an array', [1, 'a', null, [], {}]],
    ['a string', 'a "quoted" \\ string \u2028'],
    ['a string that looks like JSON', '{"a": 1}'],
    ['a number', -1.5e-7],
    ['a boolean', false],
    ['hostile keys', JSON.parse('{"__proto__": 1, "constructor": 2, "": 3, "toString": null}')],
    ['what needs many escapes', { 'a\nb\t"\\': '\u0001\u001f/</script>' }],
  ])('%s comes back as it was', async (_, value) => {
    expect(await echo(value)).toEqual(value);
    expect(await db.fetchVal(`SELECT $1::${type}[]`, [value, null])).toEqual([value, null]);
  });

  test('null is NULL, and the JSON null comes back as null too', async () => {
    expect(await db.fetchVal(`SELECT $1::${type} IS NULL`, null)).toBe(true);
    expect(await db.fetchVal(`SELECT 'null'::${type}`)).toBeNull();
    expect(await text([null])).toBe('[null]');
  });

  test('a bigint is its digits, wherever it stands', async () => {
    const big = 12345678901234567890123n;
    expect(await text(big)).toBe(String(big));
    const value = { a: [big, 'bigint:5', { b: -1n }], 'bigint:1': '\u0001bigint:7' };
    expect(await db.fetchVal(`SELECT ($1::${type})::jsonb #>> '{a,0}'`, value)).toBe(String(big));
    expect(await db.fetchVal(`SELECT ($1::${type})::jsonb #>> '{a,1}'`, value)).toBe('bigint:5');
    expect(await db.fetchVal(`SELECT ($1::${type})::jsonb #>> '{a,2,b}'`, value)).toBe('-1');
  });

  test('toJSON is honoured, Dates have it', async () => {
    const date = new Date('2001-02-03T04:05:06.789Z');
    expect(await echo({ date, own: { toJSON: () => [1] } })).toEqual({
      date: '2001-02-03T04:05:06.789Z',
      own: [1],
    });
  });

  test('undefined is refused as a value, and inside as JSON.stringify has it', async () => {
    await expect(echo(undefined)).rejects.toThrow(InvalidArgumentError);
    await expect(echo({ toJSON: () => undefined })).rejects.toThrow('has no JSON form');
    expect(await echo({ a: undefined, b: [undefined] })).toEqual({ b: [null] });
  });

  test.each([
    ['a function', () => 1, 'a function has no JSON form'],
    ['a symbol', Symbol('x'), 'a symbol has no JSON form'],
    ['a lone surrogate', { a: '\ud800' }, 'lone surrogate'],
    ['a lone surrogate in a key', { '\udfff': 1 }, 'lone surrogate'],
  ])('%s is refused', async (_, value, message) => {
    await expect(echo(value)).rejects.toThrow(message);
    await expect(echo(value)).rejects.toThrow(InvalidArgumentError);
  });

  test('a cycle and a nesting that is too deep are refused', async () => {
    const cycle: unknown[] = [];
    cycle.push(cycle);
    await expect(echo(cycle)).rejects.toThrow('it has a cycle');
    let deep: unknown = 1;
    for (let i = 0; i < 100_000; i++) deep = [deep];
    await expect(echo(deep)).rejects.toThrow('it is nested too deeply');
    expect(await db.fetchVal('SELECT 7')).toBe(7);
  });

  test('escaped surrogates and their look-alikes pass', async () => {
    const value = ['😀', '\\ud800', '\\\\ud800 is text'];
    expect(await echo(value)).toEqual(value);
  });
});

test('a document of 64 MiB goes there and back', async () => {
  const value = Array.from({ length: 1 << 16 }, (_, i) => `${i}:${'ü'.repeat(520)}`);
  const size = Buffer.byteLength(JSON.stringify(value));
  expect(size).toBeGreaterThan(64 * 1024 * 1024);
  const row = await db.fetchRow('SELECT $1::json AS v, octet_length($1::json::text) AS n', value);
  expect(row!['n']).toBe(size);
  expect(row!['v']).toEqual(value);
});

test('under "text" the server\'s own text comes and goes, and values still become JSON', async () => {
  await using texts = await connect(serverDsn(), { types: { json: 'text' } });
  const exact = '{"a" :  1.0, "a": 12345678901234567890}';
  const value = await texts.fetchVal('SELECT $1::json', exact);
  expect(value).toBe(exact);
  expect(await texts.fetchVal('SELECT $1::json[]', [exact, null])).toEqual([exact, null]);
  expect(await texts.fetchVal('SELECT $1::jsonb', { a: 1n })).toBe('{"a": 1}');
});

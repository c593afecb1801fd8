import { createRequire } from 'node:module';
import { Client } from 'asyncpg/pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { expectSame } from '../../../integrations/pg/side-by-side.ts';
import type { TestedVersion } from '../../../support/servers/server.ts';
import { both, config, settled } from './both.ts';
import { EXPRESSIONS } from './expressions.ts';

/** More of the types that pg has parsers of binary values for, at their bounds, and of those it has none for. */
const MORE = `
  32767::int2 | 2147483647::int4 | 9223372036854775807::int8 | '-9223372036854775808'::int8
  | 0::numeric | 0.0001::numeric | -0.5::numeric | 12345678901234567890.123456::numeric | 10000::numeric
  | 1e20::numeric | 'Infinity'::numeric | '-Infinity'::numeric | 0.1::float4 | '-Infinity'::float4
  | 'NaN'::float4 | 1e-45::float4 | 1.7976931348623157e308::float8 | 5e-324::float8 | 0.1::float8
  | 'abc'::varchar | 'x'::text COLLATE "C" | '4713-01-01 BC'::timestamp | '294276-12-31'::timestamp
  | '-infinity'::timestamp | '2024-07-01 12:00'::timestamp | '1969-12-31 23:59:59.999999'::timestamptz
  | '1999-12-31 23:59:59.9999'::timestamp | array[1,2]::int2[] | array[1,-2]::int4[] | array[]::text[]
  | array[1.5,null]::float4[] | array[1.5,'NaN']::float8[] | array[1.5,null]::numeric[] | array[[1,2],[3,4]]::int8[]
  | array[['a',null],['c','d']] | array['a']::varchar[] | array['a']::name[] | array[1]::oid[]
  | array['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid] | array['1 day'::interval] | array['{}'::json]
  | array['2024-03-10'::timestamp] | array['(1,2)'::point] | array[row(1,'a')] | array['t']::bool[]
  | '10.0.0.0/8'::cidr | '08:00:2b:01:02:03'::macaddr | b'1'::varbit | '1 2'::int2vector | '1 2'::oidvector
  | '{"a":[1,null]}'::jsonb | '"s"'::json | '1 mon -1 day'::interval | ''::bytea | '"a"=>"b"'::text | 'int4'::regtype::oid
  | null::bool | null::int4[] | null::jsonb | null::timestamptz | null::numeric`
  .split(/\s\|\s/)
  .map((text) => text.trim());

/** An enumeration, which must be the same one for both, and a domain. */
const MADE = [
  "'ok'::binary_mood",
  "'{ok,sad}'::binary_mood[]",
  '5::information_schema.cardinal_number',
];

const EXPRESSED = [...EXPRESSIONS, ...MORE, ...MADE];

/** What the parsers of pg have no right value of. */
const KNOWN: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ["'-0'::float8", -0],
  ["'infinity'::timestamptz", Number.POSITIVE_INFINITY],
  ["'-infinity'::timestamp", Number.NEGATIVE_INFINITY],
  ['array[true,false,null]', [true, false, null]],
  ["array['t']::bool[]", [true]],
  ['array[1,-2]::int4[]', [1, -2]],
  ["'NaN'::float8", Number.NaN],
  ["'NaN'::float4", Number.NaN],
  ["'-Infinity'::float4", Number.NEGATIVE_INFINITY],
  ['1e-45::float4', Math.fround(1e-45)],
  ['5e-324::float8', 5e-324],
  ['0.0001::numeric', 0.0001],
  ['-0.5::numeric', -0.5],
  ['12345678901234567890.123456::numeric', Number('12345678901234567890.123456')],
  ["'Infinity'::numeric", Number.POSITIVE_INFINITY],
  ["'-Infinity'::numeric", Number.NEGATIVE_INFINITY],
  // In the local time of then, of which four minutes and two seconds were New York's own.
  ["'4713-01-01 BC'::timestamp", { time: Date.parse('-004712-01-01T04:56:02Z'), usec: 0 }],
  [
    "'1969-12-31 23:59:59.999999'::timestamptz",
    { time: Date.parse('1969-12-31T23:59:59.999Z'), usec: 999 },
  ],
  [
    "'1999-12-31 23:59:59.9999'::timestamp",
    { time: Date.parse('2000-01-01T04:59:59.999Z'), usec: 900 },
  ],
]);

/** Dates without their functions. */
function timed(value: any): unknown {
  if (Array.isArray(value)) return value.map(timed);
  return value instanceof Date ? { time: value.getTime(), usec: (value as any).usec } : value;
}

const { types: parsers } = createRequire(import.meta.url)('pg');

async function execute(version: TestedVersion, text: string): Promise<void> {
  const client = new Client(config(version));
  await client.connect();
  await client.query(text);
  await client.end();
}

beforeEach(() => {
  vi.stubEnv('TZ', 'America/New_York');
});

describe.each([15, 18] as const)('with PostgreSQL %i', (version) => {
  beforeAll(() => execute(version, "CREATE TYPE binary_mood AS ENUM ('sad', 'ok')"));
  afterAll(() => execute(version, 'DROP TYPE binary_mood'));

  test.each([
    { mode: 'the simple protocol', query: {} },
    { mode: 'the extended protocol', query: { queryMode: 'extended' } },
    { mode: 'rows as arrays', query: { rowMode: 'array' } },
  ])('each value of text is that of pg: $mode', async ({ query }) => {
    const results = await both(async (module) => {
      const client: any = new module.Client(config(version));
      await client.connect();
      const log: unknown[] = [];
      for (const expression of EXPRESSED) {
        log.push(await settled(client.query({ ...query, text: `SELECT ${expression} AS v` })));
      }
      await client.end();
      return log;
    });
    expect(results).toHaveLength(EXPRESSED.length);
  });

  // Node-postgres reads bytes as UTF-8 before it parses them, and so destroys most of them.
  test.each([
    { mode: 'asked for by the query', options: {}, query: { binary: true, values: [] } },
    { mode: 'asked for by the client', options: { binary: true }, query: { values: [] } },
    { mode: 'as arrays', options: {}, query: { binary: true, rowMode: 'array', values: [] } },
    { mode: 'of a named statement', options: {}, query: { binary: true, name: 'n' } },
    { mode: 'in pages', options: {}, query: { binary: true, rows: 1 } },
  ])('each value in binary is what the parser of pg makes of it: $mode', async (each) => {
    const { options, query } = each;
    const client: any = new Client({ ...config(version), ...options } as any);
    await client.connect();
    const asBytes = { getTypeParser: () => (value: Buffer) => Buffer.from(value) };
    for (const [i, expression] of EXPRESSED.entries()) {
      const text = `SELECT ${expression} AS v, 1 AS w`;
      const name = 'name' in query ? { name: `n${i}` } : {};
      const sent = await client.query({
        text,
        binary: true,
        queryMode: 'extended',
        types: asBytes,
      });
      const { rows } = await client.query({ queryMode: 'extended', ...query, ...name, text });
      const [{ dataTypeID, format }] = sent.fields;
      expect(format).toBe('binary');
      const bytes = sent.rows[0].v;
      const parse = parsers.getTypeParser(dataTypeID, 'binary');
      const known = KNOWN.get(expression);
      const expected = known ?? (bytes === null ? null : timed(parse(bytes)));
      expectSame(timed(Object.values(rows[0])[0]), expected, text);
    }
    await client.end();
  });
});

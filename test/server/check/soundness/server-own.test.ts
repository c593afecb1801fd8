import { type Connection, connect } from 'asyncpg';
import { describe, expect, it } from 'vitest';
import { Describer, isObjection } from '../../../../src/check/describe.ts';
import { hasServer, serverDsn } from '../../../support/servers/server.ts';

const IS_LONG = process.env['SOUNDNESS_ROUNDS'] !== undefined;

/** Values of the types that functions are called with. */
const SAMPLES: Readonly<Record<string, readonly string[]>> = {
  bool: ['true', 'false'],
  bytea: ["''", "'\\x0102'"],
  int2: ['0', '-1', '7'],
  int4: ['0', '-1', '3', '2000'],
  int8: ['0', '-5', '9999999999'],
  float4: ['0', "'NaN'", "'-Infinity'"],
  float8: ['0', "'NaN'", "'Infinity'", '1.5'],
  numeric: ['0', "'NaN'", "'Infinity'", '12.50'],
  text: ["''", "'a'", "'a,b%c'", "'2024-01-01'", "'day'", "'12'"],
  varchar: ["''", "'abc'"],
  bpchar: ["''", "'ab '"],
  name: ["''", "'pg_class'"],
  char: ["''", "'a'"],
  oid: ['0', '1259', '2200'],
  regclass: ['0', '1259'],
  date: ["'2024-02-29'", "'infinity'", "'-infinity'"],
  time: ["'00:00'", "'24:00'"],
  timetz: ["'10:00+02'"],
  timestamp: ["'2024-02-29 10:00'", "'infinity'"],
  timestamptz: ["'2024-02-29 10:00+00'", "'-infinity'"],
  interval: ["'0'", "'1 mon -3 days'", "'infinity'"],
  uuid: ["'00000000-0000-0000-0000-000000000000'", "'f81d4fae-7dec-11d0-a765-00a0c91e6bf6'"],
  json: ["'null'", "'{}'", "'[1, null]'", '\'{"a": {"b": null}}\'', "'7'"],
  jsonb: ["'null'", "'{}'", "'[1, null]'", '\'{"a": {"b": null}}\'', "'7'"],
  jsonpath: ["'$.a'", "'$'"],
  inet: ["'10.0.0.1/8'", "'::1'"],
  cidr: ["'10.0.0.0/8'"],
  macaddr: ["'08:00:2b:01:02:03'"],
  bit: ["'0'", "'1'"],
  varbit: ["''", "'101'"],
  money: ["'0'", "'12.5'"],
  point: ["'(0,0)'", "'(1,NaN)'"],
  box: ["'(0,0),(1,1)'", "'(2,2),(3,3)'"],
  lseg: ["'[(0,0),(1,1)]'", "'[(0,1),(1,2)]'", "'[(0,0),(0,0)]'"],
  line: ["'{1,-1,0}'", "'{0,1,0}'"],
  path: ["'[(0,0),(1,1)]'", "'((0,0),(1,1),(2,0))'"],
  polygon: ["'((0,0),(1,1),(2,0))'"],
  circle: ["'<(0,0),1>'", "'<(5,5),0>'"],
  tsvector: ["''", "'a:1 b:2'"],
  tsquery: ["''", "'a & b'"],
  xml: ["'<a/>'"],
  anyarray: ["'{}'::int[]", "'{1,NULL,3}'::int[]", "'{{1,2},{3,4}}'::int[]"],
  anycompatiblearray: ["'{}'::int[]", "'{1,NULL}'::int[]"],
  anyelement: ['1', '3'],
  anynonarray: ['1'],
  anycompatible: ['1'],
  anyenum: [],
  anyrange: ["'empty'::int4range", "'[1,)'::int4range", "'[1,5)'::int4range"],
  anymultirange: ["'{}'::int4multirange", "'{[1,5),[7,)}'::int4multirange"],
  _text: ["'{}'", "'{a,NULL}'"],
  _int4: ["'{}'", "'{1,NULL}'"],
  int4range: ["'empty'", "'[1,)'"],
};

interface Call {
  readonly text: string;
  readonly nulls: boolean;
}

/** Calls of each function that always answers the same and takes what there are samples of. */
async function calls(db: Connection): Promise<Map<string, readonly Call[]>> {
  const functions = await db.fetch(
    `SELECT p.oid::int8, p.proname AS name, array(
         SELECT t.typname::text FROM unnest(p.proargtypes) WITH ORDINALITY a(type, place)
         JOIN pg_type t ON t.oid = a.type ORDER BY place) AS types
     FROM pg_proc p JOIN pg_type r ON r.oid = p.prorettype
     WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f' AND NOT p.proretset
       AND p.provolatile IN ('i', 's') AND p.provariadic = 0
       AND (r.typtype <> 'p' OR r.typname LIKE 'any%') AND p.proname !~ '(_in|_recv|^pg_stat_|xml_and|_to_xml)'`,
  );
  const found = new Map<string, readonly Call[]>();
  for (const row of functions) {
    const types = row['types'] as string[];
    const samples = types.map((type) =>
      (SAMPLES[type] ?? []).map((each) => (type.startsWith('any') ? each : `${each}::"${type}"`)),
    );
    if (samples.some((each) => each.length === 0)) continue;
    const rounds = Math.max(1, ...samples.map((each) => each.length));
    const made: Call[] = [];
    for (let round = 0; round < rounds * (types.length > 1 ? 3 : 1); round += 1) {
      // Each argument walks through its samples at another pace.
      const args = samples.map((each, index) => each[(round * (index + 1) + index) % each.length]!);
      made.push({ text: `SELECT pg_catalog."${row['name']}"(${args.join(', ')})`, nulls: false });
    }
    types.forEach((type, index) => {
      if (type.startsWith('any')) return;
      const args = samples.map((each, at) => (at === index ? `NULL::"${type}"` : each.at(-1)!));
      made.push({ text: `SELECT pg_catalog."${row['name']}"(${args.join(', ')})`, nulls: true });
    });
    found.set(`${row['oid']}`, made);
  }
  return found;
}

/** What is needed to look at what a server has of its own. */
class Looking implements AsyncDisposable {
  readonly db: Connection<'array'>;
  readonly catalogs: Connection;
  readonly describer: Describer;

  private constructor(db: Connection<'array'>, catalogs: Connection, describer: Describer) {
    this.db = db;
    this.catalogs = catalogs;
    this.describer = describer;
  }

  static async at(version: 15 | 18): Promise<Looking> {
    const dsn = serverDsn(version);
    const db = await connect(dsn, { types: { json: 'text' }, rows: 'array' });
    const catalogs = await connect(dsn);
    return new Looking(db, catalogs, await Describer.open(dsn, catalogs));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.describer[Symbol.asyncDispose]();
    await Promise.all([this.catalogs.close(), this.db.close()]);
  }
}

describe.each([18, 15] as const)('of PostgreSQL %i itself', (version) => {
  it.skipIf(!hasServer(version))(
    'no view has NULL where it is said not to',
    { timeout: 120_000 },
    async () => {
      await using looking = await Looking.at(version);
      const { db, describer } = looking;
      const views: string[][] = await db.fetch(
        `SELECT format('%I.%I', schemaname, viewname) FROM pg_views
       WHERE schemaname IN ('pg_catalog', 'information_schema') ORDER BY 1`,
      );
      const wrong: string[] = [];
      let notNull = 0;
      let looked = 0;
      for (const [view] of views) {
        const answer = await describer.describe(`SELECT * FROM ${view}`);
        if (isObjection(answer)) throw new Error(`${view}: ${answer.message}`);
        // Some need what the machine does not have.
        const rows: unknown[][] = await db
          .fetch(`SELECT * FROM ${view} LIMIT 5000`)
          .catch(() => []);
        looked += rows.length;
        for (const [index, { name, isNullable }] of answer.columns.entries()) {
          if (!isNullable) notNull += 1;
          if (!isNullable && rows.some((row) => row[index] === null)) wrong.push(`${view}.${name}`);
        }
      }
      if (IS_LONG) console.log(`${views.length} views, ${notNull} columns, ${looked} rows`);
      expect(wrong).toEqual([]);
      expect(notNull).toBeGreaterThan(500);
    },
  );

  it.skipIf(!hasServer(version) || !IS_LONG)(
    'no function gives NULL where it is said not to',
    { timeout: 600_000 },
    async () => {
      await using looking = await Looking.at(version);
      const { db, catalogs, describer } = looking;
      const wrong: string[] = [];
      const asked = await calls(catalogs);
      let executed = 0;
      for (const each of asked.values()) {
        for (const { text } of each) {
          const answer = await describer.describe(text);
          if (isObjection(answer) || answer.columns[0]?.isNullable !== false) continue;
          try {
            executed += 1;
            const [row]: unknown[][] = await db.fetch(text);
            if (row?.[0] === null) wrong.push(text);
          } catch {
            // Values that the function does not take.
          }
        }
      }
      console.log(`${asked.size} functions, ${executed} calls`);
      expect(wrong).toEqual([]);
    },
  );
});

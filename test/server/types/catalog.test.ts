/** Every type in the catalog of a server: it decodes to something, which can be sent back. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Connection, connect } from '../../../src/index.ts';
import { quoteLiteral } from '../../support/samples/type-journey.ts';
import { samplesOf, samplesSetup } from '../../support/samples/type-samples.ts';
import { makeDatabase, type TestDatabase } from '../../support/servers/database.ts';
import { hasServer } from '../../support/servers/server.ts';

const SCHEMA = 'type_catalog';

interface CatalogType {
  readonly oid: number;
  readonly shown: string;
  readonly typname: string;
  readonly nspname: string;
  readonly typtype: string;
  readonly is_array: boolean;
  readonly element: string | null;
  readonly base: string | null;
  readonly relation: string | null;
  readonly rowtype_of_composite: boolean;
}

const TYPES = `
  SELECT t.oid, format_type(t.oid, NULL) AS shown, typname::text, nspname::text, typtype::text,
    EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid) AS is_array,
    CASE WHEN t.typelem <> 0 THEN format_type(t.typelem, NULL) END AS element,
    CASE WHEN t.typbasetype <> 0 THEN format_type(t.typbasetype, NULL) END AS base,
    CASE WHEN c.relkind IN ('r', 'v', 'm', 'p') THEN c.oid::regclass::text END AS relation,
    coalesce(c.relkind IN ('c', 'i', 't', 'S', 'I'), false) AS rowtype_of_composite
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
  LEFT JOIN pg_class c ON c.oid = t.typrelid
  ORDER BY t.oid`;

/** What the server says of values that only it can make, or of which it has printed too little. */
const NOT_ACCEPTED = /^cannot accept a value of type |^more than one function named/;

/** Pseudo-types that a query can return. The others exist in declarations of functions only. */
const RETURNABLE: Readonly<Record<string, string>> = {
  void: 'pg_sleep(0)',
  record: "ROW(1, 'a'::text)",
  'record[]': "ARRAY[ROW(1, 'a'::text), NULL]",
  cstring: "textout('a')",
  'cstring[]': 'NULL::cstring[]',
  unknown: 'NULL::unknown',
};

describe.each([15, 18] as const)('PostgreSQL %d', (version) => {
  describe.runIf(hasServer(version))('has in its catalog', () => {
    let database: TestDatabase;
    let db: Connection;
    let types: CatalogType[];
    beforeAll(async () => {
      database = await makeDatabase(SCHEMA, version);
      // Dates hold milliseconds only, and the statistics views have finer times.
      db = await connect(database.dsn, { types: { datetime: 'string' } });
      await db.execute(samplesSetup(SCHEMA));
      await db.execute("INSERT INTO row_type VALUES (1, 'a', '{x}', '{}')");
      types = await db.fetch<CatalogType>(TYPES);
    });
    afterAll(async () => {
      await db.close();
      await database[Symbol.asyncDispose]();
    });

    /** Expressions for values of a type, the likeliest to work first. */
    function* expressions(type: CatalogType): Generator<string> {
      const { shown, typtype, is_array, element, base, relation } = type;
      const samples = samplesOf(version);
      const sample = (name: string, or: string): string | undefined =>
        (samples[name] ?? samples[or])?.[0];
      if (typtype === 'p') {
        yield RETURNABLE[shown] ?? `NULL::${shown}`;
        return;
      }
      if (relation !== null) yield `(SELECT x FROM ${relation} AS x LIMIT 1)`;
      const own = sample(shown, type.typname);
      if (own !== undefined) yield `${quoteLiteral(own)}::${shown}`;
      if (is_array && element !== null) {
        const part = sample(element, type.typname.replace(/^_/, ''));
        if (part !== undefined) yield `ARRAY[${quoteLiteral(part)}::${element}, NULL]::${shown}`;
        yield `ARRAY[NULL::${element}]::${shown}`;
      }
      if (base !== null) {
        const part = sample(base, base);
        if (part !== undefined) yield `${quoteLiteral(part)}::${shown}`;
      }
      yield `NULL::${shown}`;
    }

    test('many types', () => {
      expect(types.length).toBeGreaterThan(version === 15 ? 600 : 650);
    });

    test('types that decode to something sensible and can be sent back', async () => {
      const wrong: string[] = [];
      let real = 0;
      for (const type of types) {
        const problem = await check(type);
        if (problem === null) real++;
        else if (problem !== '') wrong.push(`${type.shown} (${type.oid}): ${problem}`);
      }
      expect(wrong).toEqual([]);
      expect(real).toBeGreaterThan(500);
    }, 120_000);

    /** Null when a real value made the journey, the empty string when only NULL could. */
    async function check(type: CatalogType): Promise<string | null> {
      for (const expression of expressions(type)) {
        let row: { v: unknown; t: string };
        try {
          const found = await db.fetchRow(
            `SELECT x AS v, format('%s', x) AS t FROM (SELECT ${expression}) AS _ (x)`,
          );
          row = { v: found!['v'], t: found!['t'] };
        } catch (error) {
          const { name, message, sqlstate } = error as Error & { sqlstate?: string };
          // Declared for functions only, or the literal of another type of this name.
          if (sqlstate !== undefined) continue;
          return `${name}: ${message}`;
        }
        if (row.v === undefined) return 'it decoded to undefined';
        if (typeof row.v === 'symbol' || typeof row.v === 'function') return 'not a value';
        if (type.typtype === 'p') return row.v === null ? '' : null;
        const problem = await sendBack(type, row);
        return problem ?? (row.v === null ? '' : null);
      }
      return '';
    }

    async function sendBack(
      { shown, typtype, oid }: CatalogType,
      { v, t }: { v: unknown; t: string },
    ): Promise<string | null> {
      const statement = await db.prepare(
        `SELECT format('%s', $1::${shown}) AS t, $1::${shown} AS v`,
      );
      const [parameter] = statement.parameters;
      try {
        // A domain's column is announced as one of its base type, its parameter as it is.
        if (parameter!.oid !== oid) return `its parameter has the type ${parameter!.name}`;
        const { kind } = parameter!;
        const expected = { b: ['scalar', 'array'], c: ['composite'], d: ['domain'], e: ['enum'] };
        const kinds = { ...expected, r: ['range'], m: ['multirange'] }[typtype];
        if (!kinds?.includes(kind)) return `it is said to be a ${kind}`;
        const row = await statement.fetchRow(v);
        return row!['t'] === t ? null : `${t} came back as ${row!['t']}`;
      } catch (error) {
        const { name, message } = error as Error;
        return NOT_ACCEPTED.test(message) ? null : `${name}: ${message}`;
      } finally {
        await statement.close();
      }
    }
  });
});

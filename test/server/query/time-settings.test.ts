import { expect, it, onTestFinished } from 'vitest';
import { type Connection, type ConnectOptions, createPool } from '../../../src/index.ts';
import { collect, describeEach, open } from '../../support/connections.ts';
import { serverDsn } from '../../support/servers/server.ts';

type Get = (c: Connection, text: string) => Promise<unknown>;

const WAYS: Readonly<Record<string, Get>> = {
  fetchVal: (c, text) => c.fetchVal(text),
  fetchRow: async (c, text) => (await c.fetchRow(text))!['v'],
  'prepare: false': (c, text) => c.fetchVal({ text, prepare: false }),
  batch: async (c, text) => (await c.batch([text]))[0]!.rows[0]!['v'],
  stream: async (c, text) => (await collect(c.stream(text)))[0]!['v'],
  fetchMany: async (c, text) => (await c.fetchMany(text, [[]]))[0]!['v'],
  'a parameter besides': (c, text) => c.fetchVal(`${text}, $1::int4`, 1),
};

/** What is set, a text, and what it comes to. */
const LITERALS: readonly (readonly [set: string, text: string, value: unknown])[] = [
  ["timezone = 'Asia/Tokyo'", "timestamptz '2024-06-01 00:00'", new Date('2024-05-31T15:00Z')],
  ["TIME ZONE 'America/New_York'", "timestamptz '2024-06-01 00:00'", new Date('2024-06-01T04:00Z')],
  ["TimeZone TO 'UTC'", "'2024-06-01 00:00'::timestamptz", new Date('2024-06-01T00:00Z')],
  ["timezone = 'Asia/Tokyo'", "'2024-06-01 00:00'::timestamptz", new Date('2024-05-31T15:00Z')],
  ["datestyle = 'ISO, DMY'", "date '01/02/2024'", '2024-02-01'],
  ["datestyle = 'ISO, MDY'", "date '01/02/2024'", '2024-01-02'],
  ["intervalstyle = 'sql_standard'", "extract(hour FROM interval '-1 02:00')::int4", -2],
  ["intervalstyle = 'postgres'", "extract(hour FROM interval '-1 02:00')::int4", 2],
  ['transform_null_equals = on', '(CASE WHEN 1 = NULL THEN 1 END) IS NULL AND NULL = NULL', true],
  ['transform_null_equals = off', '(CASE WHEN 1 = NULL THEN 1 END) IS NULL AND NULL = NULL', null],
  ['array_nulls = off', "('{NULL}'::text[])[1]", 'NULL'],
  ['array_nulls = on', "('{NULL}'::text[])[1]", null],
  ['bytea_output = escape', String.raw`'\xdead'::bytea::text`, String.raw`\336\255`],
  ['bytea_output = hex', String.raw`'\xdead'::bytea::text`, String.raw`\xdead`],
  ['extra_float_digits = -10', '0.1234567890123456::float8::text', '0.12346'],
  ['extra_float_digits=-9', '0.1234567890123456::float8::text', '0.123457'],
  ['extra_float_digits TO DEFAULT', '0.1234567890123456::float8::text', '0.1234567890123456'],
  ['quote_all_identifiers = on', "quote_ident('abc')", '"abc"'],
  ['quote_all_identifiers = off', "quote_ident('abc')", 'abc'],
];

/** Settings that no server reports: a value, and an expression as it is before and after. */
const UNREPORTED = [
  [
    'bytea_output',
    'escape',
    String.raw`'\xdead'::bytea::text`,
    String.raw`\xdead`,
    String.raw`\336\255`,
  ],
  [
    'extra_float_digits',
    '-10',
    '0.1234567890123456::float8::text',
    '0.1234567890123456',
    '0.12346',
  ],
  ['quote_all_identifiers', 'on', "quote_ident('abc')", 'abc', '"abc"'],
  ['array_nulls', 'off', "('{NULL}'::text[])[1]", null, 'NULL'],
  ['transform_null_equals', 'on', 'NULL = NULL', null, true],
] as const;

/** What sets one without its name being told by the text. */
const SETTERS: Record<string, (c: Connection, name: string, value: string) => Promise<unknown>> = {
  'a function': (c, ...set) => c.fetchVal('SELECT pg_temp.sets($1, $2)', ...set),
  'a function in a transaction': (c, ...set) =>
    c.transaction((tx) => tx.execute('SELECT pg_temp.sets($1, $2)', ...set)),
  'a procedure': (c, ...set) => c.execute('CALL pg_temp.sets_too($1, $2)', ...set),
  'a block': (c, name, value) =>
    c.execute(`DO $$BEGIN EXECUTE 'SET ${name} = ''${value}'''; END$$`),
  pg_settings: (c, name, value) =>
    c.execute('UPDATE pg_settings SET setting = $2 WHERE name = $1', name, value),
};

describeEach('literals that settings are read by', (version) => {
  for (const [mode, options] of [
    ['named statements', {}],
    ['statementCacheSize: 0', { statementCacheSize: 0 }],
  ] as readonly (readonly [string, ConnectOptions])[]) {
    it.each(Object.keys(WAYS))(`are read anew for %s, with ${mode}`, async (way) => {
      const c = await open(version, options);
      for (const round of [0, 1]) {
        for (const [set, expression, value] of LITERALS) {
          const text = `SELECT ${expression} AS v`;
          await c.execute(`SET ${set}`);
          expect(await WAYS[way]!(c, text), `${round}: ${set}, ${text}`).toEqual(value);
        }
      }
      for (const [set, expression, value] of [...LITERALS, ...LITERALS]) {
        await c.transaction(async (tx) => {
          await tx.execute(`SET LOCAL ${set}`);
          expect(await WAYS[way]!(c, `SELECT ${expression} AS v`), set).toEqual(value);
        });
      }
    });

    it(`are right for each holder of a pool, with ${mode}`, async () => {
      const pool = await createPool(serverDsn(version), { minSize: 0, maxSize: 1, ...options });
      onTestFinished(() => pool.terminate());
      const q = "SELECT timestamptz '2024-06-01 00:00'";
      for (const [zone, time] of [
        ['Asia/Tokyo', '2024-05-31T15:00Z'],
        ['America/New_York', '2024-06-01T04:00Z'],
        ['Asia/Tokyo', '2024-05-31T15:00Z'],
      ] as const) {
        const value = await pool.withConnection(async (c) => {
          await c.execute(`SET timezone = '${zone}'`);
          return c.fetchVal(q);
        });
        expect(value).toEqual(new Date(time));
        const [, pipelined] = await pool.transaction((tx) =>
          Promise.all([
            tx.fetchVal("SELECT set_config('TimeZone', $1, true)", zone),
            tx.fetchVal(q),
          ]),
        );
        expect(pipelined).toEqual(new Date(time));
      }
    });

    it(`are as before when a function has set it in a transaction that is rolled back, with ${mode}`, async () => {
      const c = await open(version, options);
      await c.execute(`CREATE FUNCTION pg_temp.sets(value text) RETURNS text LANGUAGE plpgsql AS
        $$BEGIN RETURN set_config('bytea_output', value, false); END$$;
        CREATE FUNCTION pg_temp.idle() RETURNS int4 LANGUAGE sql AS 'SELECT 1'`);
      const q = String.raw`SELECT '\xff'::bytea::text, pg_temp.idle()`;
      for (const text of [q, `${q} + 1`]) expect(await c.fetchVal(text)).toBe(String.raw`\xff`);
      const tx = await c.begin();
      await tx.execute("SELECT pg_temp.sets('escape')");
      expect(await tx.fetchVal(q)).toBe(String.raw`\377`);
      await tx.rollback();
      expect(await c.fetchVal(q)).toBe(String.raw`\xff`);
    });

    it.each(Object.keys(SETTERS))(`are read anew when %s sets it, with ${mode}`, async (setter) => {
      for (const [setting, value, expression, before, after] of UNREPORTED) {
        const c = await open(version, options);
        await c.execute(`CREATE FUNCTION pg_temp.sets(name text, value text) RETURNS void LANGUAGE plpgsql AS
          $$BEGIN EXECUTE format('SET %s = %L', name, value); END$$;
          CREATE PROCEDURE pg_temp.sets_too(name text, value text) LANGUAGE plpgsql AS
          $$BEGIN EXECUTE format('SET %s = %L', name, value); END$$`);
        const q = `SELECT ${expression}`;
        for (const _ of [0, 1, 2]) expect(await c.fetchVal(q), setting).toBe(before);
        const [, pipelined] = await Promise.all([
          SETTERS[setter]!(c, setting, value),
          c.fetchVal(q),
        ]);
        expect(pipelined, setting).toBe(after);
        expect(await c.fetchVal(q), setting).toBe(after);
        await c.execute(`RESET ${setting}`);
        expect(await c.fetchVal(q), setting).toBe(before);
      }
    });

    it(`are the time of each call where they say so, with ${mode}`, async () => {
      const c = await open(version, options);
      const texts = [
        "SELECT 'now'::timestamptz",
        "SELECT timestamptz ' NOW'",
        "SELECT E'now'::timestamptz",
      ];
      for (const text of texts) {
        const prepared = await c.prepare(text);
        const first = await c.fetchVal<Date>(text);
        const before = await c.fetchVal<Date>('SELECT clock_timestamp()');
        await c.fetchVal('SELECT pg_sleep(0.002)');
        expect((await c.fetchVal<Date>(text))! >= before!, text).toBe(true);
        expect((await prepared.fetchVal())! >= first!, text).toBe(true);
        expect(
          (await c.batch([text]))[0]!.rows[0]![
            Object.keys(Object((await c.batch([text]))[0]!.rows[0]))[0]!
          ] >= before!,
        ).toBe(true);
      }
      const kept = { text: 'SELECT count(*)::int4 FROM pg_prepared_statements', prepare: false };
      const count = await c.fetchVal(kept);
      await c.fetchVal("SELECT 'tomorrow'::date");
      expect(await c.fetchVal(kept)).toBe(count);
    });
  }
});

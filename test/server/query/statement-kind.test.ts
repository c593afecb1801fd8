import { expect, it } from 'vitest';
import type { Connection } from '../../../src/index.ts';
import { type StatementKind, statementKind } from '../../../src/sql/statement-kind.ts';
import { describeEach, failure, openWithSchema } from '../../support/connections.ts';

/** What is in the schema before each statement. */
const OBJECTS = `
  CREATE TABLE t (a int PRIMARY KEY, b text);
  INSERT INTO t VALUES (1, 'one'), (2, 'two');
  CREATE TABLE log (message text);
  CREATE SEQUENCE s;
  CREATE MATERIALIZED VIEW m AS SELECT 1 AS a;
  CREATE TYPE mood AS ENUM ('good');
  CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT a + 1';
  CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN END $$;
`;

/** Statements that may share a session. */
const SHAREABLE = [
  'SELECT 1',
  'select 1;',
  'SELECT 1;;',
  'SELECT 1; -- the end',
  'SELECT 1 /* ; SET custom.a = 1 */',
  '/* SET custom.a = 1; */ SELECT 1',
  '/* /* */ SET custom.a = 1 */ SELECT 1',
  '-- LISTEN c\nSELECT 1',
  "SELECT '; SET custom.a = 1'",
  "SELECT E'\\'; SET custom.a = 1; --'",
  "SELECT 'a'\n'; SET custom.a = 1; --'",
  "SELECT '\\', 1",
  'SELECT $$; SET custom.a = 1; $$, $a$ $$; LISTEN c; $$ $a$',
  'SELECT 1 AS "; LISTEN c"',
  'SELECT 1 AS temp, 2 AS "INTO TEMP x"',
  'SELECT abs(a), 1*-a, a-- b\n FROM t',
  'SELECT pg_catalog.now(), lower ( b ) FROM t',
  'INSERT INTO t(a, b) VALUES (3, $$f(1)$$) ON CONFLICT (a) DO NOTHING',
  'WITH x(a) AS (SELECT 1) SELECT a, sum(a) FILTER (WHERE a > 0) OVER (PARTITION BY (a)) FROM x GROUP BY (a)',
  'SELECT a, n FROM (VALUES (1)) v(a), generate_series(1, 2) g(n)',
  'SELECT a, count(*) FROM t GROUP BY ROLLUP (a)',
  'SELECT 1 */**/2',
  'SELECT a FROM t FOR UPDATE',
  'SELECT a INTO copied FROM t',
  "SELECT nextval('s')",
  '(SELECT 1) UNION (SELECT 2)',
  '/* a */ ((SELECT 1))',
  'WITH x AS (SELECT 1) SELECT * FROM x',
  'WITH x AS (DELETE FROM t RETURNING a) SELECT * FROM x',
  "WITH x AS (SELECT 3) INSERT INTO t SELECT *, 'three' FROM x",
  "INSERT INTO t VALUES (3, 'temp')",
  "INSERT INTO log VALUES ('set_config was called; pg_advisory_lock too')",
  "INSERT INTO t VALUES (1, 'x') ON CONFLICT DO NOTHING",
  "UPDATE t SET b = 'x'",
  'DELETE FROM t WHERE a = 1',
  'MERGE INTO t USING (SELECT 1 AS a) x ON t.a = x.a WHEN MATCHED THEN DELETE',
  'VALUES (1), (2)',
  'TABLE t',
  'SHOW work_mem',
  'SHOW ALL',
  'EXPLAIN SELECT 1',
  'EXPLAIN ANALYZE DELETE FROM t',
  'EXPLAIN (ANALYZE, COSTS off, FORMAT json) SELECT 1',
  'EXPLAIN (COSTS off) (SELECT 1)',
  'EXPLAIN (SELECT 1)',
  'explain analyse verbose table t',
  'NOTIFY c',
  "NOTIFY c, 'a; LISTEN c'",
];

/** These are too, and fail. */
const FAILING = ['SELECT 1/0', 'SELECT abs(1, 2, 3)', 'SELECT a b c', 'EXPLAIN (what) SELECT 1'];

/** Others, that leave nothing in the session once their transaction is over. */
const TRANSACTIONAL = [
  'BEGIN',
  'START TRANSACTION ISOLATION LEVEL SERIALIZABLE',
  'BEGIN, COMMIT',
  'BEGIN, END',
  'BEGIN, ROLLBACK',
  'BEGIN, ABORT',
  'BEGIN, COMMIT AND CHAIN',
  'BEGIN, SAVEPOINT a',
  'BEGIN, SAVEPOINT a, RELEASE SAVEPOINT a',
  'BEGIN, SAVEPOINT a, ROLLBACK TO SAVEPOINT a',
  "BEGIN, SET LOCAL custom.a = '1'",
  "SET LOCAL work_mem = '9MB'",
  "BEGIN, SET /* a */ LOCAL work_mem = '9MB', COMMIT",
  'BEGIN, SET TRANSACTION READ ONLY',
  'BEGIN, LOCK TABLE t',
  'BEGIN, DECLARE c CURSOR FOR TABLE t, FETCH 1 FROM c',
  'BEGIN, DECLARE c CURSOR FOR TABLE t, MOVE FORWARD 1 IN c',
  'BEGIN, DECLARE c CURSOR FOR TABLE t, CLOSE c',
  "COPY t TO '/dev/null'",
  "COPY t FROM '/dev/null'",
  'CREATE TABLE x (temp int)',
  'CREATE TABLE x AS TABLE t',
  'EXPLAIN ANALYZE CREATE TABLE x AS TABLE t',
  'CREATE VIEW x AS TABLE t',
  'CREATE INDEX CONCURRENTLY ON t (b)',
  "CREATE FUNCTION x() RETURNS text LANGUAGE sql AS $$ SELECT set_config('custom.a', '1', false) $$",
  'ALTER TABLE t ADD COLUMN c int',
  "ALTER FUNCTION f SET work_mem = '9MB'",
  'DROP TABLE t',
  'TRUNCATE t',
  "COMMENT ON TABLE t IS 'x'",
  'GRANT SELECT ON t TO PUBLIC',
  'REVOKE ALL ON t FROM PUBLIC',
  'VACUUM t',
  'ANALYZE t',
  'REINDEX TABLE t',
  'REFRESH MATERIALIZED VIEW m',
];

/** These do leave something, which shows that it would be seen. */
const LASTING = [
  "SET custom.a = '1'",
  "/* SELECT */ SET work_mem = '9MB'",
  "SELECT set_config('custom.a', '1', false)",
  `SELECT "set_config"('custom.a', '1', false)`,
  `SELECT U&"set\\005fconfig"('custom.a', '1', false)`,
  "SELECT query_to_xml('SELECT set_config(''custom.a'', ''1'', false)', true, true, '')",
  "EXPLAIN (ANALYZE) SELECT set_config('custom.a', '1', false)",
  "UPDATE pg_settings SET setting = '9216' WHERE name = 'work_mem'",
  `UPDATE ONLY pg_catalog."pg_settings" AS s SET setting = '9216' WHERE s.name = 'work_mem'`,
  'SET ROLE pg_monitor',
  'SELECT pg_advisory_lock(1)',
  'SELECT "pg_try_advisory_lock"(1)',
  'CREATE TEMP TABLE x ()',
  'CREATE TABLE pg_temp.x ()',
  'SELECT 1 AS a INTO TEMP x',
  'EXPLAIN ANALYZE CREATE TEMP TABLE x AS SELECT 1',
  'LISTEN c',
  'PREPARE x AS SELECT 1',
  'DECLARE c CURSOR WITH HOLD FOR SELECT 1',
  "DO $$ BEGIN PERFORM set_config('custom.a', '1', false); END $$",
  "SELECT 1; SET custom.a = '1'",
];

/** Statements of which a rollback leaves nothing, lasting or not. */
const UNDONE = [
  ...SHAREABLE,
  ...FAILING,
  "SELECT set_config('custom.a', '1', false)",
  'SELECT 1 AS a INTO TEMP x',
];

/** The statements of an entry, but for the last they are there to make it possible. */
function statementsOf(entry: string): string[] {
  return entry.startsWith('BEGIN') ? entry.split(', ') : [entry];
}

const SESSION = `
  SELECT json_build_object(
    'user', current_user,
    'custom', nullif(current_setting('custom.a', true), ''),
    'settings', (SELECT json_agg(json_build_object(name, setting) ORDER BY name)
      FROM pg_settings WHERE source = 'session'),
    'temporary', (SELECT json_agg(relname) FROM pg_class
      WHERE relnamespace = pg_my_temp_schema()),
    'locks', (SELECT count(*) FROM pg_locks
      WHERE locktype = 'advisory' AND pid = pg_backend_pid()),
    'channels', (SELECT json_agg(c) FROM pg_listening_channels() c),
    'statements', (SELECT json_agg(name) FROM pg_prepared_statements WHERE from_sql),
    'cursors', (SELECT json_agg(name) FROM pg_cursors WHERE is_holdable)
  )::text`;

const DATA = `
  SELECT json_build_object(
    't', (SELECT json_agg(t ORDER BY a) FROM t),
    'log', (SELECT json_agg(log) FROM log),
    'tables', (SELECT json_agg(relname ORDER BY relname) FROM pg_class
      WHERE relnamespace = current_schema()::regnamespace)
  )::text`;

/** What can be seen of the session. */
function sessionOf(c: Connection): Promise<string | null> {
  return c.fetchVal<string>(SESSION);
}

/** Makes the schema what it is before each statement. */
async function restore(c: Connection, schema: string): Promise<void> {
  await c.execute(`SET LOCAL client_min_messages = error; DROP SCHEMA ${schema} CASCADE;
    CREATE SCHEMA ${schema}; ${OBJECTS}`);
}

/** Executes a statement in the simple protocol. */
async function execute(c: Connection, text: string): Promise<void> {
  if (FAILING.includes(text)) await failure(c.execute(text));
  else await c.execute(text);
}

describeEach('what is said of a statement', (version) => {
  it('is said of more than sixty', () => {
    const harmless = [...SHAREABLE, ...TRANSACTIONAL].map((entry) => statementsOf(entry).at(-1)!);
    expect(new Set(harmless).size).toBeGreaterThan(60);
    const kinds = (texts: readonly string[]): [string, StatementKind][] =>
      texts.map((text) => [text, statementKind(text)]);
    expect(kinds(harmless).filter(([, { lasting }]) => lasting)).toEqual([]);
    expect(kinds([...SHAREABLE, ...FAILING]).filter(([, { shareable }]) => !shareable)).toEqual([]);
    expect(kinds(UNDONE).filter(([, { repeatable }]) => !repeatable)).toEqual([]);
    expect(kinds(LASTING).filter(([, { lasting }]) => !lasting)).toEqual([]);
  });

  it('is true: what shares a session leaves nothing in it, and no transaction either', async () => {
    const c = await openWithSchema(version);
    const schema = (await c.fetchVal<string>('SELECT current_schema()'))!;
    const before = await sessionOf(c);
    for (const text of [...SHAREABLE, ...FAILING]) {
      await restore(c, schema);
      await execute(c, text);
      expect([text, c.isInTransaction(), await sessionOf(c)]).toEqual([text, false, before]);
    }
  });

  it('is true: what is not lasting leaves nothing behind its transaction', async () => {
    const c = await openWithSchema(version);
    const schema = (await c.fetchVal<string>('SELECT current_schema()'))!;
    const before = await sessionOf(c);
    for (const entry of TRANSACTIONAL) {
      await restore(c, schema);
      for (const text of statementsOf(entry)) await c.execute(text);
      if (c.isInTransaction()) await c.execute('ROLLBACK');
      expect([entry, await sessionOf(c)]).toEqual([entry, before]);
    }
  });

  it('is true: what may be executed again is undone wholly by a rollback', async () => {
    const c = await openWithSchema(version);
    const schema = (await c.fetchVal<string>('SELECT current_schema()'))!;
    await restore(c, schema);
    const before = [await sessionOf(c), await c.fetchVal(DATA)];
    for (const text of UNDONE) {
      await c.execute('BEGIN');
      await execute(c, text);
      await c.execute('ROLLBACK');
      expect([text, await sessionOf(c), await c.fetchVal(DATA)]).toEqual([text, ...before]);
    }
  });

  it.each(LASTING)('would be seen to be wrong of %j', async (text) => {
    const c = await openWithSchema(version);
    const before = await sessionOf(c);
    await c.execute(text);
    expect(await sessionOf(c)).not.toBe(before);
  });

  it.each([
    ['on', "SELECT '\\'; SET custom.a = 1; --'"],
    ['off', "SELECT 'a\\' -- ', set_config('custom.a', '1', false) --\\'"],
  ])('holds whether standard_conforming_strings is %s', async (setting, text) => {
    const c = await openWithSchema(version);
    await c.execute(`SET standard_conforming_strings = ${setting}`);
    const before = await sessionOf(c);
    await c.execute(text);
    expect(await sessionOf(c)).not.toBe(before);
    expect(statementKind(text).lasting).toBe(true);
  });
});

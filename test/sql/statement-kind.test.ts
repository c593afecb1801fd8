import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type StatementKind, statementKind } from '../../src/sql/statement-kind.ts';

const SHAREABLE = [
  'SELECT 1',
  'select 1;',
  'SELECT 1;;',
  '\n\tSELECT 1 ;\n',
  '-- comment\nSELECT 1',
  '/* a */ /* b\n */ SELECT 1',
  '/* /* a */ SET */ SELECT 1',
  '/*a*/SELECT 1/*b*/',
  'SELECT 1 -- ; SET a = b',
  'SELECT 1; -- the end\n',
  'SELECT 1; /* ; */ ;',
  'SELECT(1)',
  '(SELECT 1) UNION (SELECT 2)',
  '/* a */((/* b */ SELECT 1))',
  'WITH x AS (SELECT 1) SELECT * FROM x',
  'WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x',
  "INSERT INTO login_attempt VALUES ('temp_file')",
  'UPDATE settings SET value = 1',
  'DELETE FROM templates',
  'MERGE INTO t USING s ON true WHEN MATCHED THEN DO NOTHING',
  'VALUES (1)',
  'TABLE t',
  'SHOW work_mem',
  'EXPLAIN SELECT 1',
  'EXPLAIN ANALYZE SELECT 1',
  'explain analyse verbose delete from t',
  'EXPLAIN (ANALYZE, FORMAT JSON) INSERT INTO t VALUES (1)',
  'EXPLAIN (ANALYZE) (SELECT 1)',
  'EXPLAIN (SELECT 1)',
  'EXPLAIN /* ( */ (COSTS off) -- (\n WITH x AS (SELECT 1) TABLE x',
  'NOTIFY c',
  "NOTIFY c, 'a;b'",
  // What stands in strings, comments and quoted names is not executed.
  "SELECT 'a; COMMIT'",
  "SELECT E'\\'; COMMIT; --'",
  'SELECT $$; COMMIT$$, $a$; SET a = b; $$ $a$',
  'SELECT ";" FROM "a; COMMIT"',
  "INSERT INTO log VALUES ('set_config and pg_advisory_lock are called')",
  'SELECT 1 /* set_config */ -- dblink',
  'SELECT temp, "temporary" FROM weather AS temp',
  'SELECT 1 AS "INTO TEMP t"',
  "SELECT 'C:\\', 1",
  // Functions of PostgreSQL, by their names or as expressions of the grammar.
  'SELECT lower(a), pg_catalog.abs(b), array_sort(c), jsonb_path_query_array(d, $1) FROM t',
  'SELECT left(a, 1), position(a IN b), cast(a AS varchar(10)), a::numeric(10, 2), json_table(a) FROM t',
  // Tables and aliases with their columns.
  'SELECT a FROM (VALUES (1)) v(a), unnest($1::int[], $2::text[]) "u" (a, b), generate_series(1, 2) g(n)',
  'SELECT DISTINCT ON (a) a, sum(b) OVER (ORDER BY a), max(b) FILTER (WHERE a > 0) FROM t AS x(a, b)',
  'SELECT a, b, count(*) FROM t GROUP BY ROLLUP (a), CUBE (b), GROUPING SETS ((a), (b))',
  'SELECT a FROM (SELECT a FROM t GROUP BY DISTINCT ROLLUP(a), a, CUBE (b)) v(a) GROUP BY ALL cube(a)',
  'SELECT a FROM t GROUP BY GROUPING SETS (ROLLUP (a), CUBE (b), (), a), ROLLUP (c)',
  'SELECT a FROM t GROUP BY a, GROUPING SETS ((a, b), GROUPING SETS (CUBE (a), b, rollup(abs(a))), CUBE (b)), CUBE (a)',
  'SELECT a FROM (SELECT a FROM t GROUP BY grouping sets(rollup(a))) AS v GROUP BY GROUPING SETS (CUBE (a))',
  'SELECT pg_stat_get_activity(NULL), pg_notify($1, $2), nextval($3), regexp_instr(a, b)',
];

const TRANSACTIONAL = [
  'BEGIN',
  'START TRANSACTION READ ONLY',
  'COMMIT',
  'END',
  'ROLLBACK TO SAVEPOINT a',
  'ABORT',
  'SAVEPOINT a',
  'RELEASE SAVEPOINT a',
  'SET LOCAL work_mem = 1',
  'SET /* a */ LOCAL work_mem = 1',
  'SET TRANSACTION READ ONLY',
  'LOCK TABLE t',
  'FETCH 1 FROM c',
  'MOVE FORWARD 1 c',
  'COPY t FROM STDIN',
  'CREATE TABLE t ()',
  'CREATE TABLE weather (temp int)',
  'EXPLAIN CREATE TABLE t AS SELECT 1',
  'CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM set_config($1); END $$',
  'DROP TABLE t',
  'ALTER TABLE t ADD COLUMN a int',
  'TRUNCATE t',
  'VACUUM t',
];

const LASTING = [
  "SELECT auth.login('ann')",
  'SELECT login /* a */ (1)',
  'SELECT "lower"(a) FROM t',
  'SELECT auth.lower(a) FROM t',
  'SELECT a FROM t WHERE f(a) > 1',
  'SELECT filter(a) FROM t',
  'SELECT DISTINCT ON (a) f(b) FROM t',
  'SELECT a OPERATOR(pg_catalog.+) f(b) FROM t',
  'UPDATE t SET a = 1 RETURNING WITH (OLD AS o, NEW AS n) f(o.a)',
  'SELECT a FROM (VALUES (f(1))) v(a)',
  'SELECT a FROM unnest($1::int[]) u(a) WHERE (a > 1) AND f(a)',
  // Names that are no calls in a list of GROUP BY alone.
  'SELECT rollup(now()::date)',
  'SELECT a, cube(b) FROM t',
  'SELECT cube(1), a FROM t GROUP BY ROLLUP (a)',
  'SELECT a FROM t GROUP BY a ORDER BY a, rollup(a)',
  'SELECT a FROM t GROUP BY a UNION SELECT a, rollup(a)',
  'SELECT (SELECT a FROM t GROUP BY ROLLUP (a)), rollup(b)',
  'SELECT a FROM t GROUP BY abs(rollup(a))',
  'SELECT a FROM t GROUP BY (rollup(a))',
  'SELECT a FROM t GROUP BY GROUPING SETS ((rollup(a)), CUBE (b))',
  'SELECT a FROM t GROUP BY GROUPING SETS (ROLLUP (a), abs(cube(a)))',
  'SELECT a FROM t GROUP BY GROUPING SETS (ROLLUP (a), rolled(a))',
  'SELECT a FROM t GROUP BY GROUPING SETS (ROLLUP (a)) ORDER BY a, cube(a)',
  'SELECT grouping(a), cube(a) FROM t GROUP BY GROUPING SETS (a)',
  'SELECT (SELECT a FROM t GROUP BY GROUPING SETS (ROLLUP (a))), rollup(b)',
  'SELECT a FROM t GROUP BY s.rollup(a)',
  'INSERT INTO t SELECT a FROM u GROUP BY ROLLUP (a) RETURNING a, cube(b)',
  'INSERT INTO t (a) VALUES (f(1))',
  'EXPLAIN ANALYZE SELECT f(1)',
  'COPY (SELECT f(1)) TO STDOUT',
  'CREATE TABLE x AS SELECT f(1)',
  '',
  '-- SELECT 1',
  ';',
  '; SELECT 1',
  '1',
  '((',
  'SELEC 1',
  '"SELECT" 1',
  "'SELECT' 1",
  'SET work_mem = 1',
  'SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY',
  'SET "local" = 1',
  'SET ROLE r',
  'RESET ALL',
  'SELECT set_config($1, $2, false)',
  'SELECT "set_config"($1, $2, false)',
  'SELECT pg_catalog."set_config"($1, $2, false)',
  'SELECT U&"set\\005fconfig"($1, $2, false)',
  'SELECT u&"set!005fconfig" UESCAPE \'!\' ($1, $2, false)',
  'SELECT/**/set_config/**/($1, $2, false)',
  'SELECT pg_advisory_lock(1)',
  'SELECT PG_CATALOG.PG_TRY_ADVISORY_LOCK(1)',
  "SELECT query_to_xml('SELECT pg_advisory_lock(1)', true, true, '')",
  'CREATE TEMP TABLE t ()',
  'CREATE TEMPORARY VIEW v AS SELECT 1',
  'CREATE OR REPLACE TEMP VIEW v AS SELECT 1',
  'CREATE LOCAL /* a */ TEMPORARY TABLE t ()',
  'CREATE TABLE pg_temp.t ()',
  'CREATE TABLE "pg_temp".t ()',
  'EXPLAIN ANALYZE CREATE TEMP TABLE t AS SELECT 1',
  'SELECT 1 INTO TEMP t',
  'SELECT 1INTO TEMP t',
  'SELECT setseed(1)',
  "SELECT setval('s', 1)",
  "SELECT pg_create_logical_replication_slot('a', 'b', true)",
  'LISTEN c',
  'UNLISTEN c',
  'PREPARE p AS SELECT 1',
  'EXECUTE p',
  'EXPLAIN EXECUTE p',
  'EXPLAIN (ANALYZE) EXECUTE p',
  'DEALLOCATE p',
  'DISCARD PLANS',
  'DECLARE c CURSOR WITH HOLD FOR SELECT 1',
  'DO $$ BEGIN END $$',
  'CALL p()',
  'LOAD $lib$',
  'SELECT 1; SET work_mem = 1',
  'SELECT 1; SELECT 2',
  'SELECT 1;;SELECT 2',
  "SELECT '\\'; SET work_mem = 1; --'",
  '/* /* */ SELECT 1 */ SET work_mem = 1',
  '/* SELECT 1 */ SET work_mem = 1',
  '-- SELECT\nSET work_mem = 1',
  '--\rSET work_mem = 1',
  '/* SELECT 1',
  // Functions of PostgreSQL that change the session or execute what they are given.
  'SELECT lo_open(1, 131072)',
  "SELECT pg_create_physical_replication_slot('a', true, true)",
  "SELECT table_to_xml('t', true, true, '')",
  'SELECT setseed(1)',
  'SELECT pg_replication_origin_xact_setup($1, $2)',
];

describe('a statement that leaves nothing in the session and may share it', () => {
  it.each(SHAREABLE)('is %j', (text) => {
    expect(statementKind(text)).toEqual({
      shareable: true,
      repeatable: true,
      lasting: false,
      outlastsReset: false,
      firesTriggers: expect.any(Boolean),
      changesSchema: false,
      mayCommit: false,
      mentionsPrepare: false,
      needsHolder: null,
      endsTransaction: false,
      copies: null,
      unlistens: false,
      dropsStatements: false,
      parsedAnew: false,
      changesSurroundings: false,
      onlyEnds: true,
      callsUnknown: false,
      leavesStatements: true,
    });
  });
});

describe('what ends transactions', () => {
  it.each(['COMMIT', 'end; ', 'ROLLBACK AND CHAIN', 'rollback to a', "PREPARE TRANSACTION 'a'"])(
    'changes nothing else: %j',
    (text) => {
      expect(statementKind(text)).toMatchObject({ changesSurroundings: true, onlyEnds: true });
    },
  );

  it.each(['SET ROLE a; COMMIT', 'COMMIT; RESET ALL', 'COMMIT; SELECT f()', 'DISCARD ALL'])(
    'may change more: %j',
    (text) => {
      expect(statementKind(text)).toMatchObject({ changesSurroundings: true, onlyEnds: false });
    },
  );

  it('may do so where strings end elsewhere', () => {
    const text = String.raw`SELECT '\'; SET ROLE a; --'; COMMIT`;
    expect(statementKind(text)).toMatchObject({ onlyEnds: false });
  });
});

describe('a statement that leaves nothing behind its transaction, but is not to be shared', () => {
  it.each(TRANSACTIONAL)('is %j', (text) => {
    const kind = statementKind(text);
    expect(kind.shareable).toBe(false);
    expect(kind.repeatable).toBe(false);
    expect(kind.lasting).toBe(false);
  });
});

describe('a statement that may leave something in the session', () => {
  it.each(LASTING)('is %j', (text) => {
    const kind = statementKind(text);
    expect(kind.lasting).toBe(true);
    expect(kind.shareable).toBe(false);
  });
});

describe('a statement that is not to be shared, but executed again', () => {
  it.each([
    "SELECT set_config('a.b', '1', false)",
    'SELECT 1 INTO TEMP t',
    'INSERT INTO pg_temp.t VALUES (1)',
  ])('is undone by a rollback: %j', (text) => {
    expect(statementKind(text)).toMatchObject({ shareable: false, repeatable: true });
  });

  it.each([
    'SELECT pg_advisory_lock(1)',
    'SELECT pg_try_advisory_lock(1)',
    "SELECT setval('s', 1)",
    "SELECT dblink_exec('INSERT INTO t VALUES (1)')",
    "SELECT pg_backup_start('a')",
    "SELECT pg_replication_origin_session_setup('a')",
    "SELECT ts_stat('SELECT pg_advisory_lock(1)')",
    'SELECT U&"set\\005fconfig"($1, $2, false)',
    'SELECT 1; SELECT 2',
    'CALL p()',
    'DO $$$$',
    'CREATE TABLE t ()',
    'EXECUTE p',
  ])('is none that a rollback may leave something of: %j', (text) => {
    expect(statementKind(text)).toMatchObject({ repeatable: false });
  });
});

describe('a statement that may fire triggers', () => {
  it.each([
    'INSERT INTO t VALUES (1)',
    'update t set a = 1',
    'DELETE FROM t',
    'MERGE INTO t USING s ON true WHEN MATCHED THEN DO NOTHING',
    'WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x',
    'EXPLAIN ANALYZE INSERT INTO t VALUES (1)',
    'COPY t FROM STDIN',
    'COPY t FROM PROGRAM $$a$$',
    'TRUNCATE t',
    'CREATE TABLE t ()',
    'DROP TABLE t',
    'REFRESH MATERIALIZED VIEW v',
    'CALL p()',
    'SELECT f()',
    'SELECT 1; SELECT 2',
  ])('is %j', (text) => {
    expect(statementKind(text).firesTriggers).toBe(true);
  });

  it.each([
    'SELECT a FROM t FOR UPDATE',
    'WITH x AS (SELECT 1) SELECT * FROM x',
    'VALUES (1)',
    'TABLE t',
    'SHOW work_mem',
    'NOTIFY c',
    'EXPLAIN SELECT 1',
    'COPY t TO STDOUT',
    'COPY (SELECT a FROM t) TO STDOUT (FORMAT binary)',
    'BEGIN',
    'COMMIT',
    'SET LOCAL work_mem = 1',
    'FETCH 1 FROM c',
  ])('is not %j', (text) => {
    expect(statementKind(text).firesTriggers).toBe(false);
  });
});

describe('a statement that may commit what was done before it', () => {
  it.each([
    'COMMIT',
    'END',
    'ROLLBACK',
    'ABORT',
    'PREPARE TRANSACTION $a$',
    'CALL p()',
    'DO $$ BEGIN COMMIT; END $$',
    'VACUUM t',
    'ANALYZE t',
    'REINDEX TABLE t',
    'CLUSTER t',
    'CREATE INDEX CONCURRENTLY i ON t (a)',
    'DROP INDEX CONCURRENTLY i',
    'CREATE DATABASE d',
    'DROP TABLESPACE t',
    'ALTER SYSTEM SET a = b',
    'SELECT 1; COMMIT',
    '/* SELECT */ COMMIT',
    'SOMETHING ELSE',
    '',
  ])('is %j', (text) => {
    expect(statementKind(text).mayCommit).toBe(true);
  });

  it.each([
    'BEGIN',
    'SAVEPOINT a',
    'SET a = b',
    'RESET ALL',
    'LISTEN c',
    'CREATE TABLE t (concurrent int)',
    "CREATE TABLE t (a text DEFAULT 'concurrently')",
    'ALTER TABLE "database" ADD COLUMN a int',
    'DROP TABLE t',
    'PREPARE p AS SELECT 1',
    'EXECUTE p',
    'TRUNCATE t',
    'SELECT pg_advisory_lock(1) AS "end"',
    "SELECT set_config('commit', 'do', true) AS call",
  ])('is not %j', (text) => {
    expect(statementKind(text).mayCommit).toBe(false);
  });
});

describe('what is known of the session', () => {
  it('may be outdated after CREATE, ALTER and DROP, of any text that is executed', () => {
    for (const text of [
      'CREATE TABLE t ()',
      '/* a */ alter table t add column a int',
      'DROP TABLE t',
      'EXPLAIN ANALYZE CREATE TABLE t AS SELECT 1',
      'SELECT 1; ALTER TABLE t ADD COLUMN a int',
      "DO $$ BEGIN EXECUTE 'drop table t'; END $$",
      "CALL execute('alter table t …')",
    ]) {
      expect(statementKind(text).changesSchema).toBe(true);
    }
    for (const text of ['SELECT 1', "SELECT 'DROP TABLE t'", 'SET a = created', 'TRUNCATE t']) {
      expect(statementKind(text).changesSchema).toBe(false);
    }
  });

  it.each([
    'DEALLOCATE ALL',
    'deallocate /* a */ prepare all;',
    'DEALLOCATE asyncpg_1a_2',
    'DEALLOCATE "asyncpg_1a_2"',
    'DISCARD ALL',
    'SELECT 1; DEALLOCATE ALL',
    "SELECT '\\'; DISCARD ALL; --'",
  ])('is no statement that the driver has prepared, after %j', (text) => {
    expect(statementKind(text)).toMatchObject({ dropsStatements: true, leavesStatements: false });
  });

  it.each([
    'DEALLOCATE mine',
    'DEALLOCATE PREPARE mine',
    'DISCARD PLANS',
    "WITH x AS (SELECT 'deallocate all') SELECT 1; SET a = deallocate",
    'DEALLOCATE mine; SELECT 1 AS all -- DEALLOCATE ALL',
  ])('is still the statements that the driver has prepared, after %j', (text) => {
    expect(statementKind(text).dropsStatements).toBe(false);
  });

  it('may be missing a statement after PREPARE, where it is a word of its own', () => {
    for (const text of [
      'PREPARE p AS SELECT 1',
      "DO $$ BEGIN EXECUTE 'prepare p as select 1'; END $$",
      'SELECT 1; prepare p AS SELECT 1',
    ]) {
      expect(statementKind(text).mentionsPrepare).toBe(true);
    }
    expect(statementKind('SET prepared = 1').mentionsPrepare).toBe(false);
    expect(statementKind("SELECT 'prepare'").mentionsPrepare).toBe(false);
  });
});

describe('the columns', () => {
  it.each([
    'FETCH c',
    'fetch 10 from c',
    '/* a */ -- b\n FETCH ALL IN c',
    'EXECUTE q',
    'execute q(1)',
    'EXPLAIN EXECUTE q',
  ])('are those of what %j names', (text) => {
    expect(statementKind(text).parsedAnew).toBe(true);
  });

  it.each([
    'SELECT 1',
    "SELECT 'fetch'",
    'WITH fetch AS (SELECT 1) TABLE fetch',
    'VALUES (1)',
    'SELECT a FROM t FETCH FIRST ROW ONLY',
    'INSERT INTO t VALUES (1) RETURNING a',
    'SHOW search_path',
    'EXPLAIN SELECT 1',
  ])('are those of %j itself', (text) => {
    expect(statementKind(text).parsedAnew).toBe(false);
  });
});

describe('the kind of a statement', () => {
  it('is the same each time, however long it is', () => {
    const long = `SELECT '${'x'.repeat(20_000)}'`;
    for (let i = 0; i < 3; i++) {
      expect(statementKind(long).shareable).toBe(true);
      expect(statementKind(`${long}; SET a = b`).shareable).toBe(false);
    }
    for (let i = 0; i < 5000; i++) expect(statementKind(`SELECT ${i}`).shareable).toBe(true);
    for (let i = 0; i < 5000; i++) {
      expect(statementKind(`SELECT ${i}; ${' '.repeat(8000)}COMMIT`).shareable).toBe(false);
    }
  });

  it('cannot be changed', () => {
    for (const text of ['SELECT 1', 'SET a = b', '']) {
      expect(Object.isFrozen(statementKind(text))).toBe(true);
    }
  });

  it('is found in no time, whatever the text looks like', () => {
    for (const text of [
      '/*'.repeat(50_000),
      '-- \n'.repeat(50_000),
      ' '.repeat(200_000),
      '(\n'.repeat(100_000),
      'explain '.repeat(50_000),
      `explain ${'('.repeat(200_000)}`,
      `set ${"'a'\n".repeat(100_000)}`,
      `select temp ${'; '.repeat(200_000)} x`,
      `select setseed("${'"'.repeat(199_999)}`,
      'advisory'.repeat(50_000),
      'u&"'.repeat(50_000),
    ]) {
      expect(statementKind(text).lasting).toBe(true);
    }
  });
});

// ── What is put together of pieces ──────────────────────────────────────────────────────────

/** What says nothing: blanks and comments, with words that would count elsewhere. */
const nothing = fc
  .array(
    fc.constantFrom(
      ' ',
      '\n',
      '\t\r\n',
      '-- ; COMMIT\n',
      '-- "\r',
      '/**/',
      '/* set_config */',
      "/* ' */",
      '/* /* $$ */ ; */',
    ),
    { minLength: 1, maxLength: 3 },
  )
  .map((parts) => parts.join(''));

/** Expressions in which nothing is executed. */
const harmless = fc.constantFrom(
  '1',
  '$1',
  "'; COMMIT'",
  "E'\\'; COMMIT'",
  '$$ ; set_config() $$',
  '"; COMMIT"',
  "U&'; temp'",
  'a.b',
  '(SELECT 1)',
  'a*-1',
);

const lasting = fc.constantFrom(
  "set_config('a', 'b', false)",
  '"set_config"($1)',
  'pg_advisory_lock(1)',
  'pg_temp.f()',
  'U&"a"()',
  'dblink($1)',
);

const verb = fc.constantFrom(
  ...['SELECT', 'select', 'VALUES', 'INSERT INTO t VALUES', 'UPDATE t SET a =', 'TABLE', 'SHOW'],
  ...['WITH x AS', 'EXPLAIN SELECT', 'EXPLAIN (COSTS off) SELECT', 'explain Analyze DELETE FROM t'],
);

const rest = fc
  .array(fc.tuple(nothing, harmless), { minLength: 1, maxLength: 4 })
  .map((pairs) => pairs.flat().join(''));

function kindOf(...parts: string[]): StatementKind {
  return statementKind(parts.join(''));
}

describe('a text of many pieces', () => {
  it('is shareable, whatever stands around its words, in its strings and behind its end', () => {
    fc.assert(
      fc.property(nothing, verb, rest, nothing, (before, start, body, after) => {
        for (const lead of [before, '', `${before}(${before}`]) {
          for (const end of [after, '', ';', `${after};${after};`]) {
            expect(kindOf(lead, start, body, end)).toMatchObject({
              shareable: true,
              repeatable: true,
              lasting: false,
              mayCommit: false,
            });
          }
        }
      }),
    );
  });

  it('is lasting as soon as one of its pieces is', () => {
    fc.assert(
      fc.property(nothing, verb, rest, lasting, rest, (before, start, one, call, other) => {
        const kind = kindOf(before, start, one, before, call, other);
        expect(kind).toMatchObject({ shareable: false, lasting: true, mayCommit: false });
      }),
    );
  });

  it('is none of the harmless ones if it is several statements', () => {
    fc.assert(
      fc.property(nothing, verb, rest, verb, rest, (gap, one, first, other, second) => {
        expect(kindOf(gap, one, first, ';', gap, other, second)).toMatchObject({
          shareable: false,
          repeatable: false,
          lasting: true,
          mayCommit: true,
        });
      }),
    );
  });

  it('is not changed by a statement in front of which something else stands', () => {
    const other = fc.constantFrom(
      'SET',
      'CALL',
      'DO',
      'LISTEN',
      'foo',
      '"select"',
      "'select'",
      '1',
      ';',
    );
    fc.assert(
      fc.property(nothing, other, verb, rest, (gap, first, start, body) => {
        expect(kindOf(gap, first, gap, start, body)).toMatchObject({
          shareable: false,
          repeatable: false,
          lasting: true,
        });
      }),
    );
  });
});

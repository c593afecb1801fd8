import { describe, expect, it } from 'vitest';
import { statementKind } from '../../src/sql/statement-kind.ts';

describe('a statement that leaves nothing in the session and may share it', () => {
  it.each([
    'SELECT 1',
    'select 1;',
    'SELECT 1;;',
    '\n\tSELECT 1 ;\n',
    '-- comment\nSELECT 1',
    '/* a */ /* b\n */ SELECT 1',
    '(SELECT 1) UNION (SELECT 2)',
    'WITH x AS (SELECT 1) SELECT * FROM x',
    "INSERT INTO login_attempt VALUES ('temp_file')",
    'UPDATE settings SET value = 1',
    'DELETE FROM templates',
    'MERGE INTO t USING s ON true WHEN MATCHED THEN DO NOTHING',
    'VALUES (1)',
    'TABLE t',
    'SHOW work_mem',
    'EXPLAIN ANALYZE SELECT 1',
    'NOTIFY c',
  ])('is %j', (text) => {
    expect(statementKind(text).shareable).toBe(true);
    expect(statementKind(text).lasting).toBe(false);
  });
});

describe('a statement that leaves nothing behind its transaction, but is not to be shared', () => {
  it.each([
    'BEGIN',
    'START TRANSACTION READ ONLY',
    'COMMIT',
    'END',
    'ROLLBACK TO SAVEPOINT a',
    'ABORT',
    'SAVEPOINT a',
    'RELEASE SAVEPOINT a',
    'SET LOCAL work_mem = 1',
    'SET TRANSACTION READ ONLY',
    'LOCK TABLE t',
    'FETCH 1 FROM c',
    'MOVE FORWARD 1 c',
    'COPY t FROM STDIN',
    'CREATE TABLE t ()',
    'DROP TABLE t',
    'ALTER TABLE t ADD COLUMN a int',
    'TRUNCATE t',
    'VACUUM t',
  ])('is %j', (text) => {
    expect(statementKind(text).shareable).toBe(false);
    expect(statementKind(text).lasting).toBe(false);
  });
});

describe('a statement that may leave something in the session', () => {
  it.each([
    '',
    'SET work_mem = 1',
    'SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY',
    'SET ROLE r',
    'RESET ALL',
    'SELECT set_config($1, $2, false)',
    'SELECT pg_advisory_lock(1)',
    'SELECT PG_CATALOG.PG_TRY_ADVISORY_LOCK(1)',
    'CREATE TEMP TABLE t ()',
    'CREATE TEMPORARY VIEW v AS SELECT 1',
    'CREATE TABLE pg_temp.t ()',
    'SELECT 1 INTO TEMP t',
    'SELECT setseed(1)',
    "SELECT setval('s', 1)",
    "SELECT pg_create_logical_replication_slot('a', 'b', true)",
    'LISTEN c',
    'UNLISTEN c',
    'PREPARE p AS SELECT 1',
    'EXECUTE p',
    'DEALLOCATE p',
    'DISCARD PLANS',
    'DECLARE c CURSOR WITH HOLD FOR SELECT 1',
    'DO $$ BEGIN END $$',
    'CALL p()',
    'LOAD $lib$',
    'SELECT 1; SET work_mem = 1',
    '/* /* */ SELECT 1 */ SET work_mem = 1',
    '/* SELECT 1 */ SET work_mem = 1',
    '-- SELECT\nSET work_mem = 1',
    '/* SELECT 1',
  ])('is %j', (text) => {
    expect(statementKind(text).lasting).toBe(true);
    expect(statementKind(text).shareable).toBe(false);
  });

  it('is judged the same each time, however long it is', () => {
    const long = `SELECT '${'x'.repeat(20_000)}'`;
    for (let i = 0; i < 3; i++) {
      expect(statementKind(long).shareable).toBe(true);
      expect(statementKind(`${long}; SET a = b`).shareable).toBe(false);
    }
    for (let i = 0; i < 5000; i++) expect(statementKind(`SELECT ${i}`).shareable).toBe(true);
  });

  it('mentions PREPARE where it is a word of its own', () => {
    expect(statementKind('PREPARE p AS SELECT 1').mentionsPrepare).toBe(true);
    expect(
      statementKind("DO $$ BEGIN EXECUTE 'prepare p as select 1'; END $$").mentionsPrepare,
    ).toBe(true);
    expect(statementKind('SET prepared = 1').mentionsPrepare).toBe(false);
  });

  it('is judged in no time, whatever it looks like', () => {
    for (const text of [
      '/*'.repeat(50_000),
      '-- \n'.repeat(50_000),
      ' '.repeat(200_000),
      '(\n'.repeat(100_000),
    ]) {
      expect(statementKind(text).lasting).toBe(true);
    }
  });
});

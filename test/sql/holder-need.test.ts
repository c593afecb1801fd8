import { describe, expect, it } from 'vitest';
import { needOfTexts, statementKind } from '../../src/sql/statement-kind.ts';

const NEEDS: Readonly<Record<string, readonly string[]>> = {
  transaction: [
    'BEGIN',
    '  /* a */ begin -- b\n;',
    'BEGIN ISOLATION LEVEL SERIALIZABLE',
    'START TRANSACTION READ ONLY',
    'COMMIT',
    'commit and chain',
    'END',
    'ROLLBACK',
    'ROLLBACK TO SAVEPOINT a',
    'ABORT',
    'SAVEPOINT a',
    'RELEASE a',
    "PREPARE TRANSACTION 'a'",
    // Scripts that do not have the whole of their transactions.
    'BEGIN; INSERT INTO t VALUES (1)',
    'begin;;/* COMMIT */ select 1 -- ; COMMIT',
    "BEGIN; SELECT '; COMMIT'",
    'BEGIN; COMMIT; BEGIN',
    'BEGIN; COMMIT AND CHAIN',
    'BEGIN; ROLLBACK TO a',
    'BEGIN; ROLLBACK WORK TO SAVEPOINT a',
    'BEGIN; COMMIT PREPARED $$a$$',
    'INSERT INTO t VALUES (1); COMMIT',
    'COMMIT; VACUUM t; BEGIN',
    "SELECT 1; PREPARE TRANSACTION 'a'",
    'BEGIN; CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; END',
  ],
  'local setting': [
    "SET LOCAL work_mem = '1MB'",
    'set /* a */ local timezone to 1',
    'SET TRANSACTION READ ONLY',
    'SET CONSTRAINTS ALL DEFERRED',
    '; SET LOCAL work_mem = 1',
  ],
  lock: [
    'SELECT pg_advisory_lock(1)',
    'select PG_TRY_ADVISORY_LOCK (1, 2)',
    'SELECT pg_catalog.pg_try_advisory_lock_shared(1)',
    'SELECT "pg_advisory_lock_shared"(1)',
    'WITH x AS (SELECT pg_try_advisory_lock(1) AS ok) SELECT ok FROM x',
    'SELECT a FROM t WHERE pg_try_advisory_lock(a)',
    'SELECT pg_advisory_unlock(1)',
    'SELECT pg_advisory_unlock_all()',
    'SELECT pg_advisory_lock(1); UPDATE t SET a = 1',
  ],
  channel: ['LISTEN c', 'listen "C";', 'LISTEN a; LISTEN b'],
};

const FREE = [
  'SELECT 1',
  '',
  'BEGIN; INSERT INTO t VALUES (1); COMMIT',
  'BEGIN; SAVEPOINT a; SELECT 1; ROLLBACK TO a; END;',
  'START TRANSACTION; SELECT 1; ABORT',
  'BEGIN; COMMIT; BEGIN; ROLLBACK',
  'BEGIN; COMMIT AND CHAIN; ROLLBACK',
  'BEGIN; COMMIT AND NO CHAIN',
  "BEGIN; SELECT 1; PREPARE TRANSACTION 'a'",
  "COMMIT PREPARED 'a'",
  "ROLLBACK PREPARED 'a'",
  'SET LOCAL work_mem = 1; SELECT 1',
  'SET work_mem = 1',
  'SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY',
  "SELECT set_config('a.b', 'c', true)",
  'SELECT pg_advisory_xact_lock(1)',
  'SELECT pg_try_advisory_xact_lock_shared(1)',
  'SELECT pg_advisory_lock(1); UPDATE t SET a = 1; SELECT pg_advisory_unlock(1)',
  'SELECT own.pg_advisory_lock(1)',
  "SELECT 'pg_advisory_lock(1)' -- pg_advisory_lock(1)",
  'SELECT pg_advisory_lock FROM t',
  'SELECT pid FROM pg_locks WHERE pg_advisory_locks (1)',
  'CREATE FUNCTION f() RETURNS void BEGIN ATOMIC SELECT pg_advisory_lock(1); SELECT CASE WHEN true THEN 1 END; END',
  'CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC UPDATE t SET a = 1; END; SELECT 1',
  'CREATE RULE r AS ON INSERT TO t DO (DELETE FROM a; COMMIT)',
  'CREATE VIEW v AS SELECT pg_advisory_lock(1); SELECT 1',
  'PREPARE q AS SELECT 1',
  'UNLISTEN *',
  'NOTIFY c',
  'DO $$ BEGIN COMMIT; END $$',
  // Where the string ends depends on a setting: it is not certain.
  "SELECT '\\'; BEGIN; --'",
];

describe('a text that needs somebody who goes on in the session', () => {
  it.each(Object.entries(NEEDS).flatMap(([need, texts]) => texts.map((text) => [need, text])))(
    'for a %s is %j',
    (need, text) => {
      expect(statementKind(text).needsHolder).toBe(need);
      expect(needOfTexts([text])).toBe(need);
    },
  );

  it.each(FREE)('is not %j', (text) => {
    expect(statementKind(text).needsHolder).toBeNull();
    expect(needOfTexts([text])).toBeNull();
  });
});

describe('the texts of one call', () => {
  it.each([
    [['BEGIN', 'INSERT INTO t VALUES (1) -- a comment', 'COMMIT']],
    [["SET LOCAL work_mem = '1MB'", 'SELECT 1']],
    [['SELECT pg_advisory_lock(1)', 'SELECT 1', 'SELECT pg_advisory_unlock(1)']],
    [[]],
  ])('are enough for each other: %j', (texts) => {
    expect(needOfTexts(texts)).toBeNull();
  });

  it.each([
    ['transaction', ['SELECT 1', 'BEGIN']],
    ['transaction', ['SELECT 1', 'SAVEPOINT a']],
    ['transaction', ['INSERT INTO t VALUES (1)', 'COMMIT', 'SELECT 1']],
    ['lock', ['SELECT pg_advisory_lock(1)', 'SELECT 1']],
    ['channel', ['SELECT 1', 'LISTEN c']],
  ])('need a holder for a %s: %j', (need, texts) => {
    expect(needOfTexts(texts)).toBe(need);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { querySummary } from '../../src/sql/query-summary.ts';
import { withoutLiterals } from '../../src/sql/without-literals.ts';

const SUMMARIES: readonly (readonly [text: string, summary: string, operation: string | null])[] = [
  ['', '', null],
  ['-- nothing\n;', '', null],
  ['SELECT 1', 'SELECT', 'SELECT'],
  ['select a from s.t', 'SELECT s.t', 'SELECT'],
  ['SELECT a FROM o JOIN c USING (id), public."T x" WHERE x', 'SELECT o c public."T x"', 'SELECT'],
  ['SELECT x FROM (SELECT * FROM o) s', 'SELECT SELECT o', 'SELECT'],
  ['SELECT a FROM t UNION SELECT b FROM u', 'SELECT t SELECT u', 'SELECT'],
  ['(SELECT 1 FROM t)', 'SELECT t', 'SELECT'],
  ['SELECT * FROM generate_series(1,2) g, t FOR UPDATE', 'SELECT t', 'SELECT'],
  ['SELECT extract(year FROM ts) FROM t', 'SELECT t', 'SELECT'],
  ['SELECT a FROM t WHERE a IS DISTINCT FROM b', 'SELECT t', 'SELECT'],
  ["SELECT 'SELECT a FROM secret' /* FROM c */ FROM t", 'SELECT t', 'SELECT'],
  ['WITH x AS (SELECT 1 FROM t) SELECT * FROM x, y', 'SELECT t SELECT y', 'SELECT'],
  ['WITH x AS (DELETE FROM q) INSERT INTO r TABLE x', 'DELETE q INSERT r', 'INSERT'],
  ['INSERT INTO t(a, b) SELECT a FROM u', 'INSERT t SELECT u', 'INSERT'],
  ['INSERT INTO t VALUES (1) ON CONFLICT DO UPDATE SET a = 1', 'INSERT t', 'INSERT'],
  ['UPDATE ONLY a.b SET x = 1 FROM c', 'UPDATE a.b c', 'UPDATE'],
  ['DELETE FROM t USING u', 'DELETE t u', 'DELETE'],
  ['MERGE INTO a USING b ON true WHEN MATCHED THEN UPDATE SET x = 1', 'MERGE a b', 'MERGE'],
  ['create unlogged table if not exists s.t (a int)', 'CREATE TABLE s.t', 'CREATE'],
  ['CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)', 'CREATE INDEX i', 'CREATE'],
  ["CREATE USER u PASSWORD 'secret'", 'CREATE USER u', 'CREATE'],
  ['TRUNCATE TABLE t', 'TRUNCATE t', 'TRUNCATE'],
  ['CALL p(1)', 'CALL p', 'CALL'],
  ['COPY t FROM STDIN', 'COPY t', 'COPY'],
  ['COPY (SELECT * FROM t) TO STDOUT', 'COPY SELECT t', 'COPY'],
  ['EXPLAIN ANALYZE SELECT * FROM t', 'EXPLAIN SELECT t', 'SELECT'],
  ['ROLLBACK TO SAVEPOINT a', 'ROLLBACK', 'ROLLBACK'],
  ['NOTIFY channel', 'NOTIFY', 'NOTIFY'],
  ['INSERT INTO a DEFAULT VALUES; DELETE FROM b', 'INSERT a; DELETE b', null],
  ['INSERT INTO a VALUES (1); INSERT INTO b VALUES (1)', 'INSERT a; INSERT b', 'INSERT'],
  // One reading has a table more than the other.
  ["SELECT 'a\\' FROM b, 'c' FROM d", '', null],
];

describe('the summary of a query', () => {
  it.each(SUMMARIES)('%s', (text, summary, operation) => {
    expect(querySummary(text)).toMatchObject({ summary, operation });
  });

  it('is never longer than 255 characters, and cut between names', () => {
    const names = Array.from({ length: 100 }, (_, i) => `table_${i}`);
    const { summary } = querySummary(`SELECT * FROM ${names.join(', ')}`);
    expect(summary.length).toBeLessThanOrEqual(255);
    expect(`SELECT ${names.join(' ')} `.startsWith(`${summary} `)).toBe(true);
  });
});

describe('a text without its constants', () => {
  it.each([
    ["SELECT 'a', E'b\\'c', $$d$$, $x$e$x$, U&'f', B'1', 'g''h'", 'SELECT ?, ?, ?, ?, ?, ?, ?'],
    ['SELECT 1, -2.5e3, 0xff, 1_000, $1, t1', 'SELECT ?, -?, ?, ?, $1, t1'],
    ["SELECT a -- 'b'\nFROM /* secret */ t", 'SELECT a  \nFROM   t'],
    ["SELECT 'never closed", 'SELECT ?'],
    // Values of settings need no quotes.
    ['SET app.user TO ada', 'SET app.user TO ?'],
    ['set local app . user = ada', 'set local app . user = ?'],
    ['SET SESSION "app.user" = "Ada"; SELECT a', 'SET SESSION "app.user" = ?; SELECT a'],
    ['SET search_path TO a, "B", public', 'SET search_path TO ?, ?, ?'],
    ["SET a.b = 'x', y, -1, 0xff", 'SET a.b = ?, ?, -?, ?'],
    ['SET /* of */ a.b /* it */ = /* secret */ ada', 'SET   a.b   =   ?'],
    ['SET a.b TO DEFAULT', 'SET a.b TO DEFAULT'],
    ['ALTER ROLE ada IN DATABASE d SET a.b TO c', 'ALTER ROLE ada IN DATABASE d SET a.b TO ?'],
    ['ALTER SYSTEM SET a.b = c', 'ALTER SYSTEM SET a.b = ?'],
    [
      'CREATE FUNCTION f() RETURNS int SET a.b TO c, d SET e = f LANGUAGE sql AS $$x$$',
      'CREATE FUNCTION f() RETURNS int SET a.b TO ?, ? SET e = ? LANGUAGE sql AS ?',
    ],
    ['SET session.key TO ada', 'SET session.key TO ?'],
    ['SET LOCAL local.session = ada', 'SET LOCAL local.session = ?'],
    ['SET SESSION = ada', 'SET SESSION = ?'],
    // Nor is anything shown of one that is written wrong.
    ['SET a.b TO c.d-e "f" g; SELECT h', 'SET a.b TO ?.?-? ? ?; SELECT h'],
    ['SET a.b TO $c, d e', 'SET a.b TO $?, ? ?'],
    // No others are.
    ['SET ROLE ada', 'SET ROLE ada'],
    ['SET TRANSACTION READ ONLY', 'SET TRANSACTION READ ONLY'],
    ['UPDATE t SET a = b, c = d WHERE e = f', 'UPDATE t SET a = b, c = d WHERE e = f'],
    ['SET a.b = c; UPDATE t SET a = b', 'SET a.b = ?; UPDATE t SET a = b'],
    ['ALTER TABLE t ALTER a SET DEFAULT b', 'ALTER TABLE t ALTER a SET DEFAULT b'],
    ['ALTER TABLE t SET (fillfactor = 70)', 'ALTER TABLE t SET (fillfactor = ?)'],
    ['ALTER TABLE t SET SCHEMA b', 'ALTER TABLE t SET SCHEMA b'],
    [
      'CREATE RULE r AS ON UPDATE TO t DO ALSO UPDATE u SET a = b, c = d',
      'CREATE RULE r AS ON UPDATE TO t DO ALSO UPDATE u SET a = b, c = d',
    ],
    [
      'CREATE FUNCTION f() RETURNS void SET a.b TO c BEGIN ATOMIC UPDATE t SET a = b; END',
      'CREATE FUNCTION f() RETURNS void SET a.b TO ? BEGIN ATOMIC UPDATE t SET a = b; END',
    ],
    ['SELECT set FROM t WHERE set = b', 'SELECT set FROM t WHERE set = b'],
  ])('%s', (text, shown) => expect(withoutLiterals(text)).toBe(shown));

  it('is not shown where a setting of the server decides what a constant is', () => {
    expect(withoutLiterals("SELECT 'it\\'s', 'secret'")).toBeNull();
  });

  it('has nothing of any value', () => {
    const value = fc.string().map((text) => `'secret${text.replaceAll("'", "''")}'`);
    const text = fc.array(value).map((values) => `SELECT f(${values.join(', ')}) FROM t`);
    fc.assert(
      fc.property(text, (sql) => {
        expect(withoutLiterals(sql) ?? '').not.toContain('secret');
        expect(querySummary(sql).summary).not.toContain('secret');
      }),
    );
  });
});

import { describe, expect, it } from 'vitest';
import { madeNames } from '../../src/sql/made-names.ts';

describe('the names that definitions give', () => {
  it.each<[string, string[]]>([
    ['CREATE TABLE t (a int)', ['t']],
    ['create temp table if not exists "A b" (a int)', ['a b']],
    ['CREATE OR REPLACE TEMPORARY VIEW s.v AS SELECT 1', ['v']],
    ['CREATE MATERIALIZED VIEW m AS SELECT 1', ['m']],
    ['CREATE UNLOGGED TABLE "x""y" ()', ['x"y']],
    ["CREATE TYPE mood AS ENUM ('a'); /* ; */ CREATE DOMAIN d AS int", ['mood', 'd']],
    ['ALTER TABLE a RENAME TO b', ['b', 'a']],
    ['ALTER TABLE a RENAME COLUMN x TO y', ['a']],
    ['ALTER TABLE a ADD b int; DROP TABLE c; CREATE INDEX ON a (b)', ['a']],
    ['ALTER TABLE IF EXISTS ONLY s.a ADD b int; ALTER TYPE "B" ADD VALUE $$x$$', ['a', 'b']],
    ['ALTER MATERIALIZED VIEW a ALTER b SET STATISTICS 1', ['a']],
    ['ALTER TEXT SEARCH CONFIGURATION s.a ADD MAPPING FOR word WITH simple', ['a']],
    ['DROP TYPE a, s.b', ['a', 's', 'b']],
    ['SELECT 1 AS a INTO TEMP TABLE made', ['made']],
    ['WITH x AS (INSERT INTO log VALUES (1) RETURNING *) SELECT * INTO y FROM x', ['y']],
    ['CREATE SCHEMA s', []],
    ["SELECT 'CREATE TABLE t'", []],
  ])('of %j', (text, names) => {
    expect(madeNames(text, false)).toEqual(names);
  });

  it.each([
    'CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$',
    'CREATE OPERATOR + (FUNCTION = f)',
    'CREATE SCHEMA s CREATE TABLE t (a int)',
    'ALTER TABLE t SET SCHEMA s',
    "DO $$ BEGIN EXECUTE 'create table t ()'; END $$",
    'CALL make()',
    'SELECT 1; CALL make()',
  ])('may be any, of %j', (text) => {
    expect(madeNames(text, false)).toBeNull();
  });
});

import { describe, expect, it } from 'vitest';
import { pathNames } from '../../src/sql/path-names.ts';
import { surroundingsChanges } from '../../src/sql/surroundings-change.ts';

const path = (...names: string[]): string => JSON.stringify(names);
const set = (name: string, value: string | null, local: boolean = false): object => ({
  does: 'set',
  name,
  value,
  local,
});
const CALL = { does: 'call' };
const ROLE = { does: 'reset', name: 'role' };
const LOGIN = { does: 'reset', name: 'session_authorization' };

describe('what a text sets of what other texts mean', () => {
  it.each<[string, object[]]>([
    ['SELECT 1', []],
    ['UPDATE t SET a = 1', []],
    ['SET work_mem = 1', []],
    ['SET LOCAL app.tenant = 7', []],
    ['SET TRANSACTION READ ONLY', []],
    ['SET CONSTRAINTS ALL DEFERRED', []],
    ['SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY', []],
    ['SET search_path TO a, "B c", $user', [set('search_path', null)]],
    ['SET search_path TO a, "B c"', [set('search_path', path('a', 'B c'))]],
    ["SET LOCAL Search_Path = 'X, y'", [set('search_path', path('X, y'), true)]],
    ['/* a */ set session search_path = A;', [set('search_path', path('a'))]],
    ["SET LOCAL SCHEMA 's'", [set('search_path', path('s'), true)]],
    ['SET search_path TO DEFAULT', [{ does: 'reset', name: 'search_path' }]],
    ['SET LOCAL search_path TO DEFAULT', [set('search_path', null, true)]],
    ["SET TIME ZONE 'UTC'", [set('timezone', 'UTC')]],
    ['SET ROLE Ann', [set('role', 'ann')]],
    ['SET LOCAL ROLE "Ann"', [set('role', 'Ann', true)]],
    ['SET SESSION AUTHORIZATION ann', [set('session_authorization', 'ann')]],
    ['SET LOCAL SESSION AUTHORIZATION ann', [set('session_authorization', 'ann', true)]],
    ['RESET search_path', [{ does: 'reset', name: 'search_path' }]],
    ['RESET TIME ZONE', [{ does: 'reset', name: 'timezone' }]],
    ['RESET work_mem', []],
    ['RESET ALL', [{ does: 'reset all' }]],
    ['RESET SESSION AUTHORIZATION', [LOGIN, ROLE]],
    ['DISCARD ALL', [{ does: 'reset all' }, LOGIN, ROLE]],
    ['DISCARD PLANS', []],
    ['COMMIT', [{ does: 'commit' }]],
    ["PREPARE TRANSACTION 'x'", [{ does: 'commit' }]],
    ['ROLLBACK', [{ does: 'roll back' }]],
    ['ROLLBACK TO SAVEPOINT s', [{ does: 'roll back to' }]],
    ['SELECT CASE WHEN true THEN 1 END', []],
    ["SELECT set_config('app.x', 'a', true)", []],
    [
      "SELECT set_config('search_path', 'a, \"B\"', true)",
      [set('search_path', path('a', 'B'), true)],
    ],
    ["SELECT pg_catalog.set_config('TimeZone', 'UTC', false)", [set('timezone', 'UTC')]],
    ["SELECT set_config('search_path', $1, true)", [set('search_path', path('given'), true)]],
    ["SELECT set_config('search_path', $2, true)", [set('search_path', null, true)]],
    ["SELECT set_config('search_path', a, true) FROM t", [set('search_path', null, true)]],
    ['SELECT mine(1)', [CALL]],
    ['SELECT count(*) FROM t', []],
    ['INSERT INTO t (a) VALUES (1)', []],
    ['CREATE TABLE t (a int)', []],
    ['DO $$ BEGIN END $$', [CALL]],
    ['CALL p()', [CALL]],
    ['EXECUTE q', [CALL]],
    ['COPY (SELECT mine(1)) TO STDOUT', [CALL]],
    [
      'SET search_path = a; SELECT mine(); RESET search_path',
      [set('search_path', path('a')), CALL, { does: 'reset', name: 'search_path' }],
    ],
  ])('%j', (text, changes) => {
    expect(surroundingsChanges(text, false, ['given'])).toEqual(changes);
  });

  it('may be anything where the name of the setting is not told', () => {
    const changes = surroundingsChanges('SELECT set_config($1, $2, true)', false);
    expect(changes.length).toBeGreaterThan(5);
    expect(changes.every((change) => change.does === 'set' && change.value === null)).toBe(true);
  });

  it.each([
    ['"$user", public', path('$user', 'public')],
    ['a,"B ""c"""', path('a', 'B "c"')],
    ['', path()],
    ['""', path('')],
  ])('reads the search_path %j', (shown, names) => {
    expect(pathNames(shown)).toBe(names);
  });
});

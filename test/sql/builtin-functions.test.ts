import { expect, test } from 'vitest';
import { BUILTIN_FUNCTIONS } from '../../src/sql/generated/builtin-functions.ts';
import { statementKind } from '../../src/sql/statement-kind.ts';

/** The list as its form is described. */
function names(): string[] {
  const all: string[] = [];
  for (const [entry, letter, rest] of BUILTIN_FUNCTIONS.matchAll(/([A-Z])([a-z0-9_]*)/g)) {
    const shared = letter!.charCodeAt(0) - 'A'.charCodeAt(0);
    const before = all.at(-1) ?? '';
    if (shared > before.length) throw new Error(`${entry} shares more than there is of ${before}`);
    all.push(before.slice(0, shared) + rest);
  }
  return all;
}

test('every function of the list is known, and no part of one is', () => {
  const all = names();
  expect(all.length).toBeGreaterThan(800);
  expect(all).toEqual([...new Set(all)].sort());
  expect(all).toContain('abs');
  expect(all).toContain('pg_stat_get_db_conflict_lock');
  expect(all.at(-1)).toBe('xpath_exists');
  const isKnown = (name: string): boolean => statementKind(`SELECT ${name}(1)`).shareable;
  expect(all.filter((name) => !isKnown(name))).toEqual([]);
  const others = all.flatMap((name) => [`${name}_of_mine`, `my_${name}`]);
  expect(others.filter(isKnown)).toEqual([]);
});

import { expect, test } from 'vitest';
import { hasSeveralStatements } from '../../src/sql/several-statements.ts';

test.each([
  ['SELECT 1', false],
  ['SELECT 1;', false],
  ['SELECT 1; ', false],
  ['SELECT 1; -- end', false],
  ['SELECT 1; /* ; */ ;', false],
  ["SELECT ';'; ", false],
  ["SELECT ';' || 'a'", false],
  ['SELECT $$;$$ AS a', false],
  ['SELECT ";" AS a', false],
  ['SELECT 1; SELECT 2', true],
  ['SELECT 1;;SELECT 2;', true],
  ['SELECT 1; -- end\n SELECT 2', true],
  ['', false],
])('%j', (text, several) => {
  expect(hasSeveralStatements(text)).toBe(several);
});

test.each([
  ["SELECT '\\';' || 'a'", false],
  ["SELECT '\\''; SELECT '1'", true],
])('%j, where plain strings have escapes', (text, several) => {
  expect(hasSeveralStatements(text, true)).toBe(several);
  expect(hasSeveralStatements(text)).toBe(!several);
});

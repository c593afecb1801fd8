import { describe, expect, test } from 'vitest';
import { replacePlaceholders, scanQuery } from '../../src/sql/placeholders.ts';

/** The query with `<n>` for each placeholder that was found. */
function marked(text: string, backslashes = false): string {
  return replacePlaceholders(text, scanQuery(text, backslashes), (number) => `<${number}>`);
}

describe('placeholders are found', () => {
  test.each([
    ['SELECT $1', 'SELECT <1>'],
    ['SELECT $1+$2,$10', 'SELECT <1>+<2>,<10>'],
    ['SELECT ($1)::int[$2]', 'SELECT (<1>)::int[<2>]'],
    ["SELECT '', $1", "SELECT '', <1>"],
    ["SELECT 'a''b', $1", "SELECT 'a''b', <1>"],
    ["SELECT E'a\\'b', $1", "SELECT E'a\\'b', <1>"],
    ["SELECT e'a\\\\', $1", "SELECT e'a\\\\', <1>"],
    ["SELECT 'a\\', $1", "SELECT 'a\\', <1>"],
    ['SELECT U&\'\\0041\', $1, U&"a", $2', 'SELECT U&\'\\0041\', <1>, U&"a", <2>'],
    ["SELECT B'01', $1, x'ff', N'a', $2", "SELECT B'01', <1>, x'ff', N'a', <2>"],
    ['SELECT "a""b", $1', 'SELECT "a""b", <1>'],
    ['SELECT $$x$$, $1', 'SELECT $$x$$, <1>'],
    ['SELECT $a$ $b$ $a$, $1', 'SELECT $a$ $b$ $a$, <1>'],
    ['SELECT /* a */ $1', 'SELECT /* a */ <1>'],
    ['SELECT -- a\n$1', 'SELECT -- a\n<1>'],
    ['SELECT 4-$1', 'SELECT 4-<1>'],
    ['SELECT a_e\n$1', 'SELECT a_e\n<1>'],
  ])('in %s', (text, expected) => {
    expect(marked(text)).toBe(expected);
  });
});

describe('what only looks like a placeholder is left alone', () => {
  test.each([
    "SELECT '$1'",
    "SELECT 'a''$1'",
    "SELECT E'\\'$1'",
    "SELECT E'a'\n  '\\'$1'",
    "SELECT E'a' -- why not\n -- and again\n '\\'$1'",
    "SELECT U&'$1', n'$1', b'$1'",
    'SELECT "$1", "a""$1", U&"$1"',
    'SELECT $$ $1 $$',
    "SELECT $tag$ $1 ' $2 $$ $3 $tag$",
    'SELECT $é$ $1 $é$',
    'SELECT a$1, é$1, _$1',
    'SELECT \u00a0$1',
    'SELECT /* $1 */ 1',
    'SELECT /* /* $1 */ $2 */ 1',
    "SELECT '$1",
    "SELECT E'\\",
    'SELECT "$1',
    'SELECT $$ $1',
  ])('in %s', (text) => {
    expect(marked(text)).toBe(text);
  });

  test('after a backslash that escapes, with standard_conforming_strings off', () => {
    const text = "SELECT 'it\\'s $1', $2";
    expect(marked(text, true)).toBe("SELECT 'it\\'s $1', <2>");
    expect(marked(text, false)).toBe("SELECT 'it\\'s <1>', $2");
  });
});

describe('the end of a statement', () => {
  test.each([
    ['SELECT 1;', 'SELECT 1'],
    ['SELECT $1 ; -- done\n /* really */ ;', 'SELECT <1>'],
    ['SELECT 1 -- a;b', 'SELECT 1'],
    ["SELECT ';';", "SELECT ';'"],
    ['SELECT 1; SELECT 2;', 'SELECT 1; SELECT 2'],
    ['SELECT 1 /* unfinished', 'SELECT 1'],
    [' ; ', ''],
  ])('of %s is before what says nothing', (text, expected) => {
    expect(marked(text)).toBe(expected);
  });

  test('is found in a text of many megabytes', () => {
    const text = `SELECT '${"''".repeat(2_000_000)}', "${'x'.repeat(2_000_000)}", $1 ;`;
    expect(marked(text).slice(-4)).toBe(' <1>'.slice(-4));
  });

  test('is found without trying each way to read a comment', () => {
    const text = `SELECT 'a' ${'-- '.repeat(5_000)}`;
    expect(marked(text)).toBe("SELECT 'a'");
  });
});

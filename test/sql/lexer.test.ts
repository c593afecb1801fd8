import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Lexer } from '../../src/sql/lexer.ts';

/** The pieces of a text but for blanks, each with what it is in front of it. */
function piecesOf(text: string, backslashes = false): string[] {
  const lexer = new Lexer(text, backslashes);
  const pieces: string[] = [];
  while (lexer.next()) {
    const { token, start, end } = lexer;
    if (token !== 'blank') pieces.push(`${token} ${text.slice(start, end)}`);
  }
  return pieces;
}

describe('a piece of a text', () => {
  it.each([
    ['SELECT', 'word'],
    ['a$1', 'word'],
    ['_é😀', 'word'],
    ['\u00a0x', 'word'],
    ['"a b"', 'quoted name'],
    ['"a""b"', 'quoted name'],
    ['U&"a\\0041"', 'quoted name'],
    ["''", 'string'],
    ["'a''b'", 'string'],
    ["'a\\'", 'string'],
    ["E'a\\'b'", 'string'],
    ["e'a''\\\\'", 'string'],
    ["U&'\\'", 'string'],
    ["n'a\\'", 'string'],
    ["B'01'", 'string'],
    ["x'\\'", 'string'],
    ["'a'\n'b'", 'string'],
    ["'a' -- why\r\n -- and again\n\t'b'", 'string'],
    ["E'a'\n'\\''", 'string'],
    ['$$a$b$$', 'dollar string'],
    ['$a$ $b$ $$ $a$', 'dollar string'],
    ['$é1$;$é1$', 'dollar string'],
    ['12', 'number'],
    ['1.5', 'number'],
    ['1.', 'number'],
    ['.5', 'number'],
    ['1e10', 'number'],
    ['1.5E-3', 'number'],
    ['$1', 'parameter'],
    ['$00', 'parameter'],
    ['->>', 'operator'],
    ['*', 'operator'],
    ['@-', 'operator'],
    ['-- a; b', 'comment'],
    ['--', 'comment'],
    ['/* a */', 'comment'],
    ['/* /* a */ */', 'comment'],
    ['/**/', 'comment'],
    ['/***/', 'comment'],
    ['/*/*/**/*/*/', 'comment'],
    [';', 'semicolon'],
    ['(', 'other'],
    [',', 'other'],
    ['.', 'other'],
    ['\\', 'other'],
    ['\0', 'other'],
  ])('like %s is a %s, alone and among others', (text, token) => {
    expect(piecesOf(text)).toEqual([`${token} ${text}`]);
    // A line comment would take in what stands behind it.
    expect(piecesOf(`( ${text}\n)`)).toEqual(['other (', `${token} ${text}`, 'other )']);
  });

  it.each(["'a", "E'a\\", "E'a\\'", '"a', 'U&"a', '$$a$', '$a$ $A$', '/* /* */', "'a'\n'b"])(
    'that is not closed goes on to the end: %j',
    (text) => {
      const lexer = new Lexer(text, false);
      expect(lexer.next()).toBe(true);
      expect(lexer.end).toBe(text.length);
      expect(lexer.next()).toBe(false);
    },
  );

  it.each([
    ["1e'a'", ['number 1', "string e'a'"]],
    ['1INTO', ['number 1', 'word INTO']],
    ['0x1F', ['number 0', 'word x1F']],
    ["the'a'", ['word the', "string 'a'"]],
    ['u&a', ['word u', 'operator &', 'word a']],
    ["u & 'a'", ['word u', 'operator &', "string 'a'"]],
    ['a::int[1:2]', 'word a|other :|other :|word int|other [|number 1|other :|number 2|other ]'],
    ['1 */* a */2', ['number 1', 'operator *', 'comment /* a */', 'number 2']],
    ['1+--a', ['number 1', 'operator +', 'comment --a']],
    ['/-- a', ['operator /', 'comment -- a']],
    ['$a b', ['other $', 'word a', 'word b']],
    ['$1a$2', ['parameter $1', 'word a$2']],
    ['a$$', ['word a$$']],
    ['$a$$a$$$', ['dollar string $a$$a$', 'dollar string $$']],
    ["'a' 'b'", ["string 'a'", "string 'b'"]],
    ["'a' -- b", ["string 'a'", 'comment -- b']],
    ["'a' /* b */\n'c'", ["string 'a'", 'comment /* b */', "string 'c'"]],
    ['"a"\n"b"', ['quoted name "a"', 'quoted name "b"']],
    ['-- a\rb', ['comment -- a', 'word b']],
    ['/* a */ */', ['comment /* a */', 'operator */']],
  ])('ends where the next begins: %j', (text, expected) => {
    expect(piecesOf(text)).toEqual(typeof expected === 'string' ? expected.split('|') : expected);
  });

  it('may be escaped by backslashes, with standard_conforming_strings off', () => {
    expect(piecesOf("'a\\' b' N'\\''", true)).toEqual(["string 'a\\' b'", "string N'\\''"]);
    expect(piecesOf("U&'\\' B'\\' x'\\'", true)).toEqual([
      "string U&'\\'",
      "string B'\\'",
      "string x'\\'",
    ]);
  });
});

const SPECIAL = [
  ...'$1a"\'.;-/*(\n\r\\eU&+é😀\0 ',
  '$$',
  '$a$',
  '--',
  '/*',
  '*/',
  "''",
  "E'",
  'U&"',
];

const hostile = fc.oneof(
  fc.array(fc.constantFrom(...SPECIAL), { maxLength: 30 }).map((parts) => parts.join('')),
  fc.string({ unit: 'binary' }),
);

describe('the pieces of any text', () => {
  it('are the text, put together', () => {
    fc.assert(
      fc.property(hostile, fc.boolean(), (text, backslashes) => {
        const lexer = new Lexer(text, backslashes);
        let at = 0;
        while (lexer.next()) {
          expect(lexer.start).toBe(at);
          expect(lexer.end).toBeGreaterThan(at);
          at = lexer.end;
        }
        expect(at).toBe(text.length);
        expect(lexer.next()).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    '/*',
    '/* */',
    '--',
    "'",
    "''",
    "'a'\n",
    "'a'\n-- \n",
    "E'\\",
    '"',
    '$a$ ',
    '$a ',
    '$ab$$',
    '(',
    '(\n',
    '+',
    '-',
    '+-',
    'a',
    '1',
    '1.',
    '1e',
    'U&',
    ';',
    '\\',
    ' ',
    'é',
  ])('are found in time that grows with the text alone, for many a %j', (part) => {
    const text = part.repeat(2_000_000 / part.length);
    for (const begun of ['', "'", "'a'\n", '$tag$', '/*', '"', '$']) {
      const lexer = new Lexer(begun + text, true);
      while (lexer.next());
      expect(lexer.end).toBe(begun.length + text.length);
    }
  });
});

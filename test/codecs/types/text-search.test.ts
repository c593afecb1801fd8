import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tsquery, tsvector } from '../../../src/codecs/types/text-search.ts';
import { Unencodable } from '../../../src/codecs/unencodable.ts';
import { DecodeError } from '../../../src/errors/client-errors.ts';
import { fromHex, itAgreesWithTheServer, toHex } from '../binary-form.ts';

/** The text that the binary form of a text stands for: what the server would print of it. */
function printed(forms: typeof tsvector, text: string): unknown {
  return fromHex(forms, toHex(forms, text));
}

describe('tsvector', () => {
  itAgreesWithTheServer(
    'tsvector',
    tsvector,
    [
      ["'a':1A,3 'it''s'", '0000000261000002c001000369742773000000'],
      ['', '00000000'],
    ].map(([text, hex]) => [text!, hex!, text!] as const),
  );

  it.each([
    ['a', "'a'"],
    ['  a\t b ', "'a' 'b'"],
    ["'a b' c:1A,2*,3C d:99999", "'a b' 'c':1A,2A,3C 'd':16383"],
    ["'it''s \\\\ x'", "'it''s \\\\ x'"],
    ['a\\ b', "'a b'"],
    ['a:3B,1a,3A', "'a':1A,3A"],
    ['a:2 a:1', "'a':1,2"],
    ['a<->b', "'a<->b'"],
    ["'a\u00a0b'", "'a\u00a0b'"],
    ['a\\\u3000b', "'a\u3000b'"],
    ['a\u00a0b', null],
    ['a \u3000', null],
    ['a\x85b', null],
    ['a:1\u2003b', null],
    [':1', null],
    ["''", null],
    ["'a", null],
    ['a:', null],
    ['a:0', null],
    ['a:1,', null],
    ['a\\', null],
  ])('%j in binary is %j', (text, result) => {
    if (result === null) expect(() => toHex(tsvector, text)).toThrow(Unencodable);
    else expect(printed(tsvector, text)).toBe(result);
  });

  it('reads back any lexeme that it prints', () => {
    const lexeme = fc.string({ unit: 'grapheme', minLength: 1 });
    fc.assert(
      fc.property(lexeme, fc.array(fc.integer({ min: 1, max: 16_383 })), (word, positions) => {
        fc.pre(!word.includes('\0'));
        const sorted = [...new Set(positions)].sort((a, b) => a - b);
        const quoted = `'${word.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
        const text = sorted.length === 0 ? quoted : `${quoted}:${sorted.join(',')}`;
        expect(printed(tsvector, text)).toBe(text);
      }),
    );
  });

  it('refuses malformed values from the server', () => {
    for (const hex of [
      '',
      'ffffffff',
      '7fffffff610000',
      '000000016100',
      '00000001610001',
      '0000000161',
    ]) {
      expect(() => fromHex(tsvector, hex)).toThrow(DecodeError);
    }
    expect(() => fromHex(tsvector, '0000000000')).toThrow('bytes follow its end');
  });
});

describe('tsquery', () => {
  itAgreesWithTheServer(
    'tsquery',
    tsquery,
    [
      [
        "'a':*AB & !( 'b' | 'c' ) <2> 'd'",
        '0000000802020204000201000064000201020301000063000100006200010c016100',
      ],
      ['', '00000000'],
    ].map(([text, hex]) => [text!, hex!, text!] as const),
  );

  it.each([
    ['a&b|c', "'a' & 'b' | 'c'"],
    ['a|b&c', "'a' | 'b' & 'c'"],
    ['(a|b)&c', "( 'a' | 'b' ) & 'c'"],
    ['a<->b', "'a' <-> 'b'"],
    ['a <2>(b)', "'a' <2> 'b'"],
    ['a <-> b <-> c', "'a' <-> 'b' <-> 'c'"],
    ['a <-> (b <-> c)', "'a' <-> ( 'b' <-> 'c' )"],
    ['(a <-> b) <-> c', "'a' <-> 'b' <-> 'c'"],
    ['!!a', "!!'a'"],
    ['!(a&b)', "!( 'a' & 'b' )"],
    ['!a <-> b', "!'a' <-> 'b'"],
    ['a:Ab&b:*', "'a':AB & 'b':*"],
    ["'it''s \\\\ x' & b\\&c", "'it''s \\\\ x' & 'b&c'"],
    ['a <16384> b', "'a' <16384> 'b'"],
    ["'a\u00a0b'", "'a\u00a0b'"],
    ['a\u00a0b', null],
    ['a\u00a0& b', null],
    ['a b', null],
    ['a &', null],
    ['& a', null],
    ['(a', null],
    ['a)', null],
    ['()', null],
    ['!', null],
    ['a <b> c', null],
    ['a <16385> b', null],
    ["'a", null],
  ])('%j in binary is %j', (text, result) => {
    if (result === null) expect(() => toHex(tsquery, text)).toThrow(Unencodable);
    else expect(printed(tsquery, text)).toBe(result);
  });

  it('survives queries of any depth and length', () => {
    const deep = `${'!('.repeat(20_000)}a${')'.repeat(20_000)}`;
    expect(printed(tsquery, deep)).toBe(`${'!'.repeat(20_000)}'a'`);
    const long = Array.from({ length: 20_000 }, () => "'a'").join(' & ');
    expect(printed(tsquery, long)).toBe(long);
  });

  it('refuses malformed values from the server', () => {
    for (const hex of ['', 'ffffffff', '7fffffff0100006100', '0000000103', '000000010205']) {
      expect(() => fromHex(tsquery, hex)).toThrow(DecodeError);
    }
    expect(() => fromHex(tsquery, '000000010201')).toThrow('lacks an operand');
    expect(() => fromHex(tsquery, '0000000202020100006100')).toThrow('lacks an operand');
    expect(() => fromHex(tsquery, '0000000201000061000100006200')).toThrow(
      'belongs to no operator',
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hstore } from '../../../src/codecs/types/hstore.ts';
import { Unencodable } from '../../../src/codecs/unencodable.ts';
import { DecodeError } from '../../../src/errors/client-errors.ts';
import { fromHex, itAgreesWithTheServer, toHex } from '../binary-form.ts';

describe('hstore', () => {
  itAgreesWithTheServer('hstore', hstore, [
    ['', '00000000', {}],
    ['"a"=>"1", "b"=>NULL', '00000002000000016100000001310000000162ffffffff', { a: '1', b: null }],
    [
      '"q\\"\\\\"=>"a=>b, ", ""=>"NULL"',
      '0000000200000003' + '71225c' + '00000006' + '613d3e622c20' + '00000000' + '000000044e554c4c',
      { 'q"\\': 'a=>b, ', '': 'NULL' },
    ],
  ]);

  it('round-trips any strings', () => {
    const text = fc.string({ unit: 'grapheme' }).filter((value) => !value.includes('\0'));
    fc.assert(
      fc.property(fc.dictionary(text, fc.option(text), { noNullPrototype: true }), (value) => {
        expect(fromHex(hstore, toHex(hstore, value))).toStrictEqual(value);
        expect(hstore.text!.decode(hstore.text!.encode(value))).toStrictEqual(value);
      }),
    );
  });

  it('keeps a key named __proto__ as data', () => {
    const given = JSON.parse('{"__proto__":"x","constructor":"y"}') as object;
    for (const value of [
      fromHex(hstore, toHex(hstore, given)),
      hstore.text!.decode(hstore.text!.encode(given)),
    ]) {
      expect(Object.entries(value as object)).toEqual(Object.entries(given));
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    }
  });

  it('takes a Map and an object without prototype', () => {
    expect(hstore.text!.encode(new Map([['a', null]]))).toBe('"a"=>NULL');
    expect(hstore.text!.encode(Object.assign(Object.create(null), { a: '1' }))).toBe('"a"=>"1"');
  });

  it.each([
    [[['a', 'b']], 'got an array'],
    ['"a"=>"b"', 'got a string'],
    [new Set(['a']), 'got a Set'],
    [new Map([[1, 'a']]), 'expected a string as the key, got the number 1'],
    [{ a: 1 }, 'expected a string or null, got the number 1'],
    [{ a: undefined }, 'got undefined'],
  ])('refuses %s', (value, reason) => {
    expect(() => toHex(hstore, value)).toThrow(Unencodable);
    expect(() => toHex(hstore, value)).toThrow(reason);
  });

  it('says which key has the bad value', () => {
    const problem = (() => {
      try {
        return toHex(hstore, { good: 'x', bad: 1 });
      } catch (error) {
        return error;
      }
    })();
    expect(problem).toHaveProperty('path', '.bad');
  });

  it('refuses malformed values from the server', () => {
    for (const hex of [
      '',
      'ffffffff',
      '7fffffff',
      '00000001ffffffffffffffff',
      '000000010000000261',
      '000000010000000161fffffffe',
      '0000000000',
    ]) {
      expect(() => fromHex(hstore, hex)).toThrow(DecodeError);
    }
    for (const text of [
      '"a"',
      '"a"=>',
      '"a"=>"b',
      '"a"=>"b", ',
      'a=>b',
      '"a"=>"b" "c"=>"d"',
      '"a\\',
    ]) {
      expect(() => hstore.text!.decode(text)).toThrow(DecodeError);
    }
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cid, int2, int4, int8Forms, oid, xid, xid8 } from '../../../src/codecs/types/integers.ts';
import { resolveTypeOptions } from '../../../src/config/types-option.ts';
import { DecodeError, InterfaceError } from '../../../src/errors/client-errors.ts';
import { fromHex, itAgreesWithTheServer, toHex } from '../binary-form.ts';

const int8 = int8Forms(resolveTypeOptions());
const int8Number = int8Forms(resolveTypeOptions({ int8: 'number' }));
const int8String = int8Forms(resolveTypeOptions({ int8: 'string' }));

itAgreesWithTheServer('int2', int2, [
  ['0', '0000', 0],
  ['-32768', '8000', -32768],
  ['32767', '7fff', 32767],
]);
itAgreesWithTheServer('int4', int4, [
  ['1', '00000001', 1],
  ['-1', 'ffffffff', -1],
  ['-2147483648', '80000000', -2147483648],
  ['2147483647', '7fffffff', 2147483647],
]);
itAgreesWithTheServer('oid', oid, [['4294967295', 'ffffffff', 4294967295]]);
itAgreesWithTheServer('int8', int8, [
  ['1', '0000000000000001', 1n],
  ['-1', 'ffffffffffffffff', -1n],
  ['-9223372036854775808', '8000000000000000', -(2n ** 63n)],
  ['9223372036854775807', '7fffffffffffffff', 2n ** 63n - 1n],
]);
itAgreesWithTheServer('int8 as a number', int8Number, [
  ['-4294967297', 'fffffffeffffffff', -4294967297],
  ['9007199254740991', '001fffffffffffff', Number.MAX_SAFE_INTEGER],
  ['-9007199254740991', 'ffe0000000000001', Number.MIN_SAFE_INTEGER],
]);
itAgreesWithTheServer('int8 as a string', int8String, [
  ['9223372036854775807', '7fffffffffffffff', '9223372036854775807'],
]);
itAgreesWithTheServer('xid8', xid8, [['18446744073709551615', 'ffffffffffffffff', 2n ** 64n - 1n]]);

describe('integers', () => {
  it.each([
    ['int2', int2, [-32769, 32768, 100000n]],
    ['int4', int4, [-2147483649, 2147483648, 2n ** 40n]],
    ['oid', oid, [-1, 4294967296]],
    ['xid', xid, [-1]],
    ['cid', cid, [4294967296]],
    ['int8', int8, [2n ** 63n, -(2n ** 63n) - 1n]],
    ['xid8', xid8, [-1, 2n ** 64n]],
  ] as const)('%s refuses what is out of its range', (type, forms, values) => {
    for (const value of values) {
      expect(() => toHex(forms, value)).toThrow(`is out of range for ${type}`);
      expect(() => forms.text!.encode(value)).toThrow('is out of range');
    }
  });

  it.each([
    ['int2', int2],
    ['int4', int4],
    ['int8', int8],
    ['oid', oid],
    ['xid8', xid8],
  ] as const)('%s refuses everything that is no integer', (_, forms) => {
    const values = [1.5, NaN, Infinity, '1', true, null, undefined, {}, [1], new Date(0)];
    for (const value of values) {
      expect(() => toHex(forms, value)).toThrow(/^expected an? .*, got /);
      expect(() => forms.text!.encode(value)).toThrow(/^expected an? .*, got /);
    }
  });

  it('int8 refuses a number beyond 2^53, which may already have lost digits', () => {
    expect(() => toHex(int8, 2 ** 53)).toThrow('beyond 2^53');
    expect(toHex(int8, Number.MAX_SAFE_INTEGER)).toBe('001fffffffffffff');
  });

  it('int8 as a number is an InterfaceError where digits would be lost', () => {
    for (const text of ['9007199254740992', '-9007199254740992', '9223372036854775807']) {
      expect(() => fromHex(int8Number, toHex(int8, BigInt(text)))).toThrow(InterfaceError);
      expect(() => int8Number.text!.decode(text)).toThrow('without losing digits');
    }
  });

  it('int8 takes digits in a string only where it gives them', () => {
    expect(toHex(int8String, '-5')).toBe('fffffffffffffffb');
    expect(() => toHex(int8String, '9223372036854775808')).toThrow('out of range');
    expect(() => toHex(int8String, '5 ')).toThrow('got a string');
  });

  it('int8 writes every number and bigint as the 64 bits that it reads', () => {
    fc.assert(
      fc.property(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.maxSafeInteger(), (big, safe) => {
        expect(fromHex(int8, toHex(int8, big))).toBe(big);
        expect(toHex(int8, safe)).toBe(toHex(int8, BigInt(safe)));
        expect(fromHex(int8Number, toHex(int8, safe))).toBe(safe);
      }),
    );
  });

  it('refuse bytes of another length and text that is no integer', () => {
    for (const forms of [int2, int4, oid, int8, int8Number, int8String, xid8]) {
      expect(() => fromHex(forms, '000001')).toThrow(DecodeError);
      expect(() => fromHex(forms, '000000000000000001')).toThrow(DecodeError);
      for (const text of ['', '1.0', 'x', ' 1', '99999999999999999999', '1e3']) {
        expect(() => forms.text!.decode(text)).toThrow(DecodeError);
      }
    }
  });
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BitString } from '../../src/values/bit-string.ts';

const bits = fc.string({ unit: fc.constantFrom('0', '1') });

test('a bit string keeps its bits and their number', () => {
  const value = new BitString('00101');
  expect(String(value)).toBe('00101');
  expect(value.length).toBe(5);
  expect(JSON.stringify(value)).toBe('"00101"');
  expect([...value]).toEqual([0, 0, 1, 0, 1]);
  expect([value.at(2), value.at(-2), value.at(5)]).toEqual([1, 0, undefined]);
});

test('a bit string cannot be changed, not by its bytes either', () => {
  const value = new BitString('1');
  expect(Object.isFrozen(value)).toBe(true);
  value.bytes[0] = 0;
  expect(value.bytes).toEqual(Buffer.from([0x80]));
});

test('bit strings are equal when their bits and lengths are', () => {
  expect(new BitString('0101')).toEqual(new BitString('0101'));
  expect(new BitString('0101')).not.toEqual(new BitString('101'));
  expect(new BitString('0101').equals(new BitString('01 01'))).toBe(true);
  expect(new BitString('0101').equals(new BitString('00101'))).toBe(false);
  expect(new BitString('0101').equals('0101')).toBe(false);
});

test.each(['012', 'x1F', '0\n', '-1'])('%j is refused', (text) => {
  expect(() => new BitString(text)).toThrow(SyntaxError);
});

test('what is no string is refused', () => {
  expect(() => new BitString(101 as unknown as string)).toThrow(TypeError);
});

test('asString groups the bits by four', () => {
  expect(new BitString('').asString()).toBe('');
  expect(new BitString('0101').asString()).toBe('0101');
  expect(new BitString('010111').asString()).toBe('0101 11');
  expect(new BitString('01011100').asString()).toBe('0101 1100');
  expect(new BitString('0101 1100')).toEqual(new BitString('01011100'));
});

test('bytes are filled up with zeros at the end', () => {
  expect(new BitString('1000000011').bytes).toEqual(Buffer.from([0x80, 0xc0]));
  expect(new BitString('').bytes).toEqual(Buffer.alloc(0));
});

test('bytes are read up to the length, all of them by default', () => {
  expect(String(BitString.fromBytes(Buffer.from([0x80, 0xff]), 10))).toBe('1000000011');
  expect(String(BitString.fromBytes(Uint8Array.of(1)))).toBe('00000001');
  expect(String(BitString.fromBytes(Uint8Array.of(1), 0))).toBe('');
});

test.each([9, -1, 1.5, NaN])('a length of %d does not go with one byte', (length) => {
  expect(() => BitString.fromBytes(Uint8Array.of(1), length)).toThrow(RangeError);
});

test.each([
  [5, 4, {}, '0101'],
  [5, 4, { bitOrder: 'little' }, '1010'],
  [-1, 4, { signed: true }, '1111'],
  [-8, 4, { signed: true }, '1000'],
  [7n, 4, { signed: true }, '0111'],
  [2n ** 64n - 1n, 64, {}, '1'.repeat(64)],
  [0, 0, {}, ''],
] as const)('the integer %s in %d bits %o is %s', (value, length, options, text) => {
  const made = BitString.fromInt(value, length, options);
  expect(String(made)).toBe(text);
  expect(BigInt(made.toInt(options))).toBe(BigInt(value));
});

test.each([
  [16, 4, {}],
  [-1, 4, {}],
  [8, 4, { signed: true }],
  [-9, 4, { signed: true }],
  [1, 0, {}],
  [1, -1, {}],
] as const)('the integer %d does not fit into %d bits %o', (value, length, options) => {
  expect(() => BitString.fromInt(value, length, options)).toThrow(RangeError);
});

test.each([1.5, NaN, 2 ** 53])('%d is not taken for an integer', (value) => {
  expect(() => BitString.fromInt(value, 64)).toThrow(TypeError);
});

test('toInt is a number as long as it is exact, and a bigint beyond', () => {
  expect(new BitString('').toInt()).toBe(0);
  expect(new BitString('1'.repeat(53)).toInt()).toBe(Number.MAX_SAFE_INTEGER);
  expect(new BitString(`1${'0'.repeat(53)}`).toInt()).toBe(2n ** 53n);
  expect(new BitString('1'.repeat(64)).toInt({ signed: true })).toBe(-1);
});

test('bits survive the way through bytes, integers and text', () => {
  fc.assert(
    fc.property(bits, fc.constantFrom('big' as const, 'little' as const), (text, bitOrder) => {
      const value = new BitString(text);
      expect(BitString.fromBytes(value.bytes, value.length)).toEqual(value);
      expect(BitString.fromString(String(value))).toEqual(value);
      expect(BitString.fromString(value.asString())).toEqual(value);
      for (const signed of [false, true]) {
        const integer = value.toInt({ bitOrder, signed });
        expect(BitString.fromInt(integer, value.length, { bitOrder, signed })).toEqual(value);
      }
    }),
  );
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { float4, float8 } from '../../../src/codecs/types/floats.ts';
import { DecodeError } from '../../../src/errors/client-errors.ts';
import { float8FromText } from '../../../src/values/float-text.ts';
import { fromHex, itAgreesWithTheServer, toHex } from '../binary-form.ts';

itAgreesWithTheServer('float4', float4, [
  ['0.5', '3f000000', 0.5],
  ['-0', '80000000', -0],
  ['NaN', '7fc00000', NaN],
  ['Infinity', '7f800000', Infinity],
  ['-Infinity', 'ff800000', -Infinity],
]);
itAgreesWithTheServer('float8', float8, [
  ['0.1', '3fb999999999999a', 0.1],
  ['-0', '8000000000000000', -0],
  ['1e+300', '7e37e43c8800759c', 1e300],
  ['5e-324', '0000000000000001', 5e-324],
  ['NaN', '7ff8000000000000', NaN],
  ['-Infinity', 'fff0000000000000', -Infinity],
]);

describe('floats', () => {
  it('float8 keeps every double, through bytes and through text', () => {
    fc.assert(
      fc.property(fc.double(), (value) => {
        expect(fromHex(float8, toHex(float8, value))).toBe(value);
        expect(float8.text!.decode(float8.text!.encode(value))).toBe(value);
      }),
    );
  });

  it('float4 keeps every single', () => {
    fc.assert(
      fc.property(fc.float(), (value) => {
        expect(fromHex(float4, toHex(float4, value))).toBe(value);
        expect(float4.text!.decode(float4.text!.encode(value))).toBe(value);
      }),
    );
  });

  it('float4 refuses what would become Infinity or 0', () => {
    for (const value of [1e39, -1e39, 1e-50]) {
      expect(() => toHex(float4, value)).toThrow('is out of range for float4');
      expect(() => float4.text!.encode(value)).toThrow('is out of range for float4');
    }
  });

  it('take a bigint only if it is a double', () => {
    expect(toHex(float8, 2n ** 53n)).toBe('4340000000000000');
    expect(() => toHex(float8, 2n ** 53n + 1n)).toThrow('expected a number');
    expect(() => toHex(float8, 10n ** 400n)).toThrow('out of range');
  });

  it('refuse everything that is no number', () => {
    for (const value of ['1', true, null, undefined, {}, new Date(0)]) {
      expect(() => toHex(float4, value)).toThrow('expected a number');
      expect(() => toHex(float8, value)).toThrow('expected a number');
    }
  });

  it('refuse a text of a million characters that is none in a moment', () => {
    const start = performance.now();
    expect(() => float8.text!.decode(`${'1'.repeat(1_000_000)}x`)).toThrow(DecodeError);
    expect(float8FromText(`${'1'.repeat(1_000_000)}x`)).toBeUndefined();
    expect(performance.now() - start).toBeLessThan(5_000);
  });

  it('refuse what the server has rounded up to more than there is', () => {
    for (const [forms, text] of [
      [float8, '1.79769313486232e+308'],
      [float8, '-1.8e+308'],
      [float4, '3.5e+38'],
      [float4, '-1e+39'],
    ] as const) {
      expect(() => forms.text!.decode(text)).toThrow(
        'it has too few digits; set extra_float_digits to 1',
      );
    }
    for (const forms of [float4, float8]) {
      expect(forms.text!.decode('Infinity')).toBe(Number.POSITIVE_INFINITY);
      expect(forms.text!.decode('-Infinity')).toBe(Number.NEGATIVE_INFINITY);
      expect(forms.text!.decode('NaN')).toBeNaN();
    }
    expect(float4.text!.decode('3.40282e+38')).toBe(Math.fround(3.40282e38));
    expect(float8FromText('1.79769313486232e+308')).toBeUndefined();
    expect(float8FromText('-1e400')).toBeUndefined();
    expect(float8FromText('1.7976931348623157e+308')).toBe(Number.MAX_VALUE);
  });

  it('refuse bytes of another length and text that is no number', () => {
    for (const forms of [float4, float8]) {
      expect(() => fromHex(forms, '000001')).toThrow(DecodeError);
      for (const text of ['', '0x10', ' 1', 'nan', '1e', 'Inf']) {
        expect(() => forms.text!.decode(text)).toThrow(DecodeError);
      }
    }
  });
});

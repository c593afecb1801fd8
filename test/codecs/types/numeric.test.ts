import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { numericForms } from '../../../src/codecs/types/numeric.ts';
import { resolveTypeOptions } from '../../../src/config/types-option.ts';
import { DecodeError, InterfaceError } from '../../../src/errors/client-errors.ts';
import { fromHex, itAgreesWithTheServer, toHex } from '../binary-form.ts';

const numeric = numericForms(resolveTypeOptions());
const asNumber = numericForms(resolveTypeOptions({ numeric: 'number' }));

itAgreesWithTheServer('numeric', numeric, [
  ['-12345.6780', '0003000140000004000109291a7c', '-12345.6780'],
  ['0.00001', '0001fffe0000000503e8', '0.00001'],
  ['0.00', '0000000000000002', '0.00'],
  ['100000000', '00010002000000000001', '100000000'],
  ['NaN', '00000000c0000000', 'NaN'],
  ['Infinity', '00000000d0000000', 'Infinity'],
  ['-Infinity', '00000000f0000000', '-Infinity'],
]);

/** Texts of numbers with up to so many digits, and so many behind the point. */
const texts = (digits: bigint, scale: number) =>
  fc
    .tuple(fc.bigInt(-(10n ** digits), 10n ** digits), fc.integer({ min: 0, max: scale }))
    .map(([value, places]) => {
      const sign = value < 0n ? '-' : '';
      const text = String(value < 0n ? -value : value).padStart(places + 1, '0');
      const whole = text.slice(0, text.length - places);
      return places === 0 ? sign + whole : `${sign}${whole}.${text.slice(text.length - places)}`;
    });

const plain = texts(40n, 50);

describe('numeric', () => {
  it('keeps every digit and the scale', () => {
    fc.assert(
      fc.property(plain, (text) => {
        expect(fromHex(numeric, toHex(numeric, text))).toBe(text);
        expect(numeric.text!.decode(numeric.text!.encode(text))).toBe(text);
      }),
    );
  });

  // Groups of four digits before and behind the point are read another way when they are few.
  it.each([1n, 3n, 4n, 5n, 8n, 11n, 12n, 13n, 16n, 24n, 25n])(
    'keeps them of a number of up to %i digits',
    (digits) => {
      fc.assert(
        fc.property(texts(digits, 14), (text) => {
          expect(fromHex(numeric, toHex(numeric, text))).toBe(text);
        }),
      );
    },
  );

  it('refuses a group of more than four digits, few or many', () => {
    for (const body of ['0001000000000000' + '2710', '0004000400000000' + '0001000100012710']) {
      expect(() => fromHex(numeric, body)).toThrow(DecodeError);
    }
  });

  it('writes a short text as it writes a long one and one with an exponent', () => {
    fc.assert(
      fc.property(plain, (text) => {
        // Zeros before it make the text too long for the short way.
        const long = text.replace(/^-?/, (sign) => sign + '0'.repeat(70));
        expect(toHex(numeric, text)).toBe(toHex(numeric, long));
        const [whole = '', fraction = ''] = text.split('.');
        expect(toHex(numeric, `${whole}${fraction}e-${fraction.length}`)).toBe(
          toHex(numeric, text),
        );
      }),
    );
  });

  it('takes numbers and bigints', () => {
    const sent = (value: unknown): unknown => fromHex(numeric, toHex(numeric, value));
    expect(sent(0.1)).toBe('0.1');
    expect(sent(1e21)).toBe('1000000000000000000000');
    expect(sent(-1.5e-7)).toBe('-0.00000015');
    expect(sent(-0)).toBe('0');
    expect(sent(NaN)).toBe('NaN');
    expect(sent(-Infinity)).toBe('-Infinity');
    expect(sent(-(10n ** 30n))).toBe(`-1${'0'.repeat(30)}`);
  });

  it('takes the spellings that PostgreSQL takes', () => {
    const sent = (value: unknown): unknown => fromHex(numeric, toHex(numeric, value));
    expect(sent('+1.')).toBe('1');
    expect(sent('.50')).toBe('0.50');
    expect(sent('1.50E3')).toBe('1500');
    expect(sent('1.5e-3')).toBe('0.0015');
    expect(sent('0e5')).toBe('0');
    expect(sent('-0.00')).toBe('0.00');
    expect(sent('nan')).toBe('NaN');
    expect(sent('-INF')).toBe('-Infinity');
  });

  it('refuses what is no decimal number, and does not show it', () => {
    const values = ['', ' 1', '1 ', '1,5', '0x1g', '1e', '.', '-', '--1', 'secret', '1.2.3', '１'];
    for (const value of values) {
      expect(() => toHex(numeric, value)).toThrow('expected a decimal number');
      expect(() => numeric.text!.encode(value)).toThrow('expected a decimal number');
    }
    expect(() => toHex(numeric, 'secret')).not.toThrow('secret');
    for (const value of [true, null, undefined, {}, new Date(0)]) {
      expect(() => toHex(numeric, value)).toThrow('expected a number');
    }
  });

  it('refuses a text of a million characters that is none in a moment', () => {
    const digits = '1'.repeat(1_000_000);
    const start = performance.now();
    for (const text of [`${digits}x`, `${digits}.${digits}x`, `${'1_'.repeat(500_000)}1x`]) {
      expect(() => toHex(numeric, text)).toThrow('expected a decimal number');
      expect(() => numeric.text!.encode(text)).toThrow('expected a decimal number');
    }
    // In time that grows with the square it would be hours.
    expect(performance.now() - start).toBeLessThan(5_000);
  });

  it('holds 131072 digits before the point and 16383 after it, and no more', () => {
    const most = `${'9'.repeat(131072)}.${'9'.repeat(16383)}`;
    expect(fromHex(numeric, toHex(numeric, most))).toBe(most);
    expect(numeric.text!.encode(most)).toBe(most);
    const tooMuch = [
      '1'.repeat(131073),
      `0.${'0'.repeat(16383)}1`,
      '1e131072',
      '1e-16384',
      '1e99999999999999999999',
      '1e-99999999999999999999',
    ];
    for (const value of tooMuch) {
      expect(() => toHex(numeric, value)).toThrow('out of range for numeric');
      expect(() => numeric.text!.encode(value)).toThrow('out of range for numeric');
    }
    expect(fromHex(numeric, toHex(numeric, '1e131071'))).toBe(`1${'0'.repeat(131071)}`);
  });

  it.each([
    ['too short', '00000000'],
    ['digits that are not there', 'ffff000000000000'],
    ['bytes after the digits', '0000000000000000ff'],
    ['a digit above 9999', '00010000000000002710'],
    ['an unknown sign', '0000000012340000'],
    ['a scale above 16383', '000000000000ffff'],
  ])('refuses %s', (_, hex) => {
    expect(() => fromHex(numeric, hex)).toThrow(DecodeError);
  });

  it('prints zeros that the wire leaves out', () => {
    expect(fromHex(numeric, '00010005000000020001')).toBe(`1${'0'.repeat(20)}.00`);
    expect(fromHex(numeric, '0001fff0000000060001')).toBe('0.000000');
  });

  it('as a number keeps the value or is an InterfaceError', () => {
    for (const text of ['0', '0.1', '-1.50', '100', '123456789012345', '0.00000015', 'NaN']) {
      expect(asNumber.text!.decode(text)).toBe(Number(text));
      expect(fromHex(asNumber, toHex(numeric, text))).toBe(Number(text));
    }
    expect(asNumber.text!.decode('1000000000000000000000')).toBe(1e21);
    expect(asNumber.text!.decode('-Infinity')).toBe(-Infinity);
    const lossy = ['0.1000000000000000055', '9007199254740993', `1${'0'.repeat(400)}`];
    for (const text of lossy) {
      expect(() => asNumber.text!.decode(text)).toThrow(InterfaceError);
    }
  });

  it('as a number gives back every double that was sent', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, min: -1e200, max: 1e200 }), (value) => {
        const hex = toHex(asNumber, value);
        expect(fromHex(asNumber, hex)).toBe(value + 0);
      }),
    );
  });
});

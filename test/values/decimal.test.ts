import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareDecimals, type Decimal, parseDecimal } from '../../src/values/decimal.ts';

function decimal(text: string): Decimal {
  const parsed = parseDecimal(text);
  if (parsed === null) throw new Error(`${text} is no decimal`);
  return parsed;
}

describe('a decimal number', () => {
  it.each([
    ['12.50', { isNegative: false, digits: '1250', pointAt: 2, scale: 2 }],
    ['-0012.5', { isNegative: true, digits: '125', pointAt: 2, scale: 1 }],
    ['.005', { isNegative: false, digits: '5', pointAt: -2, scale: 3 }],
    ['+7.', { isNegative: false, digits: '7', pointAt: 1, scale: 0 }],
    ['1.25e3', { isNegative: false, digits: '125', pointAt: 4, scale: 0 }],
    ['1.25E-3', { isNegative: false, digits: '125', pointAt: -2, scale: 5 }],
    ['-0.00', { isNegative: false, digits: '', pointAt: 0, scale: 2 }],
  ])('%s is taken apart exactly', (text, parts) => {
    expect(parseDecimal(text)).toEqual(parts);
  });

  it.each([
    '',
    '.',
    '-',
    '1.2.3',
    '1e',
    'e5',
    ' 1',
    '1 ',
    '0x10',
    '1_000',
    'NaN',
    'Infinity',
    '１',
  ])('is not %j', (text) => {
    expect(parseDecimal(text)).toBeNull();
  });

  it.each([
    ['1', '1.000'],
    ['100', '1e2'],
    ['0', '-0.0'],
    ['0.001', '1e-3'],
    ['-20', '-2e1'],
  ])('%s is equal to %s', (a, b) => {
    expect(compareDecimals(decimal(a), decimal(b))).toBe(0);
  });

  it.each([
    ['9', '10'],
    ['-10', '-9'],
    ['-1', '0'],
    ['0', '0.0000000000000000000001'],
    ['0.09', '0.1'],
    ['1e400', '1e401'],
    ['99999999999999999999', '100000000000000000000.1'],
  ])('%s is less than %s', (a, b) => {
    expect(compareDecimals(decimal(a), decimal(b))).toBeLessThan(0);
    expect(compareDecimals(decimal(b), decimal(a))).toBeGreaterThan(0);
  });

  it('is compared like the bigints that both are of the same scale', () => {
    const anyInteger = fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n });
    fc.assert(
      fc.property(anyInteger, anyInteger, fc.integer({ min: -40, max: 40 }), (a, b, power) => {
        const order = compareDecimals(decimal(`${a}e${power}`), decimal(`${b}e${power}`));
        expect(Math.sign(order)).toBe(a < b ? -1 : a > b ? 1 : 0);
      }),
    );
  });
});

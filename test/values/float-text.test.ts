import fc from 'fast-check';
import { expect, test } from 'vitest';
import { float8FromText, float8Text } from '../../src/values/float-text.ts';

test.each([
  [0, '0'],
  [-0, '-0'],
  [1, '1'],
  [-1.5, '-1.5'],
  [0.0001, '0.0001'],
  [0.00001, '1e-05'],
  [1e-7, '1e-07'],
  [1.5e-300, '1.5e-300'],
  [5e-324, '5e-324'],
  [123456789012345, '123456789012345'],
  [999999999999999, '999999999999999'],
  [999999999999999.9, '999999999999999.9'],
  [1e15, '1e+15'],
  [1234567890123456, '1.234567890123456e+15'],
  [-1e21, '-1e+21'],
  [1e22, '1e+22'],
  [1e23, '9.999999999999999e+22'],
  [-50557875960339376, '-5.0557875960339376e+16'],
  [77712117692628992, '7.771211769262899e+16'],
  [1.7976931348623157e308, '1.7976931348623157e+308'],
  [Infinity, 'Infinity'],
  [-Infinity, '-Infinity'],
  [NaN, 'NaN'],
])('%d is written %s', (value, text) => {
  expect(float8Text(value)).toBe(text);
  expect(float8FromText(text)).toBe(value);
});

test.each([
  ['+1.', 1],
  ['.5', 0.5],
  ['1E3', 1000],
  ['inf', Infinity],
  ['-inf', -Infinity],
  ['infinity', Infinity],
  ['nan', NaN],
])('%s is read as %d', (text, value) => {
  expect(float8FromText(text)).toBe(value);
});

test.each(['', ' 1', '0x10', '1_000', '1n', '.', 'e5', '1e', '--1', 'Infinityx', 'null'])(
  '%j is no float8',
  (text) => {
    expect(float8FromText(text)).toBeUndefined();
  },
);

test('what is written is read as it was, to the last bit', () => {
  fc.assert(
    fc.property(fc.double(), (value) => {
      expect(float8FromText(float8Text(value))).toBe(value);
    }),
    { numRuns: 1000 },
  );
});

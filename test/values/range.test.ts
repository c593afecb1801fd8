import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Range } from '../../src/values/range.ts';
import { type Row, rowShape } from '../../src/values/row.ts';

const shape = rowShape(['a', 'b']);

function pair(...values: unknown[]): Row {
  return shape.make(values);
}

const bound = fc.option(fc.integer(), { nil: null });
const anyRange = fc
  .record({ lower: bound, upper: bound, lowerInc: fc.boolean(), upperInc: fc.boolean() })
  .map(({ lower, upper, ...inc }) => new Range(lower, upper, inc));

test('a range has its lower bound and not its upper one, unless told otherwise', () => {
  const range = new Range(1, 5);
  expect(range).toMatchObject({ lower: 1, upper: 5, lowerInc: true, upperInc: false });
  expect(range).toMatchObject({ lowerInf: false, upperInf: false, isEmpty: false });
  expect(new Range(1, 5, { lowerInc: false, upperInc: true })).toMatchObject({
    lowerInc: false,
    upperInc: true,
  });
});

test('a bound that is null is infinite and never in the range', () => {
  const range = new Range<number>(null, null, { lowerInc: true, upperInc: true });
  expect(range).toMatchObject({ lowerInc: false, upperInc: false });
  expect(range).toMatchObject({ lowerInf: true, upperInf: true, isEmpty: false });
  expect(range.contains(1e308)).toBe(true);
  expect(new Range(1).upperInf).toBe(true);
});

test('undefined is no bound', () => {
  const forgotten: { to?: number } = {};
  expect(() => new Range(1, forgotten.to)).toThrow(TypeError);
  expect(() => new Range(forgotten.to, 1)).toThrow('pass null for an infinite one');
  expect(() => new Range(undefined, undefined)).toThrow(TypeError);
  expect(new Range(undefined, undefined, { empty: true }).isEmpty).toBe(true);
  expect(String(new Range())).toBe('(,)');
});

test('the empty range has no bounds, no infinity and no value', () => {
  const empty = new Range<number>(1, 5, { empty: true });
  expect(empty).toEqual(Range.empty());
  expect(empty).toMatchObject({ lower: null, upper: null, lowerInf: false, upperInf: false });
  expect(empty.contains(1)).toBe(false);
});

test('a range cannot be changed', () => {
  const range = new Range(1, 5);
  expect(Object.isFrozen(range)).toBe(true);
});

test('ranges are deeply equal when their bounds are', () => {
  expect(new Range(1, 5)).toEqual(new Range(1, 5));
  expect(new Range(1, 5)).not.toEqual(new Range(1, 6));
  expect(new Range(1, 5)).not.toEqual(new Range(1, 5, { upperInc: true }));
});

describe('contains', () => {
  test.each([
    ['[1,5)', 1, true],
    ['[1,5)', 5, false],
    ['(1,5]', 1, false],
    ['(1,5]', 5, true],
    ['[1,5)', 0, false],
    ['(,5)', -1e9, true],
    ['(,5)', 5, false],
    ['[1,)', 1e9, true],
    ['empty', 1, false],
  ])('%s contains %d: %s', (text, value, contained) => {
    expect(Range.parse(text, Number).contains(value)).toBe(contained);
  });

  test('compares numbers and bigints exactly', () => {
    const range = new Range<number | bigint>(2n ** 53n, 2n ** 53n + 1n, { upperInc: true });
    expect(range.contains(9007199254740992)).toBe(true);
    expect(range.contains(2n ** 53n + 1n)).toBe(true);
    expect(range.contains(2n ** 53n + 2n)).toBe(false);
  });

  test('compares strings of digits as numbers, whatever their length and precision', () => {
    const range = new Range<string | number | bigint>('9.5', '10.000000000000000000001');
    expect(range.contains('10')).toBe(true);
    expect(range.contains('10.000000000000000000000')).toBe(true);
    expect(range.contains('10.0000000000000000000010')).toBe(false);
    expect(range.contains('9.4999999999999999999999999')).toBe(false);
    expect(range.contains(10)).toBe(true);
    expect(range.contains(10n)).toBe(true);
    expect(range.contains('1e1')).toBe(true);
    expect(range.contains('NaN')).toBe(false);
    expect(range.contains('Infinity')).toBe(false);
    expect(new Range('-10', '-2').contains('-9')).toBe(true);
    expect(new Range('-0.5', '0.5').contains('0')).toBe(true);
    expect(new Range<string | number>(0, 'NaN').contains('Infinity')).toBe(true);
    expect(new Range('1', 'NaN', { upperInc: true }).contains('NaN')).toBe(true);
  });

  test('compares Dates with one another and with the infinities', () => {
    const range = new Range<Date | number>(new Date('2024-01-01'), Infinity);
    expect(range.contains(new Date('2024-01-01'))).toBe(true);
    expect(range.contains(new Date('2023-12-31'))).toBe(false);
    expect(range.contains(Infinity)).toBe(false);
  });

  test('compares dates written in ISO format as dates', () => {
    const range = new Range('0044-03-15 BC', '10000-01-01');
    expect(range.contains('0045-01-01 BC')).toBe(false);
    expect(range.contains('0043-01-01 BC')).toBe(true);
    expect(range.contains('2024-02-29')).toBe(true);
    expect(range.contains('9999-12-31')).toBe(true);
    expect(range.contains('10000-01-01')).toBe(false);
    expect(range.contains('infinity')).toBe(false);
    expect(new Range('2024-01-01', 'infinity').contains('2024-01-02')).toBe(true);
    expect(new Range('2024-01-01', '5874897-12-31').contains('1000000-01-01')).toBe(true);
    expect(new Range('-infinity', '2024-01-01').contains('0044-03-15 BC')).toBe(true);
  });

  test('compares times with offsets as instants', () => {
    const range = new Range('2024-03-31 01:59:59.5+01', '2024-03-31 03:00:00+02', {
      upperInc: true,
    });
    expect(range.contains('2024-03-31 00:59:59.500000+00')).toBe(true);
    expect(range.contains('2024-03-31T00:59:59.499999Z')).toBe(false);
    expect(range.contains('2024-03-31 06:30:00+05:30')).toBe(true);
    expect(range.contains('2024-03-31 06:30:00.000001+05:30')).toBe(false);
  });

  test('compares other strings by their code units', () => {
    expect(new Range('a', 'c').contains('b')).toBe(true);
    expect(new Range('a', 'c').contains('c')).toBe(false);
  });

  test('compares objects by the static compare of their class', () => {
    class Version {
      readonly major: number;
      constructor(major: number) {
        this.major = major;
      }
      static compare(a: Version, b: Version): number {
        return a.major - b.major;
      }
    }
    const range = new Range(new Version(2), new Version(4));
    expect(range.contains(new Version(3))).toBe(true);
    expect(range.contains(new Version(4))).toBe(false);
  });

  test.each([
    [1, 'a'],
    [new Date(0), '2024-01-01'],
    [{}, {}],
    [1, null],
    [Object.create(null), Object.create(null)],
  ])('refuses to compare what has no order: %j with %j', (lower, value) => {
    expect(() => new Range<unknown>(lower, 9).contains(value)).toThrow(TypeError);
  });
});

test.each([
  ['[2,3)', '[1,5)', true],
  ['[1,5)', '[1,5)', true],
  ['[1,5]', '[1,5)', false],
  ['[1,5)', '(1,5)', false],
  ['(1,5)', '[1,5]', true],
  ['(,5)', '[1,5)', false],
  ['[1,)', '[1,5)', false],
  ['[1,5)', '(,)', true],
  ['empty', '[1,5)', true],
  ['empty', 'empty', true],
  ['[1,5)', 'empty', false],
  ['[1,9)', '[2,5)', false],
])('%s is a subset of %s: %s', (subset, superset, expected) => {
  const a = Range.parse(subset, Number);
  const b = Range.parse(superset, Number);
  expect(a.isSubset(b)).toBe(expected);
  expect(b.isSuperset(a)).toBe(expected);
});

test('nothing is normalized', () => {
  expect(new Range(1, 5, { upperInc: true }).equals(new Range(1, 6))).toBe(false);
  expect(new Range(5, 5).isEmpty).toBe(false);
});

test('bounds are equal by value', () => {
  expect(new Range('1.0', '2').equals(new Range('1.00', '2.0'))).toBe(true);
  expect(new Range(new Date(0), null).equals(new Range(new Date(0), null))).toBe(true);
  expect(new Range(1, 2).equals(new Range(1, null))).toBe(false);
  expect(new Range(1, 2).equals(Range.empty())).toBe(false);
  expect(new Range(1, 2).equals('[1,2)')).toBe(false);
  expect(new Range<unknown>({}, null).equals(new Range<unknown>(1, null))).toBe(false);
});

test.each([
  [new Range(1, 5), '[1,5)'],
  [new Range(1, 5, { lowerInc: false, upperInc: true }), '(1,5]'],
  [new Range(null, 5n), '(,5)'],
  [new Range(), '(,)'],
  [Range.empty(), 'empty'],
  [new Range('', 'a b'), '["","a b")'],
  [new Range('a"b', 'c\\d'), '["a""b","c\\\\d")'],
  [new Range('(', ','), '["(",",")'],
  [new Range(1e15, 2 ** 53 - 1), '[1000000000000000,9007199254740991)'],
  [new Range(1e16, 1.5), '[1e+16,1.5)'],
  [new Range(-0, 0), '[-0,0)'],
  [new Range(new Date('2024-01-02T03:04:05.060Z'), null), '["2024-01-02 03:04:05.06+00",)'],
  [
    new Range(new Date('-000043-03-15T00:00:00Z'), new Date('+010000-01-01T00:00:00Z')),
    '["0044-03-15 00:00:00+00 BC","10000-01-01 00:00:00+00")',
  ],
  // As the server writes bounds that are composites, arrays, bytes and documents.
  [new Range(pair(1, 'x'), pair(2, 'a "b,\\')), String.raw`["(1,x)","(2,""a """"b,\\\\"")")`],
  [new Range(pair(null, ''), pair(pair(1, 'y'), [1])), '["(,"""")","(""(1,y)"",{1})")'],
  [
    new Range([1, 2], [3, null, 'null', 'a"b']),
    String.raw`["{1,2}","{3,NULL,""null"",""a\\""b""}")`,
  ],
  [new Range([[1], [2]], null), '["{{1},{2}}",)'],
  [new Range(Buffer.from([1, 255]), null), String.raw`["\\x01ff",)`],
  [new Range({ a: 1n }, { a: [] }), '["{""a"":""1""}","{""a"":[]}")'],
])('%o is written %s', (range, text) => {
  expect(String(range)).toBe(text);
  expect(JSON.stringify({ range })).toBe(JSON.stringify({ range: text }));
});

test('an invalid Date is refused rather than written', () => {
  expect(() => String(new Range(new Date(NaN), null))).toThrow(RangeError);
});

test.each([
  ['empty', Range.empty()],
  [' EMPTY ', Range.empty()],
  [' [1,2) ', new Range('1', '2')],
  ['["",)', new Range('', null)],
  ['(,"a""b"]', new Range(null, 'a"b', { upperInc: true })],
  ['[a\\,b,c\\]d]', new Range('a,b', 'c]d', { upperInc: true })],
  ['[a"b,c"d,e)', new Range('ab,cd', 'e')],
])('%j is read', (text, range) => {
  expect(Range.fromString(text)).toEqual(range);
});

test.each([
  '',
  '1,2',
  '[1,2',
  '[1',
  '[1)',
  '[1,2)x',
  '[1,2,3)',
  '["1,2)',
  '[1,2\\',
  'x[1,2)',
  'emptyish',
])('%j is refused', (text) => {
  expect(() => Range.fromString(text)).toThrow(SyntaxError);
});

test('what is written is read as it was', () => {
  fc.assert(
    fc.property(anyRange, (range) => {
      expect(Range.parse(String(range), Number)).toEqual(range);
    }),
  );
  const text = fc.option(fc.string({ unit: 'binary' }), { nil: null });
  fc.assert(
    fc.property(text, text, fc.boolean(), fc.boolean(), (lower, upper, lowerInc, upperInc) => {
      const range = new Range(lower, upper, { lowerInc, upperInc });
      expect(Range.fromString(String(range))).toEqual(range);
    }),
  );
});

test('a subset holds no value that its superset does not', () => {
  const small = fc.option(fc.integer({ min: 0, max: 4 }), { nil: null });
  const smallRange = fc
    .record({ lower: small, upper: small, lowerInc: fc.boolean(), upperInc: fc.boolean() })
    .map(({ lower, upper, ...inc }) => new Range(lower, upper, inc));
  fc.assert(
    fc.property(smallRange, smallRange, fc.integer({ min: -1, max: 5 }), (a, b, value) => {
      if (a.isSubset(b) && a.contains(value)) expect(b.contains(value)).toBe(true);
    }),
  );
});

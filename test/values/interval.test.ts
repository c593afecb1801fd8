import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Interval } from '../../src/values/interval.ts';

const HOUR = 3_600_000_000n;
const INT4 = { min: -(2 ** 31), max: 2 ** 31 - 1 };
const INT8 = { min: -(2n ** 63n), max: 2n ** 63n - 1n };
const anyInterval = fc
  .record({
    months: fc.oneof(fc.integer({ min: -30, max: 30 }), fc.integer(INT4)),
    days: fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer(INT4)),
    microseconds: fc.oneof(fc.bigInt({ min: -3n, max: 3n }), fc.bigInt(INT8)),
  })
  .map((fields) => new Interval(fields));

test('an interval has months, days and microseconds, 0 unless given', () => {
  expect(new Interval({ months: 14 })).toMatchObject({ months: 14, days: 0, microseconds: 0n });
  expect(new Interval({ microseconds: 5 }).microseconds).toBe(5n);
  expect(new Interval({ days: -0 }).days).toBe(0);
});

test('an interval cannot be changed', () => {
  expect(Object.isFrozen(new Interval({ days: 1 }))).toBe(true);
});

test('intervals are equal when all three parts are', () => {
  expect(new Interval({ days: 1 })).toEqual(new Interval({ days: 1 }));
  expect(new Interval({ days: 1 }).equals(new Interval({ days: 1 }))).toBe(true);
  expect(new Interval({ days: 30 }).equals(new Interval({ months: 1 }))).toBe(false);
  expect(new Interval({ days: 1 }).equals(new Interval({ microseconds: 24n * HOUR }))).toBe(false);
  expect(new Interval({}).equals({ months: 0, days: 0, microseconds: 0n })).toBe(false);
});

test.each([
  [{ days: 1.5 }],
  [{ months: NaN }],
  [{ microseconds: 0.5 }],
  [{ microseconds: 2 ** 53 }],
  [{ days: '1' as unknown as number }],
  [{ days: 1n as unknown as number }],
  [{ hours: 2 } as object],
])('%o has a part that is none or no integer: a TypeError', (fields) => {
  expect(() => new Interval(fields)).toThrow(TypeError);
});

test.each([[{ months: 2 ** 31 }], [{ days: -(2 ** 31) - 1 }], [{ microseconds: 2n ** 63n }]])(
  '%o has a part out of range: a RangeError',
  (fields) => {
    expect(() => new Interval(fields)).toThrow(RangeError);
  },
);

test.each([
  [{}, '00:00:00', 'PT0S'],
  [
    { months: 14, days: 3, microseconds: 14_706_000_007n },
    '1 year 2 mons 3 days 04:05:06.000007',
    'P1Y2M3DT4H5M6.000007S',
  ],
  [{ months: -14 }, '-1 years -2 mons', 'P-1Y-2M'],
  [{ months: -1, days: 3 }, '-1 mons +3 days', 'P-1M3D'],
  [{ months: 1, days: -1, microseconds: HOUR }, '1 mon -1 days +01:00:00', 'P1M-1DT1H'],
  [{ days: 1, microseconds: -HOUR }, '1 day -01:00:00', 'P1DT-1H'],
  [{ microseconds: -500_000n }, '-00:00:00.5', 'PT-0.5S'],
  [{ microseconds: -61_000_000n }, '-00:01:01', 'PT-1M-1S'],
  [{ microseconds: 100n * HOUR }, '100:00:00', 'PT100H'],
  [{ microseconds: INT8.min }, '-2562047788:00:54.775808', 'PT-2562047788H-54.775808S'],
  [{ months: 12 }, '1 year', 'P1Y'],
])('%o is written %s, and %s in ISO 8601', (fields, text, iso) => {
  const interval = new Interval(fields);
  expect(String(interval)).toBe(text);
  expect(interval.toISOString()).toBe(iso);
  expect(JSON.stringify(interval)).toBe(JSON.stringify(iso));
});

test('an infinite interval is the greatest or least of all its parts', () => {
  expect(String(Interval.INFINITY)).toBe('infinity');
  expect(Interval.NEGATIVE_INFINITY.toISOString()).toBe('-infinity');
  expect(Interval.fromString(' Infinity ')).toEqual(Interval.INFINITY);
  expect(Interval.fromString('-infinity')).toEqual(Interval.NEGATIVE_INFINITY);
  expect(Interval.INFINITY.isFinite).toBe(false);
  expect(new Interval({ months: INT4.max, days: INT4.max }).isFinite).toBe(true);
});

test.each([
  ['@ 1 year 2 mons -3 days 4 hours 5 mins 6.789 secs', 'P1Y2M-3DT4H5M6.789S'],
  ['@ 1 year 2 mons -3 days 4 hours 5 mins 6.789 secs ago', 'P-1Y-2M3DT-4H-5M-6.789S'],
  ['@ 0', 'PT0S'],
  ['2 weeks', 'P14D'],
  ['1 month 12 minutes', 'P1MT12M'],
  ['04:05', 'PT4H5M'],
  ['P2W', 'P14D'],
  ['1-2 3 4:05:06', 'P1Y2M3DT4H5M6S'],
  ['+1-2 -3 +4:05:06.5', 'P1Y2M-3DT4H5M6.5S'],
  ['-1-2', 'P-1Y-2M'],
  ['-3 -4:05:06', 'P-3DT-4H-5M-6S'],
  ['-1 day 02:03:04', 'P-1DT2H3M4S'],
  ['P0001-02-03T04:05:06', 'P1Y2M3DT4H5M6S'],
  ['P1-2', 'P1Y2M'],
  ['PT+5S', 'PT5S'],
  ['PT-0.000001S', 'PT-0.000001S'],
  ['1.5 days', 'P1DT12H'],
  ['-1.5 days', 'P-1DT-12H'],
  ['.5 days', 'PT12H'],
  ['-0.25 hours', 'PT-15M'],
  ['1. day', 'P1D'],
  ['1.5 weeks', 'P10DT12H'],
  ['0.1 weeks', 'PT16H48M'],
  ['2.75 years', 'P2Y9M'],
  ['1.5 months', 'P1M15D'],
  ['0.25 mons', 'P7DT12H'],
  ['0.000001 secs', 'PT0.000001S'],
  ['1.0000000 secs', 'PT1S'],
  ['P1.5Y', 'P1Y6M'],
  ['P0.5M', 'P15D'],
  ['P-.5D', 'PT-12H'],
  ['P0.5D', 'PT12H'],
  ['PT1.5H', 'PT1H30M'],
  ['250 ms', 'PT0.25S'],
  ['1.5 milliseconds 3 usecs', 'PT0.001503S'],
  ['2 secs 1.5 msecs', 'PT2.0015S'],
  ['1 millennium 2 centuries 3 decades 4 yrs', 'P1234Y'],
  ['1y 2mon 3w 4d', 'P1Y2M25D'],
  ['1h30m', 'PT1H30M'],
  ['1.5h', 'PT1H30M'],
  ['1y2m', 'P1YT2M'],
  ['1 HR, 2 Min', 'PT1H2M'],
  ['@1 day, ago', 'P-1D'],
  ['-1 DAY 02:03:04', 'P-1DT2H3M4S'],
])('%j is read as %s', (text, iso) => {
  expect(Interval.fromString(text).toISOString()).toBe(iso);
});

test.each([
  '',
  '@',
  'ago',
  '1',
  'day',
  '1 fortnight',
  '1:60:00',
  '1:00:60',
  '1 day 2',
  '04:05 1 day',
  'P',
  'P1',
  'PT',
  'P1DT',
  '1 sec 2',
  '0.0000001 secs',
  'PT0.0000001S',
  '-3 4:05:06',
  '0 ago',
  '@ 0 ago',
  '-1-2 3 4:05:06',
  '1-12',
  '1 day 2 days',
  '1 hour 02:03',
  '3 1-2',
  'P1-2-3-4',
  '1 __proto__',
  // Read otherwise by some servers, or rounded.
  '1.55 years',
  '0.1 months',
  'P9.7M',
  'P2147483.7D',
  '1.5 decades',
  '0.0000000001 hours',
  '1.5 us',
  // Refused by the server too.
  '-.5 days',
  '1,5 days',
  '1h30min15s',
  '1hour30min',
  '1d-2h',
  '1 h 1 hr',
  '1.5 secs 1 ms',
  '1 ms 04:05:06',
  '1 quarter',
  '1e3 days',
  'p1d',
  // A number without a unit.
  '1h30',
  '60',
])('%j is refused', (text) => {
  expect(() => Interval.fromString(text)).toThrow(SyntaxError);
});

test('a text that would overflow is refused as out of range', () => {
  expect(() => Interval.fromString('3000000000 days')).toThrow(RangeError);
});

test('what is written is read as it was, in both styles', () => {
  fc.assert(
    fc.property(anyInterval, (interval) => {
      expect(Interval.fromString(String(interval))).toEqual(interval);
      expect(Interval.fromString(interval.toISOString())).toEqual(interval);
    }),
    { numRuns: 1000 },
  );
});

test.each([
  ['1 day 30', 'a number in it has no unit that the server knows'],
  ['1.55 years', 'its fraction of a year is not exact; give months'],
  ['0.1 months', 'its fraction of a month is not exact; give days'],
  ['0.0000001 secs', 'its fraction of a second is not exact; give microseconds'],
  ['P2147483.7D', 'it is too long for a fraction; give the whole and the rest by units'],
  ['1hour30min', 'it needs a blank between its parts'],
])('%j is refused in words that help', (text, why) => {
  expect(() => Interval.fromString(text)).toThrow(
    `not the text of an interval: ${JSON.stringify(text)}: ${why}`,
  );
});

test('a minus in front that may be that of all parts is refused in words that help', () => {
  expect(() => Interval.fromString('-3 4:05:06')).toThrow(
    'its minus is that of all parts or of the first, as IntervalStyle says; give each part a sign',
  );
});

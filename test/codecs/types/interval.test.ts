import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { interval } from '../../../src/codecs/types/interval.ts';
import { Unencodable } from '../../../src/codecs/unencodable.ts';
import { DecodeError } from '../../../src/errors/client-errors.ts';
import { Interval } from '../../../src/values/interval.ts';
import { fromHex, itAgreesWithTheServer, toHex } from '../binary-form.ts';
import { Duration } from '../temporal-stand-in.ts';

describe('interval', () => {
  itAgreesWithTheServer('interval', interval, [
    [
      '1 year 2 mons 3 days 04:05:06.000007',
      '000000036c8bc087000000030000000e',
      new Interval({ months: 14, days: 3, microseconds: 14_706_000_007n }),
    ],
    [
      '-1 mons +2 days -00:00:00.000001',
      'ffffffffffffffff00000002ffffffff',
      new Interval({ months: -1, days: 2, microseconds: -1n }),
    ],
    ['00:00:00', '00000000000000000000000000000000', new Interval({})],
    ['infinity', '7fffffffffffffff7fffffff7fffffff', Interval.INFINITY],
    ['-infinity', '800000000000000080000000' + '80000000', Interval.NEGATIVE_INFINITY],
  ]);

  it('round-trips every interval', () => {
    const bytes = fc.uint8Array({ minLength: 16, maxLength: 16 });
    fc.assert(
      fc.property(bytes, (given) => {
        const hex = Buffer.from(given).toString('hex');
        const value = fromHex(interval, hex);
        expect(toHex(interval, value)).toBe(hex);
        expect(interval.text!.decode(interval.text!.encode(value))).toStrictEqual(value);
      }),
    );
  });

  it('takes text of PostgreSQL and of ISO 8601', () => {
    expect(interval.text!.encode('1 day 2 hours')).toBe('1 day 02:00:00');
    expect(interval.text!.encode('P1Y2M-3DT4H')).toBe('1 year 2 mons -3 days +04:00:00');
  });

  it('takes a plain object of an Interval’s fields', () => {
    expect(interval.text!.encode({ days: 3 })).toBe('3 days');
    expect(interval.text!.encode({ months: 1, microseconds: 1_000_000 })).toBe('1 mon 00:00:01');
    expect(interval.text!.encode(structuredClone({ ...new Interval({ days: 2 }) }))).toBe('2 days');
  });

  it('takes a Temporal.Duration, nanoseconds rounded', () => {
    const duration = new Duration({
      years: 1,
      months: 2,
      weeks: 3,
      days: 4,
      hours: 5,
      minutes: 6,
      seconds: 7,
      milliseconds: 8,
      microseconds: 9,
      nanoseconds: 501,
    });
    expect(interval.text!.encode(duration)).toBe('1 year 2 mons 25 days 05:06:07.00801');
    expect(interval.text!.encode(new Duration({ nanoseconds: -1500 }))).toBe('-00:00:00.000002');
  });

  it.each([
    [{ hours: 1 }, 'no "hours"'],
    [{ days: 1.5 }, 'must be an integer'],
    [{ months: 2 ** 31 }, 'fit into 32 bits'],
    [{ microseconds: 2n ** 63n }, 'fit into 64 bits'],
    ['1 fortnight', 'got a string that is none'],
    ['', 'got a string that is none'],
    [3600, 'got the number 3600'],
    [new Date(0), 'got a Date'],
    [undefined, 'got undefined'],
  ])('refuses %o', (value, reason) => {
    expect(() => toHex(interval, value)).toThrow(Unencodable);
    expect(() => toHex(interval, value)).toThrow(reason);
  });

  it('refuses malformed values from the server', () => {
    expect(() => fromHex(interval, '00'.repeat(15))).toThrow(DecodeError);
    expect(() => interval.text!.decode('+1-2 +3 4 5')).toThrow(DecodeError);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { timestampForms, timestamptzForms } from '../../../src/codecs/types/timestamp.ts';
import { Unencodable } from '../../../src/codecs/unencodable.ts';
import { resolveTypeOptions } from '../../../src/config/types-option.ts';
import { DecodeError } from '../../../src/errors/client-errors.ts';
import { fromHex, itAgreesWithTheServer, toHex } from '../binary-form.ts';
import { Temporal } from '../temporal-stand-in.ts';

const asDate = resolveTypeOptions();
const asString = resolveTypeOptions({ datetime: 'string' });
const asTemporal = resolveTypeOptions({ datetime: 'temporal', temporal: Temporal });
const timestamp = timestampForms(asDate);
const timestamptz = timestamptzForms(asDate);

const FIRST = -211_813_488_000_000_000n;
const LAST = 9_223_371_331_199_999_999n;

function hexOf(micros: bigint): string {
  return BigInt.asUintN(64, micros).toString(16).padStart(16, '0');
}

describe('timestamptz as a string', () => {
  const forms = timestamptzForms(asString);

  itAgreesWithTheServer(
    'timestamptz',
    forms,
    [
      ['2000-01-01 00:00:00+00', '0000000000000000'],
      ['1999-12-31 23:59:59.999999+00', 'ffffffffffffffff'],
      ['2024-05-06 07:08:09.123456+00', '0002bac2801b6a80'],
      ['0044-03-15 12:00:00.5+00 BC', 'ff1af9e8fb4e7120'],
      ['4714-11-24 00:00:00+00 BC', 'fd0f7cc1411fa000'],
      ['294276-12-31 23:59:59.999999+00', '7fffff5bb3b29fff'],
      ['infinity', '7fffffffffffffff'],
      ['-infinity', '8000000000000000'],
    ].map(([text, hex]) => [text!, hex!, text!] as const),
  );

  it('round-trips every microsecond', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: FIRST, max: LAST }), (micros) => {
        const text = fromHex(forms, hexOf(micros)) as string;
        expect(toHex(forms, text)).toBe(hexOf(micros));
        expect(forms.text!.decode(text)).toBe(text);
      }),
    );
  });

  it('reads the server text of any session time zone', () => {
    expect(forms.text!.decode('2024-05-06 12:38:09.5+05:30')).toBe('2024-05-06 07:08:09.5+00');
    expect(forms.text!.decode('1880-01-01 00:09:21+00:09:21')).toBe('1880-01-01 00:00:00+00');
    expect(forms.text!.decode('0001-12-31 20:00:00-04 BC')).toBe('0001-01-01 00:00:00+00');
  });
});

describe('timestamp as a string', () => {
  const forms = timestampForms(asString);

  itAgreesWithTheServer('timestamp', forms, [
    ['2024-05-06 07:08:09.123456', '0002bac2801b6a80', '2024-05-06 07:08:09.123456'],
    ['0044-03-15 12:00:00.5 BC', 'ff1af9e8fb4e7120', '0044-03-15 12:00:00.5 BC'],
    ['infinity', '7fffffffffffffff', 'infinity'],
  ]);
});

describe('timestamptz and timestamp as a Date', () => {
  it('are exact to the millisecond over the whole range of a Date', () => {
    const millis = fc.integer({ min: -210_866_803_200_000, max: 8_640_000_000_000_000 });
    fc.assert(
      fc.property(millis, (time) => {
        const micros = (BigInt(time) - 946_684_800_000n) * 1000n;
        for (const forms of [timestamp, timestamptz]) {
          expect(fromHex(forms, hexOf(micros))).toStrictEqual(new Date(time));
          expect(toHex(forms, new Date(time))).toBe(hexOf(micros));
          expect(forms.text!.decode(forms.text!.encode(new Date(time)))).toStrictEqual(
            new Date(time),
          );
        }
      }),
    );
  });

  it('cut microseconds off towards the past', () => {
    const cutOff = fc.bigInt({ min: -211_813_488_000_000_000n, max: 7_693_315_200_000_000_000n });
    fc.assert(
      fc.property(cutOff, (micros) => {
        const rest = ((micros % 1000n) + 1000n) % 1000n;
        const whole = new Date(Number((micros - rest) / 1000n + 946_684_800_000n));
        expect(fromHex(timestamptz, hexOf(micros))).toStrictEqual(whole);
      }),
    );
    expect(fromHex(timestamptz, 'ffffffffffffffff')).toStrictEqual(
      new Date('1999-12-31T23:59:59.999Z'),
    );
    expect(timestamptz.text!.decode('1999-12-31 23:59:59.999999+00')).toStrictEqual(
      new Date('1999-12-31T23:59:59.999Z'),
    );
  });

  it('are infinite numbers for the infinities', () => {
    for (const forms of [timestamp, timestamptz]) {
      expect(fromHex(forms, '7fffffffffffffff')).toBe(Infinity);
      expect(fromHex(forms, '8000000000000000')).toBe(-Infinity);
      expect(toHex(forms, Infinity)).toBe('7fffffffffffffff');
      expect(toHex(forms, -Infinity)).toBe('8000000000000000');
      expect(forms.text!.decode('-infinity')).toBe(-Infinity);
      expect(forms.text!.encode(Infinity)).toBe('infinity');
    }
  });

  it('refuse what a Date cannot hold, naming the way out', () => {
    expect(() => fromHex(timestamptz, '7fffff5bb3b29fff')).toThrow('datetime: "string"');
    // It is no malformed value.
    expect(() => fromHex(timestamptz, '7fffff5bb3b29fff')).toThrow(/^cannot read the timestamp/);
    expect(() => timestamptz.text!.decode('294276-12-31 23:59:59+00')).toThrow(DecodeError);
    expect(() => fromHex(timestamptz, hexOf(FIRST - 1n))).toThrow(DecodeError);
    expect(() => fromHex(timestamptz, '8000000000000001')).toThrow(DecodeError);
    expect(() => fromHex(timestamptz, '00000000')).toThrow(DecodeError);
  });

  it('leave a timestamp unmoved by any time zone: its fields are those in UTC', () => {
    expect(timestamp.text!.decode('2024-05-06 07:08:09.5')).toStrictEqual(
      new Date('2024-05-06T07:08:09.5Z'),
    );
    expect(timestamp.text!.encode(new Date('2024-05-06T07:08:09.5Z'))).toBe(
      '2024-05-06 07:08:09.5',
    );
  });

  it('refuse an invalid Date and one before the calendar begins', () => {
    expect(() => toHex(timestamptz, new Date(Number.NaN))).toThrow('the Date is invalid');
    expect(() => timestamptz.text!.encode(new Date(Number.NaN))).toThrow('the Date is invalid');
    expect(() => toHex(timestamp, new Date(-210_866_803_200_001))).toThrow('out of range');
    expect(() => timestamp.text!.encode(new Date(-8.64e15))).toThrow('out of range');
  });

  it('can be inlined by a row decoder only then', () => {
    expect(timestamptz.inline).toBe('timestamp');
    expect(timestampForms(asString).inline).toBeNull();
    expect(timestamptzForms(asTemporal).inline).toBeNull();
  });
});

describe('timestamptz from text', () => {
  it.each([
    ['2024-05-06T07:08:09.123Z', '2024-05-06 07:08:09.123+00'],
    ['2024-05-06t07:08:09z', '2024-05-06 07:08:09+00'],
    ['2024-05-06 07:08+02', '2024-05-06 05:08:00+00'],
    ['2024-05-06 07:08:09 -0330', '2024-05-06 10:38:09+00'],
    ['2024-01-01T00:00:00+15:59:59', '2023-12-31 08:00:01+00'],
    ['2024-12-31T24:00:00Z', '2025-01-01 00:00:00+00'],
    ['2024-12-31T23:59:59.9999999Z', '2025-01-01 00:00:00+00'],
    ['+275760-09-13T00:00:00.000Z', '275760-09-13 00:00:00+00'],
    ['-000043-03-15T12:00:00Z', '0044-03-15 12:00:00+00 BC'],
  ])('reads %s', (text, printed) => {
    expect(timestamptz.text!.encode(text)).toBe(printed);
    expect(fromHex(timestamptzForms(asString), toHex(timestamptz, text))).toBe(printed);
  });

  it.each(['2024-05-06T07:08:09', '2024-05-06', '2024-05-06 07:08'])(
    'refuses %s, which could mean any of several times',
    (text) => {
      expect(() => toHex(timestamptz, text)).toThrow('a timestamptz needs an offset');
    },
  );

  it.each([
    'now',
    'yesterday',
    '2024-05-06T07:08:09 Europe/Paris',
    '2024-05-06T07:08:09[Europe/Paris]',
    '2024-02-30T00:00:00Z',
    '2024-05-06T25:00:00Z',
    '2024-05-06Z',
    'Mon May 06 2024 07:08:09 GMT+0000',
    '1714979289',
    '',
  ])('refuses %j', (text) => {
    expect(() => toHex(timestamptz, text)).toThrow(Unencodable);
  });

  it('refuses times that PostgreSQL does not have', () => {
    expect(() => toHex(timestamptz, '294277-01-01 00:00:00+00')).toThrow('out of range');
    expect(() => toHex(timestamptz, '294276-12-31 23:59:59-01')).toThrow('out of range');
    expect(() => toHex(timestamptz, '4714-11-24 00:00:00+01 BC')).toThrow('out of range');
    expect(() => timestamptz.text!.encode('5874897-01-01T00:00Z')).toThrow('out of range');
  });

  it('refuses other values, naming what they are', () => {
    expect(() => toHex(timestamptz, 1_714_979_289_000)).toThrow('got the number 1714979289000');
    expect(() => toHex(timestamptz, new Temporal.PlainDate(2024, 5, 6))).toThrow('a PlainDate');
    expect(() => toHex(timestamptz, undefined)).toThrow('got undefined');
    expect(() => toHex(timestamptz, Number.NaN)).toThrow('got the number NaN');
  });
});

describe('timestamp from text', () => {
  it.each([
    ['2024-05-06T07:08:09.123', '2024-05-06 07:08:09.123'],
    ['2024-05-06T07:08:09.123Z', '2024-05-06 07:08:09.123'],
    ['2024-05-06 07:08:09+00', '2024-05-06 07:08:09'],
    ['2024-05-06', '2024-05-06 00:00:00'],
  ])('reads %s', (text, printed) => {
    expect(timestamp.text!.encode(text)).toBe(printed);
  });

  it('refuses an offset, which PostgreSQL would ignore', () => {
    expect(() => toHex(timestamp, '2024-05-06T07:08:09+02:00')).toThrow('has no time zone');
  });
});

describe('timestamptz and timestamp as Temporal', () => {
  const instant = timestamptzForms(asTemporal);
  const plain = timestampForms(asTemporal);

  it('keep microseconds', () => {
    expect(fromHex(instant, '0002bac2801b6a80')).toStrictEqual(
      new Temporal.Instant(1_714_979_289_123_456_000n),
    );
    expect(fromHex(plain, '0002bac2801b6a80')).toStrictEqual(
      new Temporal.PlainDateTime(2024, 5, 6, 7, 8, 9, 123, 456),
    );
    expect(plain.text!.decode('0044-03-15 12:00:00.5 BC')).toStrictEqual(
      new Temporal.PlainDateTime(-43, 3, 15, 12, 0, 0, 500, 0),
    );
  });

  it('round-trip every microsecond that Temporal has', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: FIRST, max: 7_693_315_200_000_000_000n }), (micros) => {
        expect(toHex(instant, fromHex(instant, hexOf(micros)))).toBe(hexOf(micros));
        expect(toHex(plain, fromHex(plain, hexOf(micros)))).toBe(hexOf(micros));
      }),
    );
  });

  it('are infinite numbers for the infinities, and refuse what Temporal cannot hold', () => {
    expect(fromHex(instant, '7fffffffffffffff')).toBe(Infinity);
    expect(fromHex(plain, '8000000000000000')).toBe(-Infinity);
    expect(() => fromHex(instant, hexOf(LAST))).toThrow('beyond what Temporal can hold');
    expect(() => fromHex(plain, hexOf(LAST))).toThrow('beyond what Temporal can hold');
  });

  it('are taken as arguments whatever the option says, nanoseconds rounded', () => {
    const nanos = 1_714_979_289_123_456_501n;
    expect(timestamptz.text!.encode(new Temporal.Instant(nanos))).toBe(
      '2024-05-06 07:08:09.123457+00',
    );
    expect(timestamptz.text!.encode(new Temporal.ZonedDateTime(nanos - 2n))).toBe(
      '2024-05-06 07:08:09.123456+00',
    );
    expect(timestamptz.text!.encode(new Temporal.Instant(-1n))).toBe('1970-01-01 00:00:00+00');
    expect(timestamp.text!.encode(new Temporal.PlainDateTime(2024, 5, 6, 7, 8, 9, 0, 1))).toBe(
      '2024-05-06 07:08:09.000001',
    );
    expect(timestamp.text!.encode(new Temporal.PlainDate(2024, 5, 6))).toBe('2024-05-06 00:00:00');
  });

  it('do not mix: a time zone is neither lost nor made up', () => {
    expect(() => toHex(timestamp, new Temporal.Instant(0n))).toThrow('got an Instant');
    expect(() => toHex(timestamptz, new Temporal.PlainDateTime(2024, 5, 6))).toThrow(Unencodable);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dateForms } from '../../../src/codecs/types/date.ts';
import { Unencodable } from '../../../src/codecs/unencodable.ts';
import { resolveTypeOptions } from '../../../src/config/types-option.ts';
import { DecodeError } from '../../../src/errors/client-errors.ts';
import { fromHex, itAgreesWithTheServer, toHex } from '../binary-form.ts';
import { Temporal } from '../temporal-stand-in.ts';

const date = dateForms(resolveTypeOptions());
const temporal = dateForms(resolveTypeOptions({ datetime: 'temporal', temporal: Temporal }));

describe('date', () => {
  itAgreesWithTheServer(
    'date',
    date,
    [
      ['2000-01-01', '00000000'],
      ['1999-12-31', 'ffffffff'],
      ['2024-02-29', '00002279'],
      ['0001-01-01', 'fff4dbf9'],
      ['0044-03-15 BC', 'fff49d7b'],
      ['4714-11-24 BC', 'ffda97a7'],
      ['5874897-12-31', '7fda970c'],
      ['infinity', '7fffffff'],
      ['-infinity', '80000000'],
    ].map(([text, hex]) => [text!, hex!, text!] as const),
  );

  it('round-trips every day', () => {
    fc.assert(
      fc.property(fc.integer({ min: -2_451_545, max: 2_145_031_948 }), (days) => {
        const hex = (days >>> 0).toString(16).padStart(8, '0');
        const text = fromHex(date, hex);
        expect(toHex(date, text)).toBe(hex);
        expect(date.text!.decode(text as string)).toBe(text);
      }),
    );
  });

  it('takes years beyond 9999 and before 1 also as ISO 8601 and Date write them', () => {
    expect(date.text!.encode('+012024-05-06')).toBe('12024-05-06');
    expect(date.text!.encode('-000043-03-15')).toBe('0044-03-15 BC');
    expect(date.text!.encode('0000-02-29')).toBe('0001-02-29 BC');
    expect(date.text!.encode('2024-05-06 AD')).toBe('2024-05-06');
  });

  it('takes a Date by its day in UTC', () => {
    expect(date.text!.encode(new Date('2024-05-06T23:59:59.999Z'))).toBe('2024-05-06');
    expect(date.text!.encode(new Date('1969-12-31T23:59:59.999Z'))).toBe('1969-12-31');
    expect(toHex(date, new Date('2000-01-02T00:00:00Z'))).toBe('00000001');
  });

  it('takes infinite numbers for the infinite dates', () => {
    expect(toHex(date, Infinity)).toBe('7fffffff');
    expect(toHex(date, -Infinity)).toBe('80000000');
  });

  it.each([
    '2024-02-30',
    '2023-02-29',
    '2024-13-01',
    '2024-00-10',
    '24-05-06',
    '2024-5-6',
    '05/06/2024',
    '20240506',
    '2024-05-06T00:00:00Z',
    '2024-05-06 00:00',
    ' 2024-05-06',
    '2024-05-06\n',
    '0000-01-01 BC',
    '-000001-01-01 BC',
    '-000000-01-01',
    '4714-11-23 BC',
    '5874898-01-01',
    'today',
    'Infinity',
    '',
  ])('refuses %j and does not repeat it', (text) => {
    expect(() => date.text!.encode(text)).toThrow(Unencodable);
    expect(() => toHex(date, text)).toThrow('expected a date such as "2024-05-06", got a string');
  });

  it.each([
    [null, 'null'],
    [undefined, 'undefined'],
    [0, 'the number 0'],
    [Number.NaN, 'the number NaN'],
    [20240506n, 'the bigint 20240506n'],
    [true, 'true'],
    [{}, 'an object'],
    [['2024-05-06'], 'an array'],
    [new Temporal.PlainTime(1, 2, 3, 4, 5), 'a PlainTime'],
  ])('refuses %s, naming what it is', (value, named) => {
    expect(() => toHex(date, value)).toThrow(`or a Temporal.PlainDate, got ${named}`);
  });

  it('refuses an invalid Date and one from before the calendar begins', () => {
    expect(() => toHex(date, new Date(Number.NaN))).toThrow('the Date is invalid');
    expect(() => toHex(date, new Date(-210_866_803_200_001))).toThrow('out of range');
    expect(toHex(date, new Date(-210_866_803_200_000))).toBe('ffda97a7');
  });

  it('refuses values from the server that no date has', () => {
    for (const hex of [
      '',
      '000000',
      '0000000000',
      '7ffffffe',
      '80000001',
      '7fda970d',
      'ffda97a6',
    ]) {
      expect(() => fromHex(date, hex)).toThrow(DecodeError);
    }
    expect(() => date.text!.decode('05/06/2024')).toThrow(DecodeError);
  });

  it('is a Temporal.PlainDate where asked for, but for the infinities', () => {
    expect(fromHex(temporal, '00002279')).toStrictEqual(new Temporal.PlainDate(2024, 2, 29));
    expect(fromHex(temporal, 'fff49d7b')).toStrictEqual(new Temporal.PlainDate(-43, 3, 15));
    expect(fromHex(temporal, '7fffffff')).toBe('infinity');
    expect(temporal.text!.decode('-infinity')).toBe('-infinity');
    expect(temporal.text!.decode('2024-02-29')).toStrictEqual(new Temporal.PlainDate(2024, 2, 29));
  });

  it('refuses to make a Temporal.PlainDate beyond its last day', () => {
    expect(fromHex(temporal, '05f5b633')).toStrictEqual(new Temporal.PlainDate(275_760, 9, 13));
    expect(() => fromHex(temporal, '05f5b634')).toThrow(
      'beyond what a Temporal.PlainDate can hold',
    );
  });

  it('takes a Temporal.PlainDate of any calendar, whatever the option says', () => {
    expect(toHex(date, new Temporal.PlainDate(2024, 2, 29))).toBe('00002279');
    expect(date.text!.encode(new Temporal.PlainDate(-43, 3, 15))).toBe('0044-03-15 BC');
    expect(temporal.text!.encode(new Temporal.PlainDate(12_024, 3, 15))).toBe('12024-03-15');
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { timeForms, timetz } from '../../../src/codecs/types/time.ts';
import { Unencodable } from '../../../src/codecs/unencodable.ts';
import { resolveTypeOptions } from '../../../src/config/types-option.ts';
import { DecodeError } from '../../../src/errors/client-errors.ts';
import { fromHex, itAgreesWithTheServer, toHex } from '../binary-form.ts';
import { Temporal } from '../temporal-stand-in.ts';

const time = timeForms(resolveTypeOptions());
const temporal = timeForms(resolveTypeOptions({ datetime: 'temporal', temporal: Temporal }));
const MICROS_PER_DAY = 86_400_000_000;

function same(samples: readonly (readonly [string, string])[]) {
  return samples.map(([text, hex]) => [text, hex, text] as const);
}

describe('time', () => {
  itAgreesWithTheServer(
    'time',
    time,
    same([
      ['00:00:00', '0000000000000000'],
      ['04:05:06.789', '000000036c97ca88'],
      ['23:59:59.999999', '000000141dd75fff'],
      ['24:00:00', '000000141dd76000'],
    ]),
  );

  it('round-trips every microsecond of the day', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: MICROS_PER_DAY }), (micros) => {
        const hex = micros.toString(16).padStart(16, '0');
        const text = fromHex(time, hex) as string;
        expect(toHex(time, text)).toBe(hex);
        expect(time.text!.decode(text)).toBe(text);
      }),
    );
  });

  it('takes a time without seconds and with a comma', () => {
    expect(time.text!.encode('04:05')).toBe('04:05:00');
    expect(time.text!.encode('04:05:06,5')).toBe('04:05:06.5');
  });

  it('rounds digits beyond microseconds, halves to even', () => {
    expect(time.text!.encode('00:00:00.0000004')).toBe('00:00:00');
    expect(time.text!.encode('00:00:00.0000005')).toBe('00:00:00');
    expect(time.text!.encode('00:00:00.00000050001')).toBe('00:00:00.000001');
    expect(time.text!.encode('00:00:00.0000015')).toBe('00:00:00.000002');
    expect(time.text!.encode('23:59:59.9999999')).toBe('24:00:00');
  });

  it.each([
    '24:00:00.000001',
    '25:00',
    '12:60',
    '12:00:60',
    '4:05',
    '04:05:6',
    '04:05:06.',
    '04:05 PM',
    '04:05:06+00',
    '04:05:06Z',
    'T04:05',
    'noon',
    '',
  ])('refuses %j', (text) => {
    expect(() => toHex(time, text)).toThrow(Unencodable);
    expect(() => time.text!.decode(text)).toThrow(DecodeError);
  });

  it('refuses what is no time of day', () => {
    expect(() => toHex(time, new Date())).toThrow('or a Temporal.PlainTime, got a Date');
    expect(() => toHex(time, 3600)).toThrow('got the number 3600');
    expect(() => toHex(time, undefined)).toThrow('got undefined');
  });

  it('refuses values from the server that no time has', () => {
    for (const hex of ['', '00000000000000', 'ffffffffffffffff', '000000141dd76001']) {
      expect(() => fromHex(time, hex)).toThrow(DecodeError);
    }
    expect(() => fromHex(time, '7fffffffffffffff')).toThrow(DecodeError);
  });

  it('is a Temporal.PlainTime where asked for, but for the end of the day', () => {
    expect(fromHex(temporal, '000000036c97ca88')).toStrictEqual(
      new Temporal.PlainTime(4, 5, 6, 789, 0),
    );
    expect(temporal.text!.decode('23:59:59.999999')).toStrictEqual(
      new Temporal.PlainTime(23, 59, 59, 999, 999),
    );
    expect(fromHex(temporal, '000000141dd76000')).toBe('24:00:00');
  });

  it('takes a Temporal.PlainTime, whatever the option says', () => {
    expect(time.text!.encode(new Temporal.PlainTime(4, 5, 6, 789, 1, 501))).toBe('04:05:06.789002');
  });
});

describe('timetz', () => {
  itAgreesWithTheServer(
    'timetz',
    timetz,
    same([
      ['04:05:06.789+02', '000000036c97ca88ffffe3e0'],
      ['04:05:06-03:30', '000000036c8bc08000003138'],
      ['00:00:00+15:59:59', '0000000000000000ffff1f01'],
      ['24:00:00+00', '000000141dd7600000000000'],
    ]),
  );

  it('round-trips every time with every offset', () => {
    const micros = fc.integer({ min: 0, max: MICROS_PER_DAY });
    fc.assert(
      fc.property(micros, fc.integer({ min: -57_599, max: 57_599 }), (count, west) => {
        const zone = (west >>> 0).toString(16).padStart(8, '0');
        const hex = count.toString(16).padStart(16, '0') + zone;
        const text = fromHex(timetz, hex) as string;
        expect(toHex(timetz, text)).toBe(hex);
        expect(timetz.text!.decode(text)).toBe(text);
      }),
    );
  });

  it('takes the offsets of ISO 8601', () => {
    expect(timetz.text!.encode('04:05Z')).toBe('04:05:00+00');
    expect(timetz.text!.encode('04:05:06 +0530')).toBe('04:05:06+05:30');
    expect(timetz.text!.encode('04:05:06-00:00:01')).toBe('04:05:06-00:00:01');
  });

  it.each(['04:05:06', '04:05:06+16', '04:05:06+02:60', '04:05:06 Europe/Paris', '04:05:06+2', ''])(
    'refuses %j',
    (text) => {
      expect(() => toHex(timetz, text)).toThrow('expected a time with an offset');
    },
  );

  it('refuses values from the server that no timetz has', () => {
    for (const offset of ['0000e100', 'ffff1f00', '80000000']) {
      expect(() => fromHex(timetz, `0000000000000000${offset}`)).toThrow(DecodeError);
    }
    expect(() => fromHex(timetz, '0000000000000000')).toThrow(DecodeError);
  });
});

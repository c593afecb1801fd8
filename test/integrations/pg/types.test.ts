import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TextRun } from '../../../src/codecs/text-run.ts';
import { TypeOverrides } from '../../../src/integrations/pg/type-overrides.ts';
import { BYTE_READERS } from '../../../src/integrations/pg/types/byte-readers.ts';
import * as types from '../../../src/integrations/pg/types/index.ts';
import { expectSame, inEachZone, outcome, pg } from './side-by-side.ts';

/** The OIDs that pg has a parser for. */
const OIDS = [
  16, 17, 20, 21, 23, 26, 114, 199, 600, 651, 700, 701, 718, 791, 1000, 1001, 1005, 1007, 1008,
  1009, 1014, 1015, 1016, 1017, 1021, 1022, 1028, 1040, 1041, 1082, 1114, 1115, 1182, 1183, 1184,
  1185, 1186, 1187, 1231, 1270, 2951, 3802, 3807, 3907,
];

function compare(oid: number, text: string): void {
  const ours = outcome(() => types.getTypeParser(oid)(text));
  const theirs = outcome(() => pg.types.getTypeParser(oid)(text));
  expectSame(ours, theirs, { oid, text });
  const read = BYTE_READERS.get(types.getTypeParser(oid));
  if (read === undefined) return;
  // What stands around it is read by nobody.
  const before = Buffer.from('-1{');
  const buffer = Buffer.concat([before, Buffer.from(text), Buffer.from('9,0}.5')]);
  const run = new TextRun();
  run.stretch(buffer.length);
  const size = buffer.length - before.length - 6;
  const ofBytes = outcome(() => read(buffer, before.length, size, run));
  expectSame(ofBytes, theirs, { oid, text, of: 'bytes' });
}

/** Texts are given as they are: they are what matters, not how few there are when it fails. */
function assertAll(
  arbitrary: fc.Arbitrary<string>,
  oids: readonly number[],
  numRuns = 3_000,
): void {
  fc.assert(
    fc.property(arbitrary, (text) => {
      for (const oid of oids) compare(oid, text);
    }),
    { numRuns },
  );
}

const two = (max: number) =>
  fc.integer({ min: 0, max }).map((value) => String(value).padStart(2, '0'));
const year = fc.oneof(
  fc.integer({ min: 1, max: 9999 }),
  fc.integer({ min: 1, max: 110 }),
  fc.integer({ min: 1880, max: 2050 }),
  fc.integer({ min: 10_000, max: 294_276 }),
);
const day = fc
  .tuple(year, fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 31 }))
  .map((fields) =>
    fields.map((field, i) => String(field).padStart(i === 0 ? 4 : 2, '0')).join('-'),
  );
const fraction = fc.oneof(
  fc.constant(''),
  fc
    .integer({ min: 1, max: 999_999 })
    .map((n) => `.${String(n).padStart(6, '0').replace(/0+$/, '')}`),
);
const time = fc
  .tuple(two(24), two(59), two(60), fraction)
  .map(([h, m, s, f]) => `${h}:${m}:${s}${f}`);
const offset = fc.oneof(
  fc.constant('+00'),
  fc
    .tuple(fc.constantFrom('+', '-'), two(15), fc.option(two(59)), fc.option(two(59)))
    .map(([sign, h, m, s]) => sign + h + (m === null ? '' : `:${m}${s === null ? '' : `:${s}`}`)),
);
const era = fc.constantFrom('', '', '', ' BC');
const date = fc.oneof(
  fc.tuple(day, era).map((parts) => parts.join('')),
  fc.constantFrom('infinity', '-infinity'),
);
const timestamp = fc.oneof(
  fc.tuple(day, time, era).map(([d, t, e]) => `${d} ${t}${e}`),
  fc.constantFrom('infinity', '-infinity'),
);
const timestamptz = fc.oneof(
  fc.tuple(day, time, offset, era).map(([d, t, o, e]) => `${d} ${t}${o}${e}`),
  fc.constantFrom('infinity', '-infinity'),
);

/** An array literal of these elements, quoted where the server would. */
function literal(value: unknown): string {
  if (value === null) return 'NULL';
  if (Array.isArray(value)) return `{${value.map(literal).join(',')}}`;
  const text = String(value);
  if (text !== '' && !/[\s"\\{},]/.test(text) && text.toUpperCase() !== 'NULL') return text;
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

function arrayOf(element: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const entry = fc.option(element, { freq: 6 });
  const flat = fc.array(entry, { maxLength: 6 });
  const bounds = fc.constantFrom('', '', '', '[0:1]=', '[-2:3][1:9]=');
  const nested = fc.oneof(flat, fc.array(flat, { minLength: 1, maxLength: 3 }));
  return fc.tuple(bounds, nested).map(([prefix, entries]) => prefix + literal(entries));
}

const integer = fc.integer().map(String);
const float = fc.oneof(
  fc.double().map(String),
  fc.constantFrom('NaN', 'Infinity', '-Infinity', '1e+300', '-0', '1.5'),
);
const words = fc.string({ unit: 'binary', maxLength: 12 });
const interval = fc.oneof(
  fc
    .tuple(
      fc.option(fc.integer({ min: -200, max: 200 })),
      fc.option(fc.integer({ min: -11, max: 11 })),
      fc.option(fc.integer({ min: -40, max: 40 })),
      fc.option(fc.tuple(fc.constantFrom('', '-', '+'), two(99), two(59), two(59), fraction)),
    )
    .map(([years, months, days, clock]) =>
      [
        years === null ? '' : `${years} year${Math.abs(years) === 1 ? '' : 's'}`,
        months === null ? '' : `${months} mon${Math.abs(months) === 1 ? '' : 's'}`,
        days === null ? '' : `${days} day${Math.abs(days) === 1 ? '' : 's'}`,
        clock === null ? '' : `${clock[0]}${clock[1]}:${clock[2]}:${clock[3]}${clock[4]}`,
      ]
        .filter((part) => part !== '')
        .join(' '),
    ),
  fc.constantFrom('', 'P1Y', '@ 1 year', '1-2 3 4:05:06', 'infinity', '25:00:00'),
);
const point = fc.tuple(float, float).map(([x, y]) => `(${x},${y})`);
const bytes = fc.uint8Array({ maxLength: 20 });
const hex = bytes.map((value) => `\\x${Buffer.from(value).toString('hex')}`);
const escaped = bytes.map((value) =>
  [...value]
    .map((byte) => {
      if (byte === 0x5c) return '\\\\';
      if (byte >= 0x20 && byte < 0x7f) return String.fromCharCode(byte);
      return `\\${byte.toString(8).padStart(3, '0')}`;
    })
    .join(''),
);

describe('text parsers agree with those of pg', () => {
  it('in which types have one', () => {
    const theirs = [];
    const ours = [];
    for (let oid = 0; oid < 6_000; oid++) {
      if (pg.types.getTypeParser(oid).name !== 'noParse') theirs.push(oid);
      if (types.getTypeParser(oid) !== types.getTypeParser(0)) ours.push(oid);
    }
    expect(theirs).toEqual(OIDS);
    expect(ours).toEqual(OIDS);
    expect({ ...types.builtins }).toEqual(pg.types.builtins);
  });

  it('takes OIDs as text too, as an object with these keys does', () => {
    for (const oid of ['23', '1184', '0', 'nothing', '20.5']) {
      expect(types.getTypeParser(oid as never).name === 'noParse').toBe(
        pg.types.getTypeParser(oid as never).name === 'noParse',
      );
    }
    expect(types.getTypeParser('23' as never)).toBe(types.getTypeParser(23));
    expect(types.getTypeParser('16' as never, 'binary')).toBe(types.getTypeParser(16, 'binary'));
    const parse = (text: string): string => `${text}!`;
    const before = types.getTypeParser(600);
    types.setTypeParser('600' as never, parse);
    expect(types.getTypeParser(600)).toBe(parse);
    types.setTypeParser(600, before);
    expect(types.getTypeParser('600' as never)).toBe(before);
  });

  it('of dates and moments, in any time zone', () => {
    const offsets = new Set<number>();
    inEachZone(() => {
      offsets.add(new Date(2024, 0).getTimezoneOffset());
      assertAll(date, [1082], 2_000);
      assertAll(timestamp, [1114], 2_000);
      assertAll(timestamptz, [1184], 2_000);
    });
    // The process really was in other zones.
    expect(offsets.size).toBe(6);
  });

  it('of every hour of days on which the clocks change', () => {
    inEachZone(() => {
      for (const dayText of [
        '2024-03-10',
        '2024-03-31',
        '2024-04-07',
        '2024-10-06',
        '2011-12-30',
      ]) {
        for (let hour = 0; hour < 24; hour++) {
          const clock = `${dayText} ${String(hour).padStart(2, '0')}:30:00`;
          compare(1114, clock);
          compare(1184, `${clock}+05:30`);
        }
      }
    });
  });

  it('of every millisecond', () => {
    for (let n = 0; n < 1_000; n++) {
      const clock = `2024-01-01 00:00:00.${String(n).padStart(3, '0')}`;
      compare(1114, clock);
      compare(1184, `${clock.replace(/0+$/, '')}999+00`);
    }
  });

  it('of years below 100, leap days included', () => {
    inEachZone(() => {
      for (const text of [
        '0001-02-29 BC',
        '0004-02-29',
        '0096-02-29',
        '0001-01-01',
        '0099-12-31',
      ]) {
        compare(1082, text);
        compare(1114, text.replace(/(\d\d)( BC)?$/, '$1 02:30:00$2'));
        compare(1184, text.replace(/(\d\d)( BC)?$/, '$1 02:30:00-04:56:02$2'));
      }
    });
  });

  it('of scalars', () => {
    assertAll(integer, [16, 20, 21, 23, 26, 700, 701, 114]);
    assertAll(float, [20, 23, 700, 701, 1700]);
    assertAll(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String), [20, 23]);
    assertAll(fc.constantFrom('t', 'f', 'true', 'TRUE', 'y', 'yes', 'on', '1', '0', 'T', ''), [16]);
    assertAll(interval, [1186]);
    assertAll(fc.json(), [114, 3802]);
    assertAll(point, [600]);
    assertAll(
      fc.tuple(point, float).map(([centre, radius]) => `<${centre},${radius}>`),
      [718],
    );
    assertAll(hex, [17]);
    assertAll(escaped, [17]);
    assertAll(words, [25, 1043, 2950, 99_999]);
  });

  it('of arrays, nested and with bounds', () => {
    assertAll(
      arrayOf(fc.oneof(integer, fc.constant('00'))),
      [1005, 1007, 1016, 1021, 1028, 1231, 1009],
    );
    assertAll(arrayOf(float), [1005, 1007, 1021, 1022, 1231]);
    assertAll(arrayOf(words), [651, 791, 1008, 1009, 1014, 1015, 1040, 1041, 2951, 3907]);
    assertAll(arrayOf(fc.constantFrom('t', 'f')), [1000]);
    assertAll(arrayOf(hex), [1001]);
    assertAll(arrayOf(interval), [1187]);
    assertAll(arrayOf(point), [1017]);
    assertAll(arrayOf(fc.json()), [199, 3807]);
    inEachZone(() =>
      assertAll(arrayOf(fc.oneof(date, timestamp, timestamptz)), [1115, 1182, 1185], 300),
    );
  });

  it('of texts that no server sends, failures included', () => {
    const broken = fc
      .array(fc.constantFrom('{', '}', ',', '"', '\\', 'NULL', '1', '-', ' ', 'a', '[', '='))
      .map((parts) => parts.join(''));
    assertAll(broken, [1005, 1007, 1009, 1016, 1022], 20_000);
    const nearly = fc
      .array(fc.constantFrom('2024', '-', '01', ':', ' ', '.', '5', '+', 'Z', 'BC', ' BC', '10'))
      .map((parts) => parts.join(''));
    assertAll(nearly, [1082, 1114, 1184], 20_000);
  });

  it('of an interval that is written back', () => {
    fc.assert(
      fc.property(interval, (text) => {
        const ours = types.getTypeParser(1186)(text);
        const theirs = pg.types.getTypeParser(1186)(text);
        expect(ours.toPostgres()).toBe(theirs.toPostgres());
        expect(ours.toISOString()).toBe(theirs.toISOString());
        expect(ours.toISO()).toBe(theirs.toISO());
        expect(JSON.stringify(ours)).toBe(JSON.stringify(theirs));
        expect(ours.constructor.name).toBe(theirs.constructor.name);
      }),
      { numRuns: 3_000 },
    );
  });

  it('of null', () => {
    for (const oid of OIDS) {
      if ([17, 600, 718].includes(oid)) continue;
      expectSame(
        outcome(() => types.getTypeParser(oid)(null)),
        outcome(() => pg.types.getTypeParser(oid)(null)),
        oid,
      );
    }
  });
});

describe('binary parsers', () => {
  const parse = (oid: number, hexText: string): unknown =>
    types.getTypeParser(oid, 'binary')(Buffer.from(hexText, 'hex'));
  const theirs = (oid: number, hexText: string): unknown =>
    pg.types.getTypeParser(oid, 'binary')(Buffer.from(hexText, 'hex'));

  it('are there for the types that pg has one for', () => {
    for (let oid = 0; oid < 6_000; oid++) {
      const has = pg.types.getTypeParser(oid, 'binary').name !== 'noParse';
      const hasOurs = types.getTypeParser(oid, 'binary') !== types.getTypeParser(0, 'binary');
      expect(hasOurs, String(oid)).toBe(has);
    }
  });

  it('agree with those of pg', () => {
    const same = (oid: number, bytesOf: (n: number) => Buffer, arbitrary: fc.Arbitrary<number>) =>
      fc.assert(
        fc.property(arbitrary, (value) => {
          const text = bytesOf(value).toString('hex');
          expectSame(parse(oid, text), theirs(oid, text), { oid, value });
        }),
      );
    const written = (size: number, write: (bytes: Buffer) => void): Buffer => {
      const buffer = Buffer.alloc(size);
      write(buffer);
      return buffer;
    };
    const int = fc.integer();
    same(21, (n) => written(2, (b) => b.writeInt16BE(n)), fc.integer({ min: -32768, max: 32767 }));
    same(23, (n) => written(4, (b) => b.writeInt32BE(n)), int);
    same(26, (n) => written(4, (b) => b.writeInt32BE(n)), int);
    same(20, (n) => written(8, (b) => b.writeBigInt64BE(BigInt(n) * 4_000_000_007n)), int);
    same(16, (n) => Buffer.from([n]), fc.constantFrom(0, 1));
    const normal = fc.double({ min: 1e-300, max: 1e300, noNaN: true });
    same(701, (n) => written(8, (b) => b.writeDoubleBE(n)), normal);
    const single = fc.double({ min: 1e-30, max: 1e30, noNaN: true }).map(Math.fround);
    same(700, (n) => written(4, (b) => b.writeFloatBE(n)), single);
    same(25, (n) => Buffer.from(`é${n}`), int);
    inEachZone(() => {
      const micros = fc.integer({ min: 0, max: 2 ** 50 }).filter((n) => n % 3_600_000_000 > 1e9);
      fc.assert(
        fc.property(micros, (n) => {
          const text = written(8, (b) => b.writeBigInt64BE(BigInt(n))).toString('hex');
          const [ours, other]: any[] = [parse(1184, text), theirs(1184, text)];
          expect(ours.getTime()).toBe(other.getTime());
          expect(ours.getMicroSeconds()).toBe(other.getMicroSeconds());
          expect(Object.keys(ours)).toEqual(Object.keys(other));
        }),
      );
    });
    for (const [oid, text] of [
      [1007, '00000001000000000000001700000002000000010000000400000001ffffffff'],
      [1016, '0000000100000000000000140000000100000001000000080000000000000007'],
      [1007, '00000000000000000000001700000000'],
      [1700, '0003000100000004000109291a7c'],
    ] as const) {
      expectSame(parse(oid, text), theirs(oid, text), { oid, text });
    }
  });

  it('read what those of pg do not: NaN, infinite, negative numbers, moments before 2000', () => {
    expect(parse(701, '7ff8000000000000')).toBeNaN();
    expect(parse(700, '7f800000')).toBe(Infinity);
    expect(parse(701, '0000000000000001')).toBe(5e-324);
    // A weight below zero: infinite, for pg.
    expect(parse(1700, '0001fffe0000000503e8')).toBe(0.00001);
    expect(parse(1700, '00000000d0000000')).toBe(Infinity);
    expect(parse(1700, '00000000c0000000')).toBeNaN();
    expect(parse(1700, '00000000f0000000')).toBe(-Infinity);
    expect(parse(1007, '0000000100000000000000170000000100000001' + '00000004ffffffff')).toEqual([
      -1,
    ]);
    expect(parse(1184, 'ffffffffffffffff')).toEqual(
      Object.assign(new Date('1999-12-31T23:59:59.999Z'), {
        usec: 999,
        getMicroSeconds: expect.any(Function),
        setMicroSeconds: expect.any(Function),
        getUTCMicroSeconds: expect.any(Function),
      }),
    );
    expect(parse(1184, '7fffffffffffffff')).toBe(Infinity);
    expect(parse(1114, '8000000000000000')).toBe(-Infinity);
    expect(
      parse(1000, '0000000100000000000000100000000200000001' + '0000000101' + '0000000100'),
    ).toEqual([true, false]);
    inEachZone(() => {
      const noon = parse(1114, 'ffff000000000000') as Date;
      const text = new Date(Number(-(2n ** 48n)) / 1000 + Date.UTC(2000, 0)).toISOString();
      expect(noon.getTime()).toBe(
        types.getTypeParser(1114)(text.slice(0, 23).replace('T', ' ')).getTime(),
      );
    });
  });
});

describe('parsers that are set', () => {
  it('hold for all, by format', () => {
    const before = types.getTypeParser(20);
    try {
      types.setTypeParser(20, BigInt);
      expect(types.getTypeParser(20)('5')).toBe(5n);
      expect(types.getTypeParser(20, 'text')('5')).toBe(5n);
      expect(types.getTypeParser(20, 'binary')(Buffer.alloc(8))).toBe('0');
      types.setTypeParser(20, 'binary', () => 'mine');
      expect(types.getTypeParser(20, 'binary')(Buffer.alloc(8))).toBe('mine');
    } finally {
      types.setTypeParser(20, before);
      types.setTypeParser(20, 'binary', (bytes: Buffer) => bytes.readBigInt64BE().toString());
    }
    expect(() => types.setTypeParser(20, 'json' as never, String)).toThrow(TypeError);
    expect(types.getTypeParser(23, 'json' as never)('5')).toBe('5');
  });

  it('are overridden by a client, and by the types that it was given', () => {
    const given = { getTypeParser: (oid: number) => (text: string) => `${oid}:${text}` };
    const theirs = new pg.TypeOverrides(given);
    const ours = new TypeOverrides(given as never);
    for (const overrides of [theirs, ours]) {
      overrides.setTypeParser(23, (text: string) => `set ${text}`);
      overrides.setTypeParser(23, 'binary', () => 'bytes');
      expect(overrides.getTypeParser(23)('1')).toBe('set 1');
      expect(overrides.getTypeParser(23, 'binary')(Buffer.alloc(0))).toBe('bytes');
      expect(overrides.getTypeParser(25)('a')).toBe('25:a');
    }
    expect(new TypeOverrides().getTypeParser(23)('7')).toBe(7);
    expect(new TypeOverrides(null).getTypeParser(16, 'text')('t')).toBe(true);
    expect(Object.keys(ours)).toEqual(Object.keys(theirs));
  });

  it('read arrays by arrayParser', () => {
    expect(types.arrayParser.create('{1,NULL,{2}}', Number).parse()).toEqual([1, null, [2]]);
    expect(types.arrayParser.create('{a,"b c"}').parse()).toEqual(['a', 'b c']);
  });
});

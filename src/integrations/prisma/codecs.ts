import { builtinType } from '../../codecs/builtin-types.ts';
import { int32At, malformed, uint32At } from '../../codecs/bytes.ts';
import { BINARY, type Codec, type CodecForms, TEXT } from '../../codecs/codec.ts';
import type { CallCodecs } from '../../codecs/codec-source.ts';
import type { ArgumentEncoder } from '../../codecs/compilers/argument-encoder.ts';
import { untypedArguments } from '../../codecs/compilers/untyped-arguments.ts';
import { arrayForms, PLAIN_ARRAY } from '../../codecs/containers/array.ts';
import { bool } from '../../codecs/types/bool.ts';
import { bytea } from '../../codecs/types/bytea.ts';
import { float8 } from '../../codecs/types/floats.ts';
import { int2, int4, oid as oidForms } from '../../codecs/types/integers.ts';
import { dayTimeAt } from '../../codecs/types/microseconds.ts';
import { text } from '../../codecs/types/text.ts';
import { printTime } from '../../codecs/types/time.ts';
import { civilFromDays, twoDigits } from '../../values/calendar.ts';
import { type DayTime, parseTimestamp, shift } from '../../values/timestamp-text.ts';
import { argumentText } from './arguments.ts';
import { isList } from './column-types.ts';

/** How a type's values are read: as Prisma's client expects them. */
type Reading = Pick<CodecForms, 'text' | 'binary' | 'resultFormat' | 'inline'>;

/** As the server's text. */
const plain: Reading = { ...textOnly((value) => value), inline: 'text' };

function textOnly(decode: (text: string) => unknown): Reading {
  return { text: { decode, encode: String }, binary: null, resultFormat: TEXT, inline: null };
}

/** Of the binary forms; a timetz has its offset at its end. */
const SIZES = { date: [4], timestamp: [8], time: [8, 12] } as const;

// The binary form of dates and times depends on no setting of the session.

const date = temporal(
  'date',
  (buffer, at) => {
    const days = int32At(buffer, at);
    if (days === 0x7fffffff) return 'infinity';
    return days === -0x80000000 ? '-infinity' : printDate({ days, micros: 0 });
  },
  (text) => printed(text, printDate),
);

const timestamp = temporal(
  'timestamp',
  (buffer, at) => {
    const high = int32At(buffer, at);
    const low = uint32At(buffer, at + 4);
    if (high === 0x7fffffff && low === 0xffffffff) return 'infinity';
    if (high === -0x80000000 && low === 0) return '-infinity';
    return printTimestamp(dayTimeAt(buffer, at));
  },
  (text) => printed(text, printTimestamp),
);

const TWO_32 = 0x1_0000_0000;

/** Prisma has no time zones for times of the day. */
const time = temporal(
  'time',
  (buffer, at) => printTime(int32At(buffer, at) * TWO_32 + uint32At(buffer, at + 4)),
  (text) => text.replace(/[+-].*/, ''),
);

/** @param fromText for what comes as text nevertheless: the results of a script */
function temporal(
  name: keyof typeof SIZES,
  decode: (buffer: Buffer, at: number) => string,
  fromText: (text: string) => string,
): Reading {
  const sizes: readonly number[] = SIZES[name];
  const checked = (buffer: Buffer, start: number, end: number): string => {
    if (!sizes.includes(end - start)) throw malformed(name, `${end - start} bytes`);
    return decode(buffer, start);
  };
  return {
    text: { decode: fromText, encode: String },
    binary: { decode: checked, encode: () => {} },
    resultFormat: BINARY,
    inline: null,
  };
}

function printed(text: string, print: (moment: DayTime) => string): string {
  const parsed = parseTimestamp(text);
  return parsed === null ? text : print(shift(parsed, -(parsed.offset ?? 0)));
}

/** As ISO 8601 and JavaScript have it, also beyond the years from 0 to 9999. */
function printDate({ days }: DayTime): string {
  const { year, month, day } = civilFromDays(days);
  return `${printYear(year)}-${twoDigits(month)}-${twoDigits(day)}`;
}

function printTimestamp(moment: DayTime): string {
  return `${printDate(moment)}T${printTime(moment.micros)}+00:00`;
}

function printYear(year: number): string {
  if (year >= 0 && year <= 9999) return String(year).padStart(4, '0');
  return (year < 0 ? '-' : '+') + String(Math.abs(year)).padStart(6, '0');
}

/** The digits of an amount of money, which comes with a currency and in groups. */
function amountOf(money: string): string {
  const sign = /[-(]/.test(money) ? '-' : '';
  const [, whole, fraction] = /^(.*?)(?:[.,](\d{1,2}))?$/s.exec(money.replaceAll(/[^\d.,]/g, ''))!;
  return sign + whole!.replaceAll(/[.,]/g, '') + (fraction === undefined ? '' : `.${fraction}`);
}

const READINGS: ReadonlyMap<string, Reading> = new Map([
  ['bool', bool],
  ['bpchar', text],
  ['bytea', bytea],
  ['date', date],
  // Of a single only the text has the digits that it was given.
  ['float4', textOnly(Number)],
  ['float8', float8],
  ['int2', int2],
  ['int4', int4],
  ['money', textOnly(amountOf)],
  ['oid', oidForms],
  ['text', text],
  ['time', time],
  ['timestamp', timestamp],
  ['timestamptz', timestamp],
  ['timetz', time],
  ['varchar', text],
]);

function makeCodec(oid: number): Codec {
  const builtin = builtinType(oid);
  const name = builtin?.name ?? `type ${oid}`;
  const type = { oid, name, kind: 'scalar', schema: '' } as const;
  const reading = isList(oid)
    ? arrayForms(prismaCodecs.codec(builtin!.element), PLAIN_ARRAY)
    : (READINGS.get(name) ?? plain);
  const zone = /^_?(?:timestamptz|timetz)$/.test(name) ? '+00' : '';
  const encode = (value: unknown): string => argumentText(value, zone);
  return { type, ...reading, text: { ...reading.text!, encode }, argumentFormat: TEXT };
}

const codecs = new Map<number, Codec>();

/** What Prisma's arguments are written and its rows are read by: values as its client expects them. */
export const prismaCodecs = {
  codec(oid: number): Codec {
    let codec = codecs.get(oid);
    if (codec === undefined) {
      codec = makeCodec(oid);
      codecs.set(oid, codec);
    }
    return codec;
  },
  /** The server reads a text by the type that the parameter has, and bytes as the type's own. */
  argumentEncoder(parameters: readonly Codec[]): ArgumentEncoder {
    return untypedArguments(parameters, (value, { text }) => text!.encode(value));
  },
} satisfies CallCodecs;

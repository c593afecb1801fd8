import type { MessageWriter } from '../../protocol/writer.ts';
import { isDate } from '../../values/builtins.ts';
import { civilFromDays, eraOf, MILLIS_PER_DAY, printCivilDate } from '../../values/calendar.ts';
import { MICROS_PER_DAY } from '../../values/clock-time.ts';
import { type DayTime, parseTimestamp, shift } from '../../values/timestamp-text.ts';
import type { ResolvedTypeOptions, TemporalNamespace } from '../../values/type-options.ts';
import { expectSize, int32At, malformed, uint32At, unrepresentable } from '../bytes.ts';
import type { CodecForms } from '../codec.ts';
import { BINARY } from '../codec.ts';
import { Unencodable, unreadable, wrongKind } from '../unencodable.ts';
import { FIRST_DAY, parseInfinity } from './date.ts';
import { dayTimeAt, writeDayTime } from './microseconds.ts';
import { epochNanoseconds, roundToMicroseconds, temporalName, temporalText } from './temporal.ts';
import { clockOf, printTime } from './time.ts';

/*
 * timestamp and timestamptz: microseconds since 2000-01-01 00:00 (UTC) as an Int64; its
 * extremes are the infinities.
 * https://www.postgresql.org/docs/current/datatype-datetime.html
 */

type TypeName = 'timestamp' | 'timestamptz';

/** The end of 294276. */
const LAST_DAY = 106_751_982;
/** 2000-01-01 in JavaScript's milliseconds. */
const EPOCH_MILLIS = 946_684_800_000;
const FIRST_MILLIS = -210_866_803_200_000;
const LAST_MILLIS = 8_640_000_000_000_000;
const TWO_32 = 0x1_0000_0000;

/** A point in time, or an infinity. */
type Moment = DayTime | number;

const BEYOND_DATE =
  'it is beyond what a Date can hold; the option types: { datetime: "string" } reads it';

/**
 * The 8 bytes at `at` as a Date, ±Infinity for the infinities. Microseconds are cut off
 * towards the past, which keeps the order of times.
 */
function timestampAt(buffer: Uint8Array, at: number): Date | number {
  const high = int32At(buffer, at);
  const low = uint32At(buffer, at + 4);
  // 2^32 microseconds are 4,294,967 milliseconds and 296 microseconds: exact without a bigint.
  const millis = high * 4_294_967 + Math.floor((high * 296 + low) / 1000) + EPOCH_MILLIS;
  if (millis >= FIRST_MILLIS && millis <= LAST_MILLIS) return new Date(millis);
  if (high === 0x7fffffff && low === 0xffffffff) return Infinity;
  if (high === -0x80000000 && low === 0) return -Infinity;
  throw unrepresentable('timestamp', BEYOND_DATE);
}

/** Writes a Date as 8 bytes. */
function writeDate(writer: MessageWriter, value: Date): void {
  const time = value.getTime();
  if (Number.isNaN(time)) throw new Unencodable('the Date is invalid');
  if (time < FIRST_MILLIS) throw tooEarly();
  const millis = time - EPOCH_MILLIS;
  const millisHigh = Math.floor(millis / TWO_32);
  const low = (millis - millisHigh * TWO_32) * 1000;
  const carry = Math.floor(low / TWO_32);
  writer.ensure(8);
  writer.view.setInt32(writer.offset, millisHigh * 1000 + carry);
  writer.view.setInt32(writer.offset + 4, low - carry * TWO_32);
  writer.offset += 8;
}

function tooEarly(): Unencodable {
  return new Unencodable('the time is out of range: before 4714-11-24 00:00:00 BC');
}

function tooLate(): Unencodable {
  return new Unencodable('the time is out of range: after 294276-12-31 23:59:59.999999');
}

function checkRange(moment: DayTime): DayTime {
  if (moment.days < FIRST_DAY) throw tooEarly();
  if (moment.days > LAST_DAY) throw tooLate();
  return moment;
}

/** What a string argument stands for. */
function momentOfText(text: string, type: TypeName): Moment {
  const parsed = parseTimestamp(text);
  if (parsed === null) {
    const infinity = parseInfinity(text);
    if (infinity !== null) return infinity;
    const example = type === 'timestamp' ? '2024-05-06T07:08:09.123' : '2024-05-06T07:08:09.123Z';
    throw unreadable(`a ${type} such as "${example}"`);
  }
  const { offset } = parsed;
  if (type === 'timestamp' && offset !== null && offset !== 0) {
    throw new Unencodable('a timestamp has no time zone: leave out the offset, or use timestamptz');
  }
  if (type === 'timestamptz' && offset === null) {
    throw new Unencodable('a timestamptz needs an offset in its text, such as Z or +02:00');
  }
  return checkRange(shift(parsed, -(offset ?? 0)));
}

function momentOfNanoseconds(nanoseconds: bigint): Moment {
  const total = roundToMicroseconds(nanoseconds) - BigInt(EPOCH_MILLIS) * 1000n;
  const perDay = BigInt(MICROS_PER_DAY);
  const rest = total % perDay;
  const micros = rest < 0n ? rest + perDay : rest;
  return checkRange({ days: Number((total - micros) / perDay), micros: Number(micros) });
}

/** What an argument other than a Date stands for. */
function momentOf(value: unknown, type: TypeName): Moment {
  if (typeof value === 'string') return momentOfText(value, type);
  if (value === Infinity || value === -Infinity) return value;
  if (typeof value === 'object' && value !== null) {
    const name = temporalName(value);
    if (type === 'timestamp' && (name === 'PlainDateTime' || name === 'PlainDate')) {
      return momentOfText(temporalText(value), type);
    }
    if (type === 'timestamptz' && (name === 'Instant' || name === 'ZonedDateTime')) {
      return momentOfNanoseconds(epochNanoseconds(value));
    }
  }
  const temporal = type === 'timestamp' ? 'Temporal.PlainDateTime' : 'Temporal.Instant';
  throw wrongKind(`a Date, a string in ISO 8601 or a ${temporal}`, value);
}

function momentOfDate(value: Date): Moment {
  const time = value.getTime();
  if (Number.isNaN(time)) throw new Unencodable('the Date is invalid');
  const days = Math.floor((time - EPOCH_MILLIS) / MILLIS_PER_DAY);
  return checkRange({ days, micros: (time - EPOCH_MILLIS - days * MILLIS_PER_DAY) * 1000 });
}

/** PostgreSQL's ISO text, a timestamptz in UTC: `2024-05-06 07:08:09.123456+00`. */
function printMoment(moment: Moment, type: TypeName): string {
  if (moment === Infinity) return 'infinity';
  if (moment === -Infinity) return '-infinity';
  const { days, micros } = moment as DayTime;
  const civil = civilFromDays(days);
  const zone = type === 'timestamptz' ? '+00' : '';
  return `${printCivilDate(civil)} ${printTime(micros)}${zone}${eraOf(civil.year)}`;
}

/** A Date as the text of a timestamptz, in UTC. */
export function timestamptzText(value: Date): string {
  return printMoment(momentOfDate(value), 'timestamptz');
}

type MakeTime = (moment: DayTime) => unknown;

function makeDate({ days, micros }: DayTime): Date {
  const millis = days * MILLIS_PER_DAY + Math.floor(micros / 1000) + EPOCH_MILLIS;
  if (millis > LAST_MILLIS) throw unrepresentable('timestamp', BEYOND_DATE);
  return new Date(millis);
}

function makeTemporal(temporal: TemporalNamespace, type: TypeName): MakeTime {
  return ({ days, micros }) => {
    const within = type === 'timestamptz' ? micros / 1000 : 0;
    if (days * MILLIS_PER_DAY + within + EPOCH_MILLIS > LAST_MILLIS) {
      throw unrepresentable(type, 'it is beyond what Temporal can hold');
    }
    if (type === 'timestamptz') {
      const total = BigInt(days) * BigInt(MICROS_PER_DAY) + BigInt(micros);
      return new temporal.Instant((total + BigInt(EPOCH_MILLIS) * 1000n) * 1000n);
    }
    const { year, month, day } = civilFromDays(days);
    return new temporal.PlainDateTime(year, month, day, ...clockOf(micros));
  };
}

function momentAt(buffer: Buffer, at: number): Moment {
  const high = int32At(buffer, at);
  const low = uint32At(buffer, at + 4);
  if (high === 0x7fffffff && low === 0xffffffff) return Infinity;
  if (high === -0x80000000 && low === 0) return -Infinity;
  return dayTimeAt(buffer, at);
}

function writeMoment(writer: MessageWriter, moment: Moment): void {
  if (typeof moment === 'object') {
    writeDayTime(writer, moment.days, moment.micros);
    return;
  }
  writer.int64(moment === Infinity ? 0x7fff_ffff_ffff_ffffn : -0x8000_0000_0000_0000n);
}

function formsOf(type: TypeName, { datetime, temporal }: ResolvedTypeOptions): CodecForms {
  const asDate = datetime === 'date';
  const makeTime = temporal === null ? makeDate : makeTemporal(temporal, type);
  const make = (moment: Moment): unknown => {
    if (typeof moment === 'object' && (moment.days < FIRST_DAY || moment.days > LAST_DAY)) {
      throw malformed(type, 'it is out of range');
    }
    if (datetime === 'string') return printMoment(moment, type);
    return typeof moment === 'object' ? makeTime(moment) : moment;
  };
  return {
    text: {
      decode(text) {
        const parsed = parseTimestamp(text);
        if (parsed !== null) return make(shift(parsed, -(parsed.offset ?? 0)));
        const infinity = parseInfinity(text);
        if (infinity === null) throw malformed(type, 'it is not in the ISO DateStyle');
        return make(infinity);
      },
      encode(value) {
        const moment = isDate(value) ? momentOfDate(value) : momentOf(value, type);
        return printMoment(moment, type);
      },
    },
    binary: {
      decode(buffer, start, end) {
        expectSize(start, end, 8, type);
        return asDate ? timestampAt(buffer, start) : make(momentAt(buffer, start));
      },
      encode(writer, value) {
        if (isDate(value)) writeDate(writer, value);
        else writeMoment(writer, momentOf(value, type));
      },
    },
    resultFormat: BINARY,
    argumentFormat: BINARY,
    inline: asDate ? 'timestamp' : null,
  };
}

/**
 * timestamp as a Date whose UTC fields are the timestamp's, as a Temporal.PlainDateTime or as
 * a string. Infinities are ±Infinity (in strings `infinity` and `-infinity`).
 */
export function timestampForms(options: ResolvedTypeOptions): CodecForms {
  return formsOf('timestamp', options);
}

/**
 * timestamptz as a Date, a Temporal.Instant or a string in UTC. Infinities are ±Infinity (in
 * strings `infinity` and `-infinity`).
 */
export function timestamptzForms(options: ResolvedTypeOptions): CodecForms {
  return formsOf('timestamptz', options);
}

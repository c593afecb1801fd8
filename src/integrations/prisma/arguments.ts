import { printTime } from '../../codecs/types/time.ts';
import { isDate } from '../../values/builtins.ts';
import {
  civilFromDays,
  DAYS_TO_2000,
  eraOf,
  MILLIS_PER_DAY,
  printCivilDate,
} from '../../values/calendar.ts';
import { parseTimestamp, shift } from '../../values/timestamp-text.ts';
import type { ArgType } from './driver-adapter.ts';

/** A date or time in UTC. Where its type has a time zone, the text needs one as well. */
class Moment {
  readonly text: string;
  readonly era: string;

  constructor(text: string, era: string) {
    this.text = text;
    this.era = era;
  }
}

const NONE: Partial<ArgType> = {};

/** An argument of Prisma's as it is given to the codecs of `codecs.ts`: see `argumentText`. */
export function argumentOf(value: unknown, type: ArgType | undefined): unknown {
  if (value === null || value === undefined) return null;
  const { scalarType, dbType, arity } = type ?? NONE;
  if (arity === 'list' && Array.isArray(value)) {
    return value.map((element) => argumentOf(element, type));
  }
  if (isDate(value)) return momentOf(value, dbType) ?? 'Invalid Date';
  if (ArrayBuffer.isView(value)) return bytesOf(value);
  if (typeof value !== 'string') return value;
  if (scalarType === 'datetime') return momentOfText(value, dbType) ?? value;
  if (scalarType === 'bytes') return Buffer.from(value, 'base64');
  return value;
}

function momentOf(date: Date, dbType: string | undefined): Moment | null {
  const time = date.getTime();
  if (Number.isNaN(time)) return null;
  const day = Math.floor(time / MILLIS_PER_DAY);
  return printMoment(day - DAYS_TO_2000, (time - day * MILLIS_PER_DAY) * 1000, dbType);
}

/** Keeps the microseconds that a Date would lose. */
function momentOfText(text: string, dbType: string | undefined): Moment | null {
  const parsed = parseTimestamp(text);
  if (parsed === null || parsed.offset === null) return momentOf(new Date(text), dbType);
  const { days, micros } = shift(parsed, -parsed.offset);
  return printMoment(days, micros, dbType);
}

function printMoment(days: number, micros: number, dbType: string | undefined): Moment {
  // A fraction has three digits at least, as Prisma writes it where a parameter is a text.
  const clock = printTime(micros).replace(/\.\d{1,2}$/, (fraction) => fraction.padEnd(4, '0'));
  if (dbType === 'TIME' || dbType === 'TIMETZ') return new Moment(clock, '');
  const civil = civilFromDays(days);
  const date = printCivilDate(civil);
  const era = eraOf(civil.year);
  return dbType === 'DATE' ? new Moment(date + era, '') : new Moment(`${date} ${clock}`, era);
}

/**
 * The text of an argument for the server, which reads it by the parameter's type.
 *
 * @param zone what follows a time in UTC: the offset for a type that has one, else nothing
 */
export function argumentText(value: unknown, zone: '' | '+00'): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return String(value);
  if (value instanceof Moment) return value.text + zone + value.era;
  if (value instanceof Buffer) return `\\x${value.toString('hex')}`;
  if (Array.isArray(value)) return arrayText(value, zone);
  return JSON.stringify(value);
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function arrayText(values: readonly unknown[], zone: '' | '+00'): string {
  const elements = values.map((value) => {
    if (value === null || value === undefined) return 'NULL';
    if (Array.isArray(value)) return arrayText(value, zone);
    return `"${argumentText(value, zone).replaceAll(/["\\]/g, '\\$&')}"`;
  });
  return `{${elements.join(',')}}`;
}

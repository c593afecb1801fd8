import { isDate } from '../../values/builtins.ts';
import {
  CIVIL_DATE,
  civilFromDays,
  DAYS_TO_2000,
  daysFromGroups,
  ERA,
  eraOf,
  MILLIS_PER_DAY,
  printCivilDate,
} from '../../values/calendar.ts';
import type { ResolvedTypeOptions, TemporalNamespace } from '../../values/type-options.ts';
import { expectSize, int32At, malformed, unrepresentable } from '../bytes.ts';
import type { CodecForms } from '../codec.ts';
import { BINARY } from '../codec.ts';
import { Unencodable, unreadable, wrongKind } from '../unencodable.ts';
import { temporalName, temporalText } from './temporal.ts';

/*
 * date: days since 2000-01-01 as an Int32; its extremes are the infinities.
 * https://www.postgresql.org/docs/current/datatype-datetime.html
 */

const INFINITY = 0x7fffffff;
const MINUS_INFINITY = -0x80000000;
/** 4713 BC, day 0 of the Julian day count. */
export const FIRST_DAY = -2_451_545;
/** The end of 5874897. */
const LAST_DAY = 2_145_031_948;
/** The last day that a Temporal.PlainDate can be: 275760-09-13. */
const LAST_TEMPORAL_DAY = 99_989_043;

const DATE = new RegExp(`^${CIVIL_DATE}${ERA}$`);

/** Days since 2000-01-01, ±Infinity included. */
type MakeDate = (days: number) => unknown;

/** PostgreSQL's ISO text of a date: `2024-05-06`, `0044-03-15 BC`, `infinity`. */
function printDate(days: number): string {
  if (days === Infinity) return 'infinity';
  if (days === -Infinity) return '-infinity';
  const civil = civilFromDays(days);
  return printCivilDate(civil) + eraOf(civil.year);
}

/**
 * The days since 2000-01-01 of `2024-05-06`, `0044-03-15 BC`, `+012024-05-06` or `infinity`;
 * null if the text is no such date or PostgreSQL does not have it.
 */
function parseDate(text: string): number | null {
  const match = DATE.exec(text);
  if (match === null) return parseInfinity(text);
  const days = daysFromGroups(match[1], match[2], match[3], match[4], match[5]);
  return days === null || days < FIRST_DAY || days > LAST_DAY ? null : days;
}

/** `infinity` and `-infinity` as numbers. */
export function parseInfinity(text: string): number | null {
  if (text === 'infinity') return Infinity;
  return text === '-infinity' ? -Infinity : null;
}

function makeTemporal(temporal: TemporalNamespace): MakeDate {
  return (days) => {
    if (days === Infinity || days === -Infinity) return printDate(days);
    if (days > LAST_TEMPORAL_DAY) {
      throw unrepresentable('date', 'it is beyond what a Temporal.PlainDate can hold');
    }
    const { year, month, day } = civilFromDays(days);
    return new temporal.PlainDate(year, month, day);
  };
}

/** The days since 2000-01-01 of whatever stands for a date. */
function daysOf(value: unknown): number {
  if (typeof value === 'string') {
    const days = parseDate(value);
    if (days === null) throw unreadable('a date such as "2024-05-06"');
    return days;
  }
  if (isDate(value)) {
    const days = Math.floor(value.getTime() / MILLIS_PER_DAY) - DAYS_TO_2000;
    if (Number.isNaN(days)) throw new Unencodable('the Date is invalid');
    if (days < FIRST_DAY) throw new Unencodable('the date is out of range: before 4714-11-24 BC');
    return days;
  }
  if (value === Infinity || value === -Infinity) return value;
  if (typeof value === 'object' && value !== null && temporalName(value) === 'PlainDate') {
    return daysOf(temporalText(value));
  }
  throw wrongKind('a date such as "2024-05-06", a Date or a Temporal.PlainDate', value);
}

/**
 * date as an ISO string, or as a Temporal.PlainDate (infinities stay strings). A Date as an
 * argument is its day in UTC.
 */
export function dateForms({ temporal }: ResolvedTypeOptions): CodecForms {
  const make = temporal === null ? printDate : makeTemporal(temporal);
  return {
    text: {
      decode(text) {
        const days = parseDate(text);
        if (days === null) throw malformed('date', 'it is not in the ISO DateStyle');
        return make(days);
      },
      encode: (value) => printDate(daysOf(value)),
    },
    binary: {
      decode(buffer, start, end) {
        expectSize(start, end, 4, 'date');
        const days = int32At(buffer, start);
        if (days === INFINITY) return make(Infinity);
        if (days === MINUS_INFINITY) return make(-Infinity);
        if (days < FIRST_DAY || days > LAST_DAY) throw malformed('date', 'it is out of range');
        return make(days);
      },
      encode(writer, value) {
        const days = daysOf(value);
        if (days === Infinity) writer.int32(INFINITY);
        else writer.int32(days === -Infinity ? MINUS_INFINITY : days);
      },
    },
    resultFormat: BINARY,
    argumentFormat: BINARY,
    inline: null,
  };
}

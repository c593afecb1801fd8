/** The bounds of ranges: how they compare, and how PostgreSQL writes them. */
import { float8Text } from './float-text.ts';

const DECIMAL = /^([+-]?)(?:(\d+)\.?(\d*)|\.(\d+))(?:[eE]([+-]?\d{1,6}))?$/;
const DATE =
  /^(\d{4,6})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?)?(Z|[+-]\d\d(?::?\d\d){0,2})?( BC)?$/;

/** A decimal number as sign, digits without leading zeros, and the place of its point. */
interface Decimal {
  readonly sign: -1 | 0 | 1;
  readonly digits: string;
  /** The value is 0.digits times ten to the power of this. */
  readonly exponent: number;
}

function decimalFrom(text: string): Decimal | undefined {
  const match = DECIMAL.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = '', behind = '', only = '', power = '0'] = match;
  const all = `${whole}${behind}${only}`;
  const digits = all.replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return { sign: 0, digits: '', exponent: 0 };
  return {
    sign: sign === '-' ? -1 : 1,
    digits: significant,
    exponent: whole.length - (all.length - digits.length) + Number(power),
  };
}

function order<V extends string | number | bigint>(a: V, b: V): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareDecimals(a: Decimal, b: Decimal): number {
  if (a.sign !== b.sign) return a.sign - b.sign;
  const magnitude = order(a.exponent, b.exponent) || order(a.digits, b.digits);
  return a.sign * magnitude;
}

/** Numbers, among which the server holds NaN to be the greatest. */
function compareNumbers(a: number | bigint, b: number | bigint): number {
  const nanA = Number.isNaN(a);
  const nanB = Number.isNaN(b);
  if (nanA || nanB) return Number(nanA) - Number(nanB);
  return a < b ? -1 : a > b ? 1 : 0;
}

/** What is not finite has no digits; with their names, dates' infinities are meant too. */
function specialFrom(text: string): number | undefined {
  switch (text.toLowerCase()) {
    case 'infinity':
      return Infinity;
    case '-infinity':
      return -Infinity;
    case 'nan':
      return NaN;
    default:
      return undefined;
  }
}

/** Days from 1970-01-01 in the proleptic Gregorian calendar, which has a year 0. */
function dayNumber(year: number, month: number, day: number): number {
  // Years begin in March here, so that a leap day ends one; an era is 400 of them.
  const shifted = month > 2 ? year : year - 1;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const leapDays = Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100);
  return era * 146_097 + yearOfEra * 365 + leapDays + dayOfYear - 719_468;
}

/** The seconds that an offset such as `+05:30` is ahead of UTC. */
function offsetSeconds(offset: string): number {
  if (offset === 'Z') return 0;
  const digits = offset.slice(1).replaceAll(':', '').padEnd(6, '0');
  const part = (at: number) => Number(digits.slice(at, at + 2));
  const seconds = part(0) * 3600 + part(2) * 60 + part(4);
  return offset.startsWith('-') ? -seconds : seconds;
}

/** Microseconds from 1970-01-01, in UTC if the text has an offset. */
function instantFrom(text: string): bigint | undefined {
  const match = DATE.exec(text);
  if (match === null) return undefined;
  const [, years, months, days, hours = '0', minutes = '0', seconds = '0'] = match;
  const [fraction = '', offset = 'Z', era] = match.slice(7);
  const year = era === undefined ? Number(years) : 1 - Number(years);
  const day = dayNumber(year, Number(months), Number(days));
  const time = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  const whole = BigInt(day * 86_400 + time - offsetSeconds(offset));
  return whole * 1_000_000n + BigInt(fraction.padEnd(6, '0'));
}

function compareStrings(a: string, b: string): number {
  const decimalA = decimalFrom(a);
  const decimalB = decimalFrom(b);
  if (decimalA !== undefined && decimalB !== undefined) return compareDecimals(decimalA, decimalB);
  const specialA = specialFrom(a);
  const specialB = specialFrom(b);
  const instantA = instantFrom(a);
  const instantB = instantFrom(b);
  const finiteA = decimalA ?? instantA;
  const finiteB = decimalB ?? instantB;
  // Every finite value lies between the infinities, and NaN above them.
  if (specialA !== undefined && (specialB !== undefined || finiteB !== undefined)) {
    return compareNumbers(specialA, specialB ?? 0);
  }
  if (specialB !== undefined && finiteA !== undefined) return compareNumbers(0, specialB);
  if (instantA !== undefined && instantB !== undefined) return order(instantA, instantB);
  return order(a, b);
}

function isNumeric(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

function isNumericText(value: unknown): value is string {
  if (typeof value !== 'string') return false;
  return decimalFrom(value) !== undefined || specialFrom(value) !== undefined;
}

/** Less than, equal to or greater than 0; a TypeError if the two cannot be compared. */
export function compareBounds(a: unknown, b: unknown): number {
  if (isNumeric(a) && isNumeric(b)) return compareNumbers(a, b);
  if (typeof a === 'string' && typeof b === 'string') return compareStrings(a, b);
  if (isNumeric(a) && isNumericText(b)) return compareStrings(String(a), b);
  if (isNumericText(a) && isNumeric(b)) return compareStrings(a, String(b));
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
  if (a instanceof Date || b instanceof Date) {
    const timeA = a instanceof Date ? a.getTime() : a;
    const timeB = b instanceof Date ? b.getTime() : b;
    if (isNumeric(timeA) && isNumeric(timeB)) return compareNumbers(timeA, timeB);
  } else if (typeof a === 'object' && typeof b === 'object' && a?.constructor === b?.constructor) {
    const { compare } = (a?.constructor ?? {}) as { compare?: unknown };
    if (typeof compare === 'function') return Number(compare.call(a?.constructor, a, b));
  }
  throw new TypeError(`a bound cannot be compared: ${kindOf(a)} with ${kindOf(b)}`);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return typeof value === 'object' ? (value.constructor?.name ?? 'object') : typeof value;
}

/** The time in UTC, in the server's default format but with the zone always said. */
function dateText(date: Date): string {
  if (Number.isNaN(date.getTime())) throw new RangeError('an invalid Date has no text');
  const year = date.getUTCFullYear();
  const digits = String(year > 0 ? year : 1 - year).padStart(4, '0');
  const [, rest = ''] = /^.\d*(-.*)Z$/.exec(date.toISOString()) ?? [];
  const time = rest.replace('T', ' ').replace(/\.?0+$/, '');
  return `${digits}${time}+00${year > 0 ? '' : ' BC'}`;
}

/** The bound as it stands in a range's text, with quotes where it needs them. */
export function boundText(bound: unknown): string {
  let text: string;
  if (typeof bound === 'number') text = float8Text(bound);
  else if (bound instanceof Date) text = dateText(bound);
  else text = String(bound);
  if (text !== '' && !/[\s"\\()[\],]/.test(text)) return text;
  return `"${text.replace(/["\\]/g, '$&$&')}"`;
}

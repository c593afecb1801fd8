/** The bounds of ranges: how they compare, and how PostgreSQL writes them. */
import { isDate, isUint8Array } from './builtins.ts';
import { compareDecimals, parseDecimal } from './decimal.ts';
import { float8Text } from './float-text.ts';
import { kindOf } from './kind-of.ts';
import { isRow, rowValues } from './row.ts';
import { type DayTime, parseTimestamp, shift } from './timestamp-text.ts';

function order<V extends string | number>(a: V, b: V): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Numbers, among which the server holds NaN to be the greatest. */
function compareNumbers(a: number | bigint, b: number | bigint): number {
  const nanA = Number.isNaN(a);
  const nanB = Number.isNaN(b);
  if (nanA || nanB) return Number(nanA) - Number(nanB);
  return a < b ? -1 : a > b ? 1 : 0;
}

/** NaN and the infinities, of numbers and of dates alike, which have the same names. */
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

/** The point in time that a text stands for, in UTC if it has an offset. */
function instantFrom(text: string): DayTime | null {
  const parsed = parseTimestamp(text);
  return parsed === null ? null : shift(parsed, -(parsed.offset ?? 0));
}

function compareStrings(a: string, b: string): number {
  const decimalA = parseDecimal(a);
  const decimalB = parseDecimal(b);
  if (decimalA !== null && decimalB !== null) return compareDecimals(decimalA, decimalB);
  const specialA = specialFrom(a);
  const specialB = specialFrom(b);
  const instantA = instantFrom(a);
  const instantB = instantFrom(b);
  const finiteA = decimalA ?? instantA;
  const finiteB = decimalB ?? instantB;
  // Every finite value lies between the infinities, and NaN above them.
  if (specialA !== undefined && (specialB !== undefined || finiteB !== null)) {
    return compareNumbers(specialA, specialB ?? 0);
  }
  if (specialB !== undefined && finiteA !== null) return compareNumbers(0, specialB);
  if (instantA !== null && instantB !== null) {
    return order(instantA.days, instantB.days) || order(instantA.micros, instantB.micros);
  }
  return order(a, b);
}

function isNumeric(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

function isNumericText(value: unknown): value is string {
  if (typeof value !== 'string') return false;
  return parseDecimal(value) !== null || specialFrom(value) !== undefined;
}

/** Less than, equal to or greater than 0; a TypeError if the two cannot be compared. */
export function compareBounds(a: unknown, b: unknown): number {
  if (isNumeric(a) && isNumeric(b)) return compareNumbers(a, b);
  if (typeof a === 'string' && typeof b === 'string') return compareStrings(a, b);
  if (isNumeric(a) && isNumericText(b)) return compareStrings(String(a), b);
  if (isNumericText(a) && isNumeric(b)) return compareStrings(a, String(b));
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
  if (isDate(a) || isDate(b)) {
    const timeA = isDate(a) ? a.getTime() : a;
    const timeB = isDate(b) ? b.getTime() : b;
    if (isNumeric(timeA) && isNumeric(timeB)) return compareNumbers(timeA, timeB);
  } else if (typeof a === 'object' && typeof b === 'object' && a?.constructor === b?.constructor) {
    const { compare } = (a?.constructor ?? {}) as { compare?: unknown };
    if (typeof compare === 'function') return Number(compare.call(a?.constructor, a, b));
  }
  throw new TypeError(`a bound cannot be compared: ${kindOf(a)} with ${kindOf(b)}`);
}

/** The time in UTC, in the server's default format, always with its zone. */
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
  return quoted(valueText(bound), /[\s"\\()[\],]/);
}

/** What stands for a value, by what it is: a Row is a composite, an array one, another plain object JSON. */
function valueText(value: unknown): string {
  // Digits alone are read by every type of numbers, an exponent is not by integers.
  if (Number.isSafeInteger(value) && value !== 0) return String(value);
  if (typeof value === 'number') return float8Text(value);
  if (isDate(value)) return dateText(value);
  if (isUint8Array(value)) return `\\x${Buffer.from(value).toString('hex')}`;
  if (Array.isArray(value)) return `{${value.map(elementText).join(',')}}`;
  if (isRow(value)) return `(${rowValues(value).map(fieldText).join(',')})`;
  const text = String(value);
  return text === '[object Object]' ? JSON.stringify(value, withDigits) : text;
}

function withDigits(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}

function elementText(element: unknown): string {
  if (element === null) return 'NULL';
  const text = valueText(element);
  return Array.isArray(element) ? text : quoted(text, /[\s"\\{},]|^null$/i, '\\$&');
}

function fieldText(field: unknown): string {
  return field === null ? '' : quoted(valueText(field), /[\s"\\(),]/);
}

function quoted(text: string, special: RegExp, escaped: string = '$&$&'): string {
  if (text !== '' && !special.test(text)) return text;
  return `"${text.replace(/["\\]/g, escaped)}"`;
}

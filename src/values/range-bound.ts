/** The bounds of ranges: how they compare, and how PostgreSQL writes them. */
import { float8Text } from './float-text.ts';

const DECIMAL = /^([+-]?)(?:(\d+)\.?(\d*)|\.(\d+))(?:[eE]([+-]?\d{1,6}))?$/;
const DATE = /^(\d{4,})(-\d\d-\d\d(?!\d).*?)( BC)?$/;

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

/** Years before Christ run backwards; the months and days within them do not. */
function compareDates(a: RegExpExecArray, b: RegExpExecArray): number {
  const yearOf = ([, year, , era]: RegExpExecArray) => (era === undefined ? 1 : -1) * Number(year);
  return order(yearOf(a), yearOf(b)) || order(a[2] ?? '', b[2] ?? '');
}

function compareStrings(a: string, b: string): number {
  const decimalA = decimalFrom(a);
  const decimalB = decimalFrom(b);
  if (decimalA !== undefined && decimalB !== undefined) return compareDecimals(decimalA, decimalB);
  const specialA = specialFrom(a);
  const specialB = specialFrom(b);
  const dateA = DATE.exec(a);
  const dateB = DATE.exec(b);
  const finiteA = decimalA ?? dateA;
  const finiteB = decimalB ?? dateB;
  // Every finite value lies between the infinities, and NaN above them.
  if (specialA !== undefined && (specialB !== undefined || finiteB != null)) {
    return compareNumbers(specialA, specialB ?? 0);
  }
  if (specialB !== undefined && finiteA != null) return compareNumbers(0, specialB);
  if (dateA !== null && dateB !== null) return compareDates(dateA, dateB);
  return order(a, b);
}

function isNumeric(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

/** Less than, equal to or greater than 0; a TypeError if the two cannot be compared. */
export function compareBounds(a: unknown, b: unknown): number {
  if (isNumeric(a) && isNumeric(b)) return compareNumbers(a, b);
  if (typeof a === 'string' && typeof b === 'string') return compareStrings(a, b);
  if (isNumeric(a) && typeof b === 'string') {
    if (decimalFrom(b) ?? specialFrom(b)) return compareStrings(String(a), b);
  } else if (typeof a === 'string' && isNumeric(b)) {
    if (decimalFrom(a) ?? specialFrom(a)) return compareStrings(a, String(b));
  } else if (a instanceof Date || b instanceof Date) {
    const timeA = a instanceof Date ? a.getTime() : a;
    const timeB = b instanceof Date ? b.getTime() : b;
    if (isNumeric(timeA) && isNumeric(timeB)) return compareNumbers(timeA, timeB);
  } else if (typeof a === 'boolean' && typeof b === 'boolean') {
    return Number(a) - Number(b);
  } else if (typeof a === 'object' && typeof b === 'object' && a !== null && b !== null) {
    const { compare } = a.constructor as { compare?: unknown };
    if (a.constructor === b.constructor && typeof compare === 'function') {
      return Number(compare.call(a.constructor, a, b));
    }
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

const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;
const SPACE = 0x20;
const ZERO = 0x30;
const COLON = 0x3a;

/** Both are searched for in the text, which may say more than they do. */
const MOMENT = /(\d+)-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(\.\d+)?.*?( BC)?$/;
const DAY = /^(\d+)-(\d\d)-(\d\d)( BC)?$/;
const ZONE = /([Z+-])(\d\d)?:?(\d\d)?:?(\d\d)?/;

/**
 * Makes a Date of a `date`, `timestamp` or `timestamptz` in ISO style: without an offset it is local
 * time. Infinite ones are the infinite numbers, and what is none of this is null. A Date has
 * milliseconds: the digits behind them are cut off.
 */
export function parseDate(text: string | null): Date | number | null {
  if (typeof text !== 'string') return null;
  return readPlain(text) ?? readAny(text);
}

/** Years of four digits that are not BC, the whole text: null for anything else. */
function readPlain(text: string): Date | null {
  const { length } = text;
  if (length < 10 || text.charCodeAt(4) !== MINUS || text.charCodeAt(7) !== MINUS) return null;
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2);
  const month = twoDigits(text, 5) - 1;
  const day = twoDigits(text, 8);
  // Not a number fails each comparison, as it must.
  if (!(year >= 100 && month >= 0 && day >= 0)) return null;
  if (length === 10) return new Date(year, month, day);
  if (
    length < 19 ||
    text.charCodeAt(10) !== SPACE ||
    text.charCodeAt(13) !== COLON ||
    text.charCodeAt(16) !== COLON
  ) {
    return null;
  }
  const hour = twoDigits(text, 11);
  const minute = twoDigits(text, 14);
  const second = twoDigits(text, 17);
  if (!(hour >= 0 && minute >= 0 && second >= 0)) return null;
  let i = 19;
  let fraction = 0;
  if (text.charCodeAt(i) === POINT) {
    let scale = 1;
    let digit = text.charCodeAt(++i) - ZERO;
    if (!(digit >= 0 && digit <= 9)) return null;
    while (digit >= 0 && digit <= 9) {
      fraction = fraction * 10 + digit;
      scale *= 10;
      digit = text.charCodeAt(++i) - ZERO;
    }
    if (scale > 1e6) return null;
    // Of whole numbers, the quotient is the number that the text of the fraction stands for.
    fraction = 1000 * (fraction / scale);
  }
  if (i === length) return new Date(year, month, day, hour, minute, second, fraction);
  const sign = text.charCodeAt(i);
  if (sign !== PLUS && sign !== MINUS) return null;
  const hours = twoDigits(text, i + 1);
  let offset = hours * 3600;
  i += 3;
  for (const unit of [60, 1]) {
    if (i === length || !(offset >= 0)) break;
    if (text.charCodeAt(i) !== COLON) return null;
    offset += twoDigits(text, i + 1) * unit;
    i += 3;
  }
  if (i !== length || !(offset >= 0)) return null;
  const moment = Date.UTC(year, month, day, hour, minute, second, fraction);
  return new Date(moment - (sign === MINUS ? -offset : offset) * 1000);
}

/** Two digits as a number, or NaN. */
function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - ZERO;
  const ones = text.charCodeAt(at + 1) - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : NaN;
}

function readAny(text: string): Date | number | null {
  if (text === 'infinity') return Infinity;
  if (text === '-infinity') return -Infinity;
  const moment = MOMENT.exec(text);
  if (moment === null) return readDay(text);
  const year = astronomicalYear(moment[1], moment[8]);
  const month = Number(moment[2]) - 1;
  const day = Number(moment[3]);
  const hour = Number(moment[4]);
  const minute = Number(moment[5]);
  const second = Number(moment[6]);
  const millisecond = moment[7] === undefined ? 0 : 1000 * Number(moment[7]);
  const offset = offsetOf(text);
  if (offset === null) {
    const date = new Date(year, month, day, hour, minute, second, millisecond);
    // Both ways to make a Date take 0 to 99 for years of the 20th century.
    if (isTwoDigits(year)) date.setFullYear(year);
    return date;
  }
  const date = new Date(Date.UTC(year, month, day, hour, minute, second, millisecond));
  if (isTwoDigits(year)) date.setUTCFullYear(year);
  if (offset !== 0) date.setTime(date.getTime() - offset);
  return date;
}

function readDay(text: string): Date | null {
  const found = DAY.exec(text);
  if (found === null) return null;
  const year = astronomicalYear(found[1], found[4]);
  const date = new Date(year, Number(found[2]) - 1, Number(found[3]));
  if (isTwoDigits(year)) date.setFullYear(year);
  return date;
}

/** The offset behind the time, in milliseconds; null if there is none. */
function offsetOf(text: string): number | null {
  if (text.endsWith('+00')) return 0;
  const zone = ZONE.exec(text.split(' ')[1] ?? '');
  if (zone === null) return null;
  if (zone[1] === 'Z') return 0;
  const seconds =
    Number.parseInt(zone[2] ?? '', 10) * 3600 + Number(zone[3] ?? 0) * 60 + Number(zone[4] ?? 0);
  return (zone[1] === '-' ? -seconds : seconds) * 1000;
}

/** 1 BC is the year 0. */
function astronomicalYear(digits: string | undefined, bc: string | undefined): number {
  const year = Number(digits);
  return bc === undefined ? year : 1 - year;
}

function isTwoDigits(year: number): boolean {
  return year >= 0 && year < 100;
}

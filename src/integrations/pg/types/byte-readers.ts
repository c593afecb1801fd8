import type { FieldReader } from '../../../codecs/compilers/parsed-row.ts';
import { latin1Slice } from '../../../protocol/native-text.ts';
import { DAYS_TO_2000, daysFromCivil } from '../../../values/calendar.ts';
import { parseDate } from './date-parser.ts';
import { TEXT_PARSERS } from './text-parsers.ts';

/*
 * What the parsers of frequent types make of a text, made of its bytes: no string comes into being for a
 * number or a date. Each leaves what is not as usual to the parser.
 */

const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;
const SPACE = 0x20;
const COMMA = 0x2c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const LETTER_T = 0x74;
const LETTER_F = 0x66;
const BACKSLASH = 0x5c;
const LETTER_X = 0x78;

/** So many digits always fit a number exactly. */
const SAFE_DIGITS = 15;

const parseInteger = TEXT_PARSERS.get(23)!;
const parseBool = TEXT_PARSERS.get(16)!;
const parseFloat8 = TEXT_PARSERS.get(701)!;
const parseIntegerArray = TEXT_PARSERS.get(1007)!;
const parseBytea = TEXT_PARSERS.get(17)!;

const readInteger: FieldReader = (buffer, at, size, run) => {
  const end = at + size;
  const isNegative = buffer[at] === MINUS;
  let p = isNegative ? at + 1 : at;
  if (p === end || end - p > SAFE_DIGITS) return parseInteger(run.text(buffer, at, size));
  let value = 0;
  for (; p < end; p++) {
    const digit = buffer[p]! - ZERO;
    if (digit < 0 || digit > 9) return parseInteger(run.text(buffer, at, size));
    value = value * 10 + digit;
  }
  return isNegative ? -value : value;
};

const readBool: FieldReader = (buffer, at, size, run) => {
  if (size === 1) {
    if (buffer[at] === LETTER_T) return true;
    if (buffer[at] === LETTER_F) return false;
  }
  return parseBool(run.text(buffer, at, size));
};

/** The quotient of two numbers that are exact is the number nearest to the decimal fraction. */
const readFloat: FieldReader = (buffer, at, size, run) => {
  const end = at + size;
  const isNegative = buffer[at] === MINUS;
  const first = isNegative ? at + 1 : at;
  if (first === end || end - first > SAFE_DIGITS + 1)
    return parseFloat8(run.text(buffer, at, size));
  let value = 0;
  let scale = 0;
  for (let p = first; p < end; p++) {
    const code = buffer[p]!;
    if (code === POINT && scale === 0 && p > first) {
      scale = 1;
    } else {
      const digit = code - ZERO;
      if (digit < 0 || digit > 9) return parseFloat8(run.text(buffer, at, size));
      value = value * 10 + digit;
      scale *= 10;
    }
  }
  if (value > Number.MAX_SAFE_INTEGER) return parseFloat8(run.text(buffer, at, size));
  if (scale > 1) value /= scale;
  return isNegative ? -value : value;
};

/** Years of four digits that are not BC. */
const readDate: FieldReader = (buffer, at, size, run) => {
  const date = size < 10 ? null : readMoment(buffer, at, at + size);
  return date ?? parseDate(run.text(buffer, at, size));
};

/** Null for what is not `2026-11-28`, with a time, `12:30:00.123456`, and an offset, or without. */
function readMoment(buffer: Buffer, at: number, end: number): Date | null {
  if (buffer[at + 4] !== MINUS || buffer[at + 7] !== MINUS) return null;
  const year = twoDigits(buffer, at) * 100 + twoDigits(buffer, at + 2);
  const month = twoDigits(buffer, at + 5);
  const day = twoDigits(buffer, at + 8);
  // Not a number fails each comparison, as it must. Earlier years are not what Date takes them for.
  if (!(year >= 100 && month >= 1 && month <= 12 && day >= 1)) return null;
  let p = at + 10;
  if (p === end) return new Date(year, month - 1, day);
  if (end - at < 19 || buffer[p] !== SPACE || buffer[p + 3] !== COLON || buffer[p + 6] !== COLON) {
    return null;
  }
  const hour = twoDigits(buffer, p + 1);
  const minute = twoDigits(buffer, p + 4);
  const second = twoDigits(buffer, p + 7);
  if (!(hour >= 0 && minute >= 0 && second >= 0)) return null;
  p += 9;
  let milliseconds = 0;
  if (p < end && buffer[p] === POINT) {
    let fraction = 0;
    let scale = 1;
    for (p += 1; p < end; p++) {
      const digit = buffer[p]! - ZERO;
      if (digit < 0 || digit > 9) break;
      fraction = fraction * 10 + digit;
      scale *= 10;
    }
    if (scale === 1 || scale > 1e6) return null;
    // Of whole numbers, the quotient is the number that the text of the fraction stands for.
    milliseconds = 1000 * (fraction / scale);
  }
  if (p === end) return new Date(year, month - 1, day, hour, minute, second, milliseconds);
  const offset = offsetAt(buffer, p, end);
  if (!(offset > -Infinity)) return null;
  const days = daysFromCivil(year, month, day) + DAYS_TO_2000;
  const seconds = (days * 24 + hour) * 3600 + minute * 60 + second - offset;
  return new Date(seconds * 1000 + Math.trunc(milliseconds));
}

/** The seconds of `+05`, `-03:30` or `+00:19:32` up to the end; NaN for anything else. */
function offsetAt(buffer: Buffer, at: number, end: number): number {
  const sign = buffer[at];
  if ((sign !== PLUS && sign !== MINUS) || end - at < 3) return NaN;
  let offset = twoDigits(buffer, at + 1) * 3600;
  let p = at + 3;
  for (let unit = 60; unit >= 1 && p < end; unit /= 60) {
    if (buffer[p] !== COLON || end - p < 3) return NaN;
    offset += twoDigits(buffer, p + 1) * unit;
    p += 3;
  }
  if (p !== end) return NaN;
  return sign === MINUS ? -offset : offset;
}

/** Two digits as a number, or NaN. */
function twoDigits(buffer: Buffer, at: number): number {
  const tens = buffer[at]! - ZERO;
  const ones = buffer[at + 1]! - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : NaN;
}

/** One dimension from index 1. */
const readIntegers: FieldReader = (buffer, at, size, run) =>
  plainIntegers(buffer, at, at + size) ?? parseIntegerArray(run.text(buffer, at, size));

function plainIntegers(buffer: Buffer, at: number, end: number): (number | null)[] | null {
  const last = end - 1;
  if (last <= at || buffer[at] !== OPEN || buffer[last] !== CLOSE) return null;
  const entries: (number | null)[] = [];
  let p = at + 1;
  if (p === last) return entries;
  for (;;) {
    let code = buffer[p]!;
    const isNegative = code === MINUS;
    if (isNegative) code = buffer[++p]!;
    const start = p;
    let value = 0;
    while (code >= ZERO && code <= ZERO + 9) {
      value = value * 10 + (code - ZERO);
      code = buffer[++p]!;
    }
    if (p > start && p - start <= 10) {
      entries.push(isNegative ? -value : value);
    } else if (!isNegative && isNull(buffer, p)) {
      entries.push(null);
      p += 4;
      code = buffer[p]!;
    } else {
      return null;
    }
    if (p === last) return entries;
    if (code !== COMMA) return null;
    p += 1;
  }
}

function isNull(buffer: Buffer, at: number): boolean {
  return (
    buffer[at] === 0x4e &&
    buffer[at + 1] === 0x55 &&
    buffer[at + 2] === 0x4c &&
    buffer[at + 3] === 0x4c
  );
}

/** In the style `hex`. */
const readBytea: FieldReader = (buffer, at, size, run) => {
  if (size >= 2 && buffer[at] === BACKSLASH && buffer[at + 1] === LETTER_X) {
    return Buffer.from(latin1Slice(buffer, at + 2, at + size), 'hex');
  }
  return parseBytea(run.text(buffer, at, size));
};

/** By the parser in whose place they are. */
export const BYTE_READERS: ReadonlyMap<unknown, FieldReader> = new Map<unknown, FieldReader>([
  [parseInteger, readInteger],
  [parseBool, readBool],
  [parseFloat8, readFloat],
  [parseDate, readDate],
  [parseIntegerArray, readIntegers],
  [parseBytea, readBytea],
]);

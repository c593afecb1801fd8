import { InterfaceError } from '../../errors/client-errors.ts';
import type { MessageWriter } from '../../protocol/writer.ts';
import { type Decimal, parseDecimal } from '../../values/decimal.ts';
import type { ResolvedTypeOptions } from '../../values/type-options.ts';
import { int16At, malformed, uint16At } from '../bytes.ts';
import type { CodecForms } from '../codec.ts';
import { BINARY, TEXT } from '../codec.ts';
import { Unencodable, unreadable, wrongKind } from '../unencodable.ts';

/*
 * numeric: a decimal number, exact, with its scale, as text in JavaScript. On the wire it is
 * digits to the base 10,000, the weight of the first, a sign and the number of decimal digits
 * after the point. https://www.postgresql.org/docs/current/datatype-numeric.html
 */

/** How many digits PostgreSQL holds before the point, and after it. */
const MAX_INTEGER_DIGITS = 131_072;
const MAX_SCALE = 16_383;

const POSITIVE = 0x0000;
const NEGATIVE = 0x4000;
const NAN = 0xc000;
const PLUS_INFINITY = 0xd000;
const MINUS_INFINITY = 0xf000;

/** No exponent and so few digits that no limit can be near. */
const PLAIN = /^[+-]?(?:\d{1,1000}(?:\.\d{0,1000})?|\.\d{1,1000})$/;

const SPECIAL: ReadonlyMap<string, number> = new Map([
  ['nan', NAN],
  ['infinity', PLUS_INFINITY],
  ['+infinity', PLUS_INFINITY],
  ['inf', PLUS_INFINITY],
  ['+inf', PLUS_INFINITY],
  ['-infinity', MINUS_INFINITY],
  ['-inf', MINUS_INFINITY],
]);

/** What is sent of a number: the wire's sign, and the rest as a Decimal has it. */
type Numeric = Pick<Decimal, 'digits' | 'pointAt' | 'scale'> & { readonly sign: number };

const EXPECTED = 'a number, a bigint or a string with a decimal number';

/** The text of an argument. Throws Unencodable unless it is a string, a number or a bigint. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  throw wrongKind(EXPECTED, value);
}

/** An integer in hexadecimal, octal or binary digits, and underscores between any digits. */
const RADIX = /^([+-]?)(0(?:x(?:_?[\da-f])+|o(?:_?[0-7])+|b(?:_?[01])+))$/i;
const UNDERSCORES =
  /^[+-]?(?:\d(?:_?\d)*(?:\.(?:\d(?:_?\d)*)?)?|\.\d(?:_?\d)*)(?:e[+-]?\d(?:_?\d)*)?$/i;

/** What PostgreSQL 16 and later read besides decimal digits, as decimal digits. */
function inDecimals(text: string): string {
  const radix = RADIX.exec(text);
  if (radix !== null) return `${radix[1]}${BigInt(radix[2]!.replaceAll('_', ''))}`;
  return text.includes('_') && UNDERSCORES.test(text) ? text.replaceAll('_', '') : text;
}

function parse(text: string): Numeric {
  const special = SPECIAL.get(text.length <= 9 ? text.toLowerCase() : '');
  if (special !== undefined) return { sign: special, digits: '', pointAt: 0, scale: 0 };
  const decimal = parseDecimal(inDecimals(text));
  if (decimal === null) throw unreadable('a decimal number');
  const { isNegative, digits, pointAt, scale } = decimal;
  if (scale > MAX_SCALE || pointAt > MAX_INTEGER_DIGITS) {
    throw new Unencodable(
      `the number is out of range for numeric: at most ${MAX_INTEGER_DIGITS} digits before the ` +
        `point and ${MAX_SCALE} after it`,
    );
  }
  return { sign: isNegative ? NEGATIVE : POSITIVE, digits, pointAt, scale };
}

function encodeText(value: unknown): string {
  const text = textOf(value);
  if (PLAIN.test(text)) return text;
  parse(text);
  // Servers before 16 read decimal digits only.
  return inDecimals(text);
}

function encodeBinary(writer: MessageWriter, value: unknown): void {
  const text = textOf(value);
  if (!writePlain(writer, text)) writeDecimal(writer, parse(text));
}

function writeDecimal(writer: MessageWriter, { sign, digits, pointAt, scale }: Numeric): void {
  const weight = digits === '' ? 0 : Math.ceil(pointAt / 4) - 1;
  // The first group holds the decimal digits down to the next multiple of four.
  const padded = '0'.repeat(digits === '' ? 0 : (weight + 1) * 4 - pointAt) + digits;
  let end = padded.length;
  while (end > 0 && padded.charCodeAt(end - 1) === 0x30) end--;
  const count = Math.ceil(end / 4);
  writeHead(writer, count, weight, sign, scale);
  writer.ensure(count * 2);
  for (let i = 0; i < count; i++) {
    writer.uint16(Number(padded.slice(i * 4, i * 4 + 4).padEnd(4, '0')));
  }
}

function writeHead(
  writer: MessageWriter,
  count: number,
  weight: number,
  sign: number,
  scale: number,
): void {
  writer.uint16(count);
  writer.int16(weight);
  writer.uint16(sign);
  writer.uint16(scale);
}

/** The longest text that `writePlain` takes: far from any limit of the type. */
const PLAIN_LENGTH = 64;
const POINT = 0x2e;
const MINUS = 0x2d;

/**
 * Writes a short text of digits and a point, which is what nearly all are, without cutting it
 * into strings: several times faster. False: it is something else, and nothing was written.
 */
function writePlain(writer: MessageWriter, text: string): boolean {
  const { length } = text;
  if (length > PLAIN_LENGTH) return false;
  const negative = text.charCodeAt(0) === MINUS;
  const start = negative ? 1 : 0;
  let point = length;
  let first = -1;
  let digits = 0;
  for (let i = start; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code === POINT) {
      if (point !== length) return false;
      point = i;
    } else {
      if (code < 0x30 || code > 0x39) return false;
      digits++;
      if (first < 0 && code !== 0x30) first = i;
    }
  }
  if (digits === 0) return false;
  const scale = point === length ? 0 : length - point - 1;
  if (first < 0) {
    writeHead(writer, 0, 0, POSITIVE, scale);
    return true;
  }
  // How far the point lies behind the first digit: negative for zeros after the point.
  const pointAt = first < point ? point - first : point - first + 1;
  const weight = Math.ceil(pointAt / 4) - 1;
  writer.ensure(8 + length);
  const head = writer.offset;
  writeHead(writer, 0, weight, negative ? NEGATIVE : POSITIVE, scale);
  let group = 0;
  let filled = (weight + 1) * 4 - pointAt;
  let count = 0;
  let written = 0;
  for (let i = first; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code === POINT) continue;
    group = group * 10 + code - 0x30;
    if (++filled === 4) {
      writer.uint16(group);
      written++;
      if (group !== 0) count = written;
      group = 0;
      filled = 0;
    }
  }
  if (group !== 0) {
    while (filled++ < 4) group *= 10;
    writer.uint16(group);
    count = ++written;
  }
  // Groups of zeros at the end are not sent.
  writer.offset = head + 8 + count * 2;
  writer.view.setUint16(head, count);
  return true;
}

function decodeBinary(buffer: Buffer, start: number, end: number): string {
  if (end - start < 8) throw malformed('numeric', `${end - start} bytes, at least 8 are needed`);
  const count = uint16At(buffer, start);
  const weight = int16At(buffer, start + 2);
  const sign = uint16At(buffer, start + 4);
  const scale = uint16At(buffer, start + 6);
  if (end - start !== 8 + count * 2) throw malformed('numeric', `no room for ${count} digits`);
  if (scale > MAX_SCALE) throw malformed('numeric', `the scale ${scale}`);
  if (sign !== POSITIVE && sign !== NEGATIVE) return special(sign);
  const short = shortText(buffer, start + 8, count, weight, scale);
  if (short !== null) return sign === NEGATIVE ? `-${short}` : short;

  let digits = '';
  for (let at = start + 8; at < end; at += 2) {
    const digit = uint16At(buffer, at);
    if (digit > 9999) throw malformed('numeric', `the digit ${digit}`);
    digits += digit < 1000 ? String(digit).padStart(4, '0') : digit;
  }
  // Digits before the point: (weight + 1) groups, which may be fewer or more than are there.
  const wholeLength = (weight + 1) * 4;
  const given = digits.slice(0, Math.max(0, wholeLength)).replace(/^0+/, '');
  // The zeros behind them stay a rope: two bytes of a hostile array must not become 128 KiB.
  const integer = given === '' ? '0' : given + '0'.repeat(Math.max(0, wholeLength - digits.length));
  const prefix = sign === NEGATIVE ? '-' : '';
  if (scale === 0) return prefix + integer;
  const leading = '0'.repeat(Math.min(scale, Math.max(0, -wholeLength)));
  const fraction = leading + digits.slice(Math.max(0, wholeLength));
  return `${prefix}${integer}.${fraction.slice(0, scale).padEnd(scale, '0')}`;
}

/** A number with more groups of four digits than these, on either side of the point, is none of the short ones. */
const SHORT_GROUPS = 3;
const GROUPS = 10_000;

let groupTexts: (string | undefined)[] = [];

/**
 * The four digits of a group, made once each. The engine keeps the texts of numbers that it has made lately: if
 * each value is made of numbers of its own, they outlive everything around them, and the heap of a process that
 * reads a million grows by 59 MB instead of 10.
 */
function groupText(digit: number): string {
  if (groupTexts.length === 0) groupTexts = new Array(GROUPS).fill(undefined);
  const known = groupTexts[digit];
  if (known !== undefined) return known;
  const made = String(digit).padStart(4, '0');
  groupTexts[digit] = made;
  return made;
}

/** The text without a sign of a number that is not long, which nearly all are. Null: it is too long, or something is wrong with it. */
function shortText(
  buffer: Buffer,
  at: number,
  count: number,
  weight: number,
  scale: number,
): string | null {
  const whole = weight + 1;
  const places = (scale + 3) >> 2;
  if (whole < 0 || whole > SHORT_GROUPS || places > SHORT_GROUPS || count > whole + places) {
    return null;
  }
  let integer = '';
  let fraction = '';
  for (let i = 0; i < whole + places; i++) {
    let digit = 0;
    if (i < count) {
      digit = (buffer[at + i * 2]! << 8) | buffer[at + i * 2 + 1]!;
      if (digit >= GROUPS) return null;
    }
    if (i >= whole) fraction += groupText(digit);
    else if (integer !== '') integer += groupText(digit);
    else if (digit > 0) integer = digit < 1000 ? String(digit) : groupText(digit);
  }
  if (integer === '') integer = '0';
  if (scale === 0) return integer;
  return `${integer}.${places * 4 === scale ? fraction : fraction.slice(0, scale)}`;
}

function special(sign: number): string {
  if (sign === NAN) return 'NaN';
  if (sign === PLUS_INFINITY) return 'Infinity';
  if (sign === MINUS_INFINITY) return '-Infinity';
  throw malformed('numeric', `the sign ${sign}`);
}

const SPECIAL_TEXT = /^(?:NaN|-?Infinity)$/;

function checkedText(text: string): string {
  if (isDecimal(text) || SPECIAL_TEXT.test(text)) return text;
  throw malformed('numeric', 'its text is no decimal number');
}

/** Digits, perhaps after a minus, perhaps with one point among them. */
function isDecimal(text: string): boolean {
  const start = text.charCodeAt(0) === MINUS ? 1 : 0;
  const last = text.length - 1;
  let hasPoint = false;
  for (let i = start; i <= last; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x30 && code <= 0x39) continue;
    if (code !== POINT || hasPoint || i === start || i === last) return false;
    hasPoint = true;
  }
  return last >= start;
}

/** A decimal text without zeros that do not change its value. */
function shortened(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** A double's shortest text, without an exponent. */
function plainText(value: number): string {
  const text = String(value);
  const e = text.indexOf('e');
  if (e < 0) return text;
  const negative = text.startsWith('-');
  const mantissa = text.slice(negative ? 1 : 0, e);
  const [whole = '', fraction = ''] = mantissa.split('.');
  const exponent = Number(text.slice(e + 1));
  const digits = whole + fraction;
  const point = whole.length + exponent;
  const plain =
    point <= 0
      ? `0.${'0'.repeat(-point)}${digits}`
      : `${digits.padEnd(point, '0').slice(0, point)}.${digits.slice(point)}`;
  return (negative ? '-' : '') + shortened(plain.endsWith('.') ? plain.slice(0, -1) : plain);
}

/**
 * The number that reads back as the same decimal value; zeros at the end do not count. 0.1 is
 * 0.1, but a numeric with more digits than a double keeps is an error and not another number.
 */
function toNumber(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value)) {
    if (text === 'NaN' || text.endsWith('Infinity')) return value;
  } else if (plainText(value) === shortened(text)) {
    return value;
  }
  throw new InterfaceError('a numeric cannot be a number without losing digits', {
    hint: 'Leave the types.numeric option at "string", or cast the column to float8.',
  });
}

export function numericForms({ numeric }: ResolvedTypeOptions): CodecForms {
  const asNumber = numeric === 'number';
  return {
    text: {
      decode: asNumber ? (text) => toNumber(checkedText(text)) : checkedText,
      encode: encodeText,
    },
    binary: {
      decode: asNumber
        ? (buffer, start, end) => toNumber(decodeBinary(buffer, start, end))
        : decodeBinary,
      encode: encodeBinary,
    },
    resultFormat: TEXT,
    argumentFormat: asNumber ? TEXT : BINARY,
    inline: null,
  };
}

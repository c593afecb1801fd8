import { expectSize, float32At, float64At, malformed, unrepresentable } from '../bytes.ts';
import type { CodecForms } from '../codec.ts';
import { BINARY } from '../codec.ts';
import { outOfRange, wrongKind } from '../unencodable.ts';

const FLOAT_TEXT = /^(?:-?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?|NaN|-?Infinity)$/;

/** Numbers, and those bigints that a double holds exactly. */
function checkedDouble(value: unknown): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') {
    const double = Number(value);
    if (double === Infinity || double === -Infinity) throw outOfRange(value, 'float8');
    if (BigInt(double) !== value) throw wrongKind('a number that float8 holds exactly', value);
    return double;
  }
  throw wrongKind('a number', value);
}

/**
 * The nearest float4. As in PostgreSQL's own input function, a number whose magnitude it
 * cannot express, too large or too small, is an error and not Infinity or 0.
 */
function checkedSingle(value: unknown): number {
  const double = checkedDouble(value);
  const single = Math.fround(double);
  if (Number.isFinite(double) && (!Number.isFinite(single) || (single === 0 && double !== 0))) {
    throw outOfRange(value, 'float4');
  }
  return single;
}

function fromText(text: string, type: string, read: (text: string) => number): number {
  if (!FLOAT_TEXT.test(text)) throw malformed(type, 'its text is no number');
  const value = read(text);
  if (Number.isFinite(value) || !/\d/.test(text)) return value;
  // The server may round up what it writes with fewer digits: to more than there is.
  throw unrepresentable(type, 'it has too few digits; set extra_float_digits to 1');
}

function toText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

export const float4: CodecForms = {
  text: {
    decode: (text) => fromText(text, 'float4', (digits) => Math.fround(Number(digits))),
    encode: (value) => toText(checkedSingle(value)),
  },
  binary: {
    decode(buffer, start, end) {
      expectSize(start, end, 4, 'float4');
      return float32At(buffer, start);
    },
    encode: (writer, value) => writer.float32(checkedSingle(value)),
  },
  resultFormat: BINARY,
  argumentFormat: BINARY,
  inline: 'float4',
};

export const float8: CodecForms = {
  text: {
    decode: (text) => fromText(text, 'float8', Number),
    encode: (value) => toText(checkedDouble(value)),
  },
  binary: {
    decode(buffer, start, end) {
      expectSize(start, end, 8, 'float8');
      return float64At(buffer, start);
    },
    encode: (writer, value) => writer.float64(checkedDouble(value)),
  },
  resultFormat: BINARY,
  argumentFormat: BINARY,
  inline: 'float8',
};

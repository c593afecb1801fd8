import { InterfaceError } from '../../errors/client-errors.ts';
import type { MessageWriter } from '../../protocol/writer.ts';
import type { ResolvedTypeOptions } from '../../values/type-options.ts';
import { expectSize, int16At, int32At, int64At, malformed, uint32At, uint64At } from '../bytes.ts';
import type { CodecForms, InlineKind } from '../codec.ts';
import { BINARY } from '../codec.ts';
import { outOfRange, wrongKind } from '../unencodable.ts';

const INTEGER_TEXT = /^-?\d{1,20}$/;

function checkedInteger(value: unknown, least: number, most: number, type: string): number {
  if (typeof value === 'number') {
    if (!Number.isInteger(value)) throw wrongKind('an integer', value);
    if (value < least || value > most) throw outOfRange(value, type);
    return value;
  }
  if (typeof value === 'bigint') {
    if (value < least || value > most) throw outOfRange(value, type);
    return Number(value);
  }
  throw wrongKind('an integer', value);
}

function integerFromText(text: string, least: number, most: number, type: string): number {
  // `+ 0` makes 0 of -0, which is no integer's value.
  const value = INTEGER_TEXT.test(text) ? Number(text) + 0 : Number.NaN;
  if (!(value >= least && value <= most)) throw malformed(type, 'its text is no such integer');
  return value;
}

interface SmallInteger {
  readonly type: string;
  readonly least: number;
  readonly most: number;
  readonly size: number;
  readonly inline: InlineKind;
  read(buffer: Buffer, at: number): number;
  write(writer: MessageWriter, value: number): void;
}

function smallIntegerForms(shape: SmallInteger): CodecForms {
  const { type, least, most, size, read, write } = shape;
  return {
    text: {
      decode: (text) => integerFromText(text, least, most, type),
      encode: (value) => String(checkedInteger(value, least, most, type)),
    },
    binary: {
      decode(buffer, start, end) {
        expectSize(start, end, size, type);
        return read(buffer, start);
      },
      encode: (writer, value) => write(writer, checkedInteger(value, least, most, type)),
    },
    resultFormat: BINARY,
    argumentFormat: BINARY,
    inline: shape.inline,
  };
}

export const int2: CodecForms = smallIntegerForms({
  type: 'int2',
  least: -0x8000,
  most: 0x7fff,
  size: 2,
  inline: 'int2',
  read: int16At,
  write: (writer, value) => writer.int16(value),
});

export const int4: CodecForms = smallIntegerForms({
  type: 'int4',
  least: -0x80000000,
  most: 0x7fffffff,
  size: 4,
  inline: 'int4',
  read: int32At,
  write: (writer, value) => writer.int32(value),
});

function unsignedForms(type: string): CodecForms {
  return smallIntegerForms({
    type,
    least: 0,
    most: 0xffffffff,
    size: 4,
    inline: 'uint4',
    read: uint32At,
    write: (writer, value) => writer.uint32(value),
  });
}

export const oid: CodecForms = unsignedForms('oid');
export const xid: CodecForms = unsignedForms('xid');
export const cid: CodecForms = unsignedForms('cid');

/** Within these high words, `high * 2^32 + low` is a safe integer. */
const SAFE_HIGH = 0x1fffff;

function int8Number(buffer: Buffer, start: number, end: number): number {
  expectSize(start, end, 8, 'int8');
  const high = int32At(buffer, start);
  const value = high * 0x100000000 + uint32At(buffer, start + 4);
  if (high > SAFE_HIGH || !Number.isSafeInteger(value)) throw unsafe(int64At(buffer, start));
  return value;
}

function unsafe(value: bigint): InterfaceError {
  return new InterfaceError(`int8 ${value} cannot be a number without losing digits`, {
    hint: 'Set the types.int8 option to "bigint" or "string", or cast the column to numeric.',
  });
}

function int8FromText(text: string): bigint {
  const value = INTEGER_TEXT.test(text) ? BigInt(text) : 1n << 64n;
  if (BigInt.asIntN(64, value) !== value) throw malformed('int8', 'its text is no such integer');
  return value;
}

/** Accepts a bigint or a safe integer; when int8 are read as strings, also those. */
function checkedInt8(value: unknown, acceptsText: boolean): bigint {
  let checked: bigint;
  if (typeof value === 'bigint') checked = value;
  else if (typeof value === 'number') {
    if (!Number.isInteger(value)) throw wrongKind('a bigint or a safe integer', value);
    if (!Number.isSafeInteger(value)) throw wrongKind('a bigint (it is beyond 2^53)', value);
    return BigInt(value);
  } else if (acceptsText && typeof value === 'string' && INTEGER_TEXT.test(value)) {
    checked = BigInt(value);
  } else {
    throw wrongKind(acceptsText ? 'an integer or its digits' : 'a bigint or a safe integer', value);
  }
  if (BigInt.asIntN(64, checked) !== checked) throw outOfRange(checked, 'int8');
  return checked;
}

function encodeInt8(writer: MessageWriter, value: unknown, acceptsText: boolean): void {
  if (typeof value === 'number' && Number.isSafeInteger(value)) {
    // Two halves instead of a bigint: nothing is allocated.
    writer.int32(Math.floor(value / 0x100000000));
    writer.uint32(value >>> 0);
    return;
  }
  const checked = typeof value === 'bigint' ? value : checkedInt8(value, acceptsText);
  if (BigInt.asIntN(64, checked) !== checked) throw outOfRange(value, 'int8');
  writer.int64(checked);
}

export function int8Forms({ int8 }: ResolvedTypeOptions): CodecForms {
  const acceptsText = int8 === 'string';
  const fromText = {
    bigint: int8FromText,
    number: (text: string) => {
      const value = int8FromText(text);
      if (!Number.isSafeInteger(Number(value))) throw unsafe(value);
      return Number(value);
    },
    string: (text: string) => String(int8FromText(text)),
  }[int8];
  const fromBinary = {
    bigint: (buffer: Buffer, start: number, end: number): unknown => {
      expectSize(start, end, 8, 'int8');
      return int64At(buffer, start);
    },
    number: int8Number,
    string: (buffer: Buffer, start: number, end: number) => {
      expectSize(start, end, 8, 'int8');
      return String(int64At(buffer, start));
    },
  }[int8];
  return {
    text: { decode: fromText, encode: (value) => String(checkedInt8(value, acceptsText)) },
    binary: {
      decode: fromBinary,
      encode: (writer, value) => encodeInt8(writer, value, acceptsText),
    },
    resultFormat: BINARY,
    argumentFormat: BINARY,
    inline: int8 === 'bigint' ? 'int8' : null,
  };
}

function checkedUint8(value: unknown): bigint {
  if (typeof value !== 'bigint' && !Number.isSafeInteger(value)) {
    throw wrongKind('a bigint or a safe integer', value);
  }
  const checked = BigInt(value as bigint | number);
  if (BigInt.asUintN(64, checked) !== checked) throw outOfRange(value, 'xid8');
  return checked;
}

/** xid8: 64 bits without a sign, always a bigint. */
export const xid8: CodecForms = {
  text: {
    decode(text) {
      const value = INTEGER_TEXT.test(text) ? BigInt(text) : -1n;
      if (BigInt.asUintN(64, value) !== value) throw malformed('xid8', 'its text is no integer');
      return value;
    },
    encode: (value) => String(checkedUint8(value)),
  },
  binary: {
    decode(buffer, start, end) {
      expectSize(start, end, 8, 'xid8');
      return uint64At(buffer, start);
    },
    encode: (writer, value) => writer.int64(BigInt.asIntN(64, checkedUint8(value))),
  },
  resultFormat: BINARY,
  argumentFormat: BINARY,
  inline: null,
};

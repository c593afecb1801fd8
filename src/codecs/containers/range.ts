import type { MessageWriter } from '../../protocol/writer.ts';
import { Range } from '../../values/range.ts';
import { parseRange } from '../../values/range-text.ts';
import { int32At, malformed } from '../bytes.ts';
import type { Codec, CodecForms } from '../codec.ts';
import { BINARY, TEXT } from '../codec.ts';
import { inside } from '../undecodable.ts';
import { nested, Unencodable, wrongKind } from '../unencodable.ts';

/*
 * Ranges of any subtype. In binary: a byte of flags, then the bounds that are not infinite.
 * https://www.postgresql.org/docs/current/rangetypes.html
 */

const EMPTY = 0x01;
const LOWER_INCLUSIVE = 0x02;
const UPPER_INCLUSIVE = 0x04;
const LOWER_INFINITE = 0x08;
const UPPER_INFINITE = 0x10;
const ALL_FLAGS = 0x1f;

/** A Range, or `[lower, upper]`, which both belong to it. */
function checkedRange(value: unknown): Range {
  if (value instanceof Range) return value;
  if (!Array.isArray(value)) throw wrongKind('a Range or [lower, upper]', value);
  if (value.length !== 2) {
    throw new Unencodable(`expected a Range or [lower, upper], got ${value.length} elements`);
  }
  const [lower, upper] = value as [unknown, unknown];
  if (lower === undefined) throw nested(undefinedBound(), '[0]');
  if (upper === undefined) throw nested(undefinedBound(), '[1]');
  return new Range(lower, upper, { lowerInc: true, upperInc: true });
}

function undefinedBound(): Unencodable {
  return new Unencodable('undefined is not a bound; pass null for an infinite one');
}

function encodeBound(writer: MessageWriter, subtype: Codec, bound: unknown, name: string): void {
  const at = writer.reserveLength();
  try {
    if (bound === undefined) throw undefinedBound();
    subtype.binary!.encode(writer, bound);
  } catch (error) {
    throw nested(error, name);
  }
  writer.patchLength(at);
}

function encodeBinary(writer: MessageWriter, subtype: Codec, value: unknown): void {
  const range = checkedRange(value);
  if (range.isEmpty) {
    writer.uint8(EMPTY);
    return;
  }
  const { lower, upper } = range;
  writer.uint8(
    (lower === null ? LOWER_INFINITE : range.lowerInc ? LOWER_INCLUSIVE : 0) |
      (upper === null ? UPPER_INFINITE : range.upperInc ? UPPER_INCLUSIVE : 0),
  );
  if (lower !== null) encodeBound(writer, subtype, lower, '.lower');
  if (upper !== null) encodeBound(writer, subtype, upper, '.upper');
}

/** A bound as it was read. A user's decoder may give undefined, which is none. */
function decoded(bound: unknown): unknown {
  if (bound === undefined) throw malformed('range', 'its bound was decoded as undefined');
  return bound;
}

function decodeBinary(subtype: Codec, buffer: Buffer, start: number, end: number): Range {
  if (start === end) throw malformed('range', 'it is empty');
  const flags = buffer[start]!;
  if ((flags & ~ALL_FLAGS) !== 0) throw malformed('range', `the flags ${flags}`);
  let at = start + 1;
  const bound = (name: string): unknown => {
    if (end - at < 4) throw malformed('range', 'it ends too early');
    const size = int32At(buffer, at);
    const from = at + 4;
    if (size < 0 || size > end - from) throw malformed('range', `a bound has the length ${size}`);
    at = from + size;
    try {
      return decoded(subtype.binary!.decode(buffer, from, at));
    } catch (error) {
      throw inside(error, name);
    }
  };
  const isEmpty = (flags & EMPTY) !== 0;
  const lower = isEmpty || (flags & LOWER_INFINITE) !== 0 ? null : bound('.lower');
  const upper = isEmpty || (flags & UPPER_INFINITE) !== 0 ? null : bound('.upper');
  if (at !== end) throw malformed('range', `${end - at} bytes follow its end`);
  return new Range(lower, upper, {
    lowerInc: (flags & LOWER_INCLUSIVE) !== 0,
    upperInc: (flags & UPPER_INCLUSIVE) !== 0,
    empty: isEmpty,
  });
}

function decodeText(subtype: Codec, text: string): Range {
  let parsed: ReturnType<typeof parseRange>;
  try {
    parsed = parseRange(text);
  } catch {
    throw malformed('range', 'its text is no range');
  }
  if (parsed === null) return Range.empty();
  const { lower, upper, lowerInc, upperInc } = parsed;
  const bound = (given: string | null, name: string): unknown => {
    try {
      return given === null ? null : decoded(subtype.text!.decode(given));
    } catch (error) {
      throw inside(error, name);
    }
  };
  return new Range(bound(lower, '.lower'), bound(upper, '.upper'), { lowerInc, upperInc });
}

function boundText(subtype: Codec, bound: unknown, name: string): string {
  if (bound === null) return '';
  let text: string;
  try {
    if (bound === undefined) throw undefinedBound();
    text = subtype.text!.encode(bound);
  } catch (error) {
    throw nested(error, name);
  }
  return /^[^\s"\\()[\],]+$/.test(text) ? text : `"${text.replace(/["\\]/g, '$&$&')}"`;
}

function encodeText(subtype: Codec, value: unknown): string {
  const range = checkedRange(value);
  if (range.isEmpty) return 'empty';
  const lower = boundText(subtype, range.lower, '.lower');
  const upper = boundText(subtype, range.upper, '.upper');
  return `${range.lowerInc ? '[' : '('}${lower},${upper}${range.upperInc ? ']' : ')'}`;
}

/** The codec of ranges whose bounds `subtype` reads and writes. */
export function rangeForms(subtype: Codec): CodecForms {
  const { text, binary } = subtype;
  return {
    text: text && {
      decode: (given) => decodeText(subtype, given),
      encode: (value) => encodeText(subtype, value),
    },
    binary: binary && {
      decode: (buffer, start, end) => decodeBinary(subtype, buffer, start, end),
      encode: (writer, value) => encodeBinary(writer, subtype, value),
    },
    resultFormat: binary === null ? TEXT : text === null ? BINARY : subtype.resultFormat,
    argumentFormat: binary === null ? TEXT : text === null ? BINARY : subtype.argumentFormat,
    inline: null,
  };
}

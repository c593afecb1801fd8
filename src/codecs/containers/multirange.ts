import type { MessageWriter } from '../../protocol/writer.ts';
import { int32At, malformed } from '../bytes.ts';
import type { Codec, CodecForms } from '../codec.ts';
import { inside } from '../undecodable.ts';
import { nested, wrongKind } from '../unencodable.ts';

/*
 * Multiranges as arrays of Range. In binary: how many ranges, then each with its length.
 * https://www.postgresql.org/docs/current/rangetypes.html
 */

/** The least that a range takes: its length and its flags. */
const MINIMUM_SIZE = 5;

function checked(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw wrongKind('an array of Range', value);
  return value;
}

function encodeBinary(writer: MessageWriter, range: Codec, value: unknown): void {
  const ranges = checked(value);
  writer.int32(ranges.length);
  for (let i = 0; i < ranges.length; i++) {
    const at = writer.reserveLength();
    try {
      range.binary!.encode(writer, ranges[i]);
    } catch (error) {
      throw nested(error, `[${i}]`);
    }
    writer.patchLength(at);
  }
}

function decodeBinary(range: Codec, buffer: Buffer, start: number, end: number): unknown[] {
  const count = end - start < 4 ? -1 : int32At(buffer, start);
  let at = start + 4;
  if (count < 0 || count * MINIMUM_SIZE > end - at)
    throw malformed('multirange', `${count} ranges`);
  const ranges = new Array<unknown>(count);
  for (let i = 0; i < count; i++) {
    const size = end - at < 4 ? -1 : int32At(buffer, at);
    at += 4;
    if (size < 0 || size > end - at)
      throw malformed('multirange', `a range has the length ${size}`);
    try {
      ranges[i] = range.binary!.decode(buffer, at, at + size);
    } catch (error) {
      throw inside(error, i);
    }
    at += size;
  }
  if (at !== end) throw malformed('multirange', `${end - at} bytes follow its end`);
  return ranges;
}

/** A range up to its closing bracket: quoted parts may hold brackets, and `""` is two quotes. */
const ONE_RANGE = /[[(](?:[^"\\\])]|\\.|"(?:[^"\\]|\\.|"")*")*[\])]/sy;

function decodeText(range: Codec, text: string): unknown[] {
  if (text === '{}') return [];
  const ranges: unknown[] = [];
  let at = 0;
  if (text[0] !== '{') throw malformed('multirange', 'its text does not begin with {');
  do {
    at++;
    ONE_RANGE.lastIndex = at;
    const found = ONE_RANGE.exec(text);
    if (found === null) throw malformed('multirange', 'its text holds no range');
    try {
      ranges.push(range.text!.decode(found[0]));
    } catch (error) {
      throw inside(error, ranges.length);
    }
    at += found[0].length;
  } while (text[at] === ',');
  if (text[at] !== '}' || at + 1 !== text.length) {
    throw malformed('multirange', 'its text does not end with }');
  }
  return ranges;
}

function encodeText(range: Codec, value: unknown): string {
  const texts = Array.from(checked(value), (part, i) => {
    try {
      return range.text!.encode(part);
    } catch (error) {
      throw nested(error, `[${i}]`);
    }
  });
  return `{${texts.join(',')}}`;
}

/** The codec of multiranges whose ranges `range` reads and writes. */
export function multirangeForms(range: Codec): CodecForms {
  const { text, binary } = range;
  return {
    text: text && {
      decode: (given) => decodeText(range, given),
      encode: (value) => encodeText(range, value),
    },
    binary: binary && {
      decode: (buffer, start, end) => decodeBinary(range, buffer, start, end),
      encode: (writer, value) => encodeBinary(writer, range, value),
    },
    resultFormat: range.resultFormat,
    argumentFormat: range.argumentFormat,
    inline: null,
  };
}

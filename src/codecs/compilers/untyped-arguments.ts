import type { MessageWriter } from '../../protocol/writer.ts';
import { isWithoutMemory } from '../../runtime/without-memory.ts';
import { isDate, isUint8Array } from '../../values/builtins.ts';
import { BINARY, type Codec, TEXT } from '../codec.ts';
import { printArrayText } from '../containers/array-text.ts';
import { jsonText } from '../types/json-text.ts';
import { timestamptzText } from '../types/timestamp.ts';
import { nested, Unencodable, undefinedValue, withoutMemory, wrongKind } from '../unencodable.ts';
import {
  type ArgumentEncoder,
  argumentPlace,
  type Place,
  unencodable,
  wrongCount,
} from './argument-encoder.ts';
import { putPlain, TEXT_STEP } from './plain-values.ts';

/**
 * Writes arguments by what they are in JavaScript: bytes in binary format, everything else as text, of
 * which the server makes what the parameter's type wants. A string is sent as it is: a number's digits, a
 * JSON document, an array literal.
 *
 * @param print makes the text of a value that is neither bytes nor a string
 */
export function untypedArguments(
  codecs: readonly Codec[],
  print: (value: unknown, codec: Codec) => string = textOf,
): ArgumentEncoder {
  const count = codecs.length;
  const steps = new Uint8Array(count).fill(TEXT_STEP);
  return {
    bind(writer, args, place = argumentPlace) {
      if (args.length !== count) throw wrongCount(count, args, place);
      writeFormats(writer, args);
      writer.uint16(count);
      for (let i = putPlain(writer, steps, args, 0); i < count; ) {
        writeArgument(writer, codecs[i]!, args[i], i, place, print);
        i = putPlain(writer, steps, args, i + 1);
      }
    },
  };
}

/** None at all means text for all. */
function writeFormats(writer: MessageWriter, args: readonly unknown[]): void {
  const { length } = args;
  let i = 0;
  while (i < length && !isUint8Array(args[i])) i += 1;
  if (i === length) {
    writer.uint16(0);
    return;
  }
  writer.uint16(length);
  for (i = 0; i < length; i++) writer.uint16(isUint8Array(args[i]) ? BINARY : TEXT);
}

function writeArgument(
  writer: MessageWriter,
  codec: Codec,
  value: unknown,
  index: number,
  place: Place,
  print: (value: unknown, codec: Codec) => string,
): void {
  const at = writer.reserveLength();
  try {
    if (isUint8Array(value)) writer.bytes(value);
    else writer.utf8(print(value, codec));
    writer.patchLength(at);
  } catch (error) {
    throw unencodable(error, codec, index, place);
  }
}

function textOf(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value);
    case 'bigint':
    case 'boolean':
      return String(value);
    case 'undefined':
      throw undefinedValue();
    case 'object':
      return textOfObject(value!);
    default:
      throw wrongKind('a value', value);
  }
}

function textOfObject(value: object): string {
  if (isDate(value)) return timestamptzText(value);
  if (Array.isArray(value)) return arrayText(value);
  if (isUint8Array(value)) {
    if (isWithoutMemory(value)) throw withoutMemory();
    return `\\x${Buffer.from(value).toString('hex')}`;
  }
  return jsonText(value);
}

function arrayText(value: readonly unknown[]): string {
  const texts: (string | null)[] = [];
  const dimensions: number[] = [];
  flatten(value, 0, dimensions, texts);
  const lowerBounds = dimensions.map(() => 1);
  return printArrayText(texts, { dimensions, lowerBounds }, ',');
}

/** Adds the elements of one level; all parts of a dimension must be of one length. */
function flatten(
  level: readonly unknown[],
  depth: number,
  dimensions: number[],
  texts: (string | null)[],
): void {
  dimensions[depth] ??= level.length;
  if (dimensions[depth] !== level.length) {
    throw new Unencodable(`${level.length} elements, but ${dimensions[depth]} in the parts before`);
  }
  const isInner = Array.isArray(level[0]);
  for (let i = 0; i < level.length; i++) {
    const part = level[i];
    try {
      if (Array.isArray(part) !== isInner) throw wrongKind('arrays of one depth', part);
      if (isInner) flatten(part as readonly unknown[], depth + 1, dimensions, texts);
      else texts.push(part === null ? null : textOf(part));
    } catch (error) {
      throw nested(error, `[${i}]`);
    }
  }
}

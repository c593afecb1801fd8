import { InterfaceError, InvalidArgumentError } from '../../errors/client-errors.ts';
import type { MessageWriter } from '../../protocol/writer.ts';
import { BINARY, type Codec } from '../codec.ts';
import { Unencodable, undefinedValue } from '../unencodable.ts';
import { argumentText } from './argument-text.ts';
import { plainStep, putPlain } from './plain-values.ts';

/** For a habit of other drivers, or a list where one value belongs. */
const HINT_FOR_LIST =
  'Arguments are passed one after the other: fetch(query, a, b). For one of a list write = ANY($1), which takes an array.';

/** Where a value stands, for the error: `query argument $2`, `row 3, column "price"`. */
export type Place = (index: number) => string;

export const argumentPlace: Place = (index) => `query argument $${index + 1}`;

/** Writes the values of one execution. */
export interface ArgumentEncoder {
  /** Writes Bind's parameter formats, their count and the values. */
  bind(writer: MessageWriter, args: readonly unknown[], place?: Place): void;
}

/** Compiles the encoder for a statement's parameters. */
export function compileArgumentEncoder(codecs: readonly Codec[]): ArgumentEncoder {
  const count = codecs.length;
  const formats = encodeFormats(codecs);
  const steps = Uint8Array.from(codecs, plainStep);
  return {
    bind(writer, args, place = argumentPlace) {
      if (args.length !== count) throw wrongCount(count, args, place);
      writer.bytes(formats);
      encodeValues(writer, codecs, steps, args, place);
    },
  };
}

/** The formats of all parameters, then their number: the head of Bind's parameter part. */
function encodeFormats(codecs: readonly Codec[]): Buffer {
  const count = codecs.length;
  const uniform = codecs.every((codec) => codec.argumentFormat === codecs[0]!.argumentFormat);
  const formats = uniform ? codecs.slice(0, 1) : codecs;
  const bytes = Buffer.alloc(2 + formats.length * 2 + 2);
  let at = bytes.writeUInt16BE(formats.length, 0);
  for (const codec of formats) at = bytes.writeUInt16BE(codec.argumentFormat, at);
  bytes.writeUInt16BE(count, at);
  return bytes;
}

/**
 * Writes one value for each codec, with its length, NULL included. `steps` are the codecs'
 * `plainStep`; `place` is for the error.
 */
export function encodeValues(
  writer: MessageWriter,
  codecs: readonly Codec[],
  steps: Uint8Array,
  values: readonly unknown[],
  place: Place,
): void {
  const { length } = codecs;
  for (let i = putPlain(writer, steps, values, 0); i < length; ) {
    encodeValue(writer, codecs[i]!, values[i], i, place);
    i = putPlain(writer, steps, values, i + 1);
  }
}

function encodeValue(
  writer: MessageWriter,
  codec: Codec,
  value: unknown,
  index: number,
  place: Place,
): void {
  const at = writer.reserveLength();
  try {
    if (codec.inline === 'text' && typeof value === 'string') writer.utf8(value);
    else encodeForm(writer, codec, value);
    writer.patchLength(at);
  } catch (error) {
    throw unencodable(error, codec, index, place, value);
  }
}

/** Writes a value in its argument format. `undefined` is never taken for NULL. */
function encodeForm(writer: MessageWriter, codec: Codec, value: unknown): void {
  if (value === undefined) throw undefinedValue();
  if (codec.argumentFormat === BINARY) codec.binary!.encode(writer, value);
  else writer.utf8(argumentText(writer, codec.text!, value));
}

/** The error that names the place and the type of a value which cannot be encoded. */
export function unencodable(
  error: unknown,
  codec: Codec,
  index: number,
  place: Place,
  value?: unknown,
): Error {
  const where = `invalid input for ${place(index)}`;
  if (error instanceof Unencodable) {
    const { cause, refused } = error;
    // A type that takes arrays has another reason, and so has an encoder of the user's.
    const isList = Array.isArray(value) && refused === value && codec.isCustom !== true;
    const hint = isList && place === argumentPlace ? HINT_FOR_LIST : null;
    return new InvalidArgumentError(
      `${where} (${codec.type.name})${error.path === '' ? '' : ` at ${error.path}`}: ${error.message}`,
      {
        ...(cause === undefined ? undefined : { cause }),
        ...(hint === null ? undefined : { hint }),
      },
    );
  }
  if (error instanceof InterfaceError) {
    return new InvalidArgumentError(`${where} (${codec.type.name}): ${error.message}`);
  }
  // A getter, toString or toJSON of the caller's own value threw.
  return new InvalidArgumentError(`${where} (${codec.type.name}): it cannot be read`, {
    cause: error,
  });
}

/** What is said of arguments that are too few or too many. */
export function wrongCount(
  expected: number,
  args: readonly unknown[],
  place: Place = argumentPlace,
): InterfaceError {
  const given = args.length;
  const [first] = args;
  const isList = given === 1 && Array.isArray(first) && first.length === expected;
  const what = given < expected ? `${place(given)} is missing` : `${place(expected)} is too many`;
  return new InterfaceError(
    `the server expects ${expected} argument${expected === 1 ? '' : 's'} for this query, ${given} ${given === 1 ? 'was' : 'were'} passed: ${what}`,
    {
      hint: isList
        ? 'Arguments are passed one after the other, not as an array: fetch(query, ...args).'
        : 'Check the query against the passed list of arguments.',
      safeToRetry: true,
    },
  );
}

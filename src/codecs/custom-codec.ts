import { DecodeError, InterfaceError } from '../errors/client-errors.ts';
import { MessageWriter } from '../protocol/writer.ts';
import { isArrayBuffer, isUint8Array } from '../values/builtins.ts';
import { JsonDocument } from '../values/json-document.ts';
import { messageOf } from '../values/message-of.ts';
import { type Row, rowValues } from '../values/row.ts';
import type { TypeCodec } from '../values/type-codec.ts';
import type { BinaryForm, Codec, CodecForms, PgType, TextForm } from './codec.ts';
import { BINARY, TEXT } from './codec.ts';
import { tupleFormOf } from './containers/tuple-forms.ts';
import { noDecoder, noEncoder } from './one-way.ts';
import type { TypeDescription } from './type-description.ts';
import { Unencodable, wrongKind } from './unencodable.ts';

type Encoder = (value: unknown) => unknown;
type Decoder = (value: unknown) => unknown;

const SCRATCH_SIZE = 256;

/** Refuses what setTypeCodec cannot do. */
export function checkTypeCodec(type: TypeDescription, codec: TypeCodec): void {
  const name = `${type.schema}.${type.name}`;
  const { format = 'text', encoder, decoder } = codec;
  if (format !== 'text' && format !== 'binary' && format !== 'tuple') {
    throw new InterfaceError(
      `invalid codec format for type ${name}: it must be "text", "binary" or "tuple"`,
    );
  }
  for (const [key, given] of Object.entries({ encoder, decoder })) {
    if (given !== undefined && typeof given !== 'function') {
      throw new InterfaceError(`the ${key} for type ${name} must be a function`);
    }
  }
  if (encoder === undefined && decoder === undefined) {
    throw new InterfaceError(`a codec for type ${name} needs an encoder, a decoder or both`);
  }
  checkCustomizable(type);
  const hasTuple = type.attributes !== null || isBuiltinTuple(type);
  if (format === 'tuple' && !hasTuple) {
    throw new InterfaceError(`the tuple format is not supported for type ${name}`, {
      hint: 'It is for composite types, date, time, timetz, timestamp, timestamptz and interval.',
    });
  }
}

const CUSTOMIZABLE = 'bcde';

/**
 * Only scalars, domains and composites have custom codecs: arrays and others use those of their parts.
 */
export function checkCustomizable({ schema, name, typtype, element }: TypeDescription): void {
  if (element === 0 && CUSTOMIZABLE.includes(typtype)) return;
  throw new InterfaceError(
    `cannot use a custom codec on type ${schema}.${name}: it is neither a scalar type nor a composite type`,
    { hint: 'Set the codec of the type that it is made of.' },
  );
}

function isBuiltinTuple(type: TypeDescription): boolean {
  return type.schema === 'pg_catalog' && tupleFormOf(type.name) !== undefined;
}

/**
 * The forms of a type with the user's codec. `base` is what a domain is made of, else the type; `plain` is the codec
 * without it. The user's functions
 * take and give one of the two formats. Binary COPY or a container may need the other one; `exact`,
 * which loses nothing between text and binary, converts.
 */
export function customForms(
  type: PgType,
  base: TypeDescription,
  given: TypeCodec,
  plain: CodecForms,
  exact: CodecForms,
): CodecForms {
  const codec = withDocuments(base, given, exact);
  switch (codec.format ?? 'text') {
    case 'text':
      return joined(TEXT, codec, plain, textForms(type, codec, exact));
    case 'binary':
      return joined(BINARY, codec, plain, binaryForms(type, codec, exact));
    default:
      return type.kind === 'composite'
        ? joined(plain.resultFormat, codec, plain, fieldForms(type, codec, plain))
        : joined(BINARY, codec, plain, tupleForms(type, codec, exact));
  }
}

/** Another type's codec for the text of a type, whose binary form is not that type's. */
export function formsByText(
  type: PgType,
  other: CodecForms,
  plain: CodecForms,
  exact: CodecForms,
): CodecForms {
  if (other.text === null) return other;
  const { encode, decode } = other.text;
  const codec = { encoder: encode, decoder: decode } as TypeCodec;
  return joined(TEXT, codec, plain, textForms(type, codec, exact));
}

interface Forms {
  readonly text: TextForm | null;
  readonly binary: BinaryForm | null;
}

/** Decoding and encoding from `custom` where the user has given a function, else from `plain`. */
function joined(
  format: Codec['resultFormat'],
  { encoder, decoder }: TypeCodec,
  plain: CodecForms,
  custom: Forms,
): CodecForms {
  const decoding = decoder === undefined ? plain : custom;
  const encoding = encoder === undefined ? plain : custom;
  return {
    text: joinedForm(decoding.text, encoding.text),
    binary: joinedForm(decoding.binary, encoding.binary),
    resultFormat: decoder === undefined ? plain.resultFormat : format,
    argumentFormat: encoder === undefined ? plain.argumentFormat : format,
    inline: null,
    ...(decoder === undefined && plain.toPlain && { toPlain: plain.toPlain }),
  };
}

type AnyForm<F> = F extends { decode: infer D; encode: infer E } ? { decode: D; encode: E } : never;

function joinedForm<F extends TextForm | BinaryForm>(
  decoding: F | null,
  encoding: F | null,
): AnyForm<F> | null {
  if (decoding === null && encoding === null) return null;
  return {
    decode: decoding?.decode ?? noDecoder,
    encode: encoding?.encode ?? noEncoder,
  } as AnyForm<F>;
}

/**
 * What `sql.json` makes is not for the user's encoder: of JSON it is given what a document is made of, as its
 * decoder will read it again, of what else takes one its text. Other types refuse it, as without the codec.
 */
function withDocuments(
  { schema, name, attributes }: TypeDescription,
  codec: TypeCodec,
  { text }: CodecForms,
): TypeCodec {
  const { encoder } = codec;
  if (encoder === undefined) return codec;
  const isJson = schema === 'pg_catalog' && /^jsonb?$/.test(name);
  const plainOf = (document: JsonDocument): unknown => {
    if (isJson) return document.value;
    if (text === null || attributes !== null)
      throw new Unencodable('a JSON document is not for this type');
    return text.encode(document);
  };
  return {
    ...codec,
    encoder: (value) => encoder(value instanceof JsonDocument ? plainOf(value) : value),
  };
}

/** The user's encoder. An error that it throws becomes the cause of one that names the type. */
function encoderOf(type: PgType, { encoder }: TypeCodec): Encoder {
  return (value) => {
    try {
      return encoder!(value);
    } catch (cause) {
      if (cause instanceof Unencodable) throw cause;
      throw new Unencodable(`the encoder of ${type.name} failed: ${messageOf(cause)}`, { cause });
    }
  };
}

/** The user's decoder. What it throws becomes the cause of a DecodeError: the session goes on. */
function decoderOf(type: PgType, { decoder }: TypeCodec): Decoder {
  return (value) => {
    try {
      return decoder!(value);
    } catch (cause) {
      throw new DecodeError(`the decoder of ${type.name} failed: ${messageOf(cause)}`, { cause });
    }
  };
}

function textForms(type: PgType, custom: TypeCodec, exact: CodecForms): Forms {
  const encoder = encoderOf(type, custom);
  const encode = (value: unknown): string => {
    const text = encoder(value);
    if (typeof text !== 'string') {
      throw wrongKind(`the encoder of ${type.name} to return a string`, text);
    }
    return text;
  };
  const decode = decoderOf(type, custom);
  const { text, binary } = exact;
  return {
    text: { decode, encode },
    binary:
      text === null || binary === null
        ? null
        : {
            decode: (buffer, start, end) => decode(text.encode(binary.decode(buffer, start, end))),
            encode: (writer, value) => binary.encode(writer, readBack(type, text, encode(value))),
          },
  };
}

/** Reads the text that an encoder has returned, where its binary form must be sent. */
function readBack({ name }: PgType, text: TextForm, given: string): unknown {
  try {
    return text.decode(given);
  } catch (cause) {
    throw new Unencodable(
      `the encoder of ${name} returned a text that only PostgreSQL can read, where its binary form is needed`,
      { cause },
    );
  }
}

function binaryForms(type: PgType, custom: TypeCodec, exact: CodecForms): Forms {
  const encoder = encoderOf(type, custom);
  const encode = (value: unknown): Uint8Array => {
    const bytes = encoder(value);
    if (isUint8Array(bytes)) return bytes;
    if (isArrayBuffer(bytes)) return new Uint8Array(bytes);
    throw wrongKind(`the encoder of ${type.name} to return a Buffer`, bytes);
  };
  const decode = decoderOf(type, custom);
  return withText(exact, {
    decode: (buffer, start, end) => decode(Buffer.from(buffer.subarray(start, end))),
    encode: (writer, value) => writer.bytes(encode(value)),
  });
}

function tupleForms(type: PgType, custom: TypeCodec, exact: CodecForms): Forms {
  const encoder = encoderOf(type, custom);
  const decode = decoderOf(type, custom);
  const tuple = tupleFormOf(type.name)!;
  return withText(exact, {
    decode: (buffer, start, end) => decode(tuple.decode(buffer, start, end)),
    encode: (writer, value) => tuple.encode(writer, encoder(value)),
  });
}

/** Adds the text form that `exact` makes of a binary form. */
function withText({ text, binary }: CodecForms, form: BinaryForm): Forms {
  if (text === null || binary === null) return { text: null, binary: form };
  return {
    text: {
      decode(given) {
        const writer = new MessageWriter(SCRATCH_SIZE);
        binary.encode(writer, text.decode(given));
        return form.decode(writer.buffer, 0, writer.offset);
      },
      encode(value) {
        const writer = new MessageWriter(SCRATCH_SIZE);
        form.encode(writer, value);
        return text.encode(binary.decode(writer.buffer, 0, writer.offset));
      },
    },
    binary: form,
  };
}

/** A composite's tuple has its fields, each as its own codec reads and writes it. */
function fieldForms(type: PgType, custom: TypeCodec, plain: CodecForms): Forms {
  const encoder = encoderOf(type, custom);
  const { text, binary } = plain;
  const decoder = decoderOf(type, custom);
  const decode = (row: unknown): unknown => decoder(rowValues(row as Row));
  const encode = (value: unknown): unknown[] => {
    const tuple = encoder(value);
    if (!Array.isArray(tuple))
      throw wrongKind(`the encoder of ${type.name} to return an array`, tuple);
    return tuple;
  };
  return {
    text: text && {
      decode: (given) => decode(text.decode(given)),
      encode: (value) => text.encode(encode(value)),
    },
    binary: binary && {
      decode: (buffer, start, end) => decode(binary.decode(buffer, start, end)),
      encode: (writer, value) => binary.encode(writer, encode(value)),
    },
  };
}

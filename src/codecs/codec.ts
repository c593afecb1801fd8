import type { MessageWriter } from '../protocol/writer.ts';

/** The kinds of PostgreSQL types, as `PgType.kind` tells them. */
export type TypeKind =
  | 'scalar'
  | 'array'
  | 'composite'
  | 'range'
  | 'multirange'
  | 'enum'
  | 'domain';

/** A PostgreSQL type as users see it. Arrays are named after their element: `int4[]`. */
export interface PgType {
  /** The object id of its row in pg_type. */
  readonly oid: number;
  /** Its name as in pg_type; an array is named after its element. */
  readonly name: string;
  /** What kind of type it is. */
  readonly kind: TypeKind;
  /** The schema that it is in. */
  readonly schema: string;
}

/** A type's text representation: what `::text` gives and what the input function takes. */
export interface TextForm {
  decode(text: string): unknown;
  encode(value: unknown): string;
}

/** A type's binary representation: what its send function gives and its receive function takes. */
export interface BinaryForm {
  /**
   * Decodes `buffer[start, end)`. The bounds lie inside the buffer. The value must not alias
   * it. Throws DecodeError on malformed bytes, in bounded time and memory.
   */
  decode(buffer: Buffer, start: number, end: number): unknown;
  /** Writes the value's bytes, without its length. Throws `Unencodable` for a bad value. */
  encode(writer: MessageWriter, value: unknown): void;
}

/** The wire's format codes. */
export const TEXT = 0;
export const BINARY = 1;
export type Format = typeof TEXT | typeof BINARY;

/**
 * What compiled row decoders and argument encoders inline instead of calling the form:
 * the named shape is exactly what `binary` (or for `text`, the text form) would do.
 */
export type InlineKind =
  | 'bool'
  | 'int2'
  | 'int4'
  | 'uint4'
  | 'int8'
  | 'float4'
  | 'float8'
  | 'text'
  | 'bytea'
  | 'json'
  | 'timestamp';

/** How one PostgreSQL type becomes a JavaScript value and back. NULL never reaches a codec. */
export interface Codec {
  readonly type: PgType;
  readonly text: TextForm | null;
  readonly binary: BinaryForm | null;
  /** The format asked for in results: the cheaper one to decode. */
  readonly resultFormat: Format;
  /** The format in which arguments are sent. */
  readonly argumentFormat: Format;
  /** A shortcut that compilers may take for decoding in `resultFormat`. */
  readonly inline: InlineKind | null;
  /** The server does not read the binary form of every value: some must be sent as text. */
  readonly hasTextOnlyValues?: boolean;
  /** A codec that the user has set has a part in it. */
  readonly isCustom?: boolean;
  /** It is an array, or has one in it. */
  readonly hasArrays?: boolean;
  /** The names of a composite type's fields, in their order. */
  readonly fieldNames?: readonly string[];
  /** Makes plain objects of the Rows in a value: what rows that are plain objects or arrays have in them. */
  readonly toPlain?: (value: unknown) => unknown;
}

/** What a family file exports: a codec but for the type it is paired with. */
export type CodecForms = Omit<Codec, 'type' | 'isCustom' | 'hasArrays'>;

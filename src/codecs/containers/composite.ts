import { OutdatedSchemaCacheError } from '../../errors/client-errors.ts';
import type { MessageWriter } from '../../protocol/writer.ts';
import { isPlainObject } from '../../values/kind-of.ts';
import { isRow, type Row, type RowShape, rowNames, rowShape, rowValues } from '../../values/row.ts';
import { int32At, malformed, uint32At } from '../bytes.ts';
import type { Codec, CodecForms } from '../codec.ts';
import { BINARY, TEXT } from '../codec.ts';
import { canDecode } from '../one-way.ts';
import { inside } from '../undecodable.ts';
import { nested, Unencodable, undefinedValue, wrongKind } from '../unencodable.ts';
import { parseCompositeText, printCompositeText } from './composite-text.ts';
import { toPlain } from './plain-fields.ts';

/*
 * Values of composite types as Rows. In binary: how many fields, then each with its type's
 * OID and its length. https://www.postgresql.org/docs/current/rowtypes.html
 */

/** What a field takes at least: its type and its length. */
export const MINIMUM_FIELD = 8;

/** A composite type: its name and its fields in order. */
export interface CompositeType {
  readonly name: string;
  readonly names: readonly string[];
  readonly codecs: readonly Codec[];
}

function outdated({ name }: CompositeType): OutdatedSchemaCacheError {
  return new OutdatedSchemaCacheError(`the composite type ${name} has changed on the server`, {
    hint: 'Its description is read again; the next call is right.',
  });
}

const EXPECTED = 'an object, a Row or an array of fields';

/** The fields of an argument, in the type's order. */
function fieldsOf(type: CompositeType, value: unknown): readonly unknown[] {
  const { names } = type;
  if (Array.isArray(value)) {
    if (value.length !== names.length) {
      throw new Unencodable(`expected ${names.length} fields, got ${value.length}`);
    }
    return value;
  }
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) {
    throw wrongKind(EXPECTED, value);
  }
  return isRow(value) ? fieldsOfRow(type, value) : fieldsOfObject(type, value);
}

function fieldsOfRow(type: CompositeType, row: Row): readonly unknown[] {
  const given = rowNames(row);
  // Its columns may be other ones by now: it is an object like any other.
  if (!hasItsColumns(row, given)) return fieldsOfObject(type, row);
  const values = rowValues(row);
  const { names } = type;
  if (given === names) return values;
  refuseOthers(type, given);
  return names.map((name) => {
    const at = given.lastIndexOf(name);
    return at < 0 ? null : values[at];
  });
}

/** Whether nobody has added properties to a row, or deleted some. */
function hasItsColumns(row: Row, names: readonly string[]): boolean {
  const keys = Object.keys(row);
  if (keys.length === names.length && keys.every((key, i) => key === names[i])) return true;
  // Two columns of one name are one property, and names that are numbers come first.
  const distinct = new Set(names);
  return keys.length === distinct.size && keys.every((key) => distinct.has(key));
}

function fieldsOfObject(type: CompositeType, value: object): readonly unknown[] {
  refuseOthers(type, Object.keys(value));
  // What a row inherits are its positions and its length.
  const isOwnOnly = isRow(value);
  let found = isOwnOnly || isPlainObject(value);
  const fields = type.names.map((name) => {
    // Getters of a class count as fields, what every object inherits does not.
    const isThere =
      Object.hasOwn(value, name) || (!isOwnOnly && name in value && !(name in Object.prototype));
    if (!isThere) return null;
    found = true;
    return Reflect.get(value, name) as unknown;
  });
  // A Map, a Date or a Promise has no such field: it was passed by mistake.
  if (!found) throw wrongKind(EXPECTED, value);
  return fields;
}

function refuseOthers({ name, names }: CompositeType, given: readonly string[]): void {
  for (const field of given) {
    if (!names.includes(field)) {
      throw new Unencodable(`the type ${name} has no field ${JSON.stringify(field)}`);
    }
  }
}

function fieldPath(type: CompositeType, i: number): string {
  const name = type.names[i]!;
  return /^[A-Za-z_]\w*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}

function encodeBinary(writer: MessageWriter, type: CompositeType, value: unknown): void {
  const fields = fieldsOf(type, value);
  writer.int32(fields.length);
  for (let i = 0; i < fields.length; i++) {
    const codec = type.codecs[i]!;
    const field = fields[i];
    writer.uint32(codec.type.oid);
    if (field === null) {
      writer.int32(-1);
      continue;
    }
    const at = writer.reserveLength();
    try {
      if (field === undefined) throw undefinedValue();
      codec.binary!.encode(writer, field);
    } catch (error) {
      throw nested(error, fieldPath(type, i));
    }
    writer.patchLength(at);
  }
}

function decodeBinary(
  type: CompositeType,
  shape: RowShape,
  buffer: Buffer,
  start: number,
  end: number,
): Row {
  const { codecs } = type;
  let at = fieldsStart(buffer, start, end);
  if (int32At(buffer, start) !== codecs.length) throw outdated(type);
  const values = new Array<unknown>(codecs.length);
  for (let i = 0; i < codecs.length; i++) {
    const size = fieldSize(buffer, at, end);
    const codec = codecs[i]!;
    if (uint32At(buffer, at) !== codec.type.oid) throw outdated(type);
    at += MINIMUM_FIELD;
    if (size < 0) {
      values[i] = null;
    } else {
      try {
        values[i] = codec.binary!.decode(buffer, at, at + size);
      } catch (error) {
        throw inside(error, fieldPath(type, i));
      }
      at += size;
    }
  }
  if (at !== end) throw malformed('composite', `${end - at} bytes follow its end`);
  return shape.make(values);
}

/** Where the fields begin, their number being checked against the bytes there are. */
export function fieldsStart(buffer: Buffer, start: number, end: number): number {
  const count = end - start < 4 ? -1 : int32At(buffer, start);
  if (count < 0 || count * MINIMUM_FIELD > end - start - 4) {
    throw malformed('composite', `${count} fields in ${end - start} bytes`);
  }
  return start + 4;
}

/** The length of the field whose head is at `at`: -1 for NULL, else it lies before `end`. */
export function fieldSize(buffer: Buffer, at: number, end: number): number {
  if (end - at < MINIMUM_FIELD) throw malformed('composite', 'it ends too early');
  const size = int32At(buffer, at + 4);
  if (size < -1 || size > end - at - MINIMUM_FIELD) {
    throw malformed('composite', `a field has the length ${size}`);
  }
  return size;
}

function decodeText(type: CompositeType, shape: RowShape, text: string): Row {
  const fields = parseCompositeText(text);
  const { codecs } = type;
  // The text of no field and that of one field which is NULL are the same.
  if (fields.length === 0 && codecs.length === 1) fields.push(null);
  if (fields.length !== codecs.length) throw outdated(type);
  return shape.make(
    fields.map((field, i) => {
      try {
        return field === null ? null : codecs[i]!.text!.decode(field);
      } catch (error) {
        throw inside(error, fieldPath(type, i));
      }
    }),
  );
}

function encodeText(type: CompositeType, value: unknown): string {
  const texts = Array.from(fieldsOf(type, value), (field, i) => {
    try {
      if (field === undefined) throw undefinedValue();
      return field === null ? null : type.codecs[i]!.text!.encode(field);
    } catch (error) {
      throw nested(error, fieldPath(type, i));
    }
  });
  return printCompositeText(texts);
}

/** The codec of a composite type. It has a form if all its fields have it. */
export function compositeForms(type: CompositeType): CodecForms {
  const shape = rowShape(type.names);
  const ownType: CompositeType = { ...type, names: shape.names };
  const hasBinary = type.codecs.every((codec) => codec.binary !== null);
  const hasText = type.codecs.every((codec) => codec.text !== null);
  const readsBinary = type.codecs.every((codec) => canDecode(codec.binary));
  const prefersText = type.codecs.some((codec) => codec.argumentFormat === TEXT);
  return {
    text: hasText
      ? {
          decode: (text) => decodeText(ownType, shape, text),
          encode: (value) => encodeText(ownType, value),
        }
      : null,
    binary: hasBinary
      ? {
          decode: (buffer, start, end) => decodeBinary(ownType, shape, buffer, start, end),
          encode: (writer, value) => encodeBinary(writer, ownType, value),
        }
      : null,
    resultFormat: readsBinary || !hasText ? BINARY : TEXT,
    argumentFormat: hasBinary && !(hasText && prefersText) ? BINARY : TEXT,
    inline: null,
    fieldNames: ownType.names,
    toPlain,
  };
}

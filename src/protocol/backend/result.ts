/**
 * The answers of a statement: what it takes, what it returns, its rows and its end. A session
 * decodes DataRow in place; `readDataRow` is the plain form.
 *
 * PostgreSQL manual, sections 54.2.3 "Extended Query" and 54.7.
 */
import { type FormatCode, formatCode } from '../format.ts';
import { Backend } from '../message-type.ts';
import type { MessageReader } from '../reader.ts';
import type { MessageWriter } from '../writer.ts';

/** A column of a result. */
export interface FieldDescription {
  readonly name: string;
  /** The table that the column comes from, else 0. */
  readonly tableOid: number;
  /** The column's number in that table, negative for a system column, else 0. */
  readonly columnNumber: number;
  readonly typeOid: number;
  /** Bytes, or negative for a type of variable width. */
  readonly typeSize: number;
  /** What the type makes of it, e.g. the 10 and the 2 of numeric(10,2); -1 for nothing. */
  readonly typeModifier: number;
  readonly format: FormatCode;
}

/** A name's NUL and 18 bytes of numbers. */
const MIN_FIELD_DESCRIPTION = 19;

/** Reads a RowDescription. */
export function readRowDescription(reader: MessageReader): FieldDescription[] {
  const count = reader.count(MIN_FIELD_DESCRIPTION);
  const fields: FieldDescription[] = [];
  for (let i = 0; i < count; i++) {
    fields.push({
      name: reader.cstring(),
      tableOid: reader.uint32(),
      columnNumber: reader.int16(),
      typeOid: reader.uint32(),
      typeSize: reader.int16(),
      typeModifier: reader.int32(),
      format: formatCode(reader, reader.int16()),
    });
  }
  reader.finish('RowDescription');
  return fields;
}

/** Writes a RowDescription. */
export function writeRowDescription(
  writer: MessageWriter,
  fields: readonly FieldDescription[],
): void {
  writer.begin(Backend.RowDescription);
  writer.uint16(fields.length);
  for (const field of fields) {
    writer.cstring(field.name, 'the name of a column');
    writer.uint32(field.tableOid);
    writer.int16(field.columnNumber);
    writer.uint32(field.typeOid);
    writer.int16(field.typeSize);
    writer.int32(field.typeModifier);
    writer.int16(field.format);
  }
  writer.end();
}

/** Reads a ParameterDescription: the OID of each parameter's type. */
export function readParameterDescription(reader: MessageReader): number[] {
  const count = reader.count(4);
  const oids: number[] = [];
  for (let i = 0; i < count; i++) oids.push(reader.uint32());
  reader.finish('ParameterDescription');
  return oids;
}

/** Writes a ParameterDescription. */
export function writeParameterDescription(writer: MessageWriter, oids: readonly number[]): void {
  writer.begin(Backend.ParameterDescription);
  writer.uint16(oids.length);
  for (const oid of oids) writer.uint32(oid);
  writer.end();
}

/** Reads a DataRow: a copy of each value's bytes, null for NULL. */
export function readDataRow(reader: MessageReader): (Buffer | null)[] {
  const count = reader.count(4);
  const values: (Buffer | null)[] = [];
  for (let i = 0; i < count; i++) {
    const length = reader.int32();
    values.push(length === -1 ? null : reader.bytes(length));
  }
  reader.finish('DataRow');
  return values;
}

/** Writes a DataRow. */
export function writeDataRow(writer: MessageWriter, values: readonly (Uint8Array | null)[]): void {
  writer.begin(Backend.DataRow);
  writer.uint16(values.length);
  for (const value of values) {
    if (value === null) {
      writer.int32(-1);
    } else {
      writer.int32(value.length);
      writer.bytes(value);
    }
  }
  writer.end();
}

/** Command tags that were read: the same few come again and again. */
const tags: string[] = Array.from({ length: 32 }, () => '');

/** Reads a CommandComplete: the command tag, e.g. `INSERT 0 3`. */
export function readCommandComplete(reader: MessageReader): string {
  const tag = reader.familiarCstring(tags);
  reader.finish('CommandComplete');
  return tag;
}

/** Writes a CommandComplete. */
export function writeCommandComplete(writer: MessageWriter, tag: string): void {
  writer.begin(Backend.CommandComplete);
  writer.cstring(tag, 'a command tag');
  writer.end();
}

/** Writes a ParseComplete. */
export function writeParseComplete(writer: MessageWriter): void {
  writeBare(writer, Backend.ParseComplete);
}

/** Writes a BindComplete. */
export function writeBindComplete(writer: MessageWriter): void {
  writeBare(writer, Backend.BindComplete);
}

/** Writes a CloseComplete. */
export function writeCloseComplete(writer: MessageWriter): void {
  writeBare(writer, Backend.CloseComplete);
}

/** Writes a NoData: the statement returns no rows. */
export function writeNoData(writer: MessageWriter): void {
  writeBare(writer, Backend.NoData);
}

/** Writes a PortalSuspended: Execute's limit was reached. */
export function writePortalSuspended(writer: MessageWriter): void {
  writeBare(writer, Backend.PortalSuspended);
}

/** Writes an EmptyQueryResponse: in place of CommandComplete when there was no statement. */
export function writeEmptyQueryResponse(writer: MessageWriter): void {
  writeBare(writer, Backend.EmptyQueryResponse);
}

/** A message that is its type and nothing else. To read one is `reader.finish(name)`. */
function writeBare(writer: MessageWriter, type: number): void {
  writer.begin(type);
  writer.end();
}

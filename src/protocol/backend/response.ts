/**
 * ErrorResponse and NoticeResponse.
 *
 * PostgreSQL manual, section 54.8 "Error and Notice Message Fields".
 */
import type { ServerMessageFields } from '../../errors/postgres-error.ts';
import { Backend } from '../message-type.ts';
import type { MessageReader } from '../reader.ts';
import type { MessageWriter } from '../writer.ts';

/** No field is kept beyond this many bytes: errors are held, copied and logged. */
const MAX_FIELD_BYTES = 1024 * 1024;

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
type FieldName = keyof ServerMessageFields;

/** The text fields by their codes. Severity has two, and positions are numbers. */
const TEXT_FIELDS = {
  67: 'sqlstate', // 'C'
  77: 'message', // 'M'
  68: 'detail', // 'D'
  72: 'hint', // 'H'
  113: 'internalQuery', // 'q'
  87: 'context', // 'W'
  115: 'schemaName', // 's'
  116: 'tableName', // 't'
  99: 'columnName', // 'c'
  100: 'dataTypeName', // 'd'
  110: 'constraintName', // 'n'
  70: 'serverSourceFilename', // 'F'
  76: 'serverSourceLine', // 'L'
  82: 'serverSourceFunction', // 'R'
} as const satisfies Record<number, FieldName>;

type TextFields = Readonly<Record<number, (typeof TEXT_FIELDS)[keyof typeof TEXT_FIELDS]>>;

const LOCALIZED_SEVERITY = 0x53; // 'S'
const SEVERITY = 0x56; // 'V', from PostgreSQL 9.6 on: never localized
const POSITION = 0x50; // 'P'
const INTERNAL_POSITION = 0x70; // 'p'

/** Reads an ErrorResponse. Of a field sent twice the last counts; unknown ones are dropped. */
export function readErrorResponse(reader: MessageReader): ServerMessageFields {
  return readFields(reader, 'ErrorResponse');
}

/** Reads a NoticeResponse, which has the form of an ErrorResponse. */
export function readNoticeResponse(reader: MessageReader): ServerMessageFields {
  return readFields(reader, 'NoticeResponse');
}

function readFields(reader: MessageReader, message: string): ServerMessageFields {
  const fields: Mutable<ServerMessageFields> = {
    severity: null,
    sqlstate: null,
    message: null,
    detail: null,
    hint: null,
    position: null,
    internalPosition: null,
    internalQuery: null,
    context: null,
    schemaName: null,
    tableName: null,
    columnName: null,
    dataTypeName: null,
    constraintName: null,
    serverSourceFilename: null,
    serverSourceLine: null,
    serverSourceFunction: null,
  };
  let localizedSeverity: string | null = null;
  for (let code = reader.uint8(); code !== 0; code = reader.uint8()) {
    const value = reader.cstring(MAX_FIELD_BYTES);
    switch (code) {
      case SEVERITY:
        fields.severity = value;
        break;
      case LOCALIZED_SEVERITY:
        localizedSeverity = value;
        break;
      case POSITION:
        fields.position = positionFrom(value);
        break;
      case INTERNAL_POSITION:
        fields.internalPosition = positionFrom(value);
        break;
      default: {
        const name = (TEXT_FIELDS as TextFields)[code];
        if (name !== undefined) fields[name] = value;
      }
    }
  }
  fields.severity ??= localizedSeverity;
  reader.finish(message);
  return fields;
}

/** A position that is no number is dropped: the error that it belongs to matters more. */
function positionFrom(text: string): number | null {
  return /^[0-9]{1,10}$/.test(text) ? Number(text) : null;
}

/** Writes an ErrorResponse of the fields that are neither absent nor null. */
export function writeErrorResponse(
  writer: MessageWriter,
  fields: Partial<ServerMessageFields>,
): void {
  writeFields(writer, Backend.ErrorResponse, fields);
}

/** Writes a NoticeResponse of the fields that are neither absent nor null. */
export function writeNoticeResponse(
  writer: MessageWriter,
  fields: Partial<ServerMessageFields>,
): void {
  writeFields(writer, Backend.NoticeResponse, fields);
}

function writeFields(
  writer: MessageWriter,
  type: number,
  fields: Partial<ServerMessageFields>,
): void {
  writer.begin(type);
  writeField(writer, LOCALIZED_SEVERITY, fields.severity);
  writeField(writer, SEVERITY, fields.severity);
  for (const [code, name] of Object.entries(TEXT_FIELDS)) {
    writeField(writer, Number(code), fields[name]);
  }
  writeField(writer, POSITION, fields.position);
  writeField(writer, INTERNAL_POSITION, fields.internalPosition);
  writer.uint8(0);
  writer.end();
}

function writeField(
  writer: MessageWriter,
  code: number,
  value: string | number | null | undefined,
): void {
  if (value === null || value === undefined) return;
  writer.uint8(code);
  writer.cstring(String(value), 'a field of an error');
}

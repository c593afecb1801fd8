/**
 * The messages of COPY. CopyData and CopyDone are the same in both directions.
 *
 * PostgreSQL manual, section 54.2.6 "COPY Operations".
 */
import { type FormatCode, formatCode, readFormatCodes } from './format.ts';
import { Backend, Frontend } from './message-type.ts';
import type { MessageReader } from './reader.ts';
import type { MessageWriter } from './writer.ts';

/** CopyData: a part of the stream. From a client it may be cut anywhere. */
export function writeCopyData(writer: MessageWriter, data: Uint8Array): void {
  writer.begin(Frontend.CopyData);
  writer.bytes(data);
  writer.end();
}

/** Reads a CopyData. */
export function readCopyData(reader: MessageReader): Buffer {
  const data = reader.rest();
  reader.finish('CopyData');
  return data;
}

/** CopyDone: the stream is complete. */
export function writeCopyDone(writer: MessageWriter): void {
  writer.begin(Frontend.CopyDone);
  writer.end();
}

/** CopyFail: the client gives up; the server fails the COPY with this reason. */
export function writeCopyFail(writer: MessageWriter, reason: string): void {
  writer.begin(Frontend.CopyFail);
  writer.cstring(reason, 'the reason of a failed COPY');
  writer.end();
}

/** Reads a CopyFail. */
export function readCopyFail(reader: MessageReader): string {
  const reason = reader.cstring();
  reader.finish('CopyFail');
  return reason;
}

/** How the data of a COPY is written: on the whole and for each column. */
export interface CopyResponse {
  readonly format: FormatCode;
  readonly columnFormats: readonly FormatCode[];
}

/** CopyInResponse: the server waits for data. */
export function writeCopyInResponse(writer: MessageWriter, response: CopyResponse): void {
  writeCopyResponse(writer, Backend.CopyInResponse, response);
}

/** Reads a CopyInResponse. */
export function readCopyInResponse(reader: MessageReader): CopyResponse {
  return readCopyResponse(reader, 'CopyInResponse');
}

/** CopyOutResponse: the server will send data. */
export function writeCopyOutResponse(writer: MessageWriter, response: CopyResponse): void {
  writeCopyResponse(writer, Backend.CopyOutResponse, response);
}

/** Reads a CopyOutResponse. */
export function readCopyOutResponse(reader: MessageReader): CopyResponse {
  return readCopyResponse(reader, 'CopyOutResponse');
}

/** CopyBothResponse: data in both directions, for replication only. */
export function writeCopyBothResponse(writer: MessageWriter, response: CopyResponse): void {
  writeCopyResponse(writer, Backend.CopyBothResponse, response);
}

/** Reads a CopyBothResponse. */
export function readCopyBothResponse(reader: MessageReader): CopyResponse {
  return readCopyResponse(reader, 'CopyBothResponse');
}

function writeCopyResponse(writer: MessageWriter, type: number, response: CopyResponse): void {
  writer.begin(type);
  writer.uint8(response.format);
  writer.uint16(response.columnFormats.length);
  for (const format of response.columnFormats) writer.int16(format);
  writer.end();
}

function readCopyResponse(reader: MessageReader, message: string): CopyResponse {
  const format = formatCode(reader, reader.uint8());
  const columnFormats = readFormatCodes(reader);
  reader.finish(message);
  return { format, columnFormats };
}

/**
 * The messages of the simple and the extended query protocol, and Terminate. What a session
 * sends a million times, Bind above all, it builds itself; these are the plain forms.
 *
 * PostgreSQL manual, sections 54.2.2 "Simple Query" and 54.2.3 "Extended Query".
 */
import { InvalidArgumentError } from '../../errors/client-errors.ts';
import { type FormatCode, readFormatCodes } from '../format.ts';
import { Frontend } from '../message-type.ts';
import type { MessageReader } from '../reader.ts';
import type { MessageWriter } from '../writer.ts';

/** The most parameters that a statement can have: their count travels as a UInt16. */
const MAX_PARAMETERS = 0xffff;

/** What Describe and Close are about: a prepared statement or a portal. */
export type DescribeTarget = 'S' | 'P';

const STATEMENT = 0x53; // 'S'
const PORTAL = 0x50; // 'P'

/** Refuses more parameters than a statement can have. */
export function checkParameterCount(count: number): void {
  if (count > MAX_PARAMETERS) {
    throw new InvalidArgumentError(
      `a statement can have at most ${MAX_PARAMETERS} parameters, not ${count}`,
      { hint: 'Pass many values as one array parameter, or use COPY.' },
    );
  }
}

/** Query: one or many statements as text. */
export function writeQuery(writer: MessageWriter, text: string): void {
  writer.begin(Frontend.Query);
  writer.cstring(text, 'the query');
  writer.end();
}

/** Reads a Query. */
export function readQuery(reader: MessageReader): string {
  const text = reader.cstring();
  reader.finish('Query');
  return text;
}

/** A statement to prepare. The empty name is the unnamed statement, OID 0 lets the server infer. */
export interface Parse {
  readonly statement: string;
  readonly text: string;
  readonly parameterTypes: readonly number[];
}

/** Parse: prepares a statement. */
export function writeParse(
  writer: MessageWriter,
  statement: string,
  text: string,
  parameterTypes: readonly number[] = [],
): void {
  checkParameterCount(parameterTypes.length);
  writer.begin(Frontend.Parse);
  writer.cstring(statement, 'the name of a prepared statement');
  writer.cstring(text, 'the query');
  writer.uint16(parameterTypes.length);
  for (const oid of parameterTypes) writer.uint32(oid);
  writer.end();
}

/** Reads a Parse. */
export function readParse(reader: MessageReader): Parse {
  const statement = reader.cstring();
  const text = reader.cstring();
  const count = reader.count(4);
  const parameterTypes: number[] = [];
  for (let i = 0; i < count; i++) parameterTypes.push(reader.uint32());
  reader.finish('Parse');
  return { statement, text, parameterTypes };
}

/**
 * A portal made of a prepared statement and its arguments. An empty list of formats means
 * text for all, a list of one is for all, else there is one for each.
 */
export interface Bind {
  readonly portal: string;
  readonly statement: string;
  readonly parameterFormats: readonly FormatCode[];
  readonly parameters: readonly (Uint8Array | null)[];
  readonly resultFormats: readonly FormatCode[];
}

/** Bind: makes a portal. */
export function writeBind(writer: MessageWriter, bind: Bind): void {
  checkParameterCount(bind.parameters.length);
  writer.begin(Frontend.Bind);
  writer.cstring(bind.portal, 'the name of a portal');
  writer.cstring(bind.statement, 'the name of a prepared statement');
  writer.uint16(bind.parameterFormats.length);
  for (const format of bind.parameterFormats) writer.int16(format);
  writer.uint16(bind.parameters.length);
  for (const parameter of bind.parameters) {
    if (parameter === null) {
      writer.int32(-1);
    } else {
      writer.int32(parameter.length);
      writer.bytes(parameter);
    }
  }
  writer.uint16(bind.resultFormats.length);
  for (const format of bind.resultFormats) writer.int16(format);
  writer.end();
}

/** Reads a Bind. */
export function readBind(reader: MessageReader): Bind {
  const portal = reader.cstring();
  const statement = reader.cstring();
  const parameterFormats = readFormatCodes(reader);
  const count = reader.count(4);
  const parameters: (Buffer | null)[] = [];
  for (let i = 0; i < count; i++) {
    const length = reader.int32();
    parameters.push(length === -1 ? null : reader.bytes(length));
  }
  const resultFormats = readFormatCodes(reader);
  reader.finish('Bind');
  return { portal, statement, parameterFormats, parameters, resultFormats };
}

/** A statement or portal by name. */
export interface Target {
  readonly target: DescribeTarget;
  readonly name: string;
}

/** Describe: asks for the parameters and columns of a statement or the columns of a portal. */
export function writeDescribe(writer: MessageWriter, target: DescribeTarget, name: string): void {
  writeTarget(writer, Frontend.Describe, target, name);
}

/** Reads a Describe. */
export function readDescribe(reader: MessageReader): Target {
  return readTarget(reader, 'Describe');
}

/** Close: frees a statement or a portal; it is no error when there is none. */
export function writeClose(writer: MessageWriter, target: DescribeTarget, name: string): void {
  writeTarget(writer, Frontend.Close, target, name);
}

/** Reads a Close. */
export function readClose(reader: MessageReader): Target {
  return readTarget(reader, 'Close');
}

function writeTarget(
  writer: MessageWriter,
  type: number,
  target: DescribeTarget,
  name: string,
): void {
  writer.begin(type);
  writer.uint8(target === 'S' ? STATEMENT : PORTAL);
  writer.cstring(
    name,
    target === 'S' ? 'the name of a prepared statement' : 'the name of a portal',
  );
  writer.end();
}

function readTarget(reader: MessageReader, message: string): Target {
  const target = reader.uint8();
  const name = reader.cstring();
  if (target !== STATEMENT && target !== PORTAL) {
    reader.fail('it is about neither a statement nor a portal');
  }
  reader.finish(message);
  return { target: target === STATEMENT ? 'S' : 'P', name };
}

/** A portal to run, and after how many rows to suspend it: 0 is never. */
export interface Execute {
  readonly portal: string;
  readonly maxRows: number;
}

/** Execute: runs a portal. */
export function writeExecute(writer: MessageWriter, portal: string, maxRows: number = 0): void {
  writer.begin(Frontend.Execute);
  writer.cstring(portal, 'the name of a portal');
  writer.int32(maxRows);
  writer.end();
}

/** Reads an Execute. */
export function readExecute(reader: MessageReader): Execute {
  const portal = reader.cstring();
  const maxRows = reader.int32();
  reader.finish('Execute');
  return { portal, maxRows };
}

/** Sync: ends the series of messages; the server answers with ReadyForQuery. */
export function writeSync(writer: MessageWriter): void {
  writer.begin(Frontend.Sync);
  writer.end();
}

/** Flush: asks for the answers so far, without ending the series. */
export function writeFlush(writer: MessageWriter): void {
  writer.begin(Frontend.Flush);
  writer.end();
}

/** Terminate: the last message of a connection that ends in good order. */
export function writeTerminate(writer: MessageWriter): void {
  writer.begin(Frontend.Terminate);
  writer.end();
}

import { ProtocolError } from '../../src/errors/client-errors.ts';
import { MessageReader } from '../../src/protocol/reader.ts';
import type { MessageWriter } from '../../src/protocol/writer.ts';
import { encoded } from '../support/fakes/scripted-connection.ts';

/** One message as a test sees it: its bytes, what writes it, and what is read from it. */
export interface Sample {
  readonly name: string;
  /** The type byte as the manual writes it; '' for the messages that have none. */
  readonly type: string;
  readonly write: (writer: MessageWriter) => void;
  readonly read: (reader: MessageReader) => unknown;
  readonly value: unknown;
  /**
   * How many bytes the body's part of fixed form has when the rest may be anything: fewer are
   * malformed, more are not. Without it every change of length is.
   */
  readonly openFrom?: number;
}

/** The written message without type and length. */
export function bodyOf(sample: Sample): Buffer {
  return encoded(sample.write).subarray(sample.type === '' ? 4 : 5);
}

/**
 * Reads a body that lies between other bytes: NULs, so that a string without an end would find
 * one behind the message.
 */
export function readBody<T>(read: (reader: MessageReader) => T, body: Uint8Array): T {
  const before = 3;
  const buffer = Buffer.alloc(before + body.length + 64);
  buffer.set(body, before);
  return read(new MessageReader(buffer, before, before + body.length));
}

/** What reading throws, or null. */
export function failureOf(read: (reader: MessageReader) => unknown, body: Uint8Array): unknown {
  try {
    readBody(read, body);
    return null;
  } catch (error) {
    return error;
  }
}

/** Whether reading ends well or with the one error that it may end with. */
export function endsProperly(read: (reader: MessageReader) => unknown, body: Uint8Array): boolean {
  const failure = failureOf(read, body);
  return failure === null || failure instanceof ProtocolError;
}

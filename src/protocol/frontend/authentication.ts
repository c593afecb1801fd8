/**
 * The client's answers to authentication requests. They share the type byte `p`: which of
 * them it is follows from the request.
 *
 * PostgreSQL manual, sections 54.2.1 "Start-up" and 54.3 "SASL Authentication".
 */
import { Frontend } from '../message-type.ts';
import type { MessageReader } from '../reader.ts';
import type { MessageWriter } from '../writer.ts';

/** PasswordMessage: the password itself or the answer to an MD5 request. */
export function writePasswordMessage(writer: MessageWriter, password: string): void {
  writer.begin(Frontend.PasswordMessage);
  writer.cstring(password, 'the password');
  writer.end();
}

/** Reads a PasswordMessage. */
export function readPasswordMessage(reader: MessageReader): string {
  const password = reader.cstring();
  reader.finish('PasswordMessage');
  return password;
}

/** SASLInitialResponse: the chosen mechanism and its first message, or null for none. */
export function writeSaslInitialResponse(
  writer: MessageWriter,
  mechanism: string,
  data: Uint8Array | null,
): void {
  writer.begin(Frontend.PasswordMessage);
  writer.cstring(mechanism, 'the name of a SASL mechanism');
  if (data === null) {
    writer.int32(-1);
  } else {
    writer.int32(data.length);
    writer.bytes(data);
  }
  writer.end();
}

/** The chosen mechanism and its first message. */
export interface SaslInitialResponse {
  readonly mechanism: string;
  readonly data: Buffer | null;
}

/** Reads a SASLInitialResponse. */
export function readSaslInitialResponse(reader: MessageReader): SaslInitialResponse {
  const mechanism = reader.cstring();
  const length = reader.int32();
  const data = length === -1 ? null : reader.bytes(length);
  reader.finish('SASLInitialResponse');
  return { mechanism, data };
}

/** SASLResponse: the mechanism's next message. A GSSResponse has the same form. */
export function writeSaslResponse(writer: MessageWriter, data: Uint8Array): void {
  writer.begin(Frontend.PasswordMessage);
  writer.bytes(data);
  writer.end();
}

/** Reads a SASLResponse or GSSResponse. */
export function readSaslResponse(reader: MessageReader): Buffer {
  const data = reader.rest();
  reader.finish('SASLResponse');
  return data;
}

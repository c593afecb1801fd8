/**
 * What a client sends first: the messages without a type byte.
 *
 * PostgreSQL manual, sections 54.2.1 "Start-up", 54.2.9 to 54.2.11 and 54.7.
 */
import { InvalidArgumentError } from '../../errors/client-errors.ts';
import type { MessageReader } from '../reader.ts';
import type { MessageWriter } from '../writer.ts';

/** Protocol 3.0, as written into a StartupMessage: major << 16 | minor. */
export const PROTOCOL_3_0 = 0x0003_0000;
/** Protocol 3.2 (PostgreSQL 18): cancel keys of up to 256 bytes. */
export const PROTOCOL_3_2 = 0x0003_0002;

/** In place of a protocol version these ask for something else: 1234 << 16 and a number. */
export const CANCEL_REQUEST_CODE = 0x04d2_162e;
export const SSL_REQUEST_CODE = 0x04d2_162f;
const GSSENC_REQUEST_CODE = 0x04d2_1630;

/** The server drops a longer StartupMessage without a word; its length word not counted. */
const MAX_STARTUP_LENGTH = 10_000;

/**
 * StartupMessage: user, database and server settings, in the order of the map.
 *
 * @throws InvalidArgumentError when a name is empty, something holds a NUL character, or the
 *   whole is longer than a server reads. The message is then to be rolled back.
 */
export function writeStartupMessage(
  writer: MessageWriter,
  protocolVersion: number,
  parameters: ReadonlyMap<string, string>,
): void {
  const start = writer.offset;
  writer.beginUntyped();
  writer.int32(protocolVersion);
  for (const [name, value] of parameters) {
    // An empty name would end the list: the server would take what follows for garbage.
    if (name === '') {
      throw new InvalidArgumentError('the name of a startup parameter must not be empty');
    }
    writer.cstring(name, 'the name of a startup parameter');
    writer.cstring(value, `the startup parameter "${name}"`);
  }
  writer.uint8(0);
  const length = writer.offset - start - 4;
  if (length > MAX_STARTUP_LENGTH) {
    throw new InvalidArgumentError(
      `the startup parameters take ${length} bytes, at most ${MAX_STARTUP_LENGTH} can be sent`,
      { hint: 'Set long server settings with SET after connecting.' },
    );
  }
  writer.end();
}

/** SSLRequest: the server answers with one byte, `S` or `N`. */
export function writeSslRequest(writer: MessageWriter): void {
  writer.beginUntyped();
  writer.int32(SSL_REQUEST_CODE);
  writer.end();
}

/** GSSENCRequest: the server answers with one byte, `G` or `N`. */
export function writeGssEncRequest(writer: MessageWriter): void {
  writer.beginUntyped();
  writer.int32(GSSENC_REQUEST_CODE);
  writer.end();
}

/** CancelRequest: all that is sent on a connection of its own. `secretKey` is the backend's. */
export function writeCancelRequest(
  writer: MessageWriter,
  processId: number,
  secretKey: Uint8Array,
): void {
  writer.beginUntyped();
  writer.int32(CANCEL_REQUEST_CODE);
  writer.int32(processId);
  writer.bytes(secretKey);
  writer.end();
}

/** A message without a type byte, as a server reads it. */
export type StartupPacket =
  | {
      readonly type: 'StartupMessage';
      readonly protocolVersion: number;
      readonly parameters: ReadonlyMap<string, string>;
    }
  | { readonly type: 'SSLRequest' }
  | { readonly type: 'GSSENCRequest' }
  | { readonly type: 'CancelRequest'; readonly processId: number; readonly secretKey: Buffer };

/** Reads any of the messages without a type byte. */
export function readStartupPacket(reader: MessageReader): StartupPacket {
  const code = reader.int32();
  switch (code) {
    case SSL_REQUEST_CODE:
      reader.finish('SSLRequest');
      return { type: 'SSLRequest' };
    case GSSENC_REQUEST_CODE:
      reader.finish('GSSENCRequest');
      return { type: 'GSSENCRequest' };
    case CANCEL_REQUEST_CODE: {
      const processId = reader.int32();
      const secretKey = reader.rest();
      if (secretKey.length < 4 || secretKey.length > 256) {
        reader.fail(`its key has ${secretKey.length} bytes`);
      }
      reader.finish('CancelRequest');
      return { type: 'CancelRequest', processId, secretKey };
    }
    default: {
      const parameters = new Map<string, string>();
      for (let name = reader.cstring(); name !== ''; name = reader.cstring()) {
        parameters.set(name, reader.cstring());
      }
      reader.finish('StartupMessage');
      return { type: 'StartupMessage', protocolVersion: code, parameters };
    }
  }
}

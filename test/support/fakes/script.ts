/**
 * The steps that scripts of the scripted server (scripted-server.ts) are made of.
 */
import { randomBytes } from 'node:crypto';
import type { SecureContextOptions, TlsOptions } from 'node:tls';
import { inspect, isDeepStrictEqual } from 'node:util';
import { writeAuthentication } from '../../../src/protocol/backend/authentication.ts';
import {
  type TransactionStatus,
  writeBackendKeyData,
  writeParameterStatus,
  writeReadyForQuery,
} from '../../../src/protocol/backend/session.ts';
import type { StartupPacket } from '../../../src/protocol/frontend/startup.ts';
import type { MessageWriter } from '../../../src/protocol/writer.ts';
import type { FrontendMessage, FrontendMessageName } from './frontend-message.ts';
import { ScriptError, type ScriptedConnection } from './scripted-connection.ts';

/** One thing that the server does on a connection. Its name appears in failures. */
export interface Step {
  readonly name: string;
  run(connection: ScriptedConnection): Promise<void> | void;
}

/** What the server does on a connection, in order. Parts may be lists of their own. */
export type Script = readonly (Step | Script)[];

/** The steps of a script, one after the other. */
export function stepsOf(script: Script): Step[] {
  return script.flatMap((part) => ('run' in part ? [part] : stepsOf(part)));
}

/** Expects the next message: of a name, with the given fields or one that satisfies a test. */
export function expectMessage<Name extends FrontendMessageName>(
  name: Name,
  expected?:
    | Partial<FrontendMessage<Name>>
    | ((message: FrontendMessage<Name>) => boolean | undefined),
): Step {
  return {
    name: `expect ${name}`,
    async run(connection) {
      const message = await connection.take(name);
      if (expected === undefined) return;
      const follows =
        typeof expected === 'function' ? expected(message) !== false : matches(message, expected);
      if (!follows) {
        const wanted = typeof expected === 'function' ? 'another' : inspect(expected);
        throw new ScriptError(`got ${name} ${inspect(message)}, expected ${wanted}`);
      }
    },
  };
}

function matches(message: object, expected: object): boolean {
  const fields = new Map<string, unknown>(Object.entries(message));
  return Object.entries(expected).every(([key, value]) =>
    isDeepStrictEqual(fields.get(key), value),
  );
}

/** Expects StartupMessage, SSLRequest, GSSENCRequest or CancelRequest. */
export function expectStartup<Type extends StartupPacket['type'] = 'StartupMessage'>(
  type: Type = 'StartupMessage' as Type,
  check?: (packet: Extract<StartupPacket, { type: Type }>) => boolean | undefined,
): Step {
  return {
    name: `expect ${type}`,
    async run(connection) {
      const packet = await connection.takeStartupPacket(type);
      if (packet.type !== type) throw new ScriptError(`got ${packet.type} in place of ${type}`);
      if (check?.(packet as Extract<StartupPacket, { type: Type }>) === false) {
        throw new ScriptError(`got ${inspect(packet)}, expected another`);
      }
    },
  };
}

/** Expects the client to close the connection without sending anything more. */
export function expectEnd(): Step {
  return { name: 'expect the end', run: (connection) => connection.takeEnd() };
}

/** Sends messages, in one write. */
export function send(write: (writer: MessageWriter) => void): Step {
  return { name: 'send', run: (connection) => connection.send(write) };
}

/** Sends bytes as they are, in one write. */
export function sendRaw(bytes: Uint8Array | string): Step {
  const buffer = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
  return { name: 'send raw', run: (connection) => connection.sendRaw(buffer) };
}

/** Sends bytes in pieces of the given size, each of which reaches the client on its own. */
export function sendInPieces(bytes: Uint8Array, size: number): Step {
  return {
    name: 'send in pieces',
    async run(connection) {
      for (let at = 0; at < bytes.length; at += size) {
        await connection.sendRaw(bytes.subarray(at, at + size));
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    },
  };
}

/** Closes the server's side after what was sent before (FIN). */
export function close(): Step {
  return { name: 'close', run: (connection) => connection.close() };
}

/** Resets the connection (RST). */
export function reset(): Step {
  return { name: 'reset', run: (connection) => connection.reset() };
}

/** Does nothing for so many milliseconds, or until the promise is settled. */
export function wait(what: number | PromiseLike<unknown>): Step {
  return {
    name: 'wait',
    async run() {
      if (typeof what !== 'number') await what;
      else await new Promise((resolve) => setTimeout(resolve, what));
    },
  };
}

/** Goes over to TLS, after SSLRequest was answered or, for direct TLS, at once. */
export function startTls(options: TlsOptions & SecureContextOptions): Step {
  return { name: 'start TLS', run: (connection) => connection.startTls(options) };
}

/** Anything else. */
export function run(
  name: string,
  action: (connection: ScriptedConnection) => Promise<void> | void,
): Step {
  return { name, run: action };
}

/** From here on the client may send what it likes. The last step of a script. */
export function ignoreRest(): Step {
  return { name: IGNORE_REST, run: () => undefined };
}

export const IGNORE_REST = 'ignore the rest';

/** What a server says of itself at the start of a session. */
export interface StartupOptions {
  /** Reported settings, beside and in place of the usual ones. */
  readonly parameters?: Readonly<Record<string, string>>;
  readonly processId?: number;
  readonly secretKey?: Uint8Array;
  readonly status?: TransactionStatus;
}

const USUAL_PARAMETERS: Readonly<Record<string, string>> = {
  client_encoding: 'UTF8',
  DateStyle: 'ISO, MDY',
  default_transaction_read_only: 'off',
  in_hot_standby: 'off',
  integer_datetimes: 'on',
  IntervalStyle: 'postgres',
  is_superuser: 'off',
  server_encoding: 'UTF8',
  server_version: '18.0',
  search_path: '"$user", public',
  session_authorization: 'test',
  standard_conforming_strings: 'on',
  TimeZone: 'UTC',
};

/** What follows authentication: AuthenticationOk, settings, the key and ReadyForQuery. */
export function startSession(options: StartupOptions = {}): Step {
  return send((writer) => {
    writeAuthentication(writer, { method: 'Ok' });
    const parameters = new Map(
      Object.entries({ ...USUAL_PARAMETERS, ...(options.parameters ?? {}) }),
    );
    for (const [name, value] of parameters) writeParameterStatus(writer, name, value);
    writeBackendKeyData(writer, options.processId ?? 4711, options.secretKey ?? randomBytes(4));
    writeReadyForQuery(writer, options.status ?? 'I');
  });
}

/** Refuses encryption as often as it is asked for, and lets everybody in. */
export function acceptStartup(options: StartupOptions = {}): Script {
  return [
    run('accept StartupMessage', async (connection) => {
      for (;;) {
        const packet = await connection.takeStartupPacket('StartupMessage');
        if (packet.type === 'StartupMessage') return;
        if (packet.type === 'CancelRequest') throw new ScriptError('got CancelRequest');
        await connection.sendRaw(Buffer.from('N'));
      }
    }),
    startSession(options),
  ];
}

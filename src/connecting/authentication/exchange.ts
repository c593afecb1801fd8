import type { ConnectConfig, HostConfig, OAuthDiscovery } from '../../config/connect-config.ts';
import { InterfaceError, ProtocolError } from '../../errors/client-errors.ts';
import { postgresErrorFrom } from '../../errors/server-message.ts';
import type { Authentication } from '../../protocol/backend/authentication.ts';
import { readAuthentication } from '../../protocol/backend/authentication.ts';
import { readErrorResponse } from '../../protocol/backend/response.ts';
import { Backend, describeMessageType } from '../../protocol/message-type.ts';
import { MessageWriter } from '../../protocol/writer.ts';
import type { ByteStream } from '../../transport/byte-stream.ts';
import { isLoopback } from '../../values/ip-address.ts';
import type { StartUpInbox, StartUpMessage } from '../start-up-inbox.ts';

/** What authenticating needs to know. */
export interface AuthenticationParts {
  readonly config: ConnectConfig;
  readonly host: HostConfig;
  readonly transport: ByteStream;
  readonly inbox: StartUpInbox;
  /** Where tokens come from, once a server was asked for that. */
  readonly discovery: OAuthDiscovery | null;
}

/** Sends messages as they are written. */
export function send(transport: ByteStream, write: (writer: MessageWriter) => void): void {
  const writer = new MessageWriter(1024);
  write(writer);
  transport.write(writer.written);
}

/**
 * The next authentication request.
 *
 * @throws the server's error, if it sends one instead
 */
export async function nextAuthentication(inbox: StartUpInbox): Promise<Authentication> {
  return authenticationIn(await inbox.next());
}

/** The authentication request that a message must be. */
export function authenticationIn({ type, reader }: StartUpMessage): Authentication {
  switch (type) {
    case Backend.Authentication:
      return readAuthentication(reader);
    case Backend.ErrorResponse:
      throw postgresErrorFrom(readErrorResponse(reader), { safeToRetry: true });
    default:
      throw new ProtocolError(
        `the server sent message ${describeMessageType(type)} before authentication`,
      );
  }
}

/**
 * The password for the host.
 *
 * @throws InterfaceError when there is none
 */
export async function requirePassword(
  { config, host, inbox }: AuthenticationParts,
  what: string,
): Promise<string> {
  const password = await inbox.during(config.passwordFor(host));
  if (password === null || (password === '' && !config.allowsEmptyPassword)) {
    throw new InterfaceError(
      `the server asks for ${what} of user ${JSON.stringify(config.user)}, but none was given`,
      {
        hint: 'Give it as the password option, in the DSN, in PGPASSWORD or in a password file.',
        safeToRetry: true,
      },
    );
  }
  return password;
}

/** Whether nobody on the way can read what is sent. */
export function isConfidential({ host, transport }: AuthenticationParts): boolean {
  const { tls, remoteAddress } = transport;
  if (tls !== null || host.socketPath !== null) return true;
  return remoteAddress !== null && isLoopback(remoteAddress);
}

/**
 * Waits for something that the user's own function does, no longer than for the server. Its
 * signal is aborted when nobody needs the result any more.
 */
export async function byUser<R>(
  inbox: StartUpInbox,
  work: (signal: AbortSignal) => R | Promise<R>,
): Promise<R> {
  const abort = new AbortController();
  try {
    return await inbox.during((async () => work(abort.signal))());
  } catch (error) {
    abort.abort(error);
    throw error;
  }
}

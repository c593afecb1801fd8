import type { ConnectConfig, HostConfig, SslMode } from '../config/connect-config.ts';
import { InterfaceError, ProtocolError } from '../errors/client-errors.ts';
import { ConnectionFailureError } from '../errors/generated/sqlstate.ts';
import { writeSslRequest } from '../protocol/frontend/startup.ts';
import { MessageWriter } from '../protocol/writer.ts';
import type { ByteStream, TlsState } from '../transport/byte-stream.ts';
import { describeHost } from './dial.ts';
import type { StartUpInbox } from './start-up-inbox.ts';

const ALPN = 'postgresql';
const YES = 0x53; // 'S'
const NO = 0x4e; // 'N'
const ERROR = 0x45; // 'E'

/** How an attempt goes about TLS: not at all, if the server will, or not without it. */
export type Security = 'plain' | 'tls-if-offered' | 'tls';

/** The attempts that a mode makes, in order. Every one after the first is a fallback. */
export function securityAttempts(mode: SslMode): readonly Security[] {
  switch (mode) {
    case 'disable':
      return ['plain'];
    case 'allow':
      return ['plain', 'tls'];
    case 'prefer':
      return ['tls-if-offered', 'plain'];
    default:
      return ['tls'];
  }
}

/**
 * Asks for TLS and begins it, or begins it without asking. Whether there is TLS now.
 *
 * PostgreSQL manual, "SSL Session Encryption" in "Message Flow".
 */
export async function secure(
  transport: ByteStream,
  inbox: StartUpInbox,
  config: ConnectConfig,
  host: HostConfig,
  security: Exclude<Security, 'plain'>,
): Promise<boolean> {
  const { ssl } = config;
  const direct = ssl.negotiation === 'direct';
  inbox.refuseMessages();
  if (!direct && !(await requestTls(transport, inbox, security))) {
    inbox.acceptMessages();
    return false;
  }
  // TLS over a connection that is closed already would wait for an answer.
  inbox.check();
  let tls: TlsState;
  try {
    tls = await transport.startTls({ ssl, host: host.host, alpn: ALPN });
  } catch (error) {
    // A check that this runtime cannot make is no failure of the network, after which one tries again.
    if (error instanceof InterfaceError) throw error;
    throw new ConnectionFailureError(
      `TLS with ${describeHost(host)} failed: ${(error as Error).message}`,
      {},
      { cause: error, safeToRetry: true, isTransient: isOfTheNetwork(error) },
    );
  }
  if (tls.alpn !== ALPN && (direct || tls.alpn !== null)) {
    // Another protocol's server could be made to answer in a PostgreSQL server's place.
    throw new ProtocolError('the server did not agree on the protocol "postgresql" by ALPN');
  }
  inbox.acceptMessages();
  return true;
}

/** Whether a handshake failed by the network. A certificate or a cipher would be refused again. */
function isOfTheNetwork(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === undefined || /^E[A-Z0-9]+$/.test(code);
}

/** Sends SSLRequest. Whether TLS follows. */
async function requestTls(
  transport: ByteStream,
  inbox: StartUpInbox,
  security: Security,
): Promise<boolean> {
  const writer = new MessageWriter(16);
  writeSslRequest(writer);
  transport.write(writer.written);
  const answer = await inbox.raw();
  const [byte] = answer;
  if (byte === YES) {
    // Bytes behind the answer were not encrypted and could be anybody's.
    if (answer.length > 1) {
      throw new ProtocolError('unencrypted data came after the answer to SSLRequest');
    }
    return true;
  }
  if (byte === NO && answer.length === 1) {
    if (security === 'tls-if-offered') return false;
    throw new InterfaceError('the server does not support TLS, which the ssl option requires', {
      safeToRetry: true,
    });
  }
  if (byte === ERROR) {
    // What it says may be anybody's, so it is not told.
    throw new ProtocolError(
      'the server answered the SSLRequest with an error, as one does that cannot start a process: its log says why',
      { isTransient: true },
    );
  }
  throw new ProtocolError('the server rejected the SSLRequest with something else than an answer');
}

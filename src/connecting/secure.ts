import { appendFileSync } from 'node:fs';
import type { ConnectConfig, HostConfig, SslMode } from '../config/connect-config.ts';
import { InterfaceError, ProtocolError } from '../errors/client-errors.ts';
import { ConnectionFailureError } from '../errors/generated/sqlstate.ts';
import { writeSslRequest } from '../protocol/frontend/startup.ts';
import { MessageWriter } from '../protocol/writer.ts';
import { withSecureContext } from '../transport/secure-context.ts';
import { serverName } from '../transport/tls-name.ts';
import type { Transport } from '../transport/transport.ts';
import { describeHost } from './dial.ts';
import type { StartUpInbox } from './start-up-inbox.ts';

const ALPN = 'postgresql';
const YES = 0x53; // 'S'
const NO = 0x4e; // 'N'

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
 * Asks for TLS and begins it, or begins it without asking.
 *
 * PostgreSQL manual, "SSL Session Encryption" in "Message Flow".
 */
export async function secure(
  transport: Transport,
  inbox: StartUpInbox,
  config: ConnectConfig,
  host: HostConfig,
  security: Exclude<Security, 'plain'>,
): Promise<void> {
  const { ssl } = config;
  const direct = ssl.negotiation === 'direct';
  inbox.refuseMessages();
  if (!direct && !(await requestTls(transport, inbox, security))) {
    inbox.acceptMessages();
    return;
  }
  // TLS over a connection that is closed already would wait for an answer.
  inbox.check();
  const options = ssl.tlsOptions();
  // A name given among the options of Node is what the certificate shall have.
  const name = options.servername ?? (ssl.sni ? serverName(host.host) : undefined);
  const { keyLogFile } = ssl;
  let socket: Awaited<ReturnType<Transport['startTls']>>;
  try {
    socket = await transport.startTls(
      {
        ...withSecureContext(ssl, options),
        ...(name === undefined ? {} : { servername: name }),
        host: host.host,
        ALPNProtocols: [ALPN],
      },
      keyLogFile === null ? null : (line) => appendFileSync(keyLogFile, line, { mode: 0o600 }),
    );
  } catch (error) {
    throw new ConnectionFailureError(
      `TLS with ${describeHost(host)} failed: ${(error as Error).message}`,
      {},
      { cause: error, safeToRetry: true },
    );
  }
  if (socket.alpnProtocol !== ALPN && (direct || socket.alpnProtocol !== false)) {
    // Another protocol's server could be made to answer in a PostgreSQL server's place.
    throw new ProtocolError('the server did not agree on the protocol "postgresql" by ALPN');
  }
  inbox.acceptMessages();
}

/** Sends SSLRequest. Whether TLS follows. */
async function requestTls(
  transport: Transport,
  inbox: StartUpInbox,
  security: Security,
): Promise<boolean> {
  const writer = new MessageWriter(16);
  writeSslRequest(writer);
  transport.write(writer.buffer.subarray(0, writer.offset));
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
  throw new ProtocolError('the server rejected the SSLRequest with something else than an answer');
}

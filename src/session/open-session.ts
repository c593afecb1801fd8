import type { TypeRegistry } from '../codecs/registry.ts';
import type { ConnectConfig, HostConfig } from '../config/connect-config.ts';
import { ProtocolError } from '../errors/client-errors.ts';
import { PostgresError } from '../errors/postgres-error.ts';
import { ConnectionFailureError } from '../errors/sqlstate.generated.ts';
import { writeCancelRequest } from '../protocol/frontend/startup.ts';
import { MessageWriter } from '../protocol/writer.ts';
import type { Clock } from '../transport/clock.ts';
import { Deadline } from '../transport/deadline.ts';
import { type Endpoint, Transport } from '../transport/transport.ts';
import type { ScramKeyCache } from './authentication.ts';
import { type Security, secure, securityAttempts } from './secure.ts';
import { parseServerVersion } from './server-version.ts';
import { Session } from './session.ts';
import { StartUpInbox } from './start-up-inbox.ts';
import { startUp } from './start-up.ts';

/** What the connections of one pool share. */
export interface SessionContext {
  readonly config: ConnectConfig;
  readonly registry: TypeRegistry;
  readonly scramKeys: ScramKeyCache;
  readonly clock: Clock;
}

/** How long a CancelRequest may take; after that it is as good as lost. */
const CANCEL_TIMEOUT = 2_000;

function endpointOf(host: HostConfig): Endpoint {
  return host.socketPath !== null
    ? { path: host.socketPath }
    : { host: host.address ?? host.host, port: host.port };
}

/** For messages: where a host is, without anything secret. */
export function describeHost(host: HostConfig): string {
  return host.socketPath ?? `${host.host}:${host.port}`;
}

/** Opens a byte stream to a host, through the caller's own dialler if there is one. */
async function dial(
  config: ConnectConfig,
  endpoint: Endpoint,
  host: HostConfig,
  deadline: Deadline | null,
): Promise<Transport> {
  if (config.dial === null) {
    return Transport.connect(endpoint, config, (transport) =>
      deadline?.watch((expired) => transport.destroy(asError(expired.reason(false)))),
    );
  }
  const abort = new AbortController();
  deadline?.watch((expired) => abort.abort(expired.reason(false)));
  return new Transport(await config.dial(host, { signal: abort.signal }));
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('aborted', { cause: reason });
}

/** Connects to one host: dials, begins TLS, authenticates. Leaves nothing open on failure. */
async function attempt(
  context: SessionContext,
  host: HostConfig,
  security: Security,
  deadline: Deadline | null,
): Promise<Session> {
  const { config } = context;
  deadline?.check();
  const transport = await dial(config, endpointOf(host), host, deadline);
  const inbox = new StartUpInbox(transport);
  deadline?.watch((expired) => inbox.fail(expired.reason(false)));
  try {
    if (security !== 'plain') await secure(transport, inbox, config, host, security);
    const started = await startUp(transport, inbox, config, host, context.scramKeys);
    deadline?.check();
    const secured = transport.tlsSocket !== null;
    const remote =
      host.socketPath === null ? (transport.remote ?? endpointOf(host)) : endpointOf(host);
    const session = new Session({
      transport,
      framer: (sink) => inbox.handOver(sink),
      clock: context.clock,
      registry: context.registry,
      statements: {
        size: config.statementCacheSize,
        lifetime: config.maxCachedStatementLifetime,
        maxTextLength: config.maxCacheableStatementSize,
      },
      settings: started.settings,
      serverVersion: parseServerVersion(started.settings.get('server_version') ?? ''),
      processId: started.processId,
      transactionStatus: started.transactionStatus,
      sendCancel: () =>
        started.secretKey === null
          ? Promise.resolve()
          : sendCancel(context, host, remote, secured, started.processId, started.secretKey),
    });
    deadline?.watch(null);
    return session;
  } catch (error) {
    transport.destroy();
    throw error;
  }
}

/**
 * Sends a CancelRequest to the very server that has the session, with TLS if the session has
 * it. Settles when the server has closed the connection: then the backend has been signalled.
 *
 * PostgreSQL manual, "Canceling Requests in Progress".
 */
async function sendCancel(
  context: SessionContext,
  host: HostConfig,
  remote: Endpoint,
  secured: boolean,
  processId: number,
  secretKey: Buffer,
): Promise<void> {
  const { config, clock } = context;
  const deadline = Deadline.of(clock, CANCEL_TIMEOUT);
  let transport: Transport | null = null;
  try {
    transport = await dial(config, remote, host, deadline);
    const inbox = new StartUpInbox(transport);
    deadline?.watch((expired) => inbox.fail(expired.reason(false)));
    if (secured) await secure(transport, inbox, config, host, 'tls');
    const writer = new MessageWriter(512);
    writeCancelRequest(writer, processId, secretKey);
    transport.write(writer.buffer.subarray(0, writer.offset));
    await inbox.next();
  } catch {
    // The server's close of the connection is its whole answer; anything else means that the
    // cancel was lost, and then the session's own drain time-out decides.
  } finally {
    deadline?.dispose();
    transport?.destroy();
  }
}

/** The system's errors and those of broken servers become connection errors, with their cause. */
function connectError(host: HostConfig, error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || error instanceof PostgresError) {
    return error;
  }
  const { message } = error;
  return new ConnectionFailureError(
    `could not connect to ${describeHost(host)}: ${message || String(error.code)}`,
    {},
    { cause: error, safeToRetry: true },
  );
}

/** Whether a fallback of `allow` and `prefer` may cure the failure, as in libpq. */
function mayFallBack(error: unknown): boolean {
  return (
    error instanceof ConnectionFailureError ||
    error instanceof ProtocolError ||
    (error instanceof PostgresError && error.sqlstate === '28000')
  );
}

/** Connects to one host in the ways that its TLS mode allows. */
export async function openSession(
  context: SessionContext,
  host: HostConfig,
  deadline: Deadline | null,
): Promise<Session> {
  const attempts: readonly Security[] =
    host.socketPath === null ? securityAttempts(context.config.ssl.mode) : ['plain'];
  let failure: unknown = null;
  for (const security of attempts) {
    try {
      return await attempt(context, host, security, deadline);
    } catch (error) {
      const translated = connectError(host, error);
      if (failure === null) failure = translated;
      // What a refused connection says does not change with TLS.
      const refused =
        translated instanceof ConnectionFailureError && isSystemError(translated.cause);
      if (refused || deadline?.expired || !mayFallBack(translated)) throw failure;
    }
  }
  throw failure;
}

function isSystemError(cause: unknown): boolean {
  return cause instanceof Error && 'syscall' in cause && cause.syscall === 'connect';
}

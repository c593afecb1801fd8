import type { CodecSource } from '../codecs/codec-source.ts';
import type { ConnectConfig, HostConfig, OAuthDiscovery } from '../config/connect-config.ts';
import { ProtocolError, TimeoutError } from '../errors/client-errors.ts';
import { ConnectionFailureError } from '../errors/generated/sqlstate.ts';
import { PostgresError } from '../errors/postgres-error.ts';
import { Session } from '../session/session.ts';
import type { ByteStream } from '../transport/byte-stream.ts';
import type { Clock } from '../transport/clock.ts';
import type { Deadline } from '../transport/deadline.ts';
import type { Network } from '../transport/network.ts';
import { isError } from '../values/builtins.ts';
import { OAuthDiscovered } from './authentication/oauth-discovered.ts';
import { type CancelTarget, sendCancelRequest } from './cancel-request.ts';
import { describeHost, dial } from './dial.ts';
import type { HostDirectory } from './host-directory.ts';
import { type Security, secure, securityAttempts } from './secure.ts';
import { type StartedUp, startUp } from './start-up.ts';
import { StartUpInbox, type StartUpWatch } from './start-up-inbox.ts';

/** What the connections of one pool share. */
export interface SessionContext {
  readonly config: ConnectConfig;
  readonly registry: CodecSource;
  readonly clock: Clock;
  /** How servers are reached. */
  readonly network: Network;
  /** Who tells the hosts, if they are not fixed; what it has told is known to all. */
  readonly directory?: HostDirectory | null;
  /**
   * Looks at a session whose server has the wanted role: why it is not taken all the same, or null.
   */
  readonly accept?: (session: Session) => Promise<string | null>;
  /** What its pool is, if it is not the pool itself. */
  readonly pool?: 'readers';
  /** Is shown every message of a server until its first ReadyForQuery. */
  readonly watchStartUp?: StartUpWatch;
}

/** One attempt to connect, and how far it got. */
interface Attempt {
  readonly host: HostConfig;
  readonly security: Security;
  /** What it is about, for the message of a time-out. */
  phase: 'connecting' | 'negotiating TLS' | 'authenticating';
  /**
   * Whether TLS was begun here, so that the same without TLS is something else. A stream of the option
   * dial may have had it before.
   */
  secured: boolean;
}

/**
 * Connects to one address in the ways that its TLS mode allows. Without an answer of the network
 * within `patience` milliseconds it is given up; null is no limit but the deadline.
 *
 * @throws TimeoutError naming the host and the phase, or the signal's reason, when the deadline
 *   passes
 */
export async function openSession(
  context: SessionContext,
  host: HostConfig,
  deadline: Deadline | null,
  patience: number | null = null,
): Promise<Session> {
  const attempts: readonly Security[] =
    host.socketPath === null ? securityAttempts(context.config.ssl.mode) : ['plain'];
  let failure: unknown = null;
  for (const security of attempts) {
    const attempt: Attempt = { host, security, phase: 'connecting', secured: false };
    try {
      return await openInformed(context, attempt, deadline, patience);
    } catch (error) {
      if (deadline?.expired) throw timedOut(deadline, host, attempt.phase, error);
      failure = failure === null ? error : moreTelling(failure, error);
      if (!mayFallBack(attempt, error)) break;
    }
  }
  throw failure;
}

/** What a deadline that has passed while something was done with a host is thrown as. */
export function timedOut(
  deadline: Deadline,
  host: HostConfig,
  phase: string,
  error: unknown,
): unknown {
  const reason = deadline.reason(false);
  if (!(reason instanceof TimeoutError)) return reason;
  return new TimeoutError(
    `connecting to ${describeHost(host)} took too long, ${phase}: ${reason.message}`,
    { ...(error === reason ? {} : { cause: error }), safeToRetry: true },
  );
}

/** Opens, a second time where the first was to learn from the server where OAuth tokens come from. */
async function openInformed(
  context: SessionContext,
  attempt: Attempt,
  deadline: Deadline | null,
  patience: number | null,
): Promise<Session> {
  try {
    return await open(context, attempt, deadline, patience, null);
  } catch (error) {
    if (!(error instanceof OAuthDiscovered)) throw error;
    return await open(context, attempt, deadline, patience, error.discovery);
  }
}

/** Dials, begins TLS, authenticates. Leaves nothing open on failure. */
async function open(
  context: SessionContext,
  attempt: Attempt,
  deadline: Deadline | null,
  patience: number | null,
  discovery: OAuthDiscovery | null,
): Promise<Session> {
  const { config } = context;
  const { host, security } = attempt;
  deadline?.check();
  const transport = await dial(context, host, deadline, patience);
  const inbox = new StartUpInbox(transport, host, context.watchStartUp);
  deadline?.watch((expired) => inbox.fail(expired.reason(false)));
  try {
    if (security !== 'plain') {
      attempt.phase = 'negotiating TLS';
      attempt.secured = await secure(transport, inbox, config, host, security);
    }
    attempt.phase = 'authenticating';
    const started = await startUp({ config, host, transport, inbox, discovery });
    deadline?.check();
    inbox.check();
    const session = sessionOf(context, attempt, transport, started);
    deadline?.watch(null);
    const { rest } = inbox;
    if (rest.length > 0) session.inbox.received(rest, rest.length);
    if (session.isEnded) throw session.endReason;
    return session;
  } catch (error) {
    transport.destroy();
    throw error instanceof ProtocolError ? notTheProtocol(host, error) : error;
  }
}

/** Most often it is no PostgreSQL server at all, so it is told where. Nothing was asked of it. */
function notTheProtocol(host: HostConfig, cause: ProtocolError): ProtocolError {
  return new ProtocolError(
    `${describeHost(host)} does not speak PostgreSQL's protocol as it should: ${cause.message}`,
    { cause, safeToRetry: true, isTransient: cause.isTransient },
  );
}

function sessionOf(
  context: SessionContext,
  { host, secured }: Attempt,
  transport: ByteStream,
  { server, processId, secretKey, transactionStatus, notices }: StartedUp,
): Session {
  const { config, clock, registry } = context;
  // The caller's own dialler is asked for the host by the same name again.
  const known = config.dial !== null || host.socketPath !== null || host.address !== null;
  const target: Omit<CancelTarget, 'secretKey'> = {
    host: known ? host : { ...host, address: transport.remoteAddress },
    secured,
    processId,
  };
  return new Session({
    transport,
    clock,
    // What is learnt of types is shared; a codec that is set holds for the one connection.
    registry: registry.fork(),
    statements: {
      size: config.statementCacheSize,
      lifetime: config.maxCachedStatementLifetime,
      maxTextLength: config.maxCacheableStatementSize,
    },
    server,
    processId,
    transactionStatus,
    notices,
    sendCancel: () =>
      secretKey === null
        ? Promise.resolve(true)
        : sendCancelRequest(context, { ...target, secretKey }),
  });
}

/**
 * Whether the fallback of `allow` and `prefer` may cure the failure, as in libpq: TLS does not
 * work, or the server's rules (pg_hba.conf) want the other way. A network that does not answer
 * and a connection that is lost later do not get better by it.
 */
function mayFallBack({ phase, security, secured }: Attempt, error: unknown): boolean {
  if (phase === 'negotiating TLS') return error instanceof ConnectionFailureError;
  return (security === 'plain' || secured) && isRefusal(error);
}

function isRefusal(error: unknown): error is PostgresError {
  return error instanceof PostgresError && error.sqlstate === '28000';
}

/** Which of two failures is shown; the other becomes its cause. */
function moreTelling(first: unknown, second: unknown): unknown {
  const answered = isAnswer(second) && !(isAnswer(first) && isRefusal(second));
  const [shown, other] = answered ? [second, first] : [first, second];
  if (isError(shown) && shown.cause === undefined) {
    Object.defineProperty(shown, 'cause', { value: other, writable: true, configurable: true });
  }
  return shown;
}

/** Whether a server's own words are in the error. */
export function isAnswer(error: unknown): error is PostgresError {
  return error instanceof PostgresError && error.severity !== null;
}

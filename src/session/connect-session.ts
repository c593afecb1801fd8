import type { ConnectConfig, HostConfig } from '../config/connect-config.ts';
import { TargetServerAttributeNotMatched, TimeoutError } from '../errors/client-errors.ts';
import { PostgresError } from '../errors/postgres-error.ts';
import { ConnectionFailureError } from '../errors/sqlstate.generated.ts';
import { Deadline } from '../transport/deadline.ts';
import { describeHost, openSession, type SessionContext } from './open-session.ts';
import type { Session } from './session.ts';
import { roleMatches, rolePasses } from './target-session.ts';

interface Failure {
  readonly host: HostConfig;
  readonly error: unknown;
}

/** Wrong credentials are wrong everywhere, and trying on could lock the account. */
function stopsTheWalk(error: unknown): boolean {
  return (
    error instanceof PostgresError && (error.sqlstate === '28P01' || error.sqlstate === '28000')
  );
}

/**
 * Connects to the first host that answers and has the wanted role. Every attempt has its share
 * of the time that is left, so that one silent host cannot use it all up.
 */
export async function connectSession(
  context: SessionContext,
  signal: AbortSignal | null = null,
): Promise<Session> {
  const { config, clock } = context;
  const deadline = Deadline.of(clock, config.timeout, signal);
  try {
    deadline?.check();
    return await walk(context, deadline);
  } finally {
    deadline?.dispose();
  }
}

async function walk(context: SessionContext, deadline: Deadline | null): Promise<Session> {
  const { config } = context;
  const hosts = orderedHosts(config);
  const failures: Failure[] = [];
  for (const wanted of rolePasses(config.targetSessionAttrs)) {
    for (const [index, host] of hosts.entries()) {
      let session: Session;
      try {
        session = await openShare(context, host, deadline, hosts.length - index);
      } catch (error) {
        if (deadline?.expired) throw timedOut(deadline, host, error);
        failures.push({ host, error });
        if (stopsTheWalk(error)) throw error;
        continue;
      }
      try {
        if (await roleMatches(session, wanted)) return session;
        failures.push({
          host,
          error: new TargetServerAttributeNotMatched(`the server is not ${wanted}`),
        });
      } catch (error) {
        failures.push({ host, error });
      }
      session.terminateGracefully();
    }
  }
  throw summary(config, failures);
}

function timedOut(deadline: Deadline, host: HostConfig, error: unknown): unknown {
  const reason = deadline.reason(false);
  if (!(reason instanceof TimeoutError)) return reason;
  return new TimeoutError(`connecting to ${describeHost(host)} took too long: ${reason.message}`, {
    cause: error === reason ? undefined : error,
    safeToRetry: true,
  });
}

/** Opens one host within its share of the time that is left. */
async function openShare(
  context: SessionContext,
  host: HostConfig,
  overall: Deadline | null,
  hostsLeft: number,
): Promise<Session> {
  const { attemptTimeout } = context.config;
  const left = (overall?.remaining ?? Infinity) / hostsLeft;
  const limit = Math.min(left, attemptTimeout ?? Infinity);
  if (limit === Infinity || (hostsLeft === 1 && attemptTimeout === null)) {
    return openSession(context, host, overall);
  }
  const share = new AbortController();
  overall?.watch((expired) => share.abort(expired.reason(false)));
  const deadline = Deadline.of(context.clock, limit, share.signal);
  try {
    return await openSession(context, host, deadline);
  } finally {
    deadline?.dispose();
    overall?.watch(null);
  }
}

function orderedHosts({ hosts, loadBalanceHosts }: ConnectConfig): HostConfig[] {
  const ordered = [...hosts];
  if (loadBalanceHosts === 'random') {
    for (let i = ordered.length - 1; i > 0; i--) {
      const j = Math.floor(Math.random() * (i + 1));
      [ordered[i], ordered[j]] = [ordered[j]!, ordered[i]!];
    }
  }
  return ordered;
}

/** The one failure there was, or an error that lists every attempt. */
function summary({ targetSessionAttrs }: ConnectConfig, failures: readonly Failure[]): unknown {
  const errors = failures.map(({ error }) => error);
  const roles = errors.filter((error) => error instanceof TargetServerAttributeNotMatched);
  const list = failures
    .map(
      ({ host, error }) =>
        `${describeHost(host)}: ${error instanceof Error ? error.message : error}`,
    )
    .join('; ');
  if (roles.length > 0) {
    return new TargetServerAttributeNotMatched(
      `none of the hosts matches targetSessionAttrs "${targetSessionAttrs}": ${list}`,
      { cause: new AggregateError(errors) },
    );
  }
  if (errors.length === 1) return errors[0];
  // Where a server answered, its word tells more than the sockets that were not there.
  const answers = errors.filter(
    (error) => error instanceof PostgresError && error.severity !== null,
  );
  if (answers.length === 1) return answers[0];
  return new ConnectionFailureError(
    `could not connect to any of ${failures.length} hosts: ${list}`,
    {},
    { cause: new AggregateError(errors), safeToRetry: true },
  );
}

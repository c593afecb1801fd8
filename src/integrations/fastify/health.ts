import { ClientConfigurationError, InvalidArgumentError } from '../../errors/client-errors.ts';
import type { Pool } from '../../pool/pool.ts';
import type { PoolStats } from '../../pool/stats.ts';
import { checkOptions } from '../check-options.ts';
import { isPool } from '../is-pool.ts';

/** How a health route asks. */
export interface HealthRouteOptions {
  /** How long the answer may take, the wait for a connection included, in milliseconds. Default 2,000. */
  readonly timeout?: number | undefined;
  /** The pool to ask. Default: `app.pg`, also for `undefined`, as `app.reports` is until its registration was awaited. */
  readonly pool?: Pool | undefined;
}

/** What a health route answers with. */
export interface Health {
  /** Whether the database answered in time. */
  readonly status: 'up' | 'down';
  /** What the pool is doing. */
  readonly pool: PoolStats;
}

/** What the handler needs of a request, of whatever server: HTTP/1, TLS, HTTP/2. */
export interface HealthRequest {
  /** The app. */
  readonly server: object;
  /** Where it is logged why the database does not answer. */
  readonly log: HealthLog;
}

/** What the handler needs of a log. */
export interface HealthLog {
  /** Logs a warning. */
  warn(details: object, message: string): void;
}

/** What the handler needs of a reply. */
export interface HealthReply {
  /** Sets a header. */
  header(name: string, value: string): unknown;
  /** Sets the status. */
  code(status: number): unknown;
}

const PATIENCE = 2_000;

/**
 * The handler of a route that tells whether the database answers: 200 with `{ status: 'up', pool }`,
 * or 503 with `{ status: 'down', pool }`, where `pool` is `pool.stats`. Why it is down is logged, and
 * not told. Its query waits in line like any other: it is down as well while no connection of the pool gets to it
 * within `timeout`, and `pool` says so, `inUse` being the pool's `maxSize`. A pool of one connection, given as
 * `pool`, asks the database alone.
 *
 * @throws ClientConfigurationError for unknown options, a timeout that is none and a pool that is none of this package's
 * @example
 * app.get('/health', { logLevel: 'warn' }, healthRoute({ timeout: 1_000 }));
 */
export function healthRoute(
  options: HealthRouteOptions = {},
): (request: HealthRequest, reply: HealthReply) => Promise<Health> {
  checkOptions('healthRoute', options, { timeout: 'number', pool: 'object' });
  const { timeout = PATIENCE } = options;
  // Refused by each call, it would be told as a database that is down.
  if (!(timeout >= 0)) {
    throw new ClientConfigurationError(
      'healthRoute: the option "timeout" must be a number of milliseconds, 0 or more',
    );
  }
  if (options.pool !== undefined && !isPool(options.pool)) {
    throw new ClientConfigurationError('healthRoute: the option "pool" must be a Pool');
  }
  return async (request, reply) => {
    const pool = options.pool ?? (request.server as { readonly pg?: Pool }).pg;
    if (pool === undefined) {
      throw new InvalidArgumentError('healthRoute: there is no app.pg here', {
        hint: 'Give it the pool: healthRoute({ pool: app.reports }).',
      });
    }
    reply.header('cache-control', 'no-store');
    try {
      await pool.execute({ text: 'SELECT', timeout });
      return { status: 'up', pool: pool.stats };
    } catch (error) {
      request.log.warn({ err: error }, 'the database does not answer');
      reply.code(503);
      return { status: 'down', pool: pool.stats };
    }
  };
}

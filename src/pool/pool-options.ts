import type { Connection } from '../client/connection.ts';
import type { ConnectOptions } from '../config/options.ts';
import { ClientConfigurationError } from '../errors/client-errors.ts';
import type { RowForm } from '../values/row-form.ts';

/** Something of the user's that is done with a connection at a certain moment. */
export type PoolHook = (connection: Connection<any>) => Promise<void> | void;

/** The options that are such hooks. */
export type HookName = 'init' | 'setup' | 'reset';

/** When a connection that comes back is reset; see PoolOptions.resetOnRelease. */
export type ResetPolicy = 'always' | 'auto' | 'never';

/**
 * How a pool behaves, besides how its connections are made. Durations are milliseconds.
 *
 * A hook may take as long as opening a connection may (`timeout`). If it throws or takes longer
 * its connection is destroyed, and whoever waits for it gets the error.
 */
export interface PoolOptions<F extends RowForm = 'record'> extends ConnectOptions<F> {
  /**
   * Connections that are always kept open: lost ones are replaced unasked, in the background.
   * Default 10, at most `maxSize`.
   */
  readonly minSize?: number | undefined;
  /** The most connections there ever are. Default 10. */
  readonly maxSize?: number | undefined;
  /** A connection is replaced after this many queries. Default 50,000. */
  readonly maxQueries?: number | undefined;
  /** Above `minSize`, a connection unused for so long is closed. Default 300,000; 0: never. */
  readonly maxInactiveConnectionLifetime?: number | undefined;
  /**
   * A connection is replaced at this age, give or take a tenth, but never while it is lent out.
   * Default 0: never.
   */
  readonly maxConnectionLifetime?: number | undefined;
  /** How long a call may wait for a connection. Default: as long as it takes. */
  readonly acquireTimeout?: number | undefined;
  /**
   * How many one-shot queries may be under way on one connection, the first included, once none
   * is idle and there are `maxSize` of them; each is isolated by its own Sync. Default 100; 0 or
   * 1: they wait instead. With a `setup` or `reset` hook each gets a connection of its own.
   */
  readonly pipelining?: number | undefined;
  /**
   * A connection that has been silent for so long is checked before it is lent out again: one
   * lone Sync, which no caller waits for, since the pool sends it unasked while the connection
   * rests. Only a process that was suspended meanwhile finds connections that are not checked
   * yet. Finds what the network does not tell: a peer that vanished, a gateway that has forgotten
   * the connection. Default 30,000; 0: never.
   */
  readonly validate?: number | undefined;
  /**
   * A connection that does not answer the check within this time is replaced. Default 5,000.
   */
  readonly validateTimeout?: number | undefined;
  /**
   * A connection that is lent out for longer than this is reported once, as a process warning
   * with the stack of whoever acquired it. It costs a stack trace for each `acquire`. Default 0:
   * never.
   */
  readonly leakWarning?: number | undefined;
  /**
   * Lets the process exit while nothing is under way on the pool's connections. While a call is, the
   * process stays. A subscription (`listen`) keeps it as long as it lives. Default false: open
   * connections keep the process.
   */
  readonly allowExitOnIdle?: boolean | undefined;
  /**
   * Called once with each new connection, e.g. to set type codecs or to add a query logger,
   * which then stays for good. Settings belong into `serverSettings`: a connection whose session
   * `init` has changed is replaced, and not reset, when a holder changes it as well.
   */
  readonly init?: PoolHook | undefined;
  /** Called with the connection each time before `acquire` returns it. */
  readonly setup?: PoolHook | undefined;
  /**
   * When a connection that comes back is reset: settings, role, locks of the session, channels, temporary
   * tables, prepared statements and `currval` are then as on a new one. A transaction that was left open is
   * rolled back in any case. The reset travels ahead of the next call on the connection, and costs no
   * round trip.
   *
   * - `'auto'`, the default: after whatever may have left something. That is, by its text, `SET`, `LISTEN`,
   *   several statements in one text, `CALL`, a function that is not PostgreSQL's own …; and what a
   *   connection or transaction has written, as triggers may have. Where a function that is called unseen, by a
   *   view, operator, cast or policy, or by a trigger of a one-shot call, leaves something, `'auto'` sees it
   *   only if the server reports the setting (TimeZone, session_authorization …).
   * - `'always'`: after each release and each one-shot call, which then do not share connections.
   * - `'never'`: only the transaction is ended, and what `addListener` and `prepare` have made.
   *
   * Not together with a `reset` hook, which takes its place.
   */
  readonly resetOnRelease?: 'always' | 'auto' | 'never' | undefined;
  /**
   * Called each time a connection comes back, in place of the pool's own reset, which undoes
   * settings, locks and the like if there may be any. A transaction has been rolled back by then.
   */
  readonly reset?: PoolHook | undefined;
  /**
   * A second pool, of standbys: `pool.readers`. `pool.transaction({ readOnly: true }, …)` and
   * `pool.with({ readOnly: true })` go there; the pool itself is then of the primary.
   */
  readonly readers?: ReadersOptions<F> | null | undefined;
}

/**
 * The pool of standbys of a pool. What is not given is as the pool has it: hosts, user, `maxSize`, hooks, …
 * Durations are milliseconds.
 */
export interface ReadersOptions<F extends RowForm = 'record'>
  extends Omit<PoolOptions<F>, 'readers' | 'rows' | 'transform'> {
  /**
   * `'prefer-standby'`, the default: while no standby can be had, connections to the primary serve,
   * read-only as well, and are replaced when one is back. `'standby'`: there are only standbys, and
   * while there is none, `transaction({ readOnly: true })` and `with({ readOnly: true })` go to the pool
   * itself. `'any'` spreads them over all servers.
   */
  readonly targetSessionAttrs?: ConnectOptions['targetSessionAttrs'];
  /** Default `'random'`: the standbys share the load. */
  readonly loadBalanceHosts?: ConnectOptions['loadBalanceHosts'];
  /** The whole of connecting. Default 5,000, or the pool's if that is less. */
  readonly timeout?: ConnectOptions['timeout'];
  /**
   * How far behind the primary what is read may be. A standby of which that is not certain is not used: the
   * primary's log is asked for how far it is, at most as often as needed, and a standby that has replayed
   * it so far was up to date then. Default: no limit.
   */
  readonly maxLag?: number | null | undefined;
  /** How long a call with `after` waits for a standby, before it goes to the primary. Default 500. */
  readonly maxWait?: number | null | undefined;
}

/** The options of a pool that are not those of its connections. */
export type OwnPoolOptions = Omit<PoolOptions<RowForm>, keyof ConnectOptions | 'readers'>;

/** The pool's own options, checked, with their defaults. */
export interface PoolSettings {
  readonly minSize: number;
  readonly maxSize: number;
  readonly maxQueries: number;
  readonly maxInactiveConnectionLifetime: number;
  readonly maxConnectionLifetime: number;
  readonly acquireTimeout: number | null;
  readonly pipelining: number;
  readonly validate: number;
  readonly validateTimeout: number;
  readonly leakWarning: number;
  readonly allowExitOnIdle: boolean;
  readonly resetOnRelease: ResetPolicy;
  readonly init: PoolHook | undefined;
  readonly setup: PoolHook | undefined;
  readonly reset: PoolHook | undefined;
}

function integer(name: string, value: unknown, standard: number, least: number): number {
  const given = value ?? standard;
  if (typeof given !== 'number' || !Number.isSafeInteger(given) || given < least) {
    throw new ClientConfigurationError(
      `invalid ${name} option: must be an integer of at least ${least}`,
    );
  }
  return given;
}

function duration(name: string, value: unknown, standard: number): number {
  const given = value ?? standard;
  if (typeof given !== 'number' || Number.isNaN(given) || given < 0) {
    throw new ClientConfigurationError(
      `invalid ${name} option: must be a number of milliseconds, 0 or more`,
    );
  }
  return given;
}

/** @throws ClientConfigurationError for all but a positive number */
export function positive(name: string, value: unknown): number {
  if (typeof value === 'number' && value > 0) return value;
  throw new ClientConfigurationError(
    `invalid ${name} option: must be a positive number of milliseconds`,
  );
}

function resetPolicy(value: unknown, hasHook: boolean): ResetPolicy {
  const given = value ?? 'auto';
  if (given !== 'always' && given !== 'auto' && given !== 'never') {
    throw new ClientConfigurationError(
      "invalid resetOnRelease option: must be 'always', 'auto' or 'never'",
    );
  }
  if ((value ?? null) !== null && hasHook) {
    throw new ClientConfigurationError(
      'invalid resetOnRelease option: the reset hook is called in place of the reset',
    );
  }
  return given;
}

function boolean(name: string, value: unknown): boolean {
  const given = value ?? false;
  if (typeof given !== 'boolean') {
    throw new ClientConfigurationError(`invalid ${name} option: must be true or false`);
  }
  return given;
}

function hook<F>(name: string, value: F | undefined): F | undefined {
  if (value !== undefined && value !== null && typeof value !== 'function') {
    throw new ClientConfigurationError(`invalid ${name} option: must be a function`);
  }
  return value ?? undefined;
}

/** The settings that the pool's own options come to. */
export function poolSettings(options: OwnPoolOptions): PoolSettings {
  const {
    minSize,
    maxSize,
    maxQueries,
    maxInactiveConnectionLifetime,
    maxConnectionLifetime,
    acquireTimeout,
    pipelining,
    validate,
    validateTimeout,
    leakWarning,
    allowExitOnIdle,
    resetOnRelease,
    init,
    setup,
    reset,
  } = options;
  const most = integer('maxSize', maxSize, Math.max(10, Number(minSize) || 0), 1);
  const least = integer('minSize', minSize, Math.min(10, most), 0);
  if (least > most) {
    throw new ClientConfigurationError('invalid minSize option: must not be greater than maxSize');
  }
  return {
    minSize: least,
    maxSize: most,
    maxQueries: integer('maxQueries', maxQueries, 50_000, 1),
    maxInactiveConnectionLifetime: duration(
      'maxInactiveConnectionLifetime',
      maxInactiveConnectionLifetime,
      300_000,
    ),
    maxConnectionLifetime: duration('maxConnectionLifetime', maxConnectionLifetime, 0),
    acquireTimeout:
      (acquireTimeout ?? null) === null ? null : positive('acquireTimeout', acquireTimeout),
    pipelining: integer('pipelining', pipelining, 100, 0),
    validate: duration('validate', validate, 30_000),
    validateTimeout: positive('validateTimeout', validateTimeout ?? 5_000),
    leakWarning: duration('leakWarning', leakWarning, 0),
    allowExitOnIdle: boolean('allowExitOnIdle', allowExitOnIdle),
    resetOnRelease: resetPolicy(resetOnRelease, (reset ?? null) !== null),
    init: hook('init', init),
    setup: hook('setup', setup),
    reset: hook('reset', reset),
  };
}

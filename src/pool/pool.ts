import { CALL_OPTIONS } from '../client/calls/call.ts';
import { keepLine, located } from '../client/calls/caller-stack.ts';
import { checkOptions } from '../client/calls/known-options.ts';
import { isTraced, RELEASES, traced } from '../client/calls/tracing.ts';
import { contextFor } from '../client/connect.ts';
import type { Connection } from '../client/connection.ts';
import {
  CHECK_IN,
  CHECK_OUT,
  CHECK_OUT_BY,
  CLIENT,
  CONTEXT,
  CREATE,
  DEADLINE,
  HAS_OTHERS,
  LEASE,
  LEND,
  OPEN,
  REFUSE,
  SEALED,
  STYLE,
} from '../client/internals.ts';
import type { Lease, Use } from '../client/lease.ts';
import { LimitedQueryable, type WithOptions } from '../client/limited-queryable.ts';
import { checkListener } from '../client/listening/listeners.ts';
import type { Notification } from '../client/listening/notification.ts';
import { placesOf } from '../client/open-client-session.ts';
import { Queryable } from '../client/queryable.ts';
import type { Transaction } from '../client/transactions/transaction.ts';
import { isReadOnly, type TransactionOptions } from '../client/transactions/transaction-options.ts';
import { dismissHolder } from '../client/transactions/undoing.ts';
import type { ConnectConfig } from '../config/connect-config.ts';
import type { SessionContext } from '../connecting/open-session.ts';
import { InterfaceError, InvalidArgumentError } from '../errors/client-errors.ts';
import type { HolderNeed } from '../sql/holder-need.ts';
import { quoteWholeIdentifier } from '../sql/quote.ts';
import type { Clock } from '../transport/clock.ts';
import { Deadline } from '../transport/deadline.ts';
import { whileInTime } from '../transport/within.ts';
import type { RowStyle } from '../values/column-names.ts';
import type { RowForm } from '../values/row-form.ts';
import { Allocator, type Waiting } from './allocator.ts';
import { clean, cleanAhead, cleanWithHook } from './cleaning.ts';
import { ExclusiveLease, type Lender } from './exclusive-lease.ts';
import { failedAfterCall, runHook } from './hook.ts';
import { LSN_QUERY, lsnOf } from './lsn.ts';
import { leftInTransaction, needsHolder } from './needs-holder.ts';
import { notePool, type PoolPlace } from './open-pools.ts';
import { Opener } from './opener.ts';
import { PoolConnection } from './pool-connection.ts';
import type { PoolSettings } from './pool-options.ts';
import type { PooledSession } from './pooled-session.ts';
import type { PoolStats } from './stats.ts';
import { checkListenOptions, type ListenOptions, type Subscription } from './subscription.ts';
import { poolClosed, SubscriptionHub } from './subscription-hub.ts';
import { warnOfLeak, warnOfListeners } from './warnings.ts';

/** What a pool is made of. */
export interface PoolParts {
  readonly context: SessionContext;
  readonly settings: PoolSettings;
  /** Default: one that takes every connection for as good as another. */
  readonly allocator?: Allocator;
}

/** Checked, and left out: whoever is at the primary has all. */
function withoutAfter(options: TransactionOptions): TransactionOptions {
  isReadOnly(options);
  const { after: _, ...others } = options;
  return others;
}

/**
 * A pool of connections. One-shot calls (`pool.fetch(…)`) take an idle connection, or share a
 * busy one once the pool is full; everything longer gets one of its own. Waiters are served in
 * the order in which they came. Make one with `createPool`.
 */
export class Pool<F extends RowForm = 'record'> extends Queryable<F> implements AsyncDisposable {
  declare protected readonly [SEALED]: true;
  readonly #context: SessionContext;
  readonly #config: ConnectConfig;
  readonly #settings: PoolSettings;
  readonly #clock: Clock;
  readonly #allocator: Allocator;
  readonly #subscriptions: SubscriptionHub;
  readonly #place: PoolPlace;
  readonly #strikeOut: () => void;
  readonly #lender: Lender = { takeBack: (lease) => this.#takeBack(lease) };
  /** Aborted by `terminate`, for hooks that are under way. */
  readonly #end = new AbortController();
  #closed: Promise<void> | null = null;

  /** Pools are made by `createPool`. */
  protected constructor(none: never);
  /** @internal */
  protected constructor(parts: PoolParts);
  protected constructor({ context, settings, allocator }: PoolParts) {
    super();
    const { config } = context;
    this.#context = context;
    this.#config = config;
    this.#settings = settings;
    this.#clock = context.clock;
    this.#allocator =
      allocator ?? new Allocator(new Opener(context, settings), settings, context.clock);
    this.#subscriptions = new SubscriptionHub(context);
    const { hosts, database } = config;
    this.#place = {
      hosts: placesOf(hosts),
      database,
      ...(context.pool === undefined ? {} : { pool: context.pool }),
    };
    this.#strikeOut = notePool(this, this.#place);
  }

  /** @internal */
  static [CREATE]<F extends RowForm>(
    config: ConnectConfig,
    settings: PoolSettings,
    clock?: Clock,
  ): Pool<F> {
    return new Pool<F>({ context: contextFor(config, clock), settings });
  }

  /**
   * Opens `minSize` connections: the first alone, so that an error is told once.
   * @internal
   */
  async [OPEN](): Promise<void> {
    const { minSize } = this.#settings;
    try {
      await this.#allocator.openFirst(Math.min(1, minSize));
      await this.#allocator.openFirst(minSize - this.#allocator.size);
    } catch (error) {
      this.terminate();
      throw error;
    }
  }

  /**
   * How its connections are made, for one that is made apart.
   * @internal
   */
  get [CONTEXT](): SessionContext {
    return this.#context;
  }

  // ── Lending ─────────────────────────────────────────────────────────────────────────────

  /** @internal */
  override get [STYLE](): RowStyle {
    return this.#config.rowStyle;
  }

  /** @internal */
  override [DEADLINE](
    timeout: number | undefined,
    signal: AbortSignal | undefined,
  ): Deadline | null {
    return Deadline.of(this.#clock, timeout ?? this.#config.commandTimeout, signal);
  }

  /** @internal */
  override [REFUSE](need: HolderNeed): void {
    throw needsHolder(need);
  }

  /** @internal */
  override [CHECK_OUT](use: Use, deadline: Deadline | null, text?: string): Lease | Promise<Lease> {
    const { setup, reset, resetOnRelease, acquireTimeout } = this.#settings;
    // The hooks are for one holder at a time, and so is a reset after each call.
    const isSharing =
      use === 'shared' && setup === undefined && reset === undefined && resetOnRelease !== 'always';
    if (!isSharing) return this.#leaseForCall(deadline, acquireTimeout);
    const waiting = isTraced('pool.acquire') ? this.#traceWait : null;
    return this.#allocator.checkOut('shared', deadline, acquireTimeout, text, waiting);
  }

  /**
   * A session for one holder that `checkOut` chooses.
   * @internal
   */
  [CHECK_OUT_BY](
    deadline: Deadline | null,
    checkOut: () => Promise<PooledSession>,
  ): Promise<Lease> {
    return this.#leaseInTime(deadline, null, checkOut);
  }

  /** What a wait has opened is traced inside of it. */
  readonly #traceWait: Waiting = (wait) =>
    traced('pool.acquire', () => ({ ...this.stats, ...this.#place }), wait);

  /** @internal */
  override [CHECK_IN](
    lease: PooledSession | ExclusiveLease,
    failed: boolean,
    text: string | undefined,
    deadline: Deadline | null,
  ): Promise<void> | null {
    if (lease instanceof ExclusiveLease) {
      const isLeft = !failed && lease.client.session.transactionStatus !== 'I';
      const cleaned = this.#giveBack(lease, failed);
      const returned = cleaned && whileInTime(deadline, cleaned);
      return isLeft ? (returned ?? Promise.resolve()).finally(leftInTransaction) : returned;
    }
    this.#allocator.checkIn(lease, text);
    return null;
  }

  /**
   * The same pool, with a time-out, a signal or settings for each call that is made through what is returned.
   * A call's own `timeout` wins; its own `signal` ends it as well. A transaction is ended by the
   * signal as a whole; the time-out is not for transactions.
   *
   * @param limits `timeout` in milliseconds; `signal`; `settings`: each call runs in a transaction of its
   *   own with these settings of the server; `readOnly`: calls go to the `readers`, if there are any, and
   *   must not write; `after`: to one that has replayed the log so far
   * @example
   * const db = pool.with({ signal: controller.signal });
   * const rows = await db.fetch('SELECT * FROM report');   // cancelled when the signal is aborted
   * const own = await pool.with({ settings: { 'app.user': id } }).fetch('SELECT * FROM notes');
   */
  with<G extends RowForm = F>(limits: WithOptions<G>): Queryable<G> {
    return new LimitedQueryable<G>(this, limits);
  }

  /** @internal */
  override [HAS_OTHERS](): boolean {
    return true;
  }

  /**
   * The same as of every Queryable. `readOnly` transactions go to the `readers`, if there are any.
   */
  override transaction<R>(fn: (tx: Transaction<F>) => Promise<R>): Promise<R>;
  override transaction<R>(
    options: TransactionOptions,
    fn: (tx: Transaction<F>) => Promise<R>,
  ): Promise<R>;
  override transaction<R>(
    first: TransactionOptions | ((tx: Transaction<F>) => Promise<R>),
    second?: (tx: Transaction<F>) => Promise<R>,
  ): Promise<R> {
    if (typeof first === 'function') return super.transaction(first);
    if (first?.after === undefined) return super.transaction(first, second!);
    return located(async () => await super.transaction(withoutAfter(first), second!));
  }

  /** A session for a call alone: at once where one rests, no hook has to run and nobody looks on. */
  #leaseForCall(deadline: Deadline | null, patience: number | null): Lease | Promise<Lease> {
    if (this.#settings.setup !== undefined || isTraced('pool.acquire')) {
      return this.#leaseInTime(deadline, patience);
    }
    const lent = this.#allocator.checkOut('exclusive', deadline, patience);
    if (lent instanceof Promise) return this.#leaseInTime(deadline, patience, () => lent);
    const lease = new ExclusiveLease(lent, this.#lender);
    PoolConnection[LEND](lease);
    return lease;
  }

  async #leaseInTime(
    deadline: Deadline | null,
    patience: number | null,
    checkOut?: () => Promise<PooledSession>,
  ): Promise<Lease> {
    const connection = await this.#lease(deadline, patience, null, checkOut);
    const lease = connection[LEASE];
    try {
      connection[CLIENT]('a method of Pool');
    } catch (error) {
      await this.#giveBack(lease, true);
      throw error;
    }
    return lease;
  }

  /** Gives a session back after its use. If that failed, its error is the one that counts. */
  #giveBack(lease: ExclusiveLease, failed: boolean): Promise<void> | null {
    const { isIdle } = lease.client.session;
    const returned = lease.giveBack();
    if (!failed)
      return this.#settings.reset === undefined ? returned : returned.catch(failedAfterCall);
    const quietly = returned.catch(() => {});
    // The caller does not wait until the server has reacted to a cancellation.
    return isIdle ? quietly : null;
  }

  /**
   * Lends a connection. Give it back with `release`, or by disposing it:
   *
   * @param options `timeout` in milliseconds, in place of `acquireTimeout`; `signal`
   * @throws TimeoutError that tells the state of the pool
   * @throws what `connect` throws, when a connection had to be opened and this call was the
   *   first in line
   * @example
   * await using connection = await pool.acquire();
   * await connection.execute("SET work_mem = '64MB'");
   */
  acquire(
    options: { timeout?: number | undefined; signal?: AbortSignal | undefined } = {},
  ): Promise<PoolConnection<F>> {
    return located(async () => {
      checkOptions('acquire', options, CALL_OPTIONS);
      const timeout = options.timeout ?? this.#settings.acquireTimeout;
      const deadline = Deadline.of(this.#clock, timeout, options.signal);
      try {
        deadline?.check();
        const stack = this.#settings.leakWarning > 0 ? new Error().stack : undefined;
        return await this.#lease(deadline, null, stack ?? null);
      } finally {
        deadline?.dispose();
      }
    });
  }

  /**
   * A connection for one holder.
   *
   * @param stack whose it is, if it is to be told when the connection does not come back
   */
  async #lease(
    deadline: Deadline | null,
    patience: number | null,
    stack: string | null,
    checkOut: () => Promise<PooledSession> = async () =>
      this.#allocator.checkOut('exclusive', deadline, patience),
  ): Promise<PoolConnection<F>> {
    const pooled = await this.#traceWait(checkOut);
    const lease = new ExclusiveLease(pooled, this.#lender);
    const connection = PoolConnection[LEND]<F>(lease);
    const { setup, leakWarning } = this.#settings;
    if (setup !== undefined) {
      try {
        const { timeout } = this.#config;
        const end = this.#end.signal;
        await runHook('setup', setup, connection, this.#clock, timeout, deadline, end);
      } catch (error) {
        lease.isOver = true;
        pooled.client.session.fail(null);
        throw error;
      }
    }
    if (stack !== null) pooled.watch(leakWarning, () => warnOfLeak(leakWarning, stack));
    return connection;
  }

  /**
   * Runs `fn` with a connection of its own and takes that back, whatever happens.
   *
   * @example
   * await pool.withConnection(async (connection) => {
   *   await connection.execute('SELECT pg_advisory_lock(1)');
   * });
   */
  withConnection<R>(fn: (connection: Connection<F>) => Promise<R>): Promise<R> {
    return located(async () => {
      if (typeof fn !== 'function') {
        throw new InvalidArgumentError(
          'withConnection takes a function, which gets the connection',
        );
      }
      const connection = await this.acquire();
      let failed = true;
      try {
        const result = await fn(connection);
        failed = false;
        return result;
      } catch (error) {
        keepLine(error);
        throw error;
      } finally {
        await this.#giveBack(connection[LEASE], failed);
      }
    });
  }

  /**
   * Takes a connection back. A transaction that was left open is rolled back, and what was
   * changed in the session is undone; calls that are still under way are waited for. Releasing
   * twice does nothing.
   *
   * @throws InterfaceError for a connection of somebody else's
   * @example
   * const connection = await pool.acquire();
   * await pool.release(connection);
   */
  release(connection: PoolConnection<any>): Promise<void> {
    return located(async () => {
      if (!(connection instanceof PoolConnection) || connection[LEASE].lender !== this.#lender) {
        throw new InterfaceError('cannot release: the connection is not one of this pool');
      }
      await connection[LEASE].giveBack();
    });
  }

  async #takeBack(lease: ExclusiveLease): Promise<void> {
    const { pooled, client } = lease;
    const { reset, resetOnRelease } = this.#settings;
    if (RELEASES.hasSubscribers) {
      RELEASES.publish({ ...this.#place, usedFor: this.#clock.now() - pooled.leasedAt });
    }
    pooled.unwatch();
    warnOfListeners(client.listeners.size);
    dismissHolder(client);
    lease.isOver = true;
    if (reset === undefined) {
      const ahead = cleanAhead(pooled, resetOnRelease, this.#clock);
      if (ahead !== null) {
        client.listeners.clearHolder();
        this.#allocator.checkIn(pooled);
        // Whoever had it may tell others that they can go on: what held them up is gone by then.
        if (ahead.isDue) await ahead.done;
        return;
      }
    }
    try {
      if (reset === undefined) {
        await clean(pooled, resetOnRelease, this.#clock);
      } else {
        await cleanWithHook(lease, reset, this.#clock, this.#config.timeout, this.#end.signal);
      }
    } finally {
      lease.isOver = true;
      client.listeners.clearHolder();
      this.#allocator.checkIn(pooled);
    }
  }

  // ── Notifications ───────────────────────────────────────────────────────────────────────

  /**
   * Listens on a channel for as long as the subscription lives, on a connection apart from the
   * pool's, which is opened again whenever it is lost.
   *
   * Both callbacks may be async. What they throw or reject with becomes a process warning.
   *
   * @throws InvalidArgumentError a channel's name that cannot be
   * @throws what `connect` throws, when the connection has to be opened and cannot be
   * @example
   * await using orders = await pool.listen('orders', ({ payload }) => handle(payload), {
   *   onReconnect: () => handleAllThatIsOpen(),
   * });
   */
  listen(
    channel: string,
    callback: (notification: Notification) => unknown,
    options: ListenOptions = {},
  ): Promise<Subscription> {
    return located(async () => {
      checkListenOptions(options);
      checkListener(callback);
      // One that cannot be is refused for itself, not with those that are to be listened to besides.
      quoteWholeIdentifier(channel);
      this.#allocator.checkOpen();
      return await this.#subscriptions.subscribe(channel, callback, options.onReconnect ?? null);
    });
  }

  // ── The whole ───────────────────────────────────────────────────────────────────────────

  /**
   * The pool of the standbys, with the option `readers`; without it, this pool itself, so that the same
   * program runs on one server. Its calls must not write; while there is no standby they are answered by
   * the primary, if its `targetSessionAttrs` lets it. It is closed with this pool.
   *
   * @example
   * const report = await pool.readers.fetch('SELECT * FROM sales');
   */
  get readers(): Pool<F> {
    return this;
  }

  /**
   * How far the server's log has been written: what was committed before this call is before it. On a
   * standby, how far that has been replayed. Give it to `after`, to read what was written from a standby.
   *
   * PostgreSQL manual, "pg_lsn Type".
   *
   * @returns as the server writes it, e.g. `'0/16B3748'`
   * @example
   * await pool.execute('UPDATE users SET name = $1 WHERE id = $2', 'Ada', 1);
   * const after = await pool.lsn();   // e.g. into the session's cookie
   * const name = await pool.with({ readOnly: true, after }).fetchVal('SELECT name FROM users');
   */
  lsn(): Promise<string> {
    return located(async () => lsnOf(await this.fetchOne(LSN_QUERY)));
  }

  /** Connections, those being opened included. */
  get size(): number {
    return this.#allocator.size;
  }

  /** Connections that nobody uses. */
  get idleSize(): number {
    return this.#allocator.idle;
  }

  /** The option `minSize`, or its default. */
  get minSize(): number {
    return this.#settings.minSize;
  }

  /** The option `maxSize`, or its default. */
  get maxSize(): number {
    return this.#settings.maxSize;
  }

  /** What the pool is doing at this moment and has done so far. */
  get stats(): PoolStats {
    return this.#allocator.stats;
  }

  /**
   * Replaces all connections: the idle ones now, the others when they come back.
   *
   * @example
   * await pool.expireConnections(); // each is replaced when it comes back
   */
  async expireConnections(): Promise<void> {
    this.#allocator.expire();
  }

  /**
   * Refuses new calls and those that wait, waits until every connection has been given back and
   * the one-shot calls under way are over, and closes everything. Idempotent.
   *
   * @example
   * process.once('SIGTERM', () => pool.close());
   */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    try {
      await Promise.all([this.#allocator.close(), this.#subscriptions.close()]);
    } finally {
      this.#strikeOut();
    }
  }

  /**
   * Closes all connections at once; calls under way are rejected. Idempotent.
   *
   * @example
   * pool.terminate();
   */
  terminate(): void {
    this.#strikeOut();
    this.#allocator.terminate();
    this.#subscriptions.terminate();
    this.#end.abort(poolClosed());
  }

  /** The same as `close()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

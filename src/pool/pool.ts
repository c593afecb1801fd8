import { atCaller } from '../client/caller-stack.ts';
import { contextFor, splitArguments } from '../client/connect.ts';
import type { Lane } from '../client/lane.ts';
import { openLane } from '../client/open-lane.ts';
import type { Connection } from '../client/connection.ts';
import type { Notification } from '../client/listeners.ts';
import { Queryable, type Use, type Work } from '../client/queryable.ts';
import type { ConnectConfig } from '../config/connect-config.ts';
import { resolveConfig } from '../config/resolve.ts';
import { InterfaceError, TimeoutError } from '../errors/client-errors.ts';
import type { SessionContext } from '../session/open-session.ts';
import type { Clock } from '../transport/clock.ts';
import { Deadline } from '../transport/deadline.ts';
import { PoolConnection } from './pool-connection.ts';
import { type PoolOptions, type PoolSettings, splitPoolOptions } from './pool-options.ts';
import { Slot } from './slot.ts';
import { PoolCounters, type PoolStats } from './stats.ts';
import { SubscriptionHub } from './subscription-hub.ts';
import type { Subscription } from './subscription.ts';
import { type Waiter, WaitingLine } from './waiting-line.ts';

/** The pauses between attempts to refill the pool in the background, in milliseconds. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 10_000;
/** How long a released connection may still be busy with calls that nobody awaits. */
const SETTLE_TIMEOUT = 10_000;
/** A shared connection that has said nothing for so long is behind one that has. */
const STALLED = 50;

/**
 * A pool of connections. One-shot calls (`pool.fetch(…)`) take an idle connection, or share a
 * busy one once the pool is full; everything longer gets one of its own. Waiters are served in
 * the order in which they came. Make one with `createPool`.
 */
export class Pool extends Queryable implements AsyncDisposable {
  readonly #config: ConnectConfig;
  readonly #context: SessionContext;
  readonly #settings: PoolSettings;
  readonly #clock: Clock;
  readonly #counters = new PoolCounters();
  readonly #slots = new Set<Slot>();
  /** The most recently used last: it is the first to be used again. */
  readonly #idle: Slot[] = [];
  readonly #waiting = new WaitingLine();
  readonly #connecting = new Set<AbortController>();
  readonly #subscriptions: SubscriptionHub;
  #generation = 0;
  #pause = FIRST_PAUSE;
  #refilling = false;
  #state: 'open' | 'closing' | 'closed' = 'open';
  #closed: Promise<void> | null = null;
  #onEmpty: (() => void) | null = null;

  /** @internal */
  constructor(config: ConnectConfig, settings: PoolSettings) {
    super();
    this.#config = config;
    this.#context = contextFor(config);
    this.#settings = settings;
    this.#clock = this.#context.clock;
    this.#subscriptions = new SubscriptionHub(this.#context);
  }

  /**
   * Opens `minSize` connections: the first alone, so that an error is told once.
   * @internal
   */
  async open(): Promise<void> {
    const { minSize } = this.#settings;
    if (minSize === 0) return;
    try {
      this.#makeIdle(await this.#connect());
      const others = Array.from({ length: minSize - 1 }, () => this.#connect());
      const results = await Promise.allSettled(others);
      const failed = results.find((result) => result.status === 'rejected');
      for (const result of results) {
        if (result.status === 'fulfilled') this.#makeIdle(result.value);
      }
      if (failed !== undefined) throw failed.reason;
    } catch (error) {
      this.terminate();
      throw error;
    }
  }

  // ── Borrowing ───────────────────────────────────────────────────────────────────────────

  /** @internal */
  override deadline(timeout: number | undefined, signal: AbortSignal | undefined): Deadline | null {
    return Deadline.of(this.#clock, timeout ?? this.#config.commandTimeout, signal);
  }

  /** @internal */
  override async lend<R>(use: Use, deadline: Deadline | null, work: Work<R>): Promise<R> {
    const { setup, reset } = this.#settings;
    if (use === 'shared' && setup === undefined && reset === undefined) {
      const slot = this.#takeShared() ?? (await this.#wait('shared', deadline));
      try {
        return await work(slot.lane);
      } finally {
        this.#leaveShared(slot);
      }
    }
    const connection = await this.#acquire(deadline);
    try {
      return await work(connection.lane('a method of Pool'));
    } finally {
      await this.release(connection);
    }
  }

  /**
   * Lends a connection. Give it back with `release`, or by disposing it:
   *
   * @param options `timeout` in milliseconds, in place of `acquireTimeout`; `signal`
   * @throws TimeoutError that tells the state of the pool
   * @example
   * await using connection = await pool.acquire();
   * await connection.execute('SET LOCAL …');
   */
  async acquire(
    options: { timeout?: number | undefined; signal?: AbortSignal | undefined } = {},
  ): Promise<PoolConnection> {
    const deadline = Deadline.of(
      this.#clock,
      options.timeout ?? this.#settings.acquireTimeout,
      options.signal,
    );
    try {
      deadline?.check();
      return await this.#acquire(deadline);
    } catch (error) {
      throw atCaller(error);
    } finally {
      deadline?.dispose();
    }
  }

  async #acquire(deadline: Deadline | null): Promise<PoolConnection> {
    const slot = this.#takeIdle() ?? (await this.#wait('exclusive', deadline));
    slot.state = 'leased';
    slot.leasedAt = this.#clock.now();
    this.#counters.acquired += 1;
    const connection = new PoolConnection(slot, (lent) => this.release(lent));
    const { setup } = this.#settings;
    if (setup !== undefined) {
      try {
        await setup(connection);
      } catch (error) {
        connection.markReleased();
        slot.lane.session.destroy(null);
        throw error;
      }
    }
    return connection;
  }

  /** Runs `fn` with a connection of its own and gives that back, whatever happens. */
  async withConnection<R>(fn: (connection: Connection) => Promise<R>): Promise<R> {
    try {
      const connection = await this.acquire();
      try {
        return await fn(connection);
      } finally {
        await this.release(connection);
      }
    } catch (error) {
      throw atCaller(error);
    }
  }

  /**
   * Takes a connection back. A transaction that was left open is rolled back, and what was
   * changed in the session is undone. Releasing twice does nothing.
   *
   * @throws InterfaceError for a connection of somebody else's
   */
  async release(connection: PoolConnection): Promise<void> {
    const slot = connection instanceof PoolConnection ? connection.slot : null;
    if (
      slot === null ||
      !(this.#slots.has(slot) || connection.isReleased || slot.state === 'gone')
    ) {
      throw new InterfaceError('cannot release: the connection is not one of this pool');
    }
    if (connection.isReleased) return;
    const { reset } = this.#settings;
    const { lane } = slot;
    if (reset === undefined) connection.markReleased();
    try {
      if (!lane.session.isEnded && !(await this.#settle(lane))) lane.session.destroy(null);
      if (!lane.session.isEnded) {
        if (lane.isInTransaction || reset === undefined) await lane.reset();
        if (reset !== undefined) await reset(connection);
      }
    } catch (error) {
      lane.session.destroy(null);
      if (reset !== undefined) throw atCaller(error);
    } finally {
      connection.markReleased();
      lane.log.clear();
      this.#returned(slot);
    }
  }

  /** Waits until no call is under way on the session any more. False: it takes too long. */
  async #settle(lane: Lane): Promise<boolean> {
    const { session } = lane;
    if (session.isIdle) return true;
    const deadline = Deadline.of(this.#clock, SETTLE_TIMEOUT)!;
    try {
      return await new Promise<boolean>((resolve) => {
        deadline.watch(() => resolve(false));
        void session.whenIdle().then(() => resolve(true));
      });
    } finally {
      deadline.dispose();
    }
  }

  // ── Slots ───────────────────────────────────────────────────────────────────────────────

  #checkOpen(): void {
    if (this.#state !== 'open') {
      throw new InterfaceError(`the pool is ${this.#state}`, { safeToRetry: true });
    }
  }

  #isFit(slot: Slot): boolean {
    return (
      !slot.lane.session.isEnded &&
      slot.generation === this.#generation &&
      this.#clock.now() < slot.expiresAt &&
      slot.lane.session.requests < this.#settings.maxQueries
    );
  }

  #takeIdle(): Slot | null {
    this.#checkOpen();
    if (this.#waiting.length > 0) return null;
    for (let slot = this.#idle.pop(); slot !== undefined; slot = this.#idle.pop()) {
      slot.unwatchIdle();
      if (this.#isFit(slot)) return slot;
      this.#discard(slot);
    }
    return null;
  }

  /** An idle connection for a one-shot call, or the freest that is shared already. */
  #takeShared(): Slot | null {
    const slot = this.#takeIdle() ?? this.#freestShared();
    if (slot !== null) this.#joinShared(slot);
    return slot;
  }

  #joinShared(slot: Slot): void {
    slot.state = 'shared';
    slot.users += 1;
    this.#counters.acquired += 1;
  }

  #freestShared(): Slot | null {
    const { maxSize, pipelining } = this.#settings;
    if (this.#waiting.length > 0 || this.#slots.size < maxSize) return null;
    const now = this.#clock.now();
    let best: Slot | null = null;
    let least = Infinity;
    for (const slot of this.#slots) {
      if (slot.state !== 'shared' || slot.users >= pipelining) continue;
      const { session } = slot.lane;
      if (session.isEnded || session.isCancelling || session.transactionStatus !== 'I') continue;
      const stalled = now - session.lastProgress > STALLED ? pipelining : 0;
      if (slot.users + stalled < least) {
        least = slot.users + stalled;
        best = slot;
      }
    }
    return best;
  }

  #leaveShared(slot: Slot): void {
    slot.users -= 1;
    if (slot.users > 0 || slot.state !== 'shared') return;
    const { lane } = slot;
    const { session } = lane;
    // Nothing to undo and nothing under way: the usual case, and it costs nothing.
    if (session.isIdle && session.transactionStatus === 'I' && !lane.dirty) {
      this.#returned(slot);
      return;
    }
    slot.state = 'leased';
    void this.#clean(slot);
  }

  async #clean(slot: Slot): Promise<void> {
    const { lane } = slot;
    try {
      if (await this.#settle(lane)) await lane.reset();
      else lane.session.destroy(null);
    } catch {
      lane.session.destroy(null);
    }
    this.#returned(slot);
  }

  /** A slot has no user any more: the next waiter gets it, or it is idle, or replaced. */
  #returned(slot: Slot): void {
    if (slot.state === 'gone') return;
    if (this.#state !== 'open' || !this.#isFit(slot)) {
      this.#discard(slot);
      return;
    }
    this.#makeIdle(slot);
  }

  #makeIdle(slot: Slot): void {
    if (slot.lane.session.isEnded) {
      this.#discard(slot);
      return;
    }
    const waiter = this.#waiting.shift();
    if (waiter !== null) {
      this.#hand(slot, waiter);
      return;
    }
    slot.state = 'idle';
    this.#idle.push(slot);
    slot.watchIdle(this.#settings.maxInactiveConnectionLifetime, () => {
      // The floor is kept by closing only what is above it.
      if (slot.state === 'idle' && this.#slots.size > this.#settings.minSize) this.#discard(slot);
    });
  }

  #hand(slot: Slot, waiter: Waiter): void {
    if (waiter.use === 'exclusive') {
      slot.state = 'leased';
      waiter.take(slot);
      return;
    }
    this.#joinShared(slot);
    waiter.take(slot);
    // Those right behind it may come along, up to the next who wants one of their own.
    const { maxSize, pipelining } = this.#settings;
    while (
      this.#slots.size >= maxSize &&
      slot.users < pipelining &&
      this.#waiting.first?.use === 'shared'
    ) {
      const next = this.#waiting.shift()!;
      this.#joinShared(slot);
      next.take(slot);
    }
  }

  /** Closes a slot's connection and sees to its replacement. */
  #discard(slot: Slot): void {
    if (slot.state === 'gone') return;
    slot.state = 'gone';
    slot.unwatchIdle();
    this.#slots.delete(slot);
    const at = this.#idle.indexOf(slot);
    if (at >= 0) this.#idle.splice(at, 1);
    this.#counters.closed += 1;
    slot.lane.session.terminateGracefully();
    this.#replenish();
    if (this.#slots.size === 0) this.#onEmpty?.();
  }

  // ── Waiting and connecting ──────────────────────────────────────────────────────────────

  #wait(use: Use, given: Deadline | null): Promise<Slot> {
    this.#checkOpen();
    const own =
      given === null && this.#settings.acquireTimeout !== null
        ? Deadline.of(this.#clock, this.#settings.acquireTimeout)
        : null;
    const deadline = given ?? own;
    return new Promise<Slot>((resolve, reject) => {
      const done = (): void => {
        deadline?.watch(null);
        own?.dispose();
      };
      const waiter: Waiter = {
        use,
        take: (slot) => {
          done();
          resolve(slot);
        },
        fail: (error) => {
          done();
          reject(error);
        },
      };
      this.#waiting.join(waiter);
      deadline?.watch((expired) => {
        if (!this.#waiting.leave(waiter)) return;
        this.#counters.abandonedWaits += 1;
        waiter.fail(this.#waitedTooLong(expired));
      });
      this.#replenish();
    });
  }

  #waitedTooLong(deadline: Deadline): unknown {
    const reason = deadline.reason(false);
    if (!(reason instanceof TimeoutError)) return reason;
    const { size, idle, inUse, connecting, waiting } = this.stats;
    const longest = Math.max(
      0,
      ...[...this.#slots]
        .filter((slot) => slot.state === 'leased')
        .map((slot) => this.#clock.now() - slot.leasedAt),
    );
    return new TimeoutError(
      `no connection became free in time: of ${size} connections ${inUse} are in use, ${idle} idle, ` +
        `${connecting} being opened; ${waiting} callers wait; the longest holder has had one for ${Math.round(longest)} ms`,
      { safeToRetry: true },
    );
  }

  /** Opens connections for those who wait, and up to the floor. */
  #replenish(): void {
    if (this.#state !== 'open') return;
    const { maxSize, minSize } = this.#settings;
    while (
      this.#waiting.length > this.#connecting.size &&
      this.#slots.size + this.#connecting.size < maxSize
    ) {
      this.#connectForWaiter();
    }
    if (this.#slots.size + this.#connecting.size < minSize) void this.#refill();
  }

  #connectForWaiter(): void {
    this.#connect().then(
      (slot) => this.#returned(slot),
      (error: unknown) => {
        // Who has waited longest is told; the others may have better luck.
        this.#waiting.shift()?.fail(error);
        this.#replenish();
      },
    );
  }

  /** Brings the pool back to its floor, patiently. */
  async #refill(): Promise<void> {
    if (this.#refilling) return;
    this.#refilling = true;
    try {
      while (
        this.#state === 'open' &&
        this.#slots.size + this.#connecting.size < this.#settings.minSize
      ) {
        try {
          this.#returned(await this.#connect());
          this.#pause = FIRST_PAUSE;
        } catch {
          await new Promise<void>((resolve) => {
            this.#clock.setTimer(this.#pause * (0.5 + Math.random() / 2), resolve, false);
          });
          this.#pause = Math.min(LONGEST_PAUSE, this.#pause * 2);
        }
      }
    } finally {
      this.#refilling = false;
    }
  }

  async #connect(): Promise<Slot> {
    const abort = new AbortController();
    this.#connecting.add(abort);
    const generation = this.#generation;
    try {
      const lane = await openLane(this.#context, abort.signal);
      const { session } = lane;
      const slot = new Slot(lane, generation, this.#clock, this.#settings.maxConnectionLifetime);
      try {
        await this.#initialise(slot);
      } catch (error) {
        session.destroy(null);
        throw error;
      }
      this.#slots.add(slot);
      this.#counters.opened += 1;
      lane.listeners.onEnd = () => {
        // In use, it is discarded when it comes back; a lost one makes room at once.
        if (slot.state === 'idle' || slot.state === 'leased') this.#discard(slot);
      };
      if (session.isEnded) this.#discard(slot);
      return slot;
    } catch (error) {
      this.#counters.failedConnects += 1;
      throw error;
    } finally {
      this.#connecting.delete(abort);
    }
  }

  async #initialise(slot: Slot): Promise<void> {
    const { init } = this.#settings;
    if (init === undefined) return;
    const connection = new PoolConnection(slot, async () => {});
    try {
      await init(connection);
      slot.lane.dirty = false;
    } finally {
      connection.markReleased();
    }
  }

  // ── Notifications ───────────────────────────────────────────────────────────────────────

  /**
   * Listens on a channel for as long as the subscription lives, on a connection apart from the
   * pool's, which is opened again whenever it is lost.
   *
   * @param options `onReconnect` is called after the connection was lost and all channels are
   *   listened to again: notifications may have been missed in between
   */
  async listen(
    channel: string,
    callback: (notification: Notification) => void | Promise<void>,
    options: { onReconnect?: (() => void) | undefined } = {},
  ): Promise<Subscription> {
    try {
      this.#checkOpen();
      return await this.#subscriptions.subscribe(channel, callback, options.onReconnect ?? null);
    } catch (error) {
      throw atCaller(error);
    }
  }

  // ── The whole ───────────────────────────────────────────────────────────────────────────

  /** Connections, those being opened included. */
  get size(): number {
    return this.#slots.size + this.#connecting.size;
  }

  /** Connections that nobody uses. */
  get idleSize(): number {
    return this.#idle.length;
  }

  get minSize(): number {
    return this.#settings.minSize;
  }

  get maxSize(): number {
    return this.#settings.maxSize;
  }

  get stats(): PoolStats {
    const { opened, closed, failedConnects, acquired, abandonedWaits } = this.#counters;
    return Object.freeze({
      size: this.size,
      idle: this.#idle.length,
      connecting: this.#connecting.size,
      inUse: this.#slots.size - this.#idle.length,
      waiting: this.#waiting.length,
      opened,
      closed,
      failedConnects,
      acquired,
      abandonedWaits,
    });
  }

  /** Replaces all connections: the idle ones now, the others when they come back. */
  async expireConnections(): Promise<void> {
    this.#generation += 1;
    for (const slot of [...this.#idle]) this.#discard(slot);
  }

  /** Waits until every connection has been given back and closes them. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closing';
    this.#refuseWaiters();
    for (const abort of this.#connecting) abort.abort(new InterfaceError('the pool is closing'));
    await this.#subscriptions.close();
    for (const slot of [...this.#idle]) this.#discard(slot);
    if (this.#slots.size > 0) {
      await new Promise<void>((resolve) => {
        this.#onEmpty = resolve;
      });
    }
    this.#state = 'closed';
  }

  #refuseWaiters(): void {
    for (let waiter = this.#waiting.shift(); waiter !== null; waiter = this.#waiting.shift()) {
      waiter.fail(new InterfaceError(`the pool is ${this.#state}`, { safeToRetry: true }));
    }
  }

  /** Closes all connections at once; calls under way are rejected. Idempotent. */
  terminate(): void {
    this.#state = 'closed';
    this.#refuseWaiters();
    for (const abort of this.#connecting) abort.abort(new InterfaceError('the pool is closed'));
    this.#subscriptions.terminate();
    for (const slot of [...this.#slots]) {
      slot.lane.session.destroy(null);
      this.#discard(slot);
    }
    this.#onEmpty?.();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/**
 * Makes a pool and opens its `minSize` connections.
 *
 * @throws what `connect` throws, when the first connections cannot be opened
 * @example
 * await using pool = await createPool('postgres://localhost/shop', { minSize: 2, maxSize: 20 });
 * const user = await pool.fetchRow('SELECT * FROM users WHERE id = $1', 1);
 */
export function createPool(dsn?: string, options?: PoolOptions): Promise<Pool>;
export function createPool(options?: PoolOptions): Promise<Pool>;
export async function createPool(
  first?: string | PoolOptions,
  second?: PoolOptions,
): Promise<Pool> {
  try {
    const [dsn, options] = splitArguments(first, second);
    const [settings, connectOptions] = splitPoolOptions(options);
    const pool = new Pool(resolveConfig(dsn, connectOptions), settings);
    await pool.open();
    return pool;
  } catch (error) {
    throw atCaller(error);
  }
}

import type { Use } from '../client/lease.ts';
import { InterfaceError } from '../errors/client-errors.ts';
import type { Clock, Timer } from '../transport/clock.ts';
import { Deadline } from '../transport/deadline.ts';
import { LONG_WAIT, type StandstillWatch } from '../transport/standstill-watch.ts';
import { atEndOfTurn } from '../transport/turn.ts';
import { clean, isSoiled } from './cleaning.ts';
import { Connections, type SessionSource } from './connections.ts';
import { type Expectation, Expectations } from './expectations.ts';
import { IdleSessions } from './idle-sessions.ts';
import { leastBusyShared } from './pipelining.ts';
import type { PoolSettings } from './pool-options.ts';
import type { PooledSession } from './pooled-session.ts';
import { stallWatch, watchedClose } from './stall-watch.ts';
import { PoolCounters, type PoolStats } from './stats.ts';
import { type Waiter, Waiters } from './waiters.ts';
import { deepStack, insideOf, refuseSource, waitedTooLong } from './waiting.ts';
import { type Inside, warnOfWaitInside } from './warnings.ts';

/** Does a wait for a session, as tracing does. */
export type Waiting = (wait: () => Promise<PooledSession>) => Promise<PooledSession>;

/**
 * The connections of a pool and those who wait for one: who gets which when. Waiters are served strictly in the
 * order in which they came, and there is never an idle connection while a caller waits.
 */
export class Allocator {
  readonly #settings: PoolSettings;
  readonly #clock: Clock;
  readonly #counters = new PoolCounters();
  readonly #connections: Connections;
  readonly #sessions: ReadonlySet<PooledSession>;
  readonly #idle: IdleSessions;
  readonly #waiters = new Waiters(() => this.#stall.end());
  readonly #stall: StandstillWatch;
  readonly #expectations = new Expectations();
  /** The moment of this turn of the event loop, in which nothing can be answered; null: not read yet. */
  #moment: number | null = null;
  readonly #forgetMoment = atEndOfTurn(() => {
    this.#moment = null;
  });
  #state: 'open' | 'closing' | 'closed' = 'open';

  constructor(source: SessionSource, settings: PoolSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
    this.#connections = new Connections(source, settings, clock, this.#counters, {
      waiting: () => this.#waiters.length,
      offer: (pooled) => this.#offer(pooled),
      failed: (error) => this.#waiters.shift()?.fail(error),
      opened: (milliseconds) => this.#expectations.noteOpening(milliseconds),
      gone: (pooled) => this.#idle.remove(pooled),
    });
    this.#sessions = this.#connections.present;
    this.#stall = stallWatch(this, clock);
    this.#idle = new IdleSessions(settings, clock, {
      isAboveFloor: () => this.#sessions.size > settings.minSize,
      isAwaited: () => this.#waiters.length > 0,
      isFit: this.#isFit,
      reuse: (pooled) => this.#reuse(pooled),
      discard: (pooled) => this.#connections.discard(pooled),
    });
  }

  get size(): number {
    return this.#connections.size;
  }

  get idle(): number {
    return this.#idle.idle;
  }

  get stats(): PoolStats {
    const { opened, closed, failedConnects, acquired, abandonedWaits } = this.#counters;
    return Object.freeze({
      size: this.size,
      idle: this.#idle.idle,
      connecting: this.#connections.opening,
      inUse: this.#sessions.size - this.#idle.idle,
      waiting: this.#waiters.length,
      opened,
      closed,
      failedConnects,
      acquired,
      abandonedWaits,
    });
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** The ticket of the first who waits; null: nobody does. */
  get firstTicket(): number | null {
    return this.#waiters.first?.ticket ?? null;
  }

  /** All connections that there may be; null while there may be more, or one is coming or going. */
  get sessions(): ReadonlySet<PooledSession> | null {
    return this.#sessions.size === this.#settings.maxSize ? this.#sessions : null;
  }

  /** @throws InterfaceError when the pool takes no calls any more */
  checkOpen(): void {
    if (this.#state !== 'open') {
      throw new InterfaceError(`the pool is ${this.#state}`, { safeToRetry: true });
    }
  }

  // ── Checking out ────────────────────────────────────────────────────────────────────────

  /**
   * A session for one caller: at once, if one is idle or can be shared, else when one is free.
   *
   * @param deadline ends the wait
   * @param patience and so do as many milliseconds
   * @param text what is to be executed, if it is to share a session
   * @param waiting does the wait, if there is one, and with it opens the connections that it needs
   */
  checkOut(
    use: Use,
    deadline: Deadline | null,
    patience: number | null,
    text = '',
    waiting: Waiting | null = null,
  ): PooledSession | Promise<PooledSession> {
    const expectation = use === 'shared' ? this.#expectations.of(text) : null;
    const taken = this.#take(expectation);
    if (taken !== null) return taken;
    if (waiting === null) return this.#waitFor(expectation, deadline, patience);
    return waiting(() => this.#waitFor(expectation, deadline, patience));
  }

  /** A session that is to be had at once: to share, if something is expected of the query. */
  #take(expectation: Expectation | null): PooledSession | null {
    this.checkOpen();
    if (this.#waiters.length > 0) return null;
    let pooled = this.#idle.take();
    if (pooled === null && expectation !== null) pooled = this.#leastBusyShared(expectation);
    if (pooled !== null) this.#assign(pooled, expectation);
    return pooled;
  }

  /** An idle session that `accept` takes, for one holder, if nobody waits. */
  takeIdle(accept: (pooled: PooledSession) => boolean): PooledSession | null {
    this.checkOpen();
    const pooled = this.#waiters.length > 0 ? null : this.#idle.takeWhere(accept);
    if (pooled !== null) this.#assign(pooled, null);
    return pooled;
  }

  async #waitFor(
    expectation: Expectation | null,
    deadline: Deadline | null,
    patience: number | null,
  ): Promise<PooledSession> {
    const ticket = this.#waiters.drawTicket();
    const own = Deadline.of(this.#clock, patience);
    try {
      let pooled = await this.#wait(ticket, expectation, deadline, own);
      while (pooled.client.session.isEnded) {
        // It was lost between hand-over and here: back to the same place in line.
        this.#checkIn(pooled, expectation);
        pooled = this.#take(expectation) ?? (await this.#wait(ticket, expectation, deadline, own));
      }
      return pooled;
    } finally {
      own?.dispose();
    }
  }

  readonly #isFit = (pooled: PooledSession): boolean => this.#connections.isFit(pooled);

  #leastBusyShared(expectation: Expectation): PooledSession | null {
    const { maxSize, pipelining } = this.#settings;
    // While connections are being opened nobody is tied to a busy one: one of these is free soon.
    const { opening, total } = this.#connections;
    if (pipelining < 2 || opening > 0 || total < maxSize) return null;
    return leastBusyShared(
      this.#sessions,
      pipelining,
      this.#expectations.cost(expectation),
      this.#expectations,
      this.#now(),
      this.#isFit,
    );
  }

  /** From here on it is in use. */
  #assign(pooled: PooledSession, expectation: Expectation | null): void {
    this.#counters.acquired += 1;
    if (expectation === null) {
      pooled.state = 'leased';
      pooled.leasedAt = this.#clock.now();
      return;
    }
    pooled.state = 'shared';
    pooled.users += 1;
    pooled.line.join(expectation, this.#expectations.cost(expectation), this.#now());
  }

  /** The time, read once a turn: what is sent in this turn leaves at its end. */
  #now(): number {
    if (this.#moment === null) {
      this.#moment = this.#clock.now();
      this.#forgetMoment();
    }
    return this.#moment;
  }

  #wait(
    ticket: number,
    expectation: Expectation | null,
    deadline: Deadline | null,
    own: Deadline | null,
  ): Promise<PooledSession> {
    refuseSource(this.sessions);
    return new Promise<PooledSession>((resolve, reject) => {
      const inside = insideOf(this.#sessions);
      const warning = inside === null ? null : this.#warnWhileWaiting(inside, deepStack());
      const done = (): void => {
        deadline?.watch(null);
        own?.watch(null);
        warning?.cancel();
      };
      const waiter: Waiter = {
        ticket,
        expectation,
        take: (pooled) => {
          done();
          resolve(pooled);
        },
        fail: (error) => {
          done();
          reject(error);
        },
      };
      this.#waiters.join(waiter);
      const giveUp = (expired: Deadline): void => {
        if (!this.#waiters.leave(waiter)) return;
        this.#counters.abandonedWaits += 1;
        waiter.fail(waitedTooLong(expired, this.#waitedFor, inside));
        // Those behind may be served now: they may share, where this one wanted one of its own.
        this.#serveShared();
      };
      deadline?.watch(giveUp);
      own?.watch(giveUp);
      this.#serveShared();
      this.#connections.openMore();
      // Whoever is warned of with the line of the call need not be once more.
      if (inside === null && this.#waiters.length > 0) this.#stall.begin();
    });
  }

  get #waitedFor() {
    return {
      stats: this.stats,
      present: this.#sessions,
      all: this.sessions,
      now: this.#clock.now(),
    };
  }

  /** Whoever holds a connection and waits for one more may wait for ever. */
  #warnWhileWaiting(inside: Inside, stack: string): Timer {
    return this.#clock.setTimer(
      LONG_WAIT,
      () => warnOfWaitInside(LONG_WAIT, inside, this.stats, stack),
      false,
    );
  }

  // ── Checking in ─────────────────────────────────────────────────────────────────────────

  /**
   * A caller is done with a session: one of those who share it, or its only holder, after whom it
   * was cleaned.
   *
   * @param text what was executed by one who shared it
   */
  checkIn(pooled: PooledSession, text = ''): void {
    this.#checkIn(pooled, pooled.users === 0 ? null : this.#expectations.of(text));
  }

  #checkIn(pooled: PooledSession, expectation: Expectation | null): void {
    if (expectation === null) {
      this.#reuse(pooled);
      return;
    }
    const { line } = pooled;
    const { session } = pooled.client;
    line.learn(session.lastProgress, session.queue.load, this.#expectations);
    line.leave(expectation);
    pooled.users -= 1;
    if (pooled.users > 0) {
      if (this.#waiters.length > 0) this.#serveShared();
    } else if (pooled.state === 'shared') {
      this.#reuseShared(pooled);
    }
  }

  /** The last of those who shared it is done. */
  #reuseShared(pooled: PooledSession): void {
    // Nothing to undo and nothing under way: the usual case, and it costs nothing.
    if (!isSoiled(pooled.client)) {
      this.#reuse(pooled);
      return;
    }
    pooled.state = 'leased';
    pooled.leasedAt = this.#clock.now();
    void clean(pooled, this.#settings.resetOnRelease, this.#clock).then(() => this.#reuse(pooled));
  }

  /** A clean session has no user any more: the next waiter gets it, or it rests, or ends. */
  #reuse(pooled: PooledSession): void {
    if (pooled.state === 'gone') return;
    const { effects } = pooled.client;
    const isAsNew = !effects.haveOutlasted && !(pooled.keepsInit && effects.wereUndone);
    if (this.#state !== 'open' || !isAsNew || !this.#isFit(pooled))
      this.#connections.discard(pooled);
    else this.#offer(pooled);
  }

  /** Gives a session to the first waiter, or lets it rest. */
  #offer(pooled: PooledSession): void {
    const waiter = this.#waiters.shift();
    if (waiter === null) {
      this.#idle.add(pooled);
      return;
    }
    this.#assign(pooled, waiter.expectation);
    waiter.take(pooled);
    if (this.#waiters.length > 0) this.#serveShared();
  }

  /** Lets those who are first in line share, up to the next who wants one of their own. */
  #serveShared(): void {
    for (;;) {
      const expectation = this.#waiters.first?.expectation ?? null;
      if (expectation === null) return;
      const pooled = this.#leastBusyShared(expectation);
      if (pooled === null) return;
      const waiter = this.#waiters.shift()!;
      this.#assign(pooled, expectation);
      waiter.take(pooled);
    }
  }

  // ── Beginning and end ───────────────────────────────────────────────────────────────────

  /** Opens the first connections, `count` of them. */
  openFirst(count: number): Promise<void> {
    return this.#connections.openFirst(count);
  }

  /** Replaces all connections: those at rest now, the others when they come back. */
  expire(): void {
    this.#connections.beginGeneration();
    for (const pooled of this.#idle.all()) this.#connections.discard(pooled);
  }

  /** Refuses calls; resolves when all that were made are over and every connection is closed. */
  async close(): Promise<void> {
    if (this.#state === 'open') this.#end('closing');
    for (const pooled of this.#idle.all()) this.#connections.discard(pooled);
    if (this.#connections.total > 0) {
      const empty = this.#connections.whenEmpty();
      await watchedClose(empty, this.#sessions, insideOf(this.#sessions), this.#clock);
    }
    this.#state = 'closed';
  }

  #end(state: 'closing' | 'closed'): void {
    this.#state = state;
    const refusal = (): InterfaceError =>
      new InterfaceError(`the pool is ${state}`, { safeToRetry: true });
    for (let waiter = this.#waiters.shift(); waiter !== null; waiter = this.#waiters.shift()) {
      waiter.fail(refusal());
    }
    this.#connections.stop(refusal());
  }

  /** Closes everything at once. */
  terminate(): void {
    if (this.#state === 'closed' && this.#connections.total === 0) return;
    this.#end('closed');
    this.#connections.destroy();
  }
}

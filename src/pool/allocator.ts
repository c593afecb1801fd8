import type { Use } from '../client/lease.ts';
import { ofNoCall } from '../client/tracing.ts';
import { InterfaceError } from '../errors/client-errors.ts';
import type { Session } from '../session/session.ts';
import type { Clock, Timer } from '../transport/clock.ts';
import { Deadline } from '../transport/deadline.ts';
import { LONG_WAIT, type StandstillWatch } from '../transport/standstill-watch.ts';
import { atEndOfTurn } from '../transport/turn.ts';
import { Backoff } from './backoff.ts';
import { clean, isSoiled } from './cleaning.ts';
import { type Expectation, Expectations } from './expectations.ts';
import { IdleSessions } from './idle-sessions.ts';
import { leastBusyShared } from './pipelining.ts';
import type { PoolSettings } from './pool-options.ts';
import type { PooledSession } from './pooled-session.ts';
import { stallWatch, watchedClose } from './stall-watch.ts';
import { PoolCounters, type PoolStats } from './stats.ts';
import { type Waiter, Waiters } from './waiters.ts';
import { insideOf, refuseSource, waitedTooLong } from './waiting.ts';
import { type Inside, warnOfWaitInside } from './warnings.ts';

/** Where a pool's connections come from. */
export interface SessionSource {
  /** Opens one. Leaves nothing open if that fails. */
  open(generation: number): Promise<PooledSession>;
  /** Ends every attempt that is under way. */
  abort(reason: Error): void;
}

/** A connection that is lost so soon after it was opened counts as one that failed. */
const TOO_SOON = 1000;

/**
 * The connections of a pool and those who wait for one: who gets which when, when one is opened,
 * checked and closed. Waiters are served strictly in the order in which they came; there is
 * never an idle connection while a caller waits, and never more connections than `maxSize`, where
 * those count that were closed here and not yet by the server.
 */
export class Allocator {
  readonly #source: SessionSource;
  readonly #settings: PoolSettings;
  readonly #clock: Clock;
  readonly #counters = new PoolCounters();
  readonly #sessions = new Set<PooledSession>();
  readonly #idle: IdleSessions;
  readonly #waiters = new Waiters(() => this.#stall.end());
  readonly #stall: StandstillWatch;
  /** Ended on this side, not on the server's. */
  readonly #closing = new Set<Session>();
  readonly #backoff: Backoff;
  readonly #expectations = new Expectations();
  /** The moment of this turn of the event loop, in which nothing can be answered; null: not read yet. */
  #moment: number | null = null;
  readonly #forgetMoment = atEndOfTurn(() => {
    this.#moment = null;
  });
  #opening = 0;
  #generation = 0;
  #refilling = false;
  /** The last connection could not be opened or was lost at once: the next is not hurried. */
  #unlucky = false;
  #state: 'open' | 'closing' | 'closed' = 'open';
  #onEmpty: (() => void) | null = null;

  constructor(source: SessionSource, settings: PoolSettings, clock: Clock) {
    this.#source = source;
    this.#settings = settings;
    this.#clock = clock;
    this.#backoff = new Backoff(clock, false);
    this.#stall = stallWatch(this, clock);
    this.#idle = new IdleSessions(settings, clock, {
      isAboveFloor: () => this.#sessions.size > settings.minSize,
      isAwaited: () => this.#waiters.length > 0,
      isFit: (pooled) => this.#isFit(pooled),
      reuse: (pooled) => this.#reuse(pooled),
      discard: (pooled) => this.#discard(pooled),
    });
  }

  get size(): number {
    return this.#sessions.size + this.#opening;
  }

  get idle(): number {
    return this.#idle.idle;
  }

  get stats(): PoolStats {
    const { opened, closed, failedConnects, acquired, abandonedWaits } = this.#counters;
    return Object.freeze({
      size: this.size,
      idle: this.#idle.idle,
      connecting: this.#opening,
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
   */
  checkOut(
    use: Use,
    deadline: Deadline | null,
    patience: number | null,
    text = '',
  ): PooledSession | Promise<PooledSession> {
    const expectation = use === 'shared' ? this.#expectations.of(text) : null;
    return this.#take(expectation) ?? this.#waitFor(expectation, deadline, patience);
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

  #isFit(pooled: PooledSession): boolean {
    return pooled.isFit(this.#generation, this.#settings.maxQueries);
  }

  readonly #isFitForNow = (pooled: PooledSession): boolean => this.#isFit(pooled);

  #leastBusyShared(expectation: Expectation): PooledSession | null {
    const { maxSize, pipelining } = this.#settings;
    // While connections are being opened nobody is tied to a busy one: one of these is free soon.
    if (pipelining < 2 || this.#opening > 0 || this.#total < maxSize) return null;
    return leastBusyShared(
      this.#sessions,
      pipelining,
      this.#expectations.cost(expectation),
      this.#expectations,
      this.#now(),
      this.#isFitForNow,
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
      const warning =
        inside === null ? null : this.#warnWhileWaiting(inside, new Error().stack ?? '');
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
      this.#openMore();
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
    if (this.#state !== 'open' || !isAsNew || !this.#isFit(pooled)) this.#discard(pooled);
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

  /** Closes a session and sees to its replacement. */
  #discard(pooled: PooledSession): void {
    if (pooled.state === 'gone') return;
    pooled.state = 'gone';
    pooled.unwatch();
    this.#sessions.delete(pooled);
    this.#idle.remove(pooled);
    this.#counters.closed += 1;
    const { session } = pooled.client;
    if (session.isEnded && this.#clock.now() - pooled.openedAt < TOO_SOON) this.#unlucky = true;
    session.terminateGracefully();
    this.#closing.add(session);
    void session.whenGone().then(() => {
      this.#closing.delete(session);
      this.#replenish();
      this.#checkEmpty();
    });
    this.#replenish();
  }

  // ── Opening ─────────────────────────────────────────────────────────────────────────────

  /** Connections as the server counts them, those that are coming and going included. */
  get #total(): number {
    return this.#sessions.size + this.#opening + this.#closing.size;
  }

  /** The same in the context of no call: whoever has made room is not who waits. */
  #replenish(): void {
    ofNoCall(() => this.#openMore());
  }

  /** Opens connections for those who wait, and up to the floor. */
  #openMore(): void {
    if (this.#state !== 'open') return;
    while (this.#waiters.length > this.#opening && this.#total < this.#settings.maxSize) {
      void this.#openAndAdmit();
    }
    if (this.#isBelowFloor) void ofNoCall(() => this.#refill());
  }

  get #isBelowFloor(): boolean {
    const { minSize, maxSize } = this.#settings;
    return this.#state === 'open' && this.size < minSize && this.#total < maxSize;
  }

  /** Brings the pool back to its floor, patiently. */
  async #refill(): Promise<void> {
    if (this.#refilling) return;
    this.#refilling = true;
    while (this.#isBelowFloor) {
      if (this.#unlucky) {
        this.#unlucky = false;
        await this.#backoff.pause();
      } else {
        await this.#openAndAdmit();
      }
    }
    this.#refilling = false;
  }

  async #openAndAdmit(): Promise<void> {
    try {
      this.#admit(await this.#open());
    } catch (error) {
      this.#unlucky = true;
      // Only the first waiter gets the error; the next attempt may succeed for the others.
      this.#waiters.shift()?.fail(error);
      this.#replenish();
      this.#checkEmpty();
    }
  }

  /** Opens the first connections, `count` of them. */
  async openFirst(count: number): Promise<void> {
    const opened = await Promise.allSettled(Array.from({ length: count }, () => this.#open()));
    for (const result of opened) {
      if (result.status === 'fulfilled') this.#admit(result.value);
    }
    for (const result of opened) {
      if (result.status === 'rejected') throw result.reason;
    }
  }

  async #open(): Promise<PooledSession> {
    let pooled: PooledSession;
    this.#opening += 1;
    const began = this.#clock.now();
    try {
      pooled = await this.#source.open(this.#generation);
    } catch (error) {
      this.#opening -= 1;
      if (this.#state === 'open') this.#counters.failedConnects += 1;
      throw error;
    }
    this.#opening -= 1;
    this.#expectations.noteOpening(this.#clock.now() - began);
    this.#sessions.add(pooled);
    this.#counters.opened += 1;
    return pooled;
  }

  /** A new connection is offered to the first waiter. */
  #admit(pooled: PooledSession): void {
    const { listeners, session } = pooled.client;
    const ended = (): void => {
      // A shared one is discarded when its last user has checked it in.
      if (pooled.state !== 'shared') this.#discard(pooled);
    };
    listeners.onEnd = ended;
    const isCurrent = pooled.generation === this.#generation && this.#state === 'open';
    if (session.isEnded || !isCurrent) this.#discard(pooled);
    else this.#offer(pooled);
    this.#backoff.wake();
  }

  /** Replaces all connections: those at rest now, the others when they come back. */
  expire(): void {
    this.#generation += 1;
    for (const pooled of this.#idle.all()) this.#discard(pooled);
  }

  // ── The end ─────────────────────────────────────────────────────────────────────────────

  /** Refuses calls; resolves when all that were made are over and every connection is closed. */
  async close(): Promise<void> {
    if (this.#state === 'open') this.#end('closing');
    for (const pooled of this.#idle.all()) this.#discard(pooled);
    if (this.#total > 0) {
      const empty = new Promise<void>((resolve) => {
        this.#onEmpty = resolve;
      });
      await watchedClose(empty, this.#sessions, insideOf(this.#sessions), this.#clock);
    }
    this.#state = 'closed';
  }

  #checkEmpty(): void {
    if (this.#state !== 'open' && this.#total === 0) this.#onEmpty?.();
  }

  #end(state: 'closing' | 'closed'): void {
    this.#state = state;
    const refusal = (): InterfaceError =>
      new InterfaceError(`the pool is ${state}`, { safeToRetry: true });
    for (let waiter = this.#waiters.shift(); waiter !== null; waiter = this.#waiters.shift()) {
      waiter.fail(refusal());
    }
    this.#source.abort(refusal());
    this.#backoff.wake();
  }

  /** Closes everything at once. */
  terminate(): void {
    if (this.#state === 'closed' && this.#total === 0) return;
    this.#end('closed');
    for (const pooled of [...this.#sessions]) {
      pooled.client.session.destroy(null);
      this.#discard(pooled);
    }
    for (const session of this.#closing) session.destroy(null);
  }
}

import type { Use } from '../client/queryable.ts';
import { InterfaceError, TimeoutError } from '../errors/client-errors.ts';
import type { Session } from '../session/session.ts';
import type { Clock } from '../transport/clock.ts';
import { Deadline } from '../transport/deadline.ts';
import { Backoff } from './backoff.ts';
import { clean } from './cleaning.ts';
import { RestingSlots } from './idle-sessions.ts';
import { freestShared } from './pipelining.ts';
import type { PoolSettings } from './pool-options.ts';
import type { Slot } from './pooled-session.ts';
import { PoolCounters, type PoolStats } from './stats.ts';
import { type Waiter, WaitingLine } from './waiters.ts';

/** Where a pool's connections come from. */
export interface SlotSource {
  /** Opens one. Leaves nothing open if that fails. */
  open(generation: number): Promise<Slot>;
  /** Ends every attempt that is under way. */
  abort(reason: Error): void;
}

/** A connection that is lost so soon after it was opened counts as one that failed. */
const TOO_SOON = 1000;

/**
 * The connections of a pool and those who wait for one: who gets which when, when one is opened,
 * checked and closed. Waiters are served strictly in the order in which they came; there is
 * never an idle connection while somebody waits, and never more connections than `maxSize`,
 * those that the server has not let go of yet included.
 */
export class Stock {
  readonly #source: SlotSource;
  readonly #settings: PoolSettings;
  readonly #clock: Clock;
  readonly #counters = new PoolCounters();
  readonly #slots = new Set<Slot>();
  readonly #resting: RestingSlots;
  readonly #waiting = new WaitingLine();
  /** Ended on this side, not on the server's. */
  readonly #closing = new Set<Session>();
  readonly #backoff: Backoff;
  #opening = 0;
  #generation = 0;
  #refilling = false;
  /** The last connection could not be opened or was lost at once: the next is not hurried. */
  #unlucky = false;
  #state: 'open' | 'closing' | 'closed' = 'open';
  #onEmpty: (() => void) | null = null;

  constructor(source: SlotSource, settings: PoolSettings, clock: Clock) {
    this.#source = source;
    this.#settings = settings;
    this.#clock = clock;
    this.#backoff = new Backoff(clock, false);
    this.#resting = new RestingSlots(settings, clock, {
      isAboveFloor: () => this.#slots.size > settings.minSize,
      isAwaited: () => this.#waiting.length > 0,
      isFit: (slot) => this.#isFit(slot),
      takeBack: (slot) => this.takeBack(slot),
      discard: (slot) => this.#discard(slot),
    });
  }

  get size(): number {
    return this.#slots.size + this.#opening;
  }

  get idle(): number {
    return this.#resting.idle;
  }

  get stats(): PoolStats {
    const { opened, closed, failedConnects, acquired, abandonedWaits } = this.#counters;
    return Object.freeze({
      size: this.size,
      idle: this.#resting.idle,
      connecting: this.#opening,
      inUse: this.#slots.size - this.#resting.idle,
      waiting: this.#waiting.length,
      opened,
      closed,
      failedConnects,
      acquired,
      abandonedWaits,
    });
  }

  /** @throws InterfaceError when the pool takes no calls any more */
  checkOpen(): void {
    if (this.#state !== 'open') {
      throw new InterfaceError(`the pool is ${this.#state}`, { safeToRetry: true });
    }
  }

  // ── Lending ─────────────────────────────────────────────────────────────────────────────

  /**
   * Lends a connection: an idle one, one that is shared, or the next that comes.
   *
   * @param deadline ends the wait
   * @param patience and so do as many milliseconds
   */
  async lend(use: Use, deadline: Deadline | null, patience: number | null): Promise<Slot> {
    const ticket = this.#waiting.drawTicket();
    for (;;) {
      const slot = this.tryLend(use) ?? (await this.#wait(ticket, use, deadline, patience));
      if (!slot.lane.session.isEnded) return slot;
      // It was lost between hand-over and here: back to the same place in line.
      if (use === 'shared') this.leaveShared(slot);
      else this.takeBack(slot);
    }
  }

  /** Lends a connection if there is one at once. */
  tryLend(use: Use): Slot | null {
    this.checkOpen();
    if (this.#waiting.length > 0) return null;
    const slot = this.#resting.take();
    if (use === 'exclusive') {
      if (slot !== null) this.#lease(slot);
      return slot;
    }
    const shared = slot ?? this.#freestShared();
    if (shared !== null) this.#share(shared);
    return shared;
  }

  #isFit(slot: Slot): boolean {
    return slot.isFit(this.#generation, this.#settings.maxQueries);
  }

  #freestShared(): Slot | null {
    const { maxSize, pipelining } = this.#settings;
    if (pipelining < 2 || this.#total < maxSize) return null;
    return freestShared(this.#slots, pipelining, this.#clock.now(), (slot) => this.#isFit(slot));
  }

  #lease(slot: Slot): void {
    slot.state = 'leased';
    slot.leasedAt = this.#clock.now();
    this.#counters.acquired += 1;
  }

  #share(slot: Slot): void {
    if (slot.users === 0) slot.sharedSince = this.#clock.now();
    slot.state = 'shared';
    slot.users += 1;
    this.#counters.acquired += 1;
  }

  #wait(
    ticket: number,
    use: Use,
    deadline: Deadline | null,
    patience: number | null,
  ): Promise<Slot> {
    const own = Deadline.of(this.#clock, patience);
    return new Promise<Slot>((resolve, reject) => {
      const done = (): void => {
        deadline?.watch(null);
        own?.dispose();
      };
      const waiter: Waiter = {
        ticket,
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
      const giveUp = (expired: Deadline): void => {
        if (!this.#waiting.leave(waiter)) return;
        this.#counters.abandonedWaits += 1;
        waiter.fail(this.#waitedTooLong(expired));
        // Whoever was behind may need less than the one that left.
        this.#serveShared();
      };
      deadline?.watch(giveUp);
      own?.watch(giveUp);
      this.#serveShared();
      this.#replenish();
    });
  }

  #waitedTooLong(deadline: Deadline): unknown {
    const reason = deadline.reason(false);
    if (!(reason instanceof TimeoutError)) return reason;
    const { size, idle, inUse, connecting, waiting } = this.stats;
    const now = this.#clock.now();
    let longest = 0;
    for (const slot of this.#slots) {
      if (slot.state === 'leased') longest = Math.max(longest, now - slot.leasedAt);
    }
    return new TimeoutError(
      `no connection became free in time: of ${size} connections ${inUse} are in use, ${idle} idle, ` +
        `${connecting} being opened; ${waiting} others wait; the longest holder has had one for ${Math.round(longest)} ms`,
      { safeToRetry: true },
    );
  }

  // ── Coming back ─────────────────────────────────────────────────────────────────────────

  /** One of those who share a connection is done. */
  leaveShared(slot: Slot): void {
    slot.users -= 1;
    if (slot.users > 0) {
      if (this.#waiting.length > 0) this.#serveShared();
      return;
    }
    if (slot.state !== 'shared') return;
    const { lane } = slot;
    const { session } = lane;
    // Nothing to undo and nothing under way: the usual case, and it costs nothing.
    if (session.isEnded || (session.isIdle && !lane.isInTransaction && !lane.dirty)) {
      this.takeBack(slot);
      return;
    }
    slot.state = 'leased';
    slot.leasedAt = this.#clock.now();
    void clean(lane, this.#clock).then(() => this.takeBack(slot));
  }

  /** A clean connection has no user any more: the next waiter gets it, or it rests, or ends. */
  takeBack(slot: Slot): void {
    if (slot.state === 'gone') return;
    const spoilt = slot.keepsInit && slot.lane.wasReset;
    if (this.#state !== 'open' || spoilt || !this.#isFit(slot)) this.#discard(slot);
    else this.#handOver(slot);
  }

  #handOver(slot: Slot): void {
    const waiter = this.#waiting.shift();
    if (waiter === null) {
      this.#resting.add(slot);
    } else if (waiter.use === 'exclusive') {
      this.#lease(slot);
      waiter.take(slot);
    } else {
      this.#share(slot);
      waiter.take(slot);
      this.#serveShared();
    }
  }

  /** Lets those who are first in line share, up to the next who wants one of their own. */
  #serveShared(): void {
    while (this.#waiting.first?.use === 'shared') {
      const slot = this.#freestShared();
      if (slot === null) return;
      const waiter = this.#waiting.shift()!;
      this.#share(slot);
      waiter.take(slot);
    }
  }

  /** Closes a slot's connection and sees to its replacement. */
  #discard(slot: Slot): void {
    if (slot.state === 'gone') return;
    slot.state = 'gone';
    slot.unwatch();
    this.#slots.delete(slot);
    this.#resting.remove(slot);
    this.#counters.closed += 1;
    const { session } = slot.lane;
    if (session.isEnded && this.#clock.now() - slot.openedAt < TOO_SOON) this.#unlucky = true;
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
    return this.#slots.size + this.#opening + this.#closing.size;
  }

  /** Opens connections for those who wait, and up to the floor. */
  #replenish(): void {
    if (this.#state !== 'open') return;
    while (this.#waiting.length > this.#opening && this.#total < this.#settings.maxSize) {
      void this.#openAndAdmit();
    }
    if (this.#isBelowFloor) void this.#refill();
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
      // Who has waited longest is told; the others may have better luck.
      this.#waiting.shift()?.fail(error);
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

  async #open(): Promise<Slot> {
    let slot: Slot;
    this.#opening += 1;
    try {
      slot = await this.#source.open(this.#generation);
    } catch (error) {
      this.#opening -= 1;
      if (this.#state === 'open') this.#counters.failedConnects += 1;
      throw error;
    }
    this.#opening -= 1;
    this.#slots.add(slot);
    this.#counters.opened += 1;
    return slot;
  }

  /** A new connection serves whoever waits first. */
  #admit(slot: Slot): void {
    const { listeners, session } = slot.lane;
    listeners.onEnd = () => {
      // Those who share it are told first, and leave it; a lost one makes room at once.
      if (slot.state !== 'shared') this.#discard(slot);
    };
    const isCurrent = slot.generation === this.#generation && this.#state === 'open';
    if (session.isEnded || !isCurrent) this.#discard(slot);
    else this.#handOver(slot);
    this.#backoff.wake();
  }

  /** Replaces all connections: those at rest now, the others when they come back. */
  expire(): void {
    this.#generation += 1;
    for (const slot of this.#resting.all()) this.#discard(slot);
  }

  // ── The end ─────────────────────────────────────────────────────────────────────────────

  /** Refuses calls; resolves when all that were made are over and every connection is closed. */
  async close(): Promise<void> {
    if (this.#state === 'open') this.#end('closing');
    for (const slot of this.#resting.all()) this.#discard(slot);
    if (this.#total > 0) {
      await new Promise<void>((resolve) => {
        this.#onEmpty = resolve;
      });
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
    for (let waiter = this.#waiting.shift(); waiter !== null; waiter = this.#waiting.shift()) {
      waiter.fail(refusal());
    }
    this.#source.abort(refusal());
    this.#backoff.wake();
  }

  /** Closes everything at once. */
  terminate(): void {
    if (this.#state === 'closed' && this.#total === 0) return;
    this.#end('closed');
    for (const slot of [...this.#slots]) {
      slot.lane.session.destroy(null);
      this.#discard(slot);
    }
    for (const session of this.#closing) session.destroy(null);
  }
}

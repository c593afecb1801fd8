import { ofNoCall } from '../client/calls/tracing.ts';
import type { Session } from '../session/session.ts';
import type { Clock } from '../transport/clock.ts';
import { Backoff } from './backoff.ts';
import type { PoolSettings } from './pool-options.ts';
import type { PooledSession } from './pooled-session.ts';
import type { PoolCounters } from './stats.ts';

/** Where a pool's connections come from. */
export interface SessionSource {
  /** Opens one. Leaves nothing open if that fails. */
  open(generation: number): Promise<PooledSession>;
  /** Ends every attempt that is under way. */
  abort(reason: Error): void;
}

/** What connections that come and go need of their allocator. */
export interface ConnectionsHost {
  /** How many callers wait for a connection. */
  readonly waiting: () => number;
  /** One that was opened is free. */
  readonly offer: (pooled: PooledSession) => void;
  /** One that a caller waits for could not be opened. */
  readonly failed: (error: unknown) => void;
  /** How many milliseconds it took to open one. */
  readonly opened: (milliseconds: number) => void;
  /** One is not to be lent out any more. */
  readonly gone: (pooled: PooledSession) => void;
}

/** A connection that is lost so soon after it was opened counts as one that failed. */
const TOO_SOON = 1000;

/**
 * The connections of a pool as they come and go: opened for those who wait and up to `minSize`, never more than
 * `maxSize`, where those count that were closed here and not yet by the server.
 */
export class Connections {
  readonly present = new Set<PooledSession>();
  readonly #source: SessionSource;
  readonly #settings: PoolSettings;
  readonly #clock: Clock;
  readonly #counters: PoolCounters;
  readonly #host: ConnectionsHost;
  /** Ended on this side, not on the server's. */
  readonly #closing = new Set<Session>();
  readonly #backoff: Backoff;
  #opening = 0;
  #generation = 0;
  #refilling = false;
  /** The last connection could not be opened or was lost at once: the next is not hurried. */
  #unlucky = false;
  /** None is opened any more. */
  #stopped = false;
  #onEmpty: (() => void) | null = null;

  constructor(
    source: SessionSource,
    settings: PoolSettings,
    clock: Clock,
    counters: PoolCounters,
    host: ConnectionsHost,
  ) {
    this.#source = source;
    this.#settings = settings;
    this.#clock = clock;
    this.#counters = counters;
    this.#host = host;
    this.#backoff = new Backoff(clock, false);
  }

  /** How many are being opened. */
  get opening(): number {
    return this.#opening;
  }

  /** Those that are being opened included. */
  get size(): number {
    return this.present.size + this.#opening;
  }

  /** As the server counts them, those that are coming and going included. */
  get total(): number {
    return this.present.size + this.#opening + this.#closing.size;
  }

  /** Whether one can be lent out once more. */
  isFit(pooled: PooledSession): boolean {
    return pooled.isFit(this.#generation, this.#settings.maxQueries);
  }

  /** Opens connections for those who wait, and up to the floor. */
  openMore(): void {
    if (this.#stopped) return;
    while (this.#host.waiting() > this.#opening && this.total < this.#settings.maxSize) {
      void this.#openAndAdmit();
    }
    if (this.#isBelowFloor) void ofNoCall(() => this.#refill());
  }

  /** The same in the context of no call: whoever has made room is not who waits. */
  #replenish(): void {
    ofNoCall(() => this.openMore());
  }

  get #isBelowFloor(): boolean {
    const { minSize, maxSize } = this.#settings;
    return !this.#stopped && this.size < minSize && this.total < maxSize;
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
      this.#host.failed(error);
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
      if (!this.#stopped) this.#counters.failedConnects += 1;
      throw error;
    }
    this.#opening -= 1;
    this.#host.opened(this.#clock.now() - began);
    this.present.add(pooled);
    this.#counters.opened += 1;
    return pooled;
  }

  /** A new connection is offered to the first waiter. */
  #admit(pooled: PooledSession): void {
    const { listeners, session } = pooled.client;
    const ended = (): void => {
      // A shared one is discarded when its last user has checked it in.
      if (pooled.state !== 'shared') this.discard(pooled);
    };
    listeners.onEnd = ended;
    const isCurrent = pooled.generation === this.#generation && !this.#stopped;
    if (session.isEnded || !isCurrent) this.discard(pooled);
    else this.#host.offer(pooled);
    this.#backoff.wake();
  }

  /** Closes a connection and sees to its replacement. */
  discard(pooled: PooledSession): void {
    if (pooled.state === 'gone') return;
    pooled.state = 'gone';
    pooled.unwatch();
    this.present.delete(pooled);
    this.#host.gone(pooled);
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

  /** From here on those that are present are fit for no further use. */
  beginGeneration(): void {
    this.#generation += 1;
  }

  /** Opens none any more, and ends the attempts that are under way. */
  stop(reason: Error): void {
    this.#stopped = true;
    this.#source.abort(reason);
    this.#backoff.wake();
  }

  /** Resolves when there are none any more, after `stop`. */
  whenEmpty(): Promise<void> {
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
      this.#checkEmpty();
    });
  }

  #checkEmpty(): void {
    if (this.#stopped && this.total === 0) this.#onEmpty?.();
  }

  /** Closes all of them at once. */
  destroy(): void {
    for (const pooled of [...this.present]) {
      pooled.client.session.destroy(null);
      this.discard(pooled);
    }
    for (const session of this.#closing) session.destroy(null);
  }
}

import type { ClientSession } from '../client/client-session.ts';
import type { Lease } from '../client/lease.ts';
import type { Clock, Timer } from '../transport/clock.ts';
import { Line } from './line.ts';

/** What use is made of a session of the pool. */
export type PooledSessionState =
  /** Not in use. */
  | 'idle'
  /** Not to be used until it has answered: it was silent for long. */
  | 'checking'
  /** One-shot queries, one or more. */
  | 'shared'
  /** One holder, or the pool itself (hooks, reset). */
  | 'leased'
  /** Closed, or about to be. */
  | 'gone';

/**
 * One session of the pool, and what the pool knows of it. Times are the clock's. It is its
 * own lease for one-shot calls, which share it.
 */
export class PooledSession implements Lease {
  readonly client: ClientSession;
  /** The pool's when the connection was opened: older ones have expired. */
  readonly generation: number;
  readonly openedAt: number;
  /** When it is to be replaced; Infinity: never. */
  expiresAt: number;
  state: PooledSessionState = 'leased';
  /** One-shot queries under way. */
  users = 0;
  /** The same, with what is expected of them. */
  readonly line: Line = new Line();
  /** When the present holder got it. */
  leasedAt = 0;
  /** When it was last given back. */
  idleSince = 0;
  /** The `init` hook left something in the session that a reset would undo. */
  keepsInit = false;
  readonly #wasReadOnly: boolean | null;
  readonly #clock: Clock;
  #timer: Timer | null = null;
  #firstRequests = 0;

  constructor(client: ClientSession, generation: number, clock: Clock, lifetime: number) {
    this.client = client;
    this.generation = generation;
    this.#clock = clock;
    this.#wasReadOnly = client.session.server.isReadOnly;
    this.openedAt = clock.now();
    this.leasedAt = this.openedAt;
    // Connections that were opened together must not all be replaced together.
    const jitter = 0.9 + Math.random() * 0.2;
    this.expiresAt = lifetime > 0 ? this.openedAt + lifetime * jitter : Infinity;
  }

  /** When the server was last heard of. */
  get heardAt(): number {
    return Math.max(this.openedAt, this.client.session.lastProgress);
  }

  /** From here on its requests are counted: those before were the pool's own. */
  begin(): void {
    this.#firstRequests = this.client.session.requests;
  }

  /** Whether it may be lent out (again). */
  isFit(generation: number, maxQueries: number): boolean {
    const { session } = this.client;
    return (
      !session.isEnded &&
      !(session.server.isRoleInDoubt && this.#hasOtherRole()) &&
      this.generation === generation &&
      session.requests - this.#firstRequests < maxQueries &&
      (this.expiresAt === Infinity || this.#clock.now() < this.expiresAt)
    );
  }

  /**
   * Whether the server takes writes now and did not when this was opened, or the other way round,
   * as after a failover. A write that was refused proves it where the server does not tell.
   */
  #hasOtherRole(): boolean {
    const isReadOnly = this.client.session.server.isReadOnly;
    return isReadOnly === null || isReadOnly !== this.#wasReadOnly;
  }

  /** Calls back after `delay` milliseconds, in place of what it was to call before. */
  watch(delay: number, callback: () => void): void {
    this.unwatch();
    if (delay !== Infinity) this.#timer = this.#clock.setTimer(delay, callback, false);
  }

  unwatch(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }
}

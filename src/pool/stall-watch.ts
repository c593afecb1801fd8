import type { Standstill } from '../session/session.ts';
import type { Clock, Timer } from '../transport/clock.ts';
import type { PooledSession } from './pooled-session.ts';
import { type Stall, warnOfStall } from './warnings.ts';

/** How long a call waits in vain before that is warned of, in milliseconds. */
export const LONG_WAIT = 5000;
/** How often a pool that calls wait for is looked at meanwhile, in milliseconds. */
const LOOK = 1000;

/** What the watch sees of its pool. */
interface WatchedPool {
  /** Of those who wait. */
  readonly firstTicket: number | null;
  /** All connections that there may be; null while one of them is coming or going. */
  readonly sessions: ReadonlySet<PooledSession> | null;
}

/** What each connection stands still for, if all of them are lent and the server has to answer none. */
export function stallOf(sessions: ReadonlySet<PooledSession> | null): Stall | null {
  if (sessions === null || sessions.size === 0) return null;
  const stall: Record<Standstill, number> = { holder: 0, reader: 0, source: 0 };
  for (const { state, client } of sessions) {
    const { standstill } = client.session;
    if (state !== 'leased' || standstill === null) return null;
    stall[standstill] += 1;
  }
  return stall;
}

/**
 * Looks, while callers wait, whether anything happens on the connections that they wait for. If not, what
 * holds those may itself wait for one, and then none comes back: that is warned of, once.
 */
export class StallWatch {
  readonly #pool: WatchedPool;
  readonly #clock: Clock;
  #timer: Timer | null = null;
  #ticket: number | null = null;
  #activity = 0;
  /** How often nothing had changed. */
  #looks = 0;

  constructor(pool: WatchedPool, clock: Clock) {
    this.#pool = pool;
    this.#clock = clock;
  }

  /** Somebody waits. */
  begin(): void {
    if (this.#timer !== null) return;
    this.#note();
    this.#lookLater();
  }

  /** Nobody waits any more. */
  end(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #lookLater(): void {
    // Referenced: a connection whose rows nobody takes does not keep the process, and it would end without a word.
    this.#timer = this.#clock.setTimer(LOOK, () => {
      this.#look();
      this.#lookLater();
    });
  }

  #look(): void {
    const { firstTicket, sessions } = this.#pool;
    const stall = stallOf(sessions);
    if (stall === null || firstTicket !== this.#ticket || this.#sum() !== this.#activity) {
      this.#note();
      return;
    }
    this.#looks += 1;
    if (this.#looks * LOOK === LONG_WAIT) warnOfStall(LONG_WAIT, stall);
  }

  /** How it is now. */
  #note(): void {
    this.#ticket = this.#pool.firstTicket;
    this.#activity = this.#sum();
    this.#looks = 0;
  }

  /** Grows whenever anything is sent or comes on any connection. */
  #sum(): number {
    let sum = 0;
    for (const { client } of this.#pool.sessions ?? []) sum += client.session.activity;
    return sum;
  }
}

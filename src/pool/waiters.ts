import type { Expectation } from './expectations.ts';
import type { PooledSession } from './pooled-session.ts';

/** A caller that waits for a session. */
export interface Waiter {
  /** Its place: waiters with a lower ticket are served first. */
  readonly ticket: number;
  /** What is expected of the query if it may share a session, else null. */
  readonly expectation: Expectation | null;
  readonly take: (pooled: PooledSession) => void;
  readonly fail: (error: unknown) => void;
}

/** The callers that wait, served strictly in the order in which they came. */
export class Waiters {
  #waiters = new Set<Waiter>();
  #tickets = 0;
  readonly #onEmpty: () => void;

  /** @param onEmpty called when the last has left the line */
  constructor(onEmpty: () => void) {
    this.#onEmpty = onEmpty;
  }

  get length(): number {
    return this.#waiters.size;
  }

  get first(): Waiter | null {
    return this.#waiters.values().next().value ?? null;
  }

  /** A place behind all there are. */
  drawTicket(): number {
    this.#tickets += 1;
    return this.#tickets;
  }

  /** Joins at the end; with an old ticket, as the session that it got was lost, at its old place. */
  join(waiter: Waiter): void {
    this.#waiters.add(waiter);
    if (waiter.ticket < this.#tickets) {
      this.#waiters = new Set([...this.#waiters].toSorted((a, b) => a.ticket - b.ticket));
    }
  }

  /** Whether the waiter was still in the line. */
  leave(waiter: Waiter): boolean {
    const wasThere = this.#waiters.delete(waiter);
    if (wasThere && this.#waiters.size === 0) this.#onEmpty();
    return wasThere;
  }

  /** Takes the first out of the line. */
  shift(): Waiter | null {
    const { first } = this;
    if (first !== null) this.leave(first);
    return first;
  }
}

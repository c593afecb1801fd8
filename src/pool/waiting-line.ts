import type { Use } from '../client/queryable.ts';
import type { Slot } from './slot.ts';

/** Somebody who waits for a connection. */
export interface Waiter {
  readonly use: Use;
  readonly take: (slot: Slot) => void;
  readonly fail: (error: unknown) => void;
}

/** Those who wait, served strictly in the order in which they came. */
export class WaitingLine {
  readonly #waiters = new Set<Waiter>();

  get length(): number {
    return this.#waiters.size;
  }

  get first(): Waiter | null {
    return this.#waiters.values().next().value ?? null;
  }

  join(waiter: Waiter): void {
    this.#waiters.add(waiter);
  }

  /** Whether the waiter was still in the line. */
  leave(waiter: Waiter): boolean {
    return this.#waiters.delete(waiter);
  }

  /** Takes the first out of the line. */
  shift(): Waiter | null {
    const { first } = this;
    if (first !== null) this.#waiters.delete(first);
    return first;
  }
}

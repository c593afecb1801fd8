import type { Clock } from '../../transport/clock.ts';

/** Milliseconds of the first and of the longest pause. */
const FIRST = 250;
const LONGEST = 5_000;

/** When something that fails may be tried again: each pause is twice as long as the one before. */
export class Pauses {
  readonly #clock: Clock;
  #next = FIRST;
  #until = -Infinity;
  #isTrying = false;
  /** What the last attempt failed with. */
  reason: unknown = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isPaused(): boolean {
    return this.#isTrying || this.#clock.now() < this.#until;
  }

  /** Somebody tries. */
  begin(): void {
    this.#isTrying = true;
  }

  failed(reason: unknown): void {
    this.reason = reason;
    this.#isTrying = false;
    this.#until = this.#clock.now() + this.#next;
    this.#next = Math.min(LONGEST, 2 * this.#next);
  }

  succeeded(): void {
    this.#isTrying = false;
    this.#until = -Infinity;
    this.#next = FIRST;
  }
}

import type { Clock, Timer } from '../transport/clock.ts';

/** Milliseconds of the first and of the longest pause. */
const FIRST = 100;
const LONGEST = 10_000;

/**
 * The pauses between attempts at something that fails: each twice as long as the one before,
 * with jitter, so that not everybody returns at once to a server that comes up again. After a
 * good while without any they begin from the shortest.
 */
export class Backoff {
  readonly #clock: Clock;
  /** Whether a pause keeps the process alive. */
  readonly #referenced: boolean;
  #next = FIRST;
  #lastAt = -Infinity;
  #timer: Timer | null = null;
  #wake: (() => void) | null = null;

  constructor(clock: Clock, referenced: boolean) {
    this.#clock = clock;
    this.#referenced = referenced;
  }

  /** Resolves after the pause, or as soon as `wake` is called. One at a time. */
  async pause(): Promise<void> {
    if (this.#clock.now() - this.#lastAt > 2 * LONGEST) this.#next = FIRST;
    const delay = this.#next * (0.5 + Math.random() / 2);
    this.#next = Math.min(LONGEST, this.#next * 2);
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#timer = this.#clock.setTimer(delay, resolve, this.#referenced);
    });
    this.#wake = null;
    this.#lastAt = this.#clock.now();
  }

  /** Ends the present pause. */
  wake(): void {
    this.#timer?.cancel();
    this.#wake?.();
  }
}

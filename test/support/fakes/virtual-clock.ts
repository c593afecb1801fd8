import type { Clock, Timer } from '../../../src/transport/clock.ts';

interface Entry {
  readonly at: number;
  readonly callback: () => void;
}

/** A clock that stands still until it is told to go on. */
export class VirtualClock implements Clock {
  #now = 0;
  readonly #timers = new Set<Entry>();
  readonly #settled: () => Promise<void>;

  /** `settled`: everything has happened that needs no more time to pass. */
  constructor(settled: () => Promise<void> = settle) {
    this.#settled = settled;
  }

  now(): number {
    return this.#now;
  }

  setTimer(delay: number, callback: () => void): Timer {
    const entry = { at: this.#now + Math.max(0, delay), callback };
    this.#timers.add(entry);
    return { cancel: () => this.#timers.delete(entry) };
  }

  /** Timers that are set. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Time passes in which nothing happens, as while a process is suspended. */
  suspend(milliseconds: number): void {
    this.#now += milliseconds;
  }

  /** Lets time pass; what is due happens in order, each thing before the next is looked for. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    for (;;) {
      let next: Entry | null = null;
      for (const entry of this.#timers) {
        if (entry.at <= end && (next === null || entry.at < next.at)) next = entry;
      }
      if (next === null) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
      await this.#settled();
    }
    this.#now = end;
    await this.#settled();
  }
}

/** Lets everything happen that waits for nothing but its turn. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

import { builtinModule } from '../runtime/builtin-module.ts';
import { isFaked } from './faked.ts';

/** A timer that has been set. */
export interface Timer {
  cancel(): void;
}

/** Time, as everything above sees it: this module alone reads the clock and sets timers. */
export interface Clock {
  /** Milliseconds since some fixed moment; never goes back. */
  now(): number;
  /** Calls `callback` after `delay` milliseconds. An unreferenced timer keeps no process alive. */
  setTimer(delay: number, callback: () => void, referenced?: boolean): Timer;
}

// Taken once, and from the module: a test that fakes the globals must not stop or hasten a connection.
const { clearTimeout, setTimeout } = builtinModule('node:timers');
const { hrtime, uptime } = process;

/** As fast as `performance.now()`, at whose first use Node loads ten modules: 2 ms of a cold start. */
function now(): number {
  const [seconds, nanoseconds] = hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}

/** Takes twice as long, and is not faked by anybody. */
function uptimeNow(): number {
  return uptime() * 1000;
}

/** The longest delay that a timer holds; a longer one would fire at once. */
const MAX_DELAY = 0x7fffffff;

class SystemTimer implements Timer {
  readonly #handle: NodeJS.Timeout;
  constructor(delay: number, callback: () => void, referenced: boolean) {
    this.#handle = setTimeout(callback, Math.min(delay, MAX_DELAY));
    if (!referenced) this.#handle.unref();
  }
  cancel(): void {
    clearTimeout(this.#handle);
  }
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: isFaked(hrtime) ? uptimeNow : now,
  setTimer: (delay, callback, referenced = true) => new SystemTimer(delay, callback, referenced),
};

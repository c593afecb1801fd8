import { InterfaceError, TimeoutError } from '../errors/client-errors.ts';
import type { Clock, Timer } from './clock.ts';

/** What ends a call before its time: its time-out or its caller's signal. */
export type Expiry = (deadline: Deadline) => void;

/** What a deadline needs of an AbortSignal, of which one takes a while to be made. */
export interface AbortSource {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void, options?: { once: true }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/**
 * The one object that carries a call's time-out and abort signal through all its phases:
 * waiting for a connection, connecting, sending, receiving. Each phase says with `watch` what
 * ends it; `dispose` removes timer and listener, whatever happened.
 */
export class Deadline {
  readonly #timeout: number | null;
  readonly #signal: AbortSource | null;
  readonly #clock: Clock;
  readonly #startedAt: number;
  #timer: Timer | null = null;
  #listener: (() => void) | null = null;
  #watcher: Expiry | null = null;
  #expired: 'timeout' | 'abort' | null = null;

  /**
   * A deadline for a call, or null when it has neither time-out nor signal.
   * `timeout` is in milliseconds; 0 or less has already passed.
   */
  static of(
    clock: Clock,
    timeout: number | null | undefined,
    signal?: AbortSource | null,
  ): Deadline | null {
    const limit = timeout ?? null;
    if (limit !== null && (typeof limit !== 'number' || Number.isNaN(limit))) {
      throw new InterfaceError('invalid timeout value: expected a number of milliseconds', {
        safeToRetry: true,
      });
    }
    if (signal === undefined || signal === null) {
      return limit === null ? null : new Deadline(clock, limit, null);
    }
    if (typeof signal.addEventListener !== 'function' || typeof signal.aborted !== 'boolean') {
      throw new InterfaceError('invalid signal: expected an AbortSignal', { safeToRetry: true });
    }
    return new Deadline(clock, limit, signal);
  }

  private constructor(clock: Clock, timeout: number | null, signal: AbortSource | null) {
    this.#clock = clock;
    this.#timeout = timeout;
    this.#signal = signal;
    this.#startedAt = clock.now();
    if (signal?.aborted) this.#expired = 'abort';
    else if (timeout !== null && timeout <= 0) this.#expired = 'timeout';
    else {
      if (timeout !== null && timeout !== Infinity) {
        this.#timer = clock.setTimer(timeout, () => this.#expire('timeout'));
      }
      if (signal !== null) {
        const aborted = (): void => this.#expire('abort');
        signal.addEventListener('abort', aborted, { once: true });
        this.#listener = aborted;
      }
    }
  }

  #expire(how: 'timeout' | 'abort'): void {
    if (this.#expired !== null) return;
    this.#expired = how;
    this.#release();
    this.#watcher?.(this);
  }

  get expired(): boolean {
    return this.#expired !== null;
  }

  /** Milliseconds that are left; Infinity without a time-out. */
  get remaining(): number {
    if (this.#expired !== null) return 0;
    if (this.#timeout === null) return Infinity;
    return Math.max(0, this.#timeout - (this.#clock.now() - this.#startedAt));
  }

  /** Sets what happens on expiry, in place of what an earlier phase had set. */
  watch(watcher: Expiry | null): void {
    this.#watcher = watcher;
    if (watcher !== null && this.#expired !== null) watcher(this);
  }

  /** What the caller's promise is rejected with. `sent`: the server may have begun the call. */
  reason(sent: boolean): unknown {
    if (this.#expired === 'abort') return this.#signal?.reason;
    return new TimeoutError(`the call did not finish within its time-out of ${this.#timeout} ms`, {
      safeToRetry: !sent,
    });
  }

  /** Throws the reason if the deadline has passed and nothing was sent yet. */
  check(): void {
    if (this.#expired !== null) throw this.reason(false);
  }

  /** Ends the watch. Idempotent. */
  dispose(): void {
    this.#watcher = null;
    this.#release();
  }

  #release(): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#listener !== null) {
      this.#signal?.removeEventListener('abort', this.#listener);
      this.#listener = null;
    }
  }
}

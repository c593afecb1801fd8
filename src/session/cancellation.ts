import type { Clock, Timer } from '../transport/clock.ts';
import type { Request } from './request.ts';

/** What a cancellation needs of its session. */
export interface CancellationHost {
  /** Sends the CancelRequest; settles when the server has closed that connection. */
  readonly send: () => Promise<void>;
  /** The signal is sent: has a Sync go round, and calls `fenced()` with its answer. */
  readonly delivered: () => void;
  /** The cancel can hit nothing any more. */
  readonly settled: () => void;
  /** The server does not react. */
  readonly giveUp: () => void;
}

/** How long a cancelled request may take to end before the connection is given up. */
const DRAIN_TIMEOUT = 5_000;

/**
 * One CancelRequest from its sending until it is certain that it can strike no other query.
 *
 * The server signals the backend before it closes the cancel connection, so after that close
 * the signal is pending at the latest. Then one Sync goes round, since a backend drops a cancel
 * signal that finds it idle. Whether the target ended with query_canceled proves nothing: it may
 * have been stopped by the server's own time-out. PostgreSQL manual, "Canceling Requests in
 * Progress".
 */
export class Cancellation {
  readonly target: Request;
  readonly #clock: Clock;
  readonly #host: CancellationHost;
  #sent = false;
  #targetDone = false;
  #over = false;
  #timer: Timer | null = null;

  constructor(target: Request, clock: Clock, host: CancellationHost) {
    this.target = target;
    this.#clock = clock;
    this.#host = host;
  }

  start(): void {
    this.#timer = this.#clock.setTimer(DRAIN_TIMEOUT, () => {
      if (!this.#over) this.#host.giveUp();
    });
    const done = (): void => {
      this.#sent = true;
      this.#advance();
    };
    this.#host.send().then(done, done);
  }

  /** The target is over and the signal sent; only whoever comes next may still be struck. */
  get isDelivered(): boolean {
    return this.#sent && this.#targetDone;
  }

  /** ReadyForQuery of any request came. */
  finished(request: Request): void {
    if (request !== this.target) return;
    this.#targetDone = true;
    this.#advance();
  }

  #advance(): void {
    if (this.#over || !this.#sent || !this.#targetDone) return;
    // The server does react. What it still has to do before the fence may take its time.
    this.#timer?.cancel();
    this.#host.delivered();
  }

  /** The Sync came back. */
  fenced(): void {
    if (this.#over) return;
    this.stop();
    this.#host.settled();
  }

  stop(): void {
    this.#over = true;
    this.#timer?.cancel();
  }
}

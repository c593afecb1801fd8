import type { Clock, Timer } from '../../transport/clock.ts';
import type { Request } from '../request.ts';

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
/** The first pause until a cancel that had no effect is sent again; each is twice the last. */
const PAUSE = 100;

/**
 * The CancelRequest for one request, from its sending until it is certain that it can strike no
 * other query.
 *
 * A cancel that overtakes its query on the way, or comes while a pooler still lets it wait, is
 * lost: it is sent again for as long as the target goes on. The server signals the backend before
 * it closes the cancel connection, so after that close the signal is pending at the latest. Then
 * one Sync goes round, since a backend drops a cancel signal that finds it idle. Whether the
 * target ended with query_canceled proves nothing: it may have been stopped by the server's own
 * time-out. PostgreSQL manual, "Canceling Requests in Progress".
 */
export class Cancellation {
  readonly target: Request;
  readonly #clock: Clock;
  readonly #host: CancellationHost;
  #isSending = false;
  #targetDone = false;
  #over = false;
  #drain: Timer | null = null;
  #next: Timer | null = null;

  constructor(target: Request, clock: Clock, host: CancellationHost) {
    this.target = target;
    this.#clock = clock;
    this.#host = host;
  }

  start(): void {
    this.#drain = this.#clock.setTimer(DRAIN_TIMEOUT, () => {
      if (!this.#over) this.#host.giveUp();
    });
    this.#send(PAUSE);
  }

  #send(pause: number): void {
    this.#isSending = true;
    const sent = (): void => {
      this.#isSending = false;
      if (this.#over) return;
      if (this.#targetDone) this.#delivered();
      else this.#next = this.#clock.setTimer(pause, () => this.#send(2 * pause));
    };
    this.#host.send().then(sent, sent);
  }

  /** The target is over and the signal sent; only the request behind it may still be struck. */
  get isDelivered(): boolean {
    return this.#targetDone && !this.#isSending;
  }

  /** ReadyForQuery of any request came. */
  finished(request: Request): void {
    if (request !== this.target || this.#over) return;
    this.#targetDone = true;
    this.#next?.cancel();
    if (!this.#isSending) this.#delivered();
  }

  #delivered(): void {
    // The server does react. What it still has to do before the Sync may take its time.
    this.#drain?.cancel();
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
    this.#drain?.cancel();
    this.#next?.cancel();
  }
}

import { TimeoutError } from '../errors/client-errors.ts';
import type { CopyBothRequest } from '../session/requests/copy-both-request.ts';
import type { Clock, Timer } from '../transport/clock.ts';
import type { Walsender } from './walsender.ts';

/** An acknowledgement is told at most so often, in milliseconds. */
const SOON = 200;

/** What there is to tell. */
export interface Progress {
  /** Everything before was processed. */
  readonly acknowledgedPosition: bigint;
  /** Everything before was received. */
  readonly received: bigint;
  /** Nothing is read at the moment: the server's silence says nothing. */
  readonly isPaused: boolean;
}

/** Math.max knows no bigints. */
function later(one: bigint, other: bigint): bigint {
  if (one > other) return one;
  return other;
}

/** Who waits until the server knows. */
interface Waiter {
  /** The update, by its number, that is to be answered. */
  update: number;
  readonly tell: () => void;
}

/**
 * Tells the server how far the stream has come, whether anything is read or not: a consumer that is
 * slow must not look dead. And finds out whether the server is still there: each update asks for an
 * answer.
 */
export class StatusReporter {
  /** What the server was told last. */
  reported = 0n;
  updates = 0;
  readonly #clock: Clock;
  readonly #progress: Progress;
  readonly #receiveTimeout: number;
  #sender: Walsender | null = null;
  #request: CopyBothRequest | null = null;
  #every = 0;
  #tick: Timer | null = null;
  #soon: Timer | null = null;
  /** The server was silent for too long when it was looked at last. */
  #isSuspect = false;
  #lookedAt = 0;
  /** The server's time, as it has told it last. */
  #serverTime = 0n;
  /** Updates of this connection, and those that were answered. */
  #sent = 0;
  #answered = 0;
  #waiters: Waiter[] = [];
  /** When the server was told last, and that so much was received. */
  #toldAt = -Infinity;
  #toldReceived = 0n;
  /** The server waits for an answer that has nothing new to tell. */
  #owesReply = false;

  constructor(clock: Clock, progress: Progress, receiveTimeout: number) {
    this.#clock = clock;
    this.#progress = progress;
    this.#receiveTimeout = receiveTimeout;
  }

  /** @param every milliseconds between updates */
  start(sender: Walsender, request: CopyBothRequest, every: number): void {
    this.#sender = sender;
    this.#request = request;
    this.#every = Math.min(every, this.#receiveTimeout / 2);
    this.#lookedAt = this.#clock.now();
    this.#isSuspect = false;
    this.#sent = 0;
    this.#answered = 0;
    // The next update tells all of them.
    for (const waiter of this.#waiters) waiter.update = 1;
    this.now();
    this.#schedule();
  }

  stop(): void {
    this.#tick?.cancel();
    this.#soon?.cancel();
    this.#tick = null;
    this.#soon = null;
    this.#owesReply = false;
    this.#request = null;
    this.#sender = null;
  }

  #schedule(): void {
    this.#tick = this.#clock.setTimer(this.#every, () => {
      this.#look();
      if (this.#request === null) return;
      this.now();
      this.#schedule();
    });
  }

  /** Twice in a row: the first look may come when this process was held up itself. */
  #look(): void {
    const { session } = this.#sender!;
    const now = this.#clock.now();
    if (this.#progress.isPaused) this.#lookedAt = now;
    const silentFor = now - Math.max(session.lastProgress, this.#lookedAt);
    const wasSuspect = this.#isSuspect;
    this.#isSuspect = silentFor > this.#receiveTimeout;
    if (!this.#isSuspect || !wasSuspect) return;
    const seconds = Math.round(silentFor / 1000);
    this.#sender!.destroy(new TimeoutError(`the server has been silent for ${seconds} seconds`));
  }

  /** Tells the server now. */
  now(): void {
    const request = this.#request;
    if (request === null) return;
    const { acknowledgedPosition: acknowledged, received } = this.#progress;
    request.status({
      written: later(received, acknowledged),
      flushed: acknowledged,
      applied: acknowledged,
      time: this.#serverTime,
      wantsReply: true,
    });
    this.reported = acknowledged;
    this.#toldAt = this.#clock.now();
    this.#toldReceived = received;
    this.#owesReply = false;
    this.updates += 1;
    this.#sent += 1;
  }

  /** Tells the server before long that the position has moved. */
  soon(): void {
    // A server that waits for it is told at once.
    if (this.#owesReply) this.now();
    else this.#tellLater();
  }

  #tellLater(): void {
    if (this.#soon !== null || this.#request === null) return;
    this.#soon = this.#clock.setTimer(SOON, () => {
      this.#soon = null;
      if (this.#owesReply || this.#progress.acknowledgedPosition !== this.reported) this.now();
    });
  }

  /**
   * Answers the server, at once if there is anything new. A server that shuts down asks again with each
   * answer for as long as something is not acknowledged: it is not told the same thousands of times a second.
   */
  reply(): void {
    const { acknowledgedPosition, received } = this.#progress;
    const isNew = acknowledgedPosition !== this.reported || received !== this.#toldReceived;
    if (isNew || this.#clock.now() - this.#toldAt >= SOON) {
      this.now();
      return;
    }
    this.#owesReply = true;
    this.#tellLater();
  }

  /** The server has said that it is there, and what time it has. */
  heard(time: bigint): void {
    this.#serverTime = time;
    if (this.#answered < this.#sent) this.#answered += 1;
    if (this.#waiters.length === 0) return;
    const told = this.#waiters.filter(({ update }) => update <= this.#answered);
    this.#waiters = this.#waiters.filter(({ update }) => update > this.#answered);
    for (const { tell } of told) tell();
  }

  /** Resolves when the server has answered an update that is made from here on. */
  flush(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.push({ update: this.#sent + 1, tell: resolve });
      this.now();
    });
  }

  /** Nobody is told any more. */
  release(): void {
    for (const { tell } of this.#waiters.splice(0)) tell();
  }
}

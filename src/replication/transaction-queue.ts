import { Backlog } from '../client/bulk/backlog.ts';
import { bothOf, type Transaction } from './transaction.ts';

/** What is read into a queue, which says when that is enough. */
export interface Source {
  /** There is room again. */
  resume(): void;
}

/** The transactions that wait to be handed over. No more is read while too many changes of them do. */
export class TransactionQueue {
  /** Nothing is to be read for now. */
  isPaused = false;
  readonly counts = { transactions: 0, changes: 0, maxQueued: 0 };
  readonly #source: Source;
  readonly #backlog: Backlog;
  /** The message that is taken now has brought something that waits. */
  #hasGrown = false;
  #waiting: Transaction[] = [];
  /** What was handed over and not left yet: more than one if several were asked for at once. */
  #handed: Transaction[] = [];
  #wake: (() => void) | null = null;
  /** Nothing is handed over any more; `failure`: that is an error. */
  #end: { readonly failure: { readonly error: unknown } | null } | null = null;

  constructor(source: Source, highWater: number) {
    this.#source = source;
    this.#backlog = new Backlog(highWater);
  }

  /** Changes that wait to be taken. */
  get queued(): number {
    return this.#backlog.count;
  }

  opened(transaction: Transaction): void {
    this.counts.transactions += 1;
    this.#waiting.push(transaction);
    if (transaction.waiting > 0) this.pushed(transaction);
    this.#wakeUp();
  }

  pushed(transaction: Transaction): void {
    this.counts.changes += 1;
    this.#backlog.count += 1;
    this.#hasGrown = true;
    if (this.queued > this.counts.maxQueued) this.counts.maxQueued = this.queued;
    if (!transaction.isSnapshot) this.#pauseIfFull();
  }

  /** The message was taken whose change may have been pushed: it was so many bytes. */
  weigh(bytes: number): void {
    if (!this.#hasGrown) return;
    this.#hasGrown = false;
    this.#backlog.weigh(bytes);
    this.#pauseIfFull();
  }

  #pauseIfFull(): void {
    // Somebody who waits for a transaction in progress must get its end.
    if (this.#backlog.isFull && !this.isPaused) this.isPaused = !this.#isAwaited;
  }

  taken(count: number): void {
    this.#backlog.leave(count);
    if (this.#backlog.isLow) this.resume();
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.#source.resume();
  }

  /** Somebody waits for what is still to come. */
  get #isAwaited(): boolean {
    if (this.#wake !== null) return true;
    return this.#handed.some((transaction) => transaction.isAwaited);
  }

  /** The next transaction that is there. */
  take(): Transaction | null {
    if (this.#end !== null) return null;
    const next = this.#waiting.shift() ?? null;
    if (next !== null) this.#handed.push(next);
    return next;
  }

  /** The next transaction, at once if there is one; null: the stream is closed. */
  async next(): Promise<Transaction | null> {
    for (;;) {
      const next = this.take();
      if (next !== null) return next;
      if (this.#end !== null) {
        if (this.#end.failure !== null) throw this.#end.failure.error;
        return null;
      }
      const woken = new Promise<void>((resolve) => {
        this.#wake = bothOf(this.#wake, resolve);
      });
      this.resume();
      await woken;
    }
  }

  /** The beginning of the first end of a transaction that waits, if that is before the position. */
  firstEnd(position: bigint): bigint {
    let first = position;
    for (const { hasEnded, finalLsn } of this.#waiting) {
      // One that was streamed and rolled back has no end in the log.
      if (hasEnded && finalLsn !== 0n && finalLsn < first) first = finalLsn;
    }
    return first;
  }

  /** What was handed over is left: what is not taken of it is dropped. */
  leave(): readonly Transaction[] {
    const left = this.#handed;
    if (left.length === 0) return left;
    this.#handed = [];
    for (const transaction of left) {
      if (!transaction.hasEnded || transaction.waiting > 0) transaction.drop();
    }
    return left;
  }

  /** Nothing is handed over any more, and nobody waits any longer. */
  end(failure: { readonly error: unknown } | null): void {
    this.#end = { failure };
    this.#wakeUp();
    for (const transaction of this.#handed) transaction.wake();
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }
}

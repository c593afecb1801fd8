import { InvalidArgumentError } from '../errors/client-errors.ts';
import { lsnText } from '../protocol/replication/lsn.ts';
import type { Clock, Timer } from '../transport/clock.ts';
import type { Change } from './change.ts';
import type { BatchOptions, ChangeBatch } from './change-stream.ts';
import type { Transaction } from './transaction.ts';
import type { TransactionQueue } from './transaction-queue.ts';

/** Where transactions come from. */
export interface TransactionSource {
  readonly queue: TransactionQueue;
  close(): Promise<void>;
}

const DEFAULT_MAX_CHANGES = 1000;

/** A batch as its user has it. */
export class Batch implements ChangeBatch {
  readonly changes: readonly Change[];
  readonly transactions: readonly Transaction[];
  readonly #queue: TransactionQueue;

  constructor(
    changes: readonly Change[],
    transactions: readonly Transaction[],
    queue: TransactionQueue,
  ) {
    this.changes = changes;
    this.transactions = transactions;
    this.#queue = queue;
  }

  /** Whether it was handed over by the stream with this queue. */
  isOf(queue: TransactionQueue): boolean {
    return this.#queue === queue;
  }

  get lsn(): string | null {
    const last = this.transactions.at(-1);
    return last === undefined ? null : lsnText(last.endLsn);
  }

  ack(): void {
    for (const transaction of this.transactions) transaction.ack();
  }
}

/** Makes batches of a stream's transactions. */
export class BatchReader implements AsyncIterator<ChangeBatch, void, void> {
  readonly #source: TransactionSource;
  readonly #clock: Clock;
  readonly #acknowledges: boolean;
  readonly #maxChanges: number;
  readonly #maxDelay: number;
  /** The transaction whose changes come next. */
  #open: Transaction | null = null;
  /** A transaction that is waited for already. */
  #awaited: Promise<Transaction | null> | null = null;
  /** Settled when all batches are made that were asked for: each has what comes behind the one before. */
  #made: Promise<unknown> = Promise.resolve();
  /** What was handed over and is not acknowledged: more than one if several were asked for at once. */
  #handed: Batch[] = [];

  constructor(
    source: TransactionSource,
    clock: Clock,
    acknowledges: boolean,
    { maxChanges = DEFAULT_MAX_CHANGES, maxDelay = 0 }: BatchOptions,
  ) {
    if (!(maxChanges >= 1)) throw new InvalidArgumentError('maxChanges must be at least 1');
    if (!(maxDelay >= 0)) throw new InvalidArgumentError('maxDelay must not be below 0');
    this.#source = source;
    this.#clock = clock;
    this.#acknowledges = acknowledges;
    this.#maxChanges = Math.floor(maxChanges);
    this.#maxDelay = maxDelay;
  }

  async next(): Promise<IteratorResult<ChangeBatch, void>> {
    if (this.#acknowledges) for (const batch of this.#handed.splice(0)) batch.ack();
    const made = this.#made.then(() => this.#gather());
    this.#made = made.catch(() => {});
    const batch = await made;
    if (batch === null) return { done: true, value: undefined };
    if (this.#acknowledges) this.#handed.push(batch);
    return { done: false, value: batch };
  }

  async return(): Promise<IteratorResult<ChangeBatch, void>> {
    await this.#source.close();
    return { done: true, value: undefined };
  }

  async #gather(): Promise<Batch | null> {
    const changes: Change[] = [];
    const ended: Transaction[] = [];
    let pause: Pause | null = null;
    try {
      for (;;) {
        this.#takeWhatIsThere(changes, ended);
        const isEmpty = changes.length === 0 && ended.length === 0;
        if (!isEmpty && (changes.length >= this.#maxChanges || this.#maxDelay === 0)) break;
        const more = this.#more();
        if (isEmpty) {
          if (!(await more)) return null;
        } else {
          pause ??= new Pause(this.#clock, this.#maxDelay);
          // What it rejects with is the next call's.
          more.catch(() => {});
          if (!(await Promise.race([more.catch(() => false), pause.over]))) break;
        }
      }
    } finally {
      pause?.end();
    }
    return new Batch(changes, ended, this.#source.queue);
  }

  #takeWhatIsThere(changes: Change[], ended: Transaction[]): void {
    for (;;) {
      if (this.#open === null && this.#awaited === null) this.#open = this.#source.queue.take();
      const open = this.#open;
      if (open === null) return;
      // What is taken makes room for more.
      while (open.waiting > 0 && changes.length < this.#maxChanges) {
        const room = this.#maxChanges - changes.length;
        for (const change of open.takeMany(room)) changes.push(change);
      }
      if (open.waiting > 0 || !open.hasEnded) return;
      ended.push(open);
      this.#open = null;
      if (changes.length >= this.#maxChanges) return;
    }
  }

  /** Resolves when there is more to take: true, or the stream is closed: false. */
  async #more(): Promise<boolean> {
    if (this.#open !== null) {
      await this.#open.more();
      return true;
    }
    this.#awaited ??= this.#source.queue.next();
    const awaited = this.#awaited;
    // Of several who wait for the same, the first has it.
    const isFirst = (): boolean => {
      if (this.#awaited !== awaited) return false;
      this.#awaited = null;
      return true;
    };
    try {
      const next = await awaited;
      if (isFirst()) this.#open = next;
      return next !== null;
    } catch (error) {
      isFirst();
      throw error;
    }
  }
}

/** A time that passes, or is cut short. */
class Pause {
  readonly over: Promise<false>;
  #timer!: Timer;

  constructor(clock: Clock, delay: number) {
    this.over = new Promise((resolve) => {
      this.#timer = clock.setTimer(delay, () => resolve(false));
    });
  }

  end(): void {
    this.#timer.cancel();
  }
}

import { InterfaceError } from '../errors/client-errors.ts';
import { lsnText } from '../protocol/replication/lsn.ts';
import { dateOf } from '../protocol/replication/walsender.ts';
import type { Change } from './change.ts';

/** How a transaction stands; see `ChangeTransaction.outcome`. */
export type TransactionOutcome = 'open' | 'committed' | 'aborted' | 'prepared';

/**
 * A transaction and its changes, in their order. Iterate it for them, once; what is not taken when
 * the stream is asked for the next transaction is dropped.
 */
export interface ChangeTransaction extends AsyncIterable<Change> {
  /** Its id; 0 for rows of the snapshot and for a message that is in no transaction. */
  readonly xid: number;
  /**
   * Where the log goes on behind it: the position to store with its effects. It is known when the
   * last change was taken; one that is stored before has the transaction come again. With `streaming` it is before
   * what was committed earlier and waits to be handed over.
   */
  readonly lsn: string;
  /**
   * When it was committed or prepared. The beginning of 1970 where that is not known: while it is still in progress, of
   * rows of the snapshot, and of a message that is in no transaction.
   */
  readonly committedAt: Date;
  /**
   * The replication origin that it came from, if it was not made on this server. With `streaming` the server does not
   * tell that of a transaction that came in parts and began with a TRUNCATE or a change of the schema: it is null as well.
   */
  readonly origin: string | null;
  /** Its changes are the rows that were there when the slot was made. */
  readonly isSnapshot: boolean;
  /**
   * The name that it was prepared under (PREPARE TRANSACTION), with the slot's `twoPhase`; null for one that was
   * prepared before the slot had that, which comes when it is committed.
   */
  readonly gid: string | null;
  /**
   * How it has ended; `open` until its end has come. With `streaming` it can turn out to be `aborted`:
   * it was rolled back, or the connection was lost and it comes once more, whole. So can one whose
   * rest is missing as its temporary slot was lost, and the rollback of a prepared one.
   */
  readonly outcome: TransactionOutcome;
  /** With `streaming`: the savepoints that were rolled back, by the `xid` of their changes. */
  readonly aborted: ReadonlySet<number>;
  /**
   * All of its changes that were not taken yet.
   *
   * @param max the most changes that are gathered; 100,000 unless told otherwise
   * @throws InterfaceError when there are more
   */
  toArray(max?: number): Promise<Change[]>;
  /** It was processed: it need not come again, once all before it were processed too. */
  ack(): void;
}

/** What a transaction needs of its stream. */
export interface TransactionHost {
  /** Why the stream has ended; null while it has not. */
  readonly failure: { readonly error: unknown } | null;
  /** So many changes were taken, or dropped. */
  taken(count: number): void;
  /** Somebody waits for changes, and there are none. */
  starving(): void;
  /** It was acknowledged. */
  acknowledged(transaction: Transaction): void;
  /** Of a position: as far as nothing waits that ends before it. */
  storable(position: bigint): bigint;
}

const DEFAULT_MAX = 100_000;

/** Of a transaction of which none wait. Most transactions are small: each gets its list with the first change. */
const NO_CHANGES: Change[] = [];

export class Transaction implements ChangeTransaction {
  readonly xid: number;
  readonly isSnapshot: boolean;
  readonly isStreamed: boolean;
  origin: string | null = null;
  gid: string | null = null;
  outcome: TransactionOutcome = 'open';
  /** Where its commit or its prepare is. */
  finalLsn: bigint;
  /** Where the log goes on behind it. */
  endLsn: bigint;
  /** Microseconds since 2000. */
  time: bigint;
  /** Where the last change is that came, in the log; and how many of those that came are there. */
  lastLsn = -1;
  lastCount = 0;
  /** It was handed over, or waits to be, and counts for what may be acknowledged. */
  isPending = false;
  isAcknowledged = false;
  /** Nobody wants what is still to come. */
  isDropped = false;
  readonly #host: TransactionHost;
  #changes: Change[] = NO_CHANGES;
  #next = 0;
  #wake: (() => void) | null = null;
  #aborted: Set<number> | null = null;

  constructor(
    host: TransactionHost,
    xid: number,
    finalLsn: bigint,
    time: bigint,
    kind: 'whole' | 'streamed' | 'snapshot' = 'whole',
  ) {
    this.#host = host;
    this.xid = xid;
    this.finalLsn = finalLsn;
    this.endLsn = finalLsn;
    this.time = time;
    this.isStreamed = kind === 'streamed';
    this.isSnapshot = kind === 'snapshot';
  }

  get lsn(): string {
    return lsnText(this.isStreamed ? this.#host.storable(this.endLsn) : this.endLsn);
  }

  get committedAt(): Date {
    return this.time === 0n ? new Date(0) : dateOf(this.time);
  }

  /** Made when somebody looks: few transactions have any. */
  get aborted(): Set<number> {
    this.#aborted ??= new Set();
    return this.#aborted;
  }

  /** Changes that wait to be taken. */
  get waiting(): number {
    return this.#changes.length - this.#next;
  }

  get hasEnded(): boolean {
    return this.outcome !== 'open';
  }

  /** Whether somebody waits for a change. */
  get isAwaited(): boolean {
    return this.#wake !== null;
  }

  // ── What the server sends ───────────────────────────────────────────────────────────────

  /** One more change has come, which is there in the log. */
  came(lsn: number): void {
    this.lastCount = lsn === this.lastLsn ? this.lastCount + 1 : 1;
    this.lastLsn = lsn;
  }

  push(change: Change): void {
    if (this.#changes.length === 0) this.#changes = [change];
    else this.#changes.push(change);
    this.wake();
  }

  end(outcome: TransactionOutcome): void {
    this.outcome = outcome;
    this.wake();
  }

  /** A savepoint was rolled back: what nobody has taken yet of it is gone. */
  abortSavepoint(xid: number): void {
    this.aborted.add(xid);
    const kept = this.#changes.slice(this.#next).filter((change) => xidOf(change) !== xid);
    const gone = this.waiting - kept.length;
    this.#changes = kept;
    this.#next = 0;
    if (gone > 0) this.#taken(gone);
  }

  wake(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  #low = 0;
  #whenLow: (() => void) | null = null;

  /** Resolves when no more than so many changes wait. */
  whenBelow(count: number): Promise<void> {
    if (this.waiting <= count) return Promise.resolve();
    this.#low = count;
    return new Promise((resolve) => {
      this.#whenLow = resolve;
    });
  }

  #taken(count: number): void {
    this.#host.taken(count);
    if (this.#whenLow === null || this.waiting > this.#low) return;
    const resolve = this.#whenLow;
    this.#whenLow = null;
    resolve();
  }

  // ── What its user does ──────────────────────────────────────────────────────────────────

  /** Whether this stream has handed it over. */
  isOf(host: TransactionHost): boolean {
    return this.#host === host;
  }

  ack(): void {
    if (this.isAcknowledged) return;
    this.isAcknowledged = true;
    this.#host.acknowledged(this);
  }

  /** Drops what nobody has taken, now and as it comes. */
  drop(): void {
    this.isDropped = true;
    const count = this.waiting;
    this.#changes = NO_CHANGES;
    this.#next = 0;
    if (count > 0) this.#taken(count);
  }

  take(): Change | undefined {
    const at = this.#next;
    if (at >= this.#changes.length) return undefined;
    const change = this.#changes[at]!;
    this.#changes[at] = undefined as never;
    this.#next = at + 1;
    if (this.#next === this.#changes.length) {
      this.#changes = NO_CHANGES;
      this.#next = 0;
    }
    this.#taken(1);
    return change;
  }

  /** Takes up to `max` of what is there now. */
  takeMany(max: number): Change[] {
    const some = this.#changes.slice(this.#next, this.#next + max);
    this.#next += some.length;
    if (this.#next === this.#changes.length) {
      this.#changes = NO_CHANGES;
      this.#next = 0;
    }
    if (some.length > 0) this.#taken(some.length);
    return some;
  }

  /** Resolves when there is a change to take, or there will be none. Rejects as the stream fails. */
  async more(): Promise<void> {
    while (this.waiting === 0 && !this.hasEnded) {
      const { failure } = this.#host;
      if (failure !== null) throw failure.error;
      const woken = new Promise<void>((resolve) => {
        this.#wake = bothOf(this.#wake, resolve);
      });
      this.#host.starving();
      await woken;
    }
  }

  async toArray(max: number = DEFAULT_MAX): Promise<Change[]> {
    const all: Change[] = [];
    for await (const change of this) {
      if (all.length === max) {
        throw new InterfaceError(`the transaction has more than ${max} changes`, {
          hint: 'Iterate it, or take several batches: stream.batches().',
        });
      }
      all.push(change);
    }
    return all;
  }

  [Symbol.asyncIterator](): AsyncIterator<Change, void, void> {
    return new ChangeIterator(this);
  }
}

const OVER: Promise<IteratorResult<Change, void>> = Promise.resolve({
  done: true,
  value: undefined,
});

/** Goes through a transaction's changes. There is one for each transaction: it waits only where it has to. */
class ChangeIterator implements AsyncIterator<Change, void, void> {
  readonly #transaction: Transaction;

  constructor(transaction: Transaction) {
    this.#transaction = transaction;
  }

  next(): Promise<IteratorResult<Change, void>> {
    const value = this.#transaction.take();
    if (value !== undefined) return Promise.resolve({ done: false, value });
    return this.#transaction.hasEnded ? this.return() : this.#wait();
  }

  async #wait(): Promise<IteratorResult<Change, void>> {
    await this.#transaction.more();
    return this.next();
  }

  return(): Promise<IteratorResult<Change, void>> {
    return OVER;
  }
}

/** Calls both: more than one may wait for the same. */
export function bothOf(one: (() => void) | null, other: () => void): () => void {
  if (one === null) return other;
  return () => {
    one();
    other();
  };
}

function xidOf(change: Change): number | null {
  return 'xid' in change ? change.xid : null;
}

import { ProtocolError } from '../errors/client-errors.ts';
import type {
  Commit,
  Prepare,
  StreamAbort,
  StreamCommit,
} from '../protocol/replication/transaction-messages.ts';
import type { Delivery } from './delivery.ts';
import type { Interruption } from './interruption.ts';
import { Transaction, type TransactionOutcome } from './transaction.ts';

/** Transactions that come in parts while they are in progress, many at a time. */
export class StreamedTransactions {
  /** The one whose part comes now. */
  part: Transaction | null = null;
  readonly #delivery: Delivery;
  readonly #interruption: Interruption;
  /** By their ids. */
  readonly #open = new Map<number, Transaction>();
  /** Those that were prepared, and come in parts once more: nobody is told of the end of these parts. */
  readonly #again = new Map<number, Transaction>();

  constructor(delivery: Delivery, interruption: Interruption) {
    this.#delivery = delivery;
    this.#interruption = interruption;
  }

  /** Whether any is in progress. */
  get isAnyOpen(): boolean {
    return this.#open.size > 0;
  }

  /** A part of it comes. */
  start(xid: number): void {
    let transaction = this.#open.get(xid) ?? this.#again.get(xid);
    if (transaction === undefined) {
      this.#comesInParts(xid);
      const { host, delivered, prepared } = this.#delivery;
      transaction = new Transaction(host, xid, 0n, 0n, 'streamed');
      transaction.endLsn = delivered;
      const comesAgain = prepared.has(xid);
      if (comesAgain) transaction.isDropped = true;
      (comesAgain ? this.#again : this.#open).set(xid, transaction);
    }
    this.part = transaction;
  }

  /** What the server sends in parts is for its memory to say: it may come so after it came as a whole. */
  #comesInParts(xid: number): void {
    const interrupted = this.#interruption.giveUp(xid);
    if (interrupted === null) return;
    interrupted.end('aborted');
    this.#delivery.host.forgotten(interrupted);
  }

  stop(): void {
    if (this.part === null) throw new ProtocolError('a part of a transaction ends twice');
    this.part = null;
  }

  #take(xid: number): Transaction {
    const transaction = this.#open.get(xid);
    if (transaction === undefined || this.part !== null) {
      throw new ProtocolError(`transaction ${xid} ends, which is not in progress`);
    }
    this.#open.delete(xid);
    return transaction;
  }

  commit(commit: StreamCommit): void {
    this.#end(this.#take(commit.xid), 'committed', commit);
  }

  /** @param start where the present connection begins */
  prepare(prepare: Prepare, start: bigint): void {
    const { xid, gid, lsn } = prepare;
    if (this.#again.delete(xid)) {
      this.#delivery.skipped.transactions += 1;
      return;
    }
    if (lsn < start) {
      // It was prepared before the slot had `twoPhase`: its end comes with its commit, right behind.
      const late = this.#open.get(xid);
      if (late !== undefined) late.finalLsn = lsn;
      return;
    }
    const transaction = this.#take(xid);
    transaction.gid = gid;
    this.#end(transaction, 'prepared', prepare);
  }

  /** Whether what is committed that was prepared is one of these, and came late. */
  commitPrepared(prepare: Prepare): boolean {
    const late = this.#open.get(prepare.xid);
    // That it was prepared has come, though that was not its end.
    if (late === undefined || late.finalLsn === 0n) return false;
    const transaction = this.#take(prepare.xid);
    this.#delivery.late.add(transaction.finalLsn);
    this.#end(transaction, 'committed', prepare);
    return true;
  }

  /**
   * It is decided what becomes of one that was prepared. Where that it was prepared had been confirmed before, it is not
   * sent once more: its parts are.
   */
  decided(xid: number): void {
    this.#again.delete(xid);
    const transaction = this.#open.get(xid);
    if (transaction === undefined) return;
    this.#open.delete(xid);
    this.#delivery.skipped.transactions += 1;
    this.#delivery.end(transaction, 'aborted');
  }

  #end(transaction: Transaction, outcome: TransactionOutcome, commit: Commit): void {
    if (commit.lsn < this.#delivery.delivered) {
      // It was handed over before, and was in progress once more until now.
      this.#delivery.skipped.transactions += 1;
      this.#delivery.end(transaction, 'aborted');
      return;
    }
    this.#delivery.finish(transaction, outcome, commit);
  }

  abort({ xid, subXid }: StreamAbort): void {
    const transaction = this.#open.get(xid);
    if (transaction === undefined) return;
    if (xid !== subXid) {
      transaction.abortSavepoint(subXid);
      return;
    }
    this.#open.delete(xid);
    this.#delivery.end(transaction, 'aborted');
  }

  /**
   * A savepoint that was rolled back meanwhile is not sent again, so that nobody can tell how much
   * of such a transaction comes a second time: it begins anew.
   */
  disconnected(): void {
    this.part = null;
    for (const transaction of this.#open.values()) this.#delivery.end(transaction, 'aborted');
    this.#open.clear();
    this.#again.clear();
  }

  /** Their changes end with an error. */
  wakeAll(): void {
    for (const transaction of this.#open.values()) transaction.wake();
  }
}

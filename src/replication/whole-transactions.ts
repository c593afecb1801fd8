import { ProtocolError } from '../errors/client-errors.ts';
import type { Begin, Commit, Prepare } from '../protocol/replication/transaction-messages.ts';
import type { Delivery } from './delivery.ts';
import type { Interruption } from './interruption.ts';
import { Transaction, type TransactionOutcome } from './transaction.ts';

/** Behind every position. */
const UNKNOWN_END = (1n << 64n) - 1n;

/** Transactions that come when they are committed or prepared, one after the other. */
export class WholeTransactions {
  /** The one whose changes come. */
  current: Transaction | null = null;
  readonly #delivery: Delivery;
  readonly #interruption: Interruption;
  /** What its beginning said where its end is. */
  #announced = 0n;
  /** It was prepared before the server was to send that: its end is where that is committed. */
  #isLate = false;
  /** It was handed over before as a whole. */
  #isDropping = false;

  constructor(delivery: Delivery, interruption: Interruption) {
    this.#delivery = delivery;
    this.#interruption = interruption;
  }

  begin({ finalLsn, time, xid }: Begin): void {
    this.#open(xid, finalLsn, time, false);
  }

  /** @param start where the present connection begins */
  beginPrepare({ lsn, time, xid, gid }: Prepare, start: bigint): void {
    // What was prepared before the slot had `twoPhase` is sent when it is committed, whatever came between.
    const isLate = lsn < start;
    const transaction = this.#open(xid, lsn, time, isLate);
    if (!isLate) transaction.gid = gid;
  }

  #open(xid: number, finalLsn: bigint, time: bigint, isLate: boolean): Transaction {
    if (this.current !== null) throw new ProtocolError('a transaction begins inside of another');
    this.#isDropping = false;
    this.#isLate = isLate;
    this.#announced = finalLsn;
    const interrupted = this.#interruption.resumes(xid, finalLsn);
    if (interrupted !== null) {
      this.current = interrupted;
      return interrupted;
    }
    const { host, delivered, late } = this.#delivery;
    // Its end is behind its commit: so what was handed over as a whole begins before that end.
    this.#isDropping = isLate ? late.has(finalLsn) : finalLsn < delivered;
    const transaction = new Transaction(host, xid, finalLsn, time);
    if (isLate) {
      transaction.finalLsn = UNKNOWN_END;
      transaction.endLsn = delivered;
    }
    this.current = transaction;
    return transaction;
  }

  /** Whether a change of the present one, which is there in the log, was handed over before. */
  isSkipped(lsn: number): boolean {
    if (this.current === null) throw new ProtocolError('a change is in no transaction');
    if (this.#isDropping) return true;
    if (!this.#interruption.isRepeated(this.current, lsn)) return false;
    this.#delivery.skipped.changes += 1;
    return true;
  }

  commit(commit: Commit): void {
    this.#close('committed', commit);
  }

  /** @param start where the present connection begins */
  prepare(prepare: Prepare, start: bigint): void {
    // Of one that has changed nothing, but locked rows, the server does not say that it begins.
    if (this.current === null) this.beginPrepare(prepare, start);
    if (!this.#isLate) this.#close('prepared', prepare);
  }

  /** Whether what is committed that was prepared is the present one, which came late. */
  commitPrepared(prepare: Prepare): boolean {
    if (!this.#isLate) return false;
    this.#close('committed', prepare);
    return true;
  }

  #close(outcome: TransactionOutcome, commit: Commit): void {
    const transaction = this.current;
    if (transaction === null) throw new ProtocolError('a transaction ends that has not begun');
    this.current = null;
    if (this.#isLate) this.#delivery.late.add(this.#announced);
    this.#isLate = false;
    if (this.#isDropping) {
      this.#isDropping = false;
      this.#delivery.skipped.transactions += 1;
      return;
    }
    this.#delivery.finish(transaction, outcome, commit);
  }

  /** @param comesAgain what was not acknowledged comes once more with the next connection */
  disconnected(comesAgain: boolean): void {
    const { current } = this;
    this.current = null;
    if (current?.isPending && !this.#isDropping) {
      if (comesAgain) this.#interruption.cut(current, this.#announced);
      else this.#delivery.end(current, 'aborted');
    }
    this.#isDropping = false;
    this.#isLate = false;
    this.#interruption.disconnected();
  }
}

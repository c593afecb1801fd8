import { lsnText } from '../protocol/replication/lsn.ts';
import { ReplicationDivergedError } from './errors.ts';
import type { Transaction } from './transaction.ts';

/** Puts a transaction together of which a part was handed over when the connection was lost. */
export class Interruption {
  #cut: Transaction | null = null;
  /** What its beginning said where its end is. */
  #announced = 0n;
  /** Of its changes, those come again that were handed over before. */
  #isResuming = false;
  /** How many of those that are where the last one was. */
  #toSkip = 0;

  /** The connection is lost in the middle of the transaction. */
  cut(transaction: Transaction, announced: bigint): void {
    this.#cut = transaction;
    this.#announced = announced;
  }

  /** A transaction begins. Returns the one that was cut, if it goes on with that; null: it is another. */
  resumes(xid: number, finalLsn: bigint): Transaction | null {
    this.#isResuming = false;
    const cut = this.#cut;
    if (cut === null) return null;
    if (cut.xid === xid && this.#announced === finalLsn) {
      this.#cut = null;
      this.#isResuming = true;
      this.#toSkip = cut.lastCount;
      return cut;
    }
    if (finalLsn >= cut.finalLsn) throw missing(cut);
    return null;
  }

  /** The server has sent everything up to there, and is in no transaction. */
  reached(position: bigint): void {
    if (this.#cut !== null && position > this.#cut.finalLsn) throw missing(this.#cut);
  }

  /**
   * Whether a change was handed over before. That is told by where it is in the log, as
   * the server may not send the same changes once more: of a publication that is altered while a transaction is in
   * progress, it goes by what it has remembered, and by nothing after a connection was lost.
   *
   * @param transaction the one that has gone on
   * @param lsn where the change is
   */
  isRepeated(transaction: Transaction, lsn: number): boolean {
    if (!this.#isResuming) return false;
    const isLast = lsn === transaction.lastLsn;
    // Rows that COPY has written together are all at one place.
    this.#isResuming = isLast ? this.#toSkip > 0 : lsn < transaction.lastLsn;
    if (this.#isResuming && isLast) this.#toSkip -= 1;
    return this.#isResuming;
  }

  /** The one that was cut comes in another form. Returns it, if it is of this id. */
  giveUp(xid: number): Transaction | null {
    const cut = this.#cut;
    if (cut?.xid !== xid) return null;
    this.#cut = null;
    return cut;
  }

  /** Nothing comes of the present connection any more. */
  disconnected(): void {
    this.#isResuming = false;
  }

  /** What was cut does not come again. */
  forget(): void {
    this.#cut = null;
  }

  /** Its changes end with an error. */
  wake(): void {
    this.#cut?.wake();
  }
}

function missing({ xid, finalLsn }: Transaction): ReplicationDivergedError {
  return new ReplicationDivergedError(
    `transaction ${xid}, of which a part was handed over, does not come again`,
    { detail: `Its commit was at ${lsnText(finalLsn)}.` },
  );
}

import type { Transaction } from './transaction.ts';

/**
 * How far everything is processed. The one rule that nothing is lost by: the position never passes
 * anything that was handed over, or is about to be, and is not acknowledged.
 *
 * A transaction counts from its first change on, and not from its commit. One that is streamed while
 * it is in progress has no place among the others before its end: until then it only keeps
 * keepalives from moving the position.
 */
export class Acknowledgements {
  /** Everything before was processed. */
  position: bigint;
  /** In the order of their ends. */
  #pending: Transaction[] = [];
  readonly #inProgress = new Set<Transaction>();

  constructor(position: bigint) {
    this.position = position;
  }

  /** Transactions that are not acknowledged. */
  get pending(): number {
    return this.#pending.length + this.#inProgress.size;
  }

  /** The first change of the transaction has come. */
  begun(transaction: Transaction): void {
    transaction.isPending = true;
    if (transaction.isStreamed) this.#inProgress.add(transaction);
    else this.#pending.push(transaction);
  }

  /** Its end has come: it has its final position. Returns whether the position has moved. */
  ended(transaction: Transaction): boolean {
    if (transaction.isStreamed) {
      if (!this.#inProgress.delete(transaction)) return this.idle(transaction.endLsn);
      if (transaction.outcome === 'aborted') return false;
      this.#pending.push(transaction);
    } else if (!transaction.isPending) {
      // Nothing in it was for anybody: it is done when all before it are.
      return this.idle(transaction.endLsn);
    }
    return this.advance();
  }

  /** Takes out what will never end. */
  forget(transaction: Transaction): void {
    this.#inProgress.delete(transaction);
    this.#pending = this.#pending.filter((other) => other !== transaction);
  }

  /** Nothing before `position` is still to come: moves there if all that has come is processed. */
  idle(position: bigint): boolean {
    if (this.pending > 0 || position <= this.position) return false;
    this.position = position;
    return true;
  }

  /** What is beyond the position is not what it was: nothing of it was processed. */
  rewind(position: bigint): void {
    if (this.position > position) this.position = position;
  }

  /** Everything begins anew there. */
  restart(position: bigint): void {
    this.#pending = [];
    this.#inProgress.clear();
    this.position = position;
  }

  /** Acknowledges all up to and with the transaction. */
  upTo(transaction: Transaction): void {
    const index = this.#pending.indexOf(transaction);
    // It is not among them if it was acknowledged before: then all before it were, too.
    if (index > 0) for (const earlier of this.#pending.slice(0, index)) earlier.ack();
    transaction.ack();
  }

  /** Acknowledges all that end at or before the position. */
  upToPosition(position: bigint): void {
    for (const earlier of [...this.#pending]) {
      if (earlier.hasEnded && earlier.endLsn <= position) earlier.ack();
    }
  }

  /** Moves past all that are acknowledged from the front. Returns whether the position has moved. */
  advance(): boolean {
    const pending = this.#pending;
    const before = this.position;
    let count = 0;
    while (count < pending.length) {
      const transaction = pending[count]!;
      if (!transaction.isAcknowledged || !transaction.hasEnded) break;
      if (transaction.endLsn > this.position) this.position = transaction.endLsn;
      count += 1;
    }
    if (count === 0) return false;
    if (count === 1) pending.shift();
    else pending.splice(0, count);
    return this.position !== before;
  }
}

import type { Commit } from '../protocol/replication/transaction-messages.ts';
import type { AssemblerHost } from './assembler-host.ts';
import type { Change } from './change.ts';
import type { Transaction, TransactionOutcome } from './transaction.ts';

/** Hands transactions over to the stream, and knows across all connections what was handed over. */
export class Delivery {
  /** What had been handed over before. */
  readonly skipped = { transactions: 0, changes: 0 };
  /** Where the transaction ends that has come last: nothing at or before it is handed over again. */
  delivered: bigint;
  /** Those that were handed over as prepared, and of which it is not decided what becomes, by their ids. */
  readonly prepared = new Set<number>();
  /** Where those were prepared that came late, and were handed over as a whole. */
  readonly late = new Set<bigint>();
  readonly host: AssemblerHost;

  constructor(host: AssemblerHost, delivered: bigint) {
    this.host = host;
    this.delivered = delivered;
  }

  /** A change has come. With its first one a transaction can be handed over. */
  add(transaction: Transaction, change: Change): void {
    if (transaction.isPending) {
      if (transaction.isDropped) return;
      transaction.push(change);
      this.host.pushed(transaction);
    } else {
      transaction.push(change);
      this.host.opened(transaction);
    }
  }

  /** All of a transaction has come. */
  finish(
    transaction: Transaction,
    outcome: TransactionOutcome,
    { lsn, endLsn, time }: Commit,
  ): void {
    transaction.finalLsn = lsn;
    transaction.endLsn = endLsn;
    transaction.time = time;
    this.delivered = endLsn;
    // What becomes of it is told, whatever is in it.
    if (outcome === 'prepared') {
      this.prepared.add(transaction.xid);
      if (!transaction.isPending) this.host.opened(transaction);
    }
    this.end(transaction, outcome);
  }

  /** No more of a transaction comes. */
  end(transaction: Transaction, outcome: TransactionOutcome): void {
    transaction.end(outcome);
    this.host.closed(transaction);
  }

  /** What was handed over does not come again: another slot is streamed from. */
  forget(): void {
    this.prepared.clear();
    this.late.clear();
    this.delivered = 0n;
  }
}

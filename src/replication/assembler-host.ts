import type { TypeHost } from './change-decoder.ts';
import type { Transaction, TransactionHost } from './transaction.ts';

/** What the assembler tells its stream. */
export interface AssemblerHost extends TransactionHost, TypeHost {
  /** The first change of a transaction is in it: it can be handed over. A prepared one may have none. */
  opened(transaction: Transaction): void;
  /** One more change waits. */
  pushed(transaction: Transaction): void;
  /** A transaction has ended; it was handed over only if it has changes. */
  closed(transaction: Transaction): void;
  /** A transaction has ended as aborted that was handed over as a whole: it comes once more, as another one. */
  forgotten(transaction: Transaction): void;
}

import type { RowStyle } from '../../values/column-names.ts';
import type { OpenTransaction } from './open-transaction.ts';
import type { TransactionOptions } from './transaction-options.ts';

/** Who begins a transaction, and how it is ended. */
export interface Beginning {
  /** Its entry on the session's stack. */
  readonly own: OpenTransaction;
  /** The transaction whose method was called, if it is one's. */
  readonly asked: OpenTransaction | undefined;
  readonly options: TransactionOptions;
  /** `transaction(fn)` ends it, and not its user. */
  readonly managed: boolean;
  readonly style: RowStyle;
}

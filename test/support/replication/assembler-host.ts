import type { AssemblerHost } from '../../../src/replication/assembler-host.ts';
import type { Transaction } from '../../../src/replication/transaction.ts';

const nothing = (): void => {};

/** An assembler's host that only tells of the transactions that are handed over. */
export function assemblerHost(opened: (transaction: Transaction) => void): AssemblerHost {
  return {
    failure: null,
    opened: (transaction) => {
      transaction.isPending = true;
      opened(transaction);
    },
    pushed: nothing,
    closed: nothing,
    forgotten: nothing,
    taken: nothing,
    starving: nothing,
    acknowledged: nothing,
    storable: (position) => position,
    learn: nothing,
    needsText: nothing,
  };
}

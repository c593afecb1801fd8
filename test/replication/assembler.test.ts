import { expect, test } from 'vitest';
import { Assembler, type AssemblerHost } from '../../src/replication/assembler.ts';
import type { Transaction } from '../../src/replication/transaction.ts';

const nothing = (): void => {};

/** One that has been handed over two changes of a transaction, and comes to it once more. */
function interrupted(): Assembler {
  const host: AssemblerHost = {
    failure: null,
    opened: (transaction: Transaction) => {
      transaction.isPending = true;
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
  const assembler = new Assembler(host, () => true, 0n);
  begin(assembler);
  message(assembler);
  message(assembler);
  again(assembler);
  return assembler;
}

function begin(assembler: Assembler): void {
  assembler.begin({ finalLsn: 100n, time: 0n, xid: 7 });
}

function message(assembler: Assembler): void {
  const content = Buffer.alloc(0);
  assembler.message({ transactional: true, lsn: 10n, prefix: 'p', content }, 7);
}

/** The connection is lost, and there is another. */
function again(assembler: Assembler): void {
  assembler.disconnected(true);
  begin(assembler);
}

function truncate(assembler: Assembler): void {
  assembler.truncate({ relations: [5], cascade: false, restartIdentity: false }, 7);
}

test('a transaction that was cut in two is put together, however often that is', () => {
  const assembler = interrupted();
  message(assembler);
  again(assembler);
  message(assembler);
  message(assembler);
  expect(assembler.skipped.changes).toBe(3);
  message(assembler);
  assembler.commit({ lsn: 100n, endLsn: 110n, time: 0n });
  expect(assembler.skipped.changes).toBe(3);
  expect(assembler.delivered).toBe(110n);
});

test('a transaction that was cut in two, and comes again with other changes, is an error', () => {
  const assembler = interrupted();
  message(assembler);
  expect(() => truncate(assembler)).toThrow('has other changes than when it came before');
  const later = interrupted();
  truncate(later);
  again(later);
  truncate(later);
  expect(() => message(later)).toThrow('has other changes than when it came before');
});

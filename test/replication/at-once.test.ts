import { expect, test } from 'vitest';
import { BatchReader } from '../../src/replication/batches.ts';
import type { Change } from '../../src/replication/change.ts';
import { Transaction, type TransactionHost } from '../../src/replication/transaction.ts';
import { TransactionQueue } from '../../src/replication/transaction-queue.ts';
import { VirtualClock } from '../support/fakes/virtual-clock.ts';

/** A queue that transactions are put into, and those that were acknowledged. */
function filled() {
  const acknowledged: number[] = [];
  const queue = new TransactionQueue({ resume() {} }, 1000);
  const host: TransactionHost = {
    failure: null,
    taken: (count) => queue.taken(count),
    starving: () => {},
    acknowledged: ({ xid }) => acknowledged.push(xid),
    storable: (position) => queue.firstEnd(position),
  };
  let xid = 0;
  /** One with so many changes. */
  function commit(count: number): void {
    xid += 1;
    const transaction = new Transaction(host, xid, BigInt(xid), 0n);
    transaction.isPending = true;
    for (let i = 0; i < count; i++) {
      transaction.push({ kind: 'commit-prepared', gid: `${xid}/${i}` } satisfies Change);
      if (i === 0) queue.opened(transaction);
      else queue.pushed(transaction);
    }
    transaction.end('committed');
  }
  return { queue, acknowledged, commit };
}

test('transactions that were handed over are all left with the next that is asked for', async () => {
  const { queue, commit } = filled();
  const waiting = [queue.next(), queue.next()];
  commit(1);
  commit(2);
  const handed = await Promise.all(waiting);
  expect(handed.map((transaction) => transaction!.xid)).toEqual([1, 2]);
  expect(queue.leave()).toEqual(handed);
  expect(queue.queued).toBe(0);
  expect(queue.leave()).toEqual([]);
});

test.each([1, 2, 3, 5])('%i batches asked for at once have each change once', async (readers) => {
  const { queue, acknowledged, commit } = filled();
  const source = { queue, close: async () => {} };
  const batches = new BatchReader(source, new VirtualClock(), true, { maxChanges: 3 });
  const changes: string[] = [];
  const ended: number[] = [];
  const reading = Array.from({ length: readers }, async () => {
    for (;;) {
      const { value: batch, done } = await batches.next();
      if (done) return;
      expect(batch.changes.length + batch.transactions.length).toBeGreaterThan(0);
      changes.push(...batch.changes.map((change) => (change as { gid: string }).gid));
      ended.push(...batch.transactions.map(({ xid }) => xid));
      for (let turns = changes.length % 4; turns > 0; turns--) await null;
    }
  });
  const committed: string[] = [];
  for (let i = 1; i <= 200; i++) {
    const count = 1 + (i % 5);
    commit(count);
    for (let n = 0; n < count; n++) committed.push(`${i}/${n}`);
    for (let turns = i % 7; turns > 0; turns--) await null;
  }
  while (changes.length < committed.length) await new Promise((resolve) => setImmediate(resolve));
  // All of them wait for the next: what they had is acknowledged.
  await new Promise((resolve) => setImmediate(resolve));
  expect(changes.toSorted()).toEqual(committed.toSorted());
  expect(ended.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
  expect(acknowledged.toSorted((a, b) => a - b)).toEqual(ended.toSorted((a, b) => a - b));
  queue.end(null);
  await Promise.all(reading);
});

test.each([0, 20])(
  'batches asked for at once are in order, with a delay of %i',
  async (maxDelay) => {
    const { queue, acknowledged, commit } = filled();
    const clock = new VirtualClock();
    const source = { queue, close: async () => {} };
    const batches = new BatchReader(source, clock, true, { maxChanges: 7, maxDelay });
    const committed: string[] = [];
    const asked = Array.from({ length: 12 }, () => batches.next());
    let isOver = false;
    const all = Promise.all(asked).finally(() => {
      isOver = true;
    });
    for (let i = 1; !isOver; i++) {
      const count = 1 + (i % 5);
      commit(count);
      for (let n = 0; n < count; n++) committed.push(`${i}/${n}`);
      await clock.advance(i % 4);
      for (let turns = i % 7; turns > 0; turns--) await null;
    }
    const changes = (await all).flatMap(({ value }) =>
      value!.changes.map((change) => (change as { gid: string }).gid),
    );
    expect(changes).toEqual(committed.slice(0, changes.length));
    // Nobody has asked for what comes behind them.
    expect(acknowledged).toEqual([]);
  },
);

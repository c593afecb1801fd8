import { expect, test } from 'vitest';
import { Backlog } from '../../src/client/bulk/backlog.ts';
import { sizeOf, sizeOfRow } from '../../src/replication/row-size.ts';
import { Transaction, type TransactionHost } from '../../src/replication/transaction.ts';
import { TransactionQueue } from '../../src/replication/transaction-queue.ts';

const MB = 1024 * 1024;

/** A stream's queue whose changes come in messages of so many bytes. */
class Reading {
  resumed = 0;
  readonly queue = new TransactionQueue({ resume: () => this.resumed++ }, 1000);
  readonly transaction: Transaction;

  constructor() {
    const host: TransactionHost = {
      failure: null,
      taken: (count) => this.queue.taken(count),
      starving: () => {},
      acknowledged: () => {},
      storable: (position) => position,
    };
    this.transaction = new Transaction(host, 1, 1n, 0n);
  }

  comes(count: number, bytes: number): this {
    for (; count > 0; count--) {
      const isFirst = this.queue.counts.transactions === 0;
      this.transaction.push({ kind: 'commit-prepared', gid: 'g' });
      if (isFirst) this.queue.opened(this.transaction);
      else this.queue.pushed(this.transaction);
      this.queue.weigh(bytes);
    }
    return this;
  }
}

test('no more is read while 16 MB of changes wait, however few they are', () => {
  const reading = new Reading().comes(15, MB);
  const { queue, transaction } = reading;
  expect(queue.isPaused).toBe(false);
  reading.comes(1, MB);
  expect(queue.isPaused).toBe(true);
  for (let left = 15; left > 4; left--) {
    transaction.take();
    expect(reading.resumed).toBe(0);
  }
  transaction.take();
  expect(reading.resumed).toBe(1);
  expect(queue.isPaused).toBe(false);
  // Nothing is left over of what was taken.
  transaction.drop();
  expect(reading.comes(15, MB).queue.isPaused).toBe(false);
});

test('one change may be larger than all that may wait', () => {
  const { queue, transaction, resumed } = new Reading().comes(1, 100 * MB);
  expect(queue.isPaused).toBe(true);
  expect(resumed).toBe(0);
  transaction.take();
  expect(queue.isPaused).toBe(false);
});

test('messages of which nothing waits are not counted', () => {
  const { queue } = new Reading().comes(1, 1);
  for (let count = 0; count < 100; count++) queue.weigh(MB);
  expect(queue.isPaused).toBe(false);
});

test('who waits for the end of a transaction gets all of it', async () => {
  const reading = new Reading();
  const all = reading.transaction.toArray();
  reading.comes(1, MB);
  reading.queue.take();
  await null;
  await null;
  await null;
  reading.comes(5, 100 * MB);
  await null;
  reading.transaction.end('committed');
  expect(await all).toHaveLength(6);
});

test('changes may wait that are as many as they may be', () => {
  const backlog = new Backlog(4);
  for (let count = 1; count <= 4; count++) {
    expect(backlog.isFull).toBe(false);
    backlog.count += 1;
    backlog.weigh(10);
  }
  expect(backlog.isFull).toBe(true);
  backlog.leave(2);
  expect([backlog.isFull, backlog.isLow]).toEqual([false, false]);
  backlog.leave(1);
  expect(backlog.isLow).toBe(true);
});

test.each([
  ['rows that are small', 1000, 10, 250],
  ['large ones', 20, MB, 4],
  ['one that is larger than all that may wait', 1, 100 * MB, 0],
])('of %s so many may be left when reading goes on', (_, count, bytes, low) => {
  const backlog = new Backlog(1000);
  for (let i = 0; i < count; i++) {
    backlog.count += 1;
    backlog.weigh(bytes);
  }
  expect(backlog.isFull).toBe(true);
  expect(backlog.low).toBe(low);
  backlog.leave(count - low);
  expect(backlog.isLow).toBe(true);
});

test.each([
  ['a text', 'x'.repeat(1000), 1000],
  ['bytes', Buffer.alloc(1000), 1000],
  ['an array of texts', ['x'.repeat(500), 'x'.repeat(500)], 1008],
  ['JSON', { a: [{ b: 'x'.repeat(1000) }] }, 1024],
  ['nothing', null, 8],
  ['a date', new Date(), 8],
])('%s is weighed', (_, value, size) => {
  expect(sizeOf(value)).toBe(size);
  expect(sizeOfRow({ a: value, b: value })).toBe(2 * size);
});

test('what refers to itself is weighed', () => {
  const own: Record<string, unknown> = {};
  own['own'] = own;
  expect(sizeOf(own)).toBeLessThan(1000);
});

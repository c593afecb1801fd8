import { expect, test } from 'vitest';
import {
  Listeners,
  type ListenHost,
  type Listening,
} from '../../../src/client/listening/listeners.ts';
import { QueryCanceledError } from '../../../src/index.ts';

/** A session that answers each LISTEN as it is told, in their order. */
class Host implements ListenHost<object> {
  readonly owner = {};
  isEnded = false;
  isInTransaction = false;
  readonly sent: string[] = [];
  gaveUp: (Error | null)[] = [];
  #answers: { resolve: () => void; reject: (error: Error) => void }[] = [];

  listen(text: string): Listening {
    this.sent.push(text);
    const answer = new Promise<void>((resolve, reject) => this.#answers.push({ resolve, reject }));
    return { request: { isAnswered: true, isLasting: !this.isInTransaction }, answer };
  }

  giveUp(reason: Error | null): void {
    this.gaveUp.push(reason);
  }

  async answer(error?: Error): Promise<void> {
    const next = this.#answers.shift()!;
    if (error === undefined) next.resolve();
    else next.reject(error);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function listening(): Promise<{ host: Host; listeners: Listeners<object> }> {
  const host = new Host();
  const listeners = new Listeners<object>(host, []);
  const adding = listeners.add('a', () => {});
  await host.answer();
  await adding;
  return { host, listeners };
}

const struck = (): Error => new QueryCanceledError('canceling statement due to user request', {});

test('a channel that cannot be listened to again ends the session, and is not left deaf', async () => {
  const { host, listeners } = await listening();
  listeners.unlistened();
  expect(host.sent).toEqual(['LISTEN "a"', 'LISTEN "a"']);
  const error = new Error('no');
  await host.answer(error);
  expect(host.gaveUp).toEqual([error]);
});

test('a LISTEN that a cancel of another call strikes is sent once more', async () => {
  const { host, listeners } = await listening();
  listeners.unlistened();
  for (let count = 0; count < 5; count++) await host.answer(struck());
  expect(host.sent.length).toBe(7);
  expect(host.gaveUp).toEqual([]);
  await host.answer(struck());
  expect(host.sent.length).toBe(7);
  expect(host.gaveUp.length).toBe(1);
});

test('in a failed transaction it is sent again with the end of that', async () => {
  const { host, listeners } = await listening();
  host.isInTransaction = true;
  listeners.unlistened();
  await host.answer(new Error('current transaction is aborted'));
  expect(host.gaveUp).toEqual([]);
  host.isInTransaction = false;
  listeners.transactionEnded();
  expect(host.sent.length).toBe(3);
  expect(listeners.settled).not.toBeNull();
  await host.answer();
  expect(listeners.settled).toBeNull();
  listeners.transactionEnded();
  expect(host.sent.length).toBe(3);
});

test('nothing is made of its failure once nobody listens, or the session is over', async () => {
  const { host, listeners } = await listening();
  listeners.unlistened();
  listeners.clear();
  await host.answer(new Error('no'));
  expect(host.gaveUp).toEqual([]);
  const other = await listening();
  other.listeners.unlistened();
  other.host.isEnded = true;
  await other.host.answer(new Error('no'));
  expect(other.host.gaveUp).toEqual([]);
});

import { describe, expect, it } from 'vitest';
import { CREATE } from '../../../src/client/internals.ts';
import type { Notification } from '../../../src/client/listening/notification.ts';
import { NotificationQueue } from '../../../src/client/listening/notification-queue.ts';
import { Subscriber } from '../../../src/pool/subscriber.ts';
import { Subscription } from '../../../src/pool/subscription.ts';

const connection = { isClosed: false } as Notification['connection'];

function notification(number: number): Notification {
  return { channel: 'news', payload: String(number), pid: 1, connection };
}

interface Begun {
  readonly iterator: AsyncIterator<Notification>;
  readonly deliver: (notification: Notification) => void;
}

/** Both kinds of iterations, without a server. */
const KINDS: Readonly<Record<string, () => Begun>> = {
  'of a connection': () => {
    let deliver!: Begun['deliver'];
    const queue = new NotificationQueue<Notification>({
      listen: async (callback) => {
        deliver = callback;
      },
      unlisten: async () => {},
      onEnd: () => () => {},
      endReason: () => null,
    });
    return { iterator: queue[Symbol.asyncIterator](), deliver };
  },
  'of a subscription': () => {
    const subscriber = new Subscriber('news', () => {}, null);
    const subscription = Subscription[CREATE](subscriber, async () => {});
    return {
      iterator: subscription[Symbol.asyncIterator](),
      deliver: (given) => void subscriber.deliver(given),
    };
  },
};

describe.for(Object.entries(KINDS))('an iteration over the notifications %s', ([, begin]) => {
  it('serves everyone who waits for the next one, in order', async () => {
    const { iterator, deliver } = begin();
    const waiting = [iterator.next(), iterator.next(), iterator.next()];
    await Promise.resolve();
    for (const number of [1, 2]) deliver(notification(number));
    expect((await waiting[0])?.value.payload).toBe('1');
    expect((await waiting[1])?.value.payload).toBe('2');
    await iterator.return?.();
    expect(await waiting[2]).toEqual({ done: true, value: undefined });
  });

  it('gives nothing that came after some were lost, and says so then', async () => {
    const { iterator, deliver } = begin();
    for (let number = 1; number <= 10_001; number++) deliver(notification(number));
    const taken = [];
    for (let turn = 0; turn < 10_000; turn++) {
      taken.push(Number((await iterator.next()).value.payload));
      // They go on coming, now that there is room again.
      deliver(notification(20_000 + turn));
    }
    expect(taken).toEqual(Array.from({ length: 10_000 }, (_, index) => index + 1));
    await expect(iterator.next()).rejects.toThrow('notifications were lost');
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });
});

it('an iteration whose LISTEN fails leaves nothing behind', async () => {
  const watchers = new Set<() => void>();
  const queue = new NotificationQueue<Notification>({
    listen: () => Promise.reject(new Error('no')),
    unlisten: async () => {},
    onEnd: (callback) => {
      watchers.add(callback);
      return () => watchers.delete(callback);
    },
    endReason: () => null,
  });
  await expect(queue[Symbol.asyncIterator]().next()).rejects.toThrow('no');
  expect(watchers.size).toBe(0);
});

it('an onReconnect callback that throws or rejects becomes a process warning', async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => void warnings.push(warning);
  process.on('warning', onWarning);
  for (const onReconnect of [
    () => {
      throw new Error('mine');
    },
    () => Promise.reject(new Error('mine, later')),
  ]) {
    const subscriber = new Subscriber('news', () => {}, onReconnect);
    subscriber.begin();
    subscriber.noteGap();
    subscriber.tellGap();
  }
  await expect.poll(() => warnings.length).toBe(2);
  expect(warnings.map(({ name }) => name)).toEqual(new Array(2).fill('AsyncpgCallbackWarning'));
  process.off('warning', onWarning);
});

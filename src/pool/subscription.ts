import type { Notification } from '../client/listeners.ts';

/** What the hub does for a subscription. */
export interface SubscriptionHost {
  unsubscribe(subscription: Subscription): Promise<void>;
}

/** Notifications that may wait for a slow iteration; older ones than these are dropped, told by `onOverflow`. */
const MAX_WAITING = 10_000;

/**
 * A lasting subscription to a channel, made by `pool.listen`. Besides the callback, its
 * notifications can be iterated; closing ends the iteration.
 */
export class Subscription implements AsyncIterable<Notification>, AsyncDisposable {
  readonly channel: string;
  /** @internal */
  readonly onReconnect: (() => void) | null;
  readonly #callback: (notification: Notification) => void | Promise<void>;
  readonly #host: SubscriptionHost;
  readonly #iterators = new Set<(notification: Notification | null) => void>();
  #closed = false;

  /** @internal */
  constructor(
    host: SubscriptionHost,
    channel: string,
    callback: (notification: Notification) => void | Promise<void>,
    onReconnect: (() => void) | null,
  ) {
    this.#host = host;
    this.channel = channel;
    this.#callback = callback;
    this.onReconnect = onReconnect;
  }

  /** @internal */
  deliver(notification: Notification): void | Promise<void> {
    for (const push of this.#iterators) push(notification);
    return this.#callback(notification);
  }

  /** Ends the subscription. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const push of this.#iterators) push(null);
    await this.#host.unsubscribe(this);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Notification, void, void> {
    const waiting: Notification[] = [];
    let ended = this.#closed;
    let wake: (() => void) | null = null;
    const push = (notification: Notification | null): void => {
      if (notification === null) ended = true;
      else if (waiting.length < MAX_WAITING) waiting.push(notification);
      wake?.();
    };
    this.#iterators.add(push);
    try {
      for (;;) {
        const notification = waiting.shift();
        if (notification !== undefined) yield notification;
        else if (ended) return;
        else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          wake = null;
        }
      }
    } finally {
      this.#iterators.delete(push);
    }
  }
}

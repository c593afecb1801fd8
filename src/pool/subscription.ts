import { checkOptions, type OptionNames } from '../client/known-options.ts';
import type { Notification } from '../client/notification.ts';
import { NotificationBuffer } from '../client/notification-buffer.ts';
import { callUser } from '../client/user-callback.ts';
import { InvalidArgumentError } from '../errors/client-errors.ts';

/** See Pool.listen. */
export interface ListenOptions {
  /**
   * Called once after each time that the connection was lost, when the channel is listened to
   * again and before anything new is delivered: notifications may have been missed in between.
   */
  readonly onReconnect?: (() => unknown) | undefined;
}

const OPTIONS: OptionNames<ListenOptions> = { onReconnect: true };

/** Refuses options of `Pool.listen` that it cannot do anything with. */
export function checkListenOptions(options: ListenOptions): void {
  checkOptions('listen', options, OPTIONS);
  const { onReconnect } = options;
  if (onReconnect !== undefined && typeof onReconnect !== 'function') {
    throw new InvalidArgumentError('onReconnect must be a function');
  }
}

/** What the hub does for a subscription. */
export interface SubscriptionHost {
  unsubscribe(subscription: Subscription): Promise<void>;
}

/** Notifications that are kept for an iteration that has not begun: the latest. */
const MAX_EARLY = 1_000;

/**
 * A lasting subscription to a channel, made by `pool.listen`. Besides being given to the
 * callback, its notifications can be iterated. The first iteration begins with those that came
 * since `listen` (at most the latest 1,000), a further one with the next that comes. When more
 * than 10,000 wait for a slow iteration it fails, rather than lose one unseen. Closing ends it.
 */
export class Subscription implements AsyncIterable<Notification>, AsyncDisposable {
  /** The channel. */
  readonly channel: string;
  readonly #callback: (notification: Notification) => unknown;
  readonly #onReconnect: (() => unknown) | null;
  readonly #host: SubscriptionHost;
  readonly #iterations = new Set<Iteration>();
  /** Null once an iteration has begun. */
  #early: Notification[] | null = [];
  #state: 'beginning' | 'live' | 'closed' = 'beginning';
  #gap = false;

  /** @internal */
  constructor(
    host: SubscriptionHost,
    channel: string,
    callback: (notification: Notification) => unknown,
    onReconnect: (() => unknown) | null,
  ) {
    this.#host = host;
    this.channel = channel;
    this.#callback = callback;
    this.#onReconnect = onReconnect;
  }

  /**
   * It counts as subscribed from now on, or from its first notification: what is missed later is
   * a gap.
   * @internal
   */
  begin(): void {
    if (this.#state === 'beginning') this.#state = 'live';
  }

  /** @internal */
  readonly deliver = (notification: Notification): void | Promise<void> => {
    if (this.#state === 'closed') return;
    this.begin();
    // One that came before the gap may be told after it.
    if (!notification.connection.isClosed) this.tellGap();
    for (const iteration of this.#iterations) iteration.push(notification);
    if (this.#early !== null) {
      this.#early.push(notification);
      if (this.#early.length > MAX_EARLY) this.#early.shift();
    }
    // A promise is looked after by the listeners; nothing else is made of what it gives back.
    return this.#callback(notification) as void | Promise<void>;
  };

  /**
   * The connection was lost.
   * @internal
   */
  noteGap(): void {
    if (this.#state === 'live') this.#gap = true;
  }

  /**
   * The channel is listened to again: tells once that something may have been missed.
   * @internal
   */
  tellGap(): void {
    if (!this.#gap) return;
    this.#gap = false;
    if (this.#state !== 'live' || this.#onReconnect === null) return;
    callUser('an onReconnect callback', this.#onReconnect);
  }

  /** Ends the subscription and its iterations. Idempotent. */
  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#early = null;
    for (const iteration of this.#iterations) iteration.end();
    this.#iterations.clear();
    await this.#host.unsubscribe(this);
  }

  /** The same as `close()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The notifications. Leaving the loop ends the iteration, not the subscription. */
  [Symbol.asyncIterator](): AsyncIterator<Notification, undefined> {
    const iteration = new Iteration(this.#early ?? [], (ended) => this.#iterations.delete(ended));
    this.#early = null;
    if (this.#state === 'closed') iteration.end();
    else this.#iterations.add(iteration);
    return iteration;
  }
}

/** One loop over the notifications of a subscription. */
class Iteration implements AsyncIterator<Notification, undefined> {
  readonly #buffer: NotificationBuffer<Notification>;
  readonly #onEnd: (iteration: Iteration) => void;

  constructor(waiting: Notification[], onEnd: (iteration: Iteration) => void) {
    this.#buffer = new NotificationBuffer(waiting);
    this.#onEnd = onEnd;
  }

  push(notification: Notification): void {
    this.#buffer.push(notification);
  }

  /** No more come; those that wait can still be read. */
  end(): void {
    this.#buffer.end();
  }

  async next(): Promise<IteratorResult<Notification, undefined>> {
    try {
      const value = await this.#buffer.next();
      return value === null ? { done: true, value: undefined } : { done: false, value };
    } catch (error) {
      this.#onEnd(this);
      throw error;
    }
  }

  async return(): Promise<IteratorResult<Notification, undefined>> {
    this.#buffer.close();
    this.#onEnd(this);
    return { done: true, value: undefined };
  }
}

import { callUser } from '../client/calls/user-callback.ts';
import type { Notification } from '../client/listening/notification.ts';
import { NotificationBuffer } from '../client/listening/notification-buffer.ts';
import { inContext } from '../runtime/in-context.ts';

/** Notifications that are kept for an iteration that has not begun: the latest. */
const MAX_EARLY = 1_000;

/** Gets a channel's notifications, and its gaps, from the hub. The user has a Subscription of it. */
export class Subscriber {
  readonly channel: string;
  readonly #callback: (notification: Notification) => unknown;
  readonly #onReconnect: (() => unknown) | null;
  readonly #iterations = new Set<Iteration>();
  /** Null once an iteration has begun. */
  #early: Notification[] | null = [];
  #state: 'beginning' | 'live' | 'closed' = 'beginning';
  #gap = false;

  constructor(
    channel: string,
    callback: (notification: Notification) => unknown,
    onReconnect: (() => unknown) | null,
  ) {
    this.channel = channel;
    this.#callback = inContext(callback);
    this.#onReconnect = onReconnect === null ? null : inContext(onReconnect);
  }

  /** It counts as subscribed. */
  get isLive(): boolean {
    return this.#state === 'live';
  }

  /**
   * It counts as subscribed from now on, or from its first notification: what is missed later is
   * a gap.
   */
  begin(): void {
    if (this.#state === 'beginning') this.#state = 'live';
  }

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

  /** The connection was lost. */
  noteGap(): void {
    if (this.#state === 'live') this.#gap = true;
  }

  /** The channel is listened to again: tells once that something may have been missed. */
  tellGap(): void {
    if (!this.#gap) return;
    this.#gap = false;
    if (this.#state !== 'live' || this.#onReconnect === null) return;
    callUser('an onReconnect callback', this.#onReconnect);
  }

  /** The notifications from now on, and for the first who asks those that have come. */
  iterate(): AsyncIterator<Notification, undefined> {
    const iteration = new Iteration(this.#early ?? [], (ended) => this.#iterations.delete(ended));
    this.#early = null;
    if (this.#state === 'closed') iteration.end();
    else this.#iterations.add(iteration);
    return iteration;
  }

  /** Nothing is told any more, and iterations end. Whether that is news. */
  end(): boolean {
    if (this.#state === 'closed') return false;
    this.#state = 'closed';
    this.#early = null;
    for (const iteration of this.#iterations) iteration.end();
    this.#iterations.clear();
    return true;
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

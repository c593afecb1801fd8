import { checkOptions, type OptionNames } from '../client/calls/known-options.ts';
import { CREATE } from '../client/internals.ts';
import type { Notification } from '../client/listening/notification.ts';
import { InvalidArgumentError } from '../errors/client-errors.ts';
import type { Subscriber } from './subscriber.ts';

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

/**
 * A lasting subscription to a channel, made by `pool.listen`. Besides being given to the
 * callback, its notifications can be iterated. The first iteration begins with those that came
 * since `listen` (at most the latest 1,000), a further one with the next that comes. When more
 * than 10,000 wait for a slow iteration it fails, rather than lose one unseen. Closing ends it.
 */
export class Subscription implements AsyncIterable<Notification>, AsyncDisposable {
  /** The channel. */
  readonly channel: string;
  readonly #subscriber: Subscriber;
  readonly #unsubscribe: () => Promise<void>;

  private constructor(subscriber: Subscriber, unsubscribe: () => Promise<void>) {
    this.channel = subscriber.channel;
    this.#subscriber = subscriber;
    this.#unsubscribe = unsubscribe;
  }

  /** @internal */
  static [CREATE](subscriber: Subscriber, unsubscribe: () => Promise<void>): Subscription {
    return new Subscription(subscriber, unsubscribe);
  }

  /**
   * Ends the subscription and its iterations. Idempotent.
   *
   * @example
   * await subscription.close(); // or `await using subscription = …`
   */
  async close(): Promise<void> {
    if (this.#subscriber.end()) await this.#unsubscribe();
  }

  /** The same as `close()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The notifications. Leaving the loop ends the iteration, not the subscription. */
  [Symbol.asyncIterator](): AsyncIterator<Notification, undefined> {
    return this.#subscriber.iterate();
  }
}

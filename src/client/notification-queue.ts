import { InterfaceError } from '../errors/client-errors.ts';
import type { Notification } from './listeners.ts';

/** Notifications that may wait for a slow consumer. */
const MAX_WAITING = 10_000;

type Callback = (notification: Notification) => void;

/** Notifications as an async iterable: listens when iteration begins, unlistens when it ends. */
export class NotificationQueue implements AsyncIterable<Notification> {
  readonly #listen: (callback: Callback) => Promise<void>;
  readonly #unlisten: (callback: Callback) => Promise<void>;
  readonly #onEnd: (callback: () => void) => () => void;

  constructor(
    listen: (callback: Callback) => Promise<void>,
    unlisten: (callback: Callback) => Promise<void>,
    onEnd: (callback: () => void) => () => void,
  ) {
    this.#listen = listen;
    this.#unlisten = unlisten;
    this.#onEnd = onEnd;
  }

  [Symbol.asyncIterator](): AsyncIterator<Notification> {
    const waiting: Notification[] = [];
    let wake: (() => void) | null = null;
    let ended = false;
    let overflowed = false;
    const callback: Callback = (notification) => {
      if (waiting.length < MAX_WAITING) waiting.push(notification);
      else overflowed = true;
      wake?.();
    };
    const offEnd = this.#onEnd(() => {
      ended = true;
      wake?.();
    });
    // Listening begins here, not with the first `next`: nothing sent after that is missed.
    const listening = this.#listen(callback);
    listening.catch(() => {});
    const finish = async (): Promise<IteratorResult<Notification>> => {
      offEnd();
      if (!ended) {
        ended = true;
        await this.#unlisten(callback);
      }
      return { done: true, value: undefined };
    };
    return {
      next: async () => {
        await listening;
        for (;;) {
          const value = waiting.shift();
          if (value !== undefined) return { done: false, value };
          if (overflowed) {
            await finish();
            throw new InterfaceError(
              `notifications were lost: more than ${MAX_WAITING} were waiting to be read`,
            );
          }
          if (ended) return { done: true, value: undefined };
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          wake = null;
        }
      },
      return: finish,
    };
  }
}

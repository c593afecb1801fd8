import { InterfaceError } from '../errors/client-errors.ts';
import { ConnectionDoesNotExistError } from '../errors/sqlstate.generated.ts';
import type { Notification } from './listeners.ts';

/** Notifications that may wait for a slow consumer. */
const MAX_WAITING = 10_000;

type Callback = (notification: Notification) => void;

/** What the queue needs of its connection. */
export interface NotificationSource {
  listen(callback: Callback): Promise<void>;
  unlisten(callback: Callback): Promise<void>;
  /** Calls back once when no more can come. The result takes that back. */
  onEnd(callback: () => void): () => void;
  /** Why the connection is over, or null if it is not, or was closed on purpose. */
  endReason(): Error | null;
}

/** Notifications as an async iterable: listens when iteration begins, unlistens when it ends. */
export class NotificationQueue implements AsyncIterable<Notification> {
  readonly #source: NotificationSource;

  constructor(source: NotificationSource) {
    this.#source = source;
  }

  [Symbol.asyncIterator](): AsyncIterator<Notification> {
    return new Iteration(this.#source);
  }
}

const DONE: IteratorReturnResult<undefined> = Object.freeze({ done: true, value: undefined });

class Iteration implements AsyncIterator<Notification> {
  readonly #source: NotificationSource;
  readonly #listening: Promise<void>;
  readonly #offEnd: () => void;
  #waiting: Notification[] = [];
  #readers: (() => void)[] = [];
  #overflowed = false;
  #ended = false;
  #left = false;

  constructor(source: NotificationSource) {
    this.#source = source;
    this.#offEnd = source.onEnd(() => {
      this.#ended = true;
      this.#wake();
    });
    // Listening begins here, not with the first `next`: nothing sent after that is missed.
    this.#listening = source.listen(this.#take);
    this.#listening.catch(() => {});
  }

  readonly #take: Callback = (notification) => {
    if (this.#waiting.length < MAX_WAITING) this.#waiting.push(notification);
    else this.#overflowed = true;
    this.#wake();
  };

  #wake(): void {
    const readers = this.#readers;
    this.#readers = [];
    for (const reader of readers) reader();
  }

  async next(): Promise<IteratorResult<Notification>> {
    await this.#listening;
    for (;;) {
      if (this.#left) return DONE;
      const value = this.#waiting.shift();
      if (value !== undefined) return { done: false, value };
      if (this.#overflowed) {
        await this.return();
        throw new InterfaceError(
          `notifications were lost: more than ${MAX_WAITING} were waiting to be read`,
        );
      }
      if (this.#ended) return this.#lost();
      await new Promise<void>((resolve) => {
        this.#readers.push(resolve);
      });
    }
  }

  /** The end of what a lost connection would have brought is no end that anybody asked for. */
  #lost(): IteratorResult<Notification> {
    const reason = this.#source.endReason();
    if (reason === null || this.#left) return DONE;
    this.#left = true;
    throw new ConnectionDoesNotExistError(
      `no more notifications come: ${reason.message}`,
      {},
      { cause: reason },
    );
  }

  async return(): Promise<IteratorResult<Notification>> {
    if (this.#left) return DONE;
    this.#left = true;
    this.#waiting = [];
    this.#offEnd();
    this.#wake();
    if (!this.#ended) await this.#source.unlisten(this.#take);
    return DONE;
  }
}

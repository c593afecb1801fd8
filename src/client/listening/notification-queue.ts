import { ConnectionDoesNotExistError } from '../../errors/generated/sqlstate.ts';
import { NotificationBuffer } from './notification-buffer.ts';

type Callback<Notification> = (notification: Notification) => void;

/** What the queue needs of its connection. */
export interface NotificationSource<Notification> {
  listen(callback: Callback<Notification>): Promise<void>;
  unlisten(callback: Callback<Notification>): Promise<void>;
  /** Calls back once when no more can come. The result takes that back. */
  onEnd(callback: () => void): () => void;
  /** Why the connection is over, or null if it is not, or was closed on purpose. */
  endReason(): Error | null;
}

/** Notifications as an async iterable: listens when iteration begins, unlistens when it ends. */
export class NotificationQueue<Notification> implements AsyncIterable<Notification> {
  readonly #source: NotificationSource<Notification>;

  constructor(source: NotificationSource<Notification>) {
    this.#source = source;
  }

  [Symbol.asyncIterator](): AsyncIterator<Notification> {
    return new Iteration(this.#source);
  }
}

const DONE: IteratorReturnResult<undefined> = Object.freeze({ done: true, value: undefined });

class Iteration<Notification> implements AsyncIterator<Notification> {
  readonly #source: NotificationSource<Notification>;
  readonly #listening: Promise<void>;
  readonly #offEnd: () => void;
  readonly #buffer = new NotificationBuffer<Notification>();
  #ended = false;
  #left = false;

  constructor(source: NotificationSource<Notification>) {
    this.#source = source;
    this.#offEnd = source.onEnd(() => {
      this.#ended = true;
      this.#buffer.end();
    });
    // Listening begins here, not with the first `next`: nothing sent after that is missed.
    this.#listening = source.listen(this.#take);
    this.#listening.catch(() => this.#offEnd());
  }

  readonly #take: Callback<Notification> = (notification) => this.#buffer.push(notification);

  async next(): Promise<IteratorResult<Notification>> {
    await this.#listening;
    let value: Notification | null;
    try {
      value = await this.#buffer.next();
    } catch (error) {
      await this.return();
      throw error;
    }
    return value === null ? this.#lost() : { done: false, value };
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
    this.#offEnd();
    this.#buffer.close();
    if (!this.#ended) await this.#source.unlisten(this.#take);
    return DONE;
  }
}

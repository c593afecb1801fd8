import { InterfaceError } from '../../errors/client-errors.ts';

/** Notifications that may wait for a slow reader. */
const MAX_WAITING = 10_000;

/** The notifications between the wire and the loop that reads them. None gets lost unseen. */
export class NotificationBuffer<Notification> {
  #waiting: Notification[];
  /** Those who wait for one. */
  #readers: (() => void)[] = [];
  #overflowed = false;
  #ended = false;

  /** @param waiting what has come already */
  constructor(waiting: Notification[] = []) {
    this.#waiting = waiting;
  }

  push(notification: Notification): void {
    // Nothing follows a gap: what waits is read, and then the reader is told.
    if (this.#waiting.length >= MAX_WAITING) this.#overflowed = true;
    if (!this.#overflowed) this.#waiting.push(notification);
    this.#wake();
  }

  /** No more will come. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** No more is wanted, nor what waits. */
  close(): void {
    this.#waiting = [];
    this.#overflowed = false;
    this.end();
  }

  /**
   * Resolves to the next notification, or to null when none is left and none will come.
   *
   * @throws InterfaceError where some were lost, as too many had been waiting; the last thing it says
   */
  async next(): Promise<Notification | null> {
    for (;;) {
      const value = this.#waiting.shift();
      if (value !== undefined) return value;
      if (this.#overflowed) {
        this.close();
        throw new InterfaceError(
          `notifications were lost: more than ${MAX_WAITING} were waiting to be read`,
        );
      }
      if (this.#ended) return null;
      await new Promise<void>((resolve) => {
        this.#readers.push(resolve);
      });
    }
  }

  #wake(): void {
    const readers = this.#readers;
    this.#readers = [];
    for (const reader of readers) reader();
  }
}

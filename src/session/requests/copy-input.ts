import { Feed } from './feed.ts';
import { checkResult } from './iterating.ts';

/** Gives a COPY's data piece by piece. Its `return` is called if it is not read to its end. */
export type CopyIterator = Iterator<unknown, unknown> | AsyncIterator<unknown, unknown>;

/** What COPY FROM pulls its data from, one piece after the other, as the server takes it. */
export class CopyInput {
  readonly #iterator: CopyIterator;
  readonly #what: string;
  #awaited: Promise<IteratorResult<unknown, unknown>> | null = null;
  #arrived: { readonly result: IteratorResult<unknown, unknown> } | null = null;
  /** It has come to its end, has failed by itself, or was stopped. */
  #isOver = false;
  /** Null where nothing waits: a call that the source makes then follows the COPY. */
  readonly feed: Feed | null;

  /** @param what names what is iterated over in errors */
  constructor(iterator: CopyIterator, what: string) {
    this.#iterator = iterator;
    this.#what = what;
    this.feed = Symbol.iterator in iterator ? null : new Feed();
  }

  /** The next piece, or the end; null when it must be waited for. Throws what the source does. */
  take(): IteratorResult<unknown, unknown> | null {
    let result: IteratorResult<unknown, unknown>;
    if (this.#arrived !== null) {
      result = this.#arrived.result;
      this.#arrived = null;
    } else {
      let next: IteratorResult<unknown, unknown> | Promise<IteratorResult<unknown, unknown>>;
      try {
        next = this.#iterator.next();
      } catch (error) {
        this.#isOver = true;
        throw error;
      }
      if (typeof (next as Promise<unknown>)?.then === 'function') {
        this.#awaited = next as Promise<IteratorResult<unknown, unknown>>;
        return null;
      }
      result = next as IteratorResult<unknown, unknown>;
    }
    checkResult(this.#what, result);
    if (result.done) this.#isOver = true;
    return result;
  }

  /** What was asked for is waited for later, or never: until then its failure is none that the process hears of. */
  leaveAsked(): void {
    Promise.resolve(this.#awaited).catch(() => {});
  }

  /** Resolves when there is something to take. Rejects with the source's failure. */
  async wait(): Promise<void> {
    const awaited = this.#awaited;
    if (awaited === null) return;
    try {
      this.#arrived = { result: await awaited };
    } catch (error) {
      this.#isOver = true;
      throw error;
    }
    this.#awaited = null;
  }

  /** No more is taken. The source is told, unless it knows; if that fails it changes nothing. */
  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    try {
      Promise.resolve(this.#iterator.return?.()).catch(() => {});
    } catch {
      // It would hide why the COPY has failed.
    }
  }
}

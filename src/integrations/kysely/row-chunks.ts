import type { QueryResult } from 'kysely';
import { InvalidArgumentError } from '../../errors/client-errors.ts';
import { kindOf } from '../../values/kind-of.ts';

type Rows<R> = AsyncIterable<R> & AsyncDisposable;

/**
 * The rows of a stream, so many at a time. Not a generator: that could not be left while it waits for rows.
 */
export class RowChunks<R> implements AsyncIterableIterator<QueryResult<R>> {
  readonly #open: () => Promise<Rows<R>>;
  readonly #size: number;
  readonly #signal: AbortSignal | undefined;
  #rows: Promise<Rows<R>> | null = null;
  #iterator: AsyncIterator<R> | null = null;
  #isOver = false;

  /** @param signal ends the query as leaving the loop does, without an error: Kysely has its own */
  constructor(open: () => Promise<Rows<R>>, size: number, signal: AbortSignal | undefined) {
    if (!Number.isInteger(size) || size < 1) {
      throw new InvalidArgumentError(`chunkSize must be a positive integer, not ${kindOf(size)}`);
    }
    this.#open = open;
    this.#size = size;
    this.#signal = signal;
    signal?.addEventListener('abort', this.#leave, { once: true });
  }

  async next(): Promise<IteratorResult<QueryResult<R>, undefined>> {
    if (this.#isOver) return { done: true, value: undefined };
    try {
      const rows = await this.#chunk();
      if (rows.length > 0 && !this.#isOver) return { done: false, value: { rows } };
    } catch (error) {
      // Who is told of a failure need not call `return`.
      this.#end();
      throw error;
    }
    await this.return();
    return { done: true, value: undefined };
  }

  async #chunk(): Promise<R[]> {
    this.#rows ??= this.#open();
    this.#iterator ??= (await this.#rows)[Symbol.asyncIterator]();
    const rows: R[] = [];
    while (rows.length < this.#size && !this.#isOver) {
      const next = await this.#iterator.next();
      if (next.done === true) break;
      rows.push(next.value);
    }
    return rows;
  }

  #end(): void {
    this.#isOver = true;
    this.#signal?.removeEventListener('abort', this.#leave);
  }

  readonly #leave = (): void => {
    // What it fails with is told to whoever waits for the end.
    this.return().catch(() => {});
  };

  async return(): Promise<IteratorResult<QueryResult<R>, undefined>> {
    this.#end();
    if (this.#rows !== null) await (await this.#rows)[Symbol.asyncDispose]();
    return { done: true, value: undefined };
  }

  async throw(error: unknown): Promise<never> {
    await this.return();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

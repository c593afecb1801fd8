import type { Readable } from 'node:stream';
import { InterfaceError } from '../../errors/client-errors.ts';
import { builtinModule } from '../../runtime/builtin-module.ts';
import type { RowSink } from '../../session/requests/stream-request.ts';
import type { Row } from '../../values/row.ts';
import type { RowForm, RowOf } from '../../values/row-form.ts';
import { atCaller } from '../calls/caller-stack.ts';
import { CREATE } from '../internals.ts';
import { Backlog } from './backlog.ts';

/** Rows that wait for their consumer beyond which the server is made to wait as well. */
const HIGH_WATER = 512;

/** What runs a stream's query: fills the sink until the result ends. */
export type StreamSource = (sink: StreamBuffer) => Promise<unknown>;

/** Where a buffer's rows come from: the session itself, or what asks it for them. */
export interface RowSupply {
  /** Whether calls wait behind the stream. */
  readonly hasFollowers: boolean;
  /** `resume`: the buffer has room again. */
  readonly inbox: { resume(): void };
}

/** The rows between the wire and their consumer. */
export class StreamBuffer implements RowSink {
  #rows: Row[] = [];
  #next = 0;
  readonly #backlog = new Backlog(HIGH_WATER);
  /** Those who wait for a row. */
  #readers: (() => void)[] = [];
  #supply: RowSupply | null = null;
  #cancel: ((reason?: Error) => void) | null = null;
  #paused = false;
  /** How many rows waited when it was looked at last, while the server waited as well. */
  #waited = 0;
  /** The consumer has left: no more rows are wanted. */
  closed = false;

  /** What feeds the buffer, and how to stop it: with a failure, if there is a reason. */
  attach(supply: RowSupply, cancel: (reason?: Error) => void): void {
    this.#supply = supply;
    this.#cancel = cancel;
    if (this.closed) cancel();
  }

  push(row: Row, bytes: number): boolean {
    this.#rows.push(row);
    this.#backlog.count += 1;
    this.#backlog.weigh(bytes);
    if (this.#readers.length > 0) this.#wake();
    if (!this.#backlog.isFull) return true;
    // Another call waits behind the stream, and the consumer of the stream may be waiting for that
    // call: if the server were made to wait here, none of the three would ever go on.
    if (this.#supply?.hasFollowers) return true;
    this.#paused = true;
    return false;
  }

  shift(): Row | undefined {
    if (this.#next >= this.#rows.length) return undefined;
    const row = this.#rows[this.#next]!;
    this.#backlog.leave(1);
    this.#rows[this.#next++] = undefined as unknown as Row;
    if (this.#next >= this.#rows.length) this.discard();
    if (this.#paused && this.#backlog.isLow) this.resume();
    return row;
  }

  /** Lets the server go on. */
  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#supply?.inbox.resume();
  }

  /** Has the query fail if the server waits for the consumer, who has taken no row since this was called last. */
  endIfUnread(reason: () => Error): void {
    const waits = this.#paused ? this.#backlog.count : 0;
    const isUnread = waits > 0 && waits === this.#waited;
    this.#waited = waits;
    if (!isUnread) return;
    this.resume();
    this.#cancel?.(reason());
  }

  /** Resolves when a row has come or none will. */
  whenFilled(): Promise<void> {
    return new Promise((resolve) => {
      this.#readers.push(resolve);
    });
  }

  #wake(): void {
    const readers = this.#readers;
    this.#readers = [];
    for (const reader of readers) reader();
  }

  /** No more rows come. */
  end(): void {
    this.#wake();
  }

  /** Drops the rows that wait, if there are any. */
  discard(): void {
    this.#rows = [];
    this.#next = 0;
    this.#backlog.leave(this.#backlog.count);
  }

  /** The consumer leaves. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.discard();
    this.resume();
    this.#cancel?.();
    this.#wake();
  }
}

/**
 * The rows of a query as they arrive. Iterate it once, with `for await`, or turn it into a
 * Node or a Web stream. The query starts with the first row asked for; leaving the loop
 * cancels it and frees the connection. When the consumer is slow the server is made to wait,
 * unless other calls on the same connection wait behind the stream.
 *
 * Inside a transaction rows are fetched through a portal, some hundred at a time, so that leaving
 * the loop leaves the transaction as it is.
 */
export class RowStream<T = any, F extends RowForm = 'record'>
  implements AsyncIterable<RowOf<F, T>>, AsyncDisposable
{
  readonly #source: StreamSource;
  readonly #buffer = new StreamBuffer();
  #running: Promise<void> | null = null;
  #finished = false;
  /** Whoever reads has been told that there are no more rows. */
  #ended = false;
  #failure: { error: unknown } | null = null;

  private constructor(source: StreamSource) {
    this.#source = source;
  }

  /** @internal */
  static [CREATE]<T, F extends RowForm>(source: StreamSource): RowStream<T, F> {
    return new RowStream<T, F>(source);
  }

  #start(): void {
    this.#running = this.#source(this.#buffer).then(
      () => {
        this.#finished = true;
        this.#buffer.end();
      },
      (error: unknown) => {
        this.#finished = true;
        this.#failure = { error };
        this.#buffer.end();
      },
    );
  }

  /**
   * Resolves to the next row, or to null after the last one.
   *
   * @example
   * const row = await stream.next(); // or null at the end
   */
  async next(): Promise<RowOf<F, T> | null> {
    try {
      for (;;) {
        const row = this.#buffer.shift();
        if (row !== undefined) return row as RowOf<F, T>;
        if (this.#buffer.closed) return null;
        if (this.#finished) {
          if (this.#failure !== null) throw this.#failure.error;
          this.#ended = true;
          return null;
        }
        if (this.#running === null) this.#start();
        await this.#buffer.whenFilled();
      }
    } catch (error) {
      throw atCaller(error);
    }
  }

  async #nextResult(): Promise<IteratorResult<RowOf<F, T>, void>> {
    const row = await this.next();
    return row === null ? { done: true, value: undefined } : { done: false, value: row };
  }

  /** Refuses what would look like a result without rows: those of this one are gone. */
  #refuseIfLeft(): void {
    if (!this.#buffer.closed || this.#ended) return;
    throw new InterfaceError('the stream was left or closed before its end: its rows are gone', {
      safeToRetry: true,
    });
  }

  /**
   * Iterates over the rows. Leaving the loop ends the query; a loop after that is refused with an
   * InterfaceError.
   */
  // Not a generator: that could not be left while it waits for a row.
  [Symbol.asyncIterator](): AsyncIterator<RowOf<F, T>, void, void> {
    this.#refuseIfLeft();
    return {
      next: () => {
        const value = this.#buffer.shift() as RowOf<F, T> | undefined;
        return value === undefined ? this.#nextResult() : Promise.resolve({ done: false, value });
      },
      return: async () => {
        await this.close();
        return { done: true, value: undefined };
      },
    };
  }

  /**
   * Ends the query, if it runs, and frees the connection. Idempotent.
   *
   * @example
   * await stream.close(); // the server is told to stop
   */
  async close(): Promise<void> {
    this.#buffer.close();
    await this.#running;
  }

  /** The same as `close()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /**
   * The same rows as a Node stream in object mode. Destroying it ends the query.
   *
   * @example
   * await pipeline(pool.stream('SELECT * FROM users').toNodeStream(), toCsv, file);
   */
  toNodeStream(): Readable {
    this.#refuseIfLeft();
    const rows = this;
    const { Readable } = builtinModule('node:stream');
    return new Readable({
      objectMode: true,
      highWaterMark: 16,
      read() {
        rows.next().then(
          (row) => this.push(row),
          (error: Error) => this.destroy(error),
        );
      },
      destroy(error, callback) {
        rows.close().then(() => callback(error), callback);
      },
    });
  }

  /**
   * The same rows as a Web stream. Cancelling it ends the query.
   *
   * @example
   * return new Response(pool.stream(text).toWebStream().pipeThrough(toLines));
   */
  toWebStream(): ReadableStream<RowOf<F, T>> {
    this.#refuseIfLeft();
    return new ReadableStream<RowOf<F, T>>({
      pull: async (controller) => {
        const row = await this.next();
        if (row === null) controller.close();
        else controller.enqueue(row);
      },
      cancel: () => this.close(),
    });
  }
}

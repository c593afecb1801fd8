import { type FileHandle, open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { isUint8Array } from 'node:util/types';

/** Where data in COPY's own formats comes from. */
export type CopySource =
  /** A file's path, or its `file:` URL. */
  | string
  | URL
  | Readable
  | ReadableStream<Uint8Array>
  /** One chunk. */
  | Uint8Array
  | Iterable<Uint8Array | string>
  | AsyncIterable<Uint8Array | string>;

/** What things are taken from, one after the other. */
export interface Pull<T> {
  /** What must be waited for before the first `next`. Rejects with the source's failure. */
  readonly open?: () => Promise<void>;
  /** The next thing, or a promise of it where it may have to be waited for. */
  next(): IteratorResult<T, unknown> | Promise<IteratorResult<T, unknown>>;
  /** No more is wanted: the source is told, and its own failure in that is nobody's concern. */
  stop(): void;
}

/** Bytes that are read from a file at once. */
const FILE_CHUNK = 256 * 1024;

/** What chunks are pulled from a source with. Throws TypeError for what is none. */
export function pullFromSource(source: unknown): Pull<unknown> {
  const path = checkedPath(source, 'source');
  if (path !== null) return new FilePull(path);
  if (isUint8Array(source)) return pullFrom([source]);
  if (isReadable(source)) return new ReadablePull(source);
  if (isWebStream(source)) {
    if (source.locked) throw new TypeError('the source of a COPY is a locked ReadableStream');
    return new WebStreamPull(source);
  }
  if (isIterable(source)) return pullFrom<unknown>(source);
  throw new TypeError(
    'the source of a COPY must be a path, a file URL, a Readable, a ReadableStream, bytes or ' +
      'an iterable of chunks of bytes or text',
  );
}

/** The path if `value` is one. Throws TypeError for a URL that is no file's. */
export function checkedPath(value: unknown, what: string): string | URL | null {
  if (typeof value === 'string') {
    if (value !== '' && !value.includes('\0')) return value;
    throw new TypeError(`the ${what} of a COPY must be a path that is not empty and has no NUL`);
  }
  if (!(value instanceof URL)) return null;
  if (value.protocol === 'file:') return value;
  throw new TypeError(`the ${what} of a COPY must be a file URL`);
}

export function isIterable(value: unknown): value is Iterable<unknown> | AsyncIterable<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    (Symbol.asyncIterator in value || Symbol.iterator in value)
  );
}

function isReadable(value: unknown): value is Readable {
  if (typeof value !== 'object' || value === null) return false;
  const { pipe, on, destroy } = value as Partial<Readable>;
  return (
    typeof pipe === 'function' &&
    typeof on === 'function' &&
    typeof destroy === 'function' &&
    Symbol.asyncIterator in value
  );
}

function isWebStream(value: unknown): value is ReadableStream<Uint8Array> {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as Partial<ReadableStream>).getReader === 'function'
  );
}

/** Things taken from an iterable. */
export function pullFrom<T>(source: Iterable<T> | AsyncIterable<T>): Pull<T> {
  return new IteratorPull<T>(
    Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator](),
  );
}

class IteratorPull<T> implements Pull<T> {
  readonly #iterator: Iterator<T, unknown> | AsyncIterator<T, unknown>;

  constructor(iterator: Iterator<T, unknown> | AsyncIterator<T, unknown>) {
    this.#iterator = iterator;
  }

  next(): IteratorResult<T, unknown> | Promise<IteratorResult<T, unknown>> {
    return this.#iterator.next();
  }

  stop(): void {
    ignoring(() => this.#iterator.return?.());
  }
}

class ReadablePull implements Pull<unknown> {
  readonly #stream: Readable;
  readonly #iterator: AsyncIterator<unknown, unknown>;

  constructor(stream: Readable) {
    this.#stream = stream;
    // An error before the first chunk is asked for must end the COPY, not the process.
    stream.on('error', ignore);
    this.#iterator = stream[Symbol.asyncIterator]();
  }

  next(): Promise<IteratorResult<unknown, unknown>> {
    return this.#iterator.next();
  }

  stop(): void {
    this.#stream.destroy();
  }
}

class WebStreamPull implements Pull<unknown> {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }

  async next(): Promise<IteratorResult<unknown, unknown>> {
    const { done, value } = await this.#reader.read();
    if (!done) return { done: false, value };
    this.#reader.releaseLock();
    return { done: true, value: undefined };
  }

  stop(): void {
    ignoring(() => this.#reader.cancel());
  }
}

/** Reads a file through one buffer: each chunk is valid until the next is asked for. */
class FilePull implements Pull<Uint8Array> {
  readonly #path: string | URL;
  #opening: Promise<FileHandle> | null = null;
  #file: FileHandle | null = null;
  #buffer: Buffer | null = null;

  constructor(path: string | URL) {
    this.#path = path;
  }

  async open(): Promise<void> {
    this.#opening = open(this.#path, 'r');
    this.#file = await this.#opening;
    this.#buffer = Buffer.allocUnsafeSlow(FILE_CHUNK);
  }

  async next(): Promise<IteratorResult<Uint8Array, unknown>> {
    const file = this.#file!;
    const { bytesRead } = await file.read(this.#buffer!, 0, FILE_CHUNK, null);
    if (bytesRead > 0) return { done: false, value: this.#buffer!.subarray(0, bytesRead) };
    await file.close();
    return { done: true, value: undefined };
  }

  stop(): void {
    ignoring(() => this.#opening?.then((file) => file.close()));
  }
}

function ignore(): void {}

/** Does what may fail, at once or later, where the failure would only hide an earlier one. */
export function ignoring(action: () => unknown): void {
  try {
    Promise.resolve(action()).catch(ignore);
  } catch {
    // See above.
  }
}

import type { Readable } from 'node:stream';
import { builtinModule } from '../../runtime/builtin-module.ts';
import type { CopyIterator } from '../../session/requests/copy-input.ts';
import { iteratorOf } from '../../session/requests/iterating.ts';
import { FileChunks } from './file-chunks.ts';
import { filePath } from './file-path.ts';

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

/** The chunks of a source. Throws TypeError for what is none. */
export function chunksOf(source: unknown): FileChunks | CopyIterator {
  const path = filePath(source, 'source');
  if (path !== null) return new FileChunks(path);
  if (builtinModule('node:util/types').isUint8Array(source)) return [source].values();
  if (isReadable(source)) {
    if (source.readableEnded)
      throw new TypeError('the source of a COPY is a stream that has been read to its end');
    return streamChunks(source);
  }
  if (isWebStream(source)) {
    if (source.locked) throw new TypeError('the source of a COPY is a locked ReadableStream');
    return webStreamChunks(source);
  }
  if (isIterable(source)) return iteratorOf('the source', source);
  throw new TypeError(
    'the source of a COPY must be a path, a file URL, a Readable, a ReadableStream, bytes or ' +
      'an iterable of chunks of bytes or text',
  );
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

const END: IteratorResult<unknown, undefined> = { done: true, value: undefined };

function streamChunks(stream: Readable): CopyIterator {
  // An error before the first chunk is asked for must end the COPY, not the process.
  stream.on('error', () => {});
  const chunks: AsyncIterator<unknown, unknown> = stream[Symbol.asyncIterator]();
  return {
    next: () => chunks.next(),
    // The iterator's own `return` waits for a chunk that was asked for.
    async return() {
      stream.destroy();
      return END;
    },
  };
}

function webStreamChunks(stream: ReadableStream<Uint8Array>): CopyIterator {
  const reader = stream.getReader();
  return {
    async next() {
      const { done, value } = await reader.read();
      if (!done) return { done: false, value };
      reader.releaseLock();
      return END;
    },
    async return() {
      await reader.cancel();
      return END;
    },
  };
}

import type { FileHandle } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { builtinModule } from '../../runtime/builtin-module.ts';
import { isError } from '../../values/builtins.ts';
import { filePath } from './file-path.ts';

/** Where the data of a COPY goes to. */
export type CopyOutput =
  /** A file's path, or its `file:` URL: it is created, or overwritten once data has come. */
  | string
  | URL
  /** Ended when the COPY succeeds, destroyed with the error when it fails. */
  | Writable
  | WritableStream<Uint8Array>
  /** Called with one block after the other; the next follows when its promise is resolved. */
  | ((chunk: Buffer) => void | Promise<void>);

/** Writes blocks of bytes to an output. */
export interface BlockSink {
  /** What must be waited for before the first `write`. Rejects with the output's failure. */
  readonly open?: () => Promise<void>;
  /**
   * A block is free again once its `write` has resolved. Otherwise each is the output's for ever,
   * and all that memory is left to the collector: half of what a COPY costs.
   */
  readonly returnsBlocks?: boolean;
  /** Takes a block. Resolves when it can take another. */
  write(block: Buffer): unknown;
  /** All blocks were written: resolves when they are where they belong. */
  end(): Promise<void>;
  /** The COPY has failed. */
  destroy(error: unknown): void;
}

/** What writes to this output. Throws TypeError for what is none, or has ended; what it has failed with, if it has. */
export function sinkOf(output: unknown): BlockSink {
  const path = filePath(output, 'output');
  if (path !== null) return new FileSink(path);
  if (typeof output === 'function') {
    return new FunctionSink(output as (chunk: Buffer) => void | Promise<void>);
  }
  if (isWebStream(output)) {
    if (output.locked) throw new TypeError('the output of a COPY is a locked WritableStream');
    return new WebStreamSink(output);
  }
  if (isWritable(output)) {
    if (output.destroyed || output.writableEnded) {
      if (output.errored) throw output.errored;
      throw new TypeError('the output of a COPY is a stream that has already ended');
    }
    return new StreamSink(output);
  }
  throw new TypeError(
    'the output of a COPY must be a path, a file URL, a Writable, a WritableStream or a function',
  );
}

function isWritable(value: unknown): value is Writable {
  if (typeof value !== 'object' || value === null) return false;
  const { write, end, on, destroy } = value as Partial<Writable>;
  return [write, end, on, destroy].every((method) => typeof method === 'function');
}

function isWebStream(value: unknown): value is WritableStream<Uint8Array> {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as Partial<WritableStream>).getWriter === 'function'
  );
}

/** What fails after the COPY has failed changes nothing. */
function ignore(): void {}

class FunctionSink implements BlockSink {
  readonly write: (chunk: Buffer) => unknown;

  constructor(write: (chunk: Buffer) => unknown) {
    this.write = write;
  }

  async end(): Promise<void> {}

  destroy(): void {}
}

class FileSink implements BlockSink {
  readonly returnsBlocks = true;
  readonly #path: string | URL;
  #opening: Promise<FileHandle> | null = null;
  #file: FileHandle | null = null;
  /** It has what was in it before: nothing has come that replaces it. */
  #isOld = false;

  constructor(path: string | URL) {
    this.#path = path;
  }

  async open(): Promise<void> {
    const { constants } = builtinModule('node:fs');
    const flags = constants.O_WRONLY | constants.O_CREAT;
    this.#opening = builtinModule('node:fs/promises').open(this.#path, flags);
    this.#file = await this.#opening;
    // Pipes and devices have nothing that could be replaced.
    this.#isOld = (await this.#file.stat()).isFile();
  }

  async #empty(): Promise<void> {
    this.#isOld = false;
    await this.#file!.truncate();
  }

  async write(block: Buffer): Promise<void> {
    if (this.#isOld) await this.#empty();
    for (let at = 0; at < block.length; ) {
      const { bytesWritten } = await this.#file!.write(block, at);
      at += bytesWritten;
    }
  }

  async end(): Promise<void> {
    if (this.#isOld) await this.#empty();
    await this.#file!.close();
  }

  destroy(): void {
    this.#opening?.then((file) => file.close()).catch(ignore);
  }
}

class WebStreamSink implements BlockSink {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;

  constructor(stream: WritableStream<Uint8Array>) {
    this.#writer = stream.getWriter();
    this.#writer.closed.catch(ignore);
  }

  write(block: Buffer): Promise<void> {
    return this.#writer.write(block);
  }

  end(): Promise<void> {
    return this.#writer.close();
  }

  destroy(error: unknown): void {
    this.#writer.abort(error).catch(ignore);
  }
}

function endedByOthers(): Error {
  return new Error('the stream was ended by somebody else');
}

class StreamSink implements BlockSink {
  readonly #stream: Writable;
  /** Settles when the stream has finished, or cannot any more. */
  readonly #finished: Promise<void>;
  #cleanUp: () => void = () => {};
  /** A write that waits for the stream to drain. */
  #waiter: { resolve(): void; reject(error: unknown): void } | null = null;

  constructor(stream: Writable) {
    this.#stream = stream;
    const onDrain = (): void => this.#waiter?.resolve();
    stream.on('drain', onDrain);
    const { finished } = builtinModule('node:stream');
    this.#finished = new Promise((resolve, reject) => {
      const stopWatching = finished(stream, { readable: false }, (error) => {
        if (error) reject(error);
        else resolve();
        this.#waiter?.reject(error ?? endedByOthers());
      });
      const cleanUp = (): void => {
        stopWatching();
        stream.off('drain', onDrain);
      };
      this.#cleanUp = cleanUp;
    });
    this.#finished.catch(ignore);
  }

  write(block: Buffer): unknown {
    const stream = this.#stream;
    // It would finish as if nothing were missing.
    if (stream.writableEnded && !stream.errored) throw endedByOthers();
    if (stream.write(block)) return undefined;
    if (stream.destroyed) return this.#finished;
    return new Promise<void>((resolve, reject) => {
      this.#waiter = { resolve, reject };
    });
  }

  async end(): Promise<void> {
    const stream = this.#stream;
    if (stream === process.stdout || stream === process.stderr) {
      // They stay open as long as the process runs; what was written is on its way.
      this.#cleanUp();
      return;
    }
    stream.end();
    await this.#finished;
    this.#cleanUp();
  }

  destroy(error: unknown): void {
    // The listeners stay: the error that the stream emits must not end the process.
    this.#stream.destroy(isError(error) ? error : new Error('the COPY failed', { cause: error }));
  }
}

import type { FileHandle } from 'node:fs/promises';
import { builtinModule } from '../../runtime/builtin-module.ts';

/** Bytes that are read from a file at once. */
const CHUNK = 256 * 1024;

/** Reads a file through one buffer: each chunk is valid until the next is asked for. */
export class FileChunks implements AsyncIterator<Uint8Array, undefined> {
  readonly #path: string | URL;
  #opening: Promise<FileHandle> | null = null;
  #file: FileHandle | null = null;
  #buffer: Buffer | null = null;

  constructor(path: string | URL) {
    this.#path = path;
  }

  /** Opens the file, before the first chunk is asked for. Rejects if it cannot be. */
  async open(): Promise<void> {
    this.#opening = builtinModule('node:fs/promises').open(this.#path, 'r');
    this.#file = await this.#opening;
    this.#buffer = Buffer.allocUnsafeSlow(CHUNK);
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const file = this.#file!;
    let bytesRead = 0;
    try {
      ({ bytesRead } = await file.read(this.#buffer!, 0, CHUNK, null));
    } finally {
      // What failed is not asked again.
      if (bytesRead === 0) await file.close();
    }
    if (bytesRead === 0) return { done: true, value: undefined };
    return { done: false, value: this.#buffer!.subarray(0, bytesRead) };
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    const file = await this.#opening;
    await file?.close();
    return { done: true, value: undefined };
  }
}

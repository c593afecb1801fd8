import { isUint8Array } from 'node:util/types';
import { InvalidArgumentError } from '../../errors/client-errors.ts';
import type { MessageWriter } from '../../protocol/writer.ts';
import type { CopyEncoder } from '../../session/requests/copy-in-request.ts';

/** The longest part of a chunk that is written as one message. */
const MAX_PART = 256 * 1024;

/** Data that is in one of COPY's formats already, in chunks of any size. */
export class ChunkEncoder implements CopyEncoder {
  readonly #bytesOnly: string | null;
  /** What is left of a long chunk. */
  #rest: Uint8Array | null = null;

  /** @param bytesOnly why text cannot be taken; null if it can */
  constructor(bytesOnly: string | null) {
    this.#bytesOnly = bytesOnly;
  }

  header(): void {
    // The source has it.
  }

  write(writer: MessageWriter, chunk: unknown, index: number): boolean {
    const rest = this.#rest;
    const bytes = rest === null ? this.#bytesOf(chunk, index) : rest;
    if (bytes.length > MAX_PART) {
      writer.bytes(bytes, MAX_PART);
      this.#rest = bytes.subarray(MAX_PART);
      return true;
    }
    writer.bytes(bytes);
    if (rest !== null) this.#rest = null;
    return false;
  }

  trailer(): void {
    // The source has it.
  }

  #bytesOf(chunk: unknown, index: number): Uint8Array {
    if (isUint8Array(chunk)) return chunk;
    const place = `chunk ${index} of the source`;
    if (typeof chunk !== 'string') {
      throw new TypeError(`${place} is neither a string nor a Buffer or Uint8Array`);
    }
    if (this.#bytesOnly !== null) {
      throw new TypeError(`${place} is a string, but ${this.#bytesOnly}`);
    }
    if (!chunk.isWellFormed()) {
      throw new InvalidArgumentError(`${place} has a lone surrogate, which has no UTF-8 form`);
    }
    return Buffer.from(chunk, 'utf8');
  }
}

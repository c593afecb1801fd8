import { InvalidArgumentError } from '../../errors/client-errors.ts';
import type { MessageWriter } from '../../protocol/writer.ts';
import { builtinModule } from '../../runtime/builtin-module.ts';
import { isWithoutMemory } from '../../runtime/without-memory.ts';
import type { CopyEncoder } from '../../session/requests/copy-in-request.ts';

/** The longest part of a chunk that is written as one message. */
const MAX_PART = 256 * 1024;

/** Data that is in one of COPY's formats already, in chunks of any size. */
export class ChunkEncoder implements CopyEncoder {
  readonly #bytesOnly: string | null;
  /** What is left of a long chunk. */
  #rest: Uint8Array | null = null;
  /** The first half of a character whose second half is in the next chunk; else empty. */
  #half = '';

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
    if (this.#half !== '') throw loneSurrogate('the last chunk of the source');
  }

  #bytesOf(chunk: unknown, index: number): Uint8Array {
    const place = `chunk ${index} of the source`;
    if (builtinModule('node:util/types').isUint8Array(chunk)) {
      if (this.#half !== '') throw loneSurrogate(`the chunk before ${place}`);
      if (isWithoutMemory(chunk)) {
        throw new InvalidArgumentError(`the memory of ${place} has been transferred or cut off`);
      }
      return chunk;
    }
    if (typeof chunk !== 'string') {
      throw new TypeError(`${place} is neither a string nor a Buffer or Uint8Array`);
    }
    if (this.#bytesOnly !== null) {
      throw new TypeError(`${place} is a string, but ${this.#bytesOnly}`);
    }
    let text = this.#half + chunk;
    this.#half = '';
    const last = text.charCodeAt(text.length - 1);
    if (last >= 0xd800 && last <= 0xdbff) {
      this.#half = text.slice(-1);
      text = text.slice(0, -1);
    }
    if (!text.isWellFormed()) throw loneSurrogate(place);
    return Buffer.from(text, 'utf8');
  }
}

function loneSurrogate(place: string): InvalidArgumentError {
  return new InvalidArgumentError(`${place} has a lone surrogate, which has no UTF-8 form`);
}

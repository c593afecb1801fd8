import { Backend, HEADER_LENGTH } from './message-type.ts';
import { viewOf } from './view.ts';

/*
 * A hot path, fenced in: the data of COPY … TO STDOUT comes as one small CopyData for each row.
 * Row by row through session and request they cost 150 ns each; here it is 15 to 20. Measured by
 * bench/micro/copy.ts.
 */

/** Longer bodies are copied by the engine's own copy, shorter ones by a loop. */
const LONG = 256;
/** Shorter ones as well. */
const SHORT = 8;

/**
 * Elements of a list that is made with each block and never used: half as many bytes as are in
 * the block. A block is memory outside the engine's heap, of which 32 to 64 MB make V8 of Node.js 24
 * mark the whole heap; its collection of young objects, which is cheap and frees blocks as well,
 * only comes for objects on the heap. With these it always comes first: `copyto` of the benchmark
 * needs 6.9 in place of 8.7 ms, and 110 in place of 160 MiB.
 */
const BALLAST = 4096;

/** A block that is being filled with the bodies of messages. */
export class CopyBlock {
  /** How much of the buffer is filled. */
  used = 0;
  /** Only the last one is held, so that no collection finds the others. */
  static ballast: readonly undefined[] = [];
  readonly #buffer: Buffer;
  readonly #view: DataView;

  constructor(size: number) {
    CopyBlock.ballast = new Array<undefined>(BALLAST);
    this.#buffer = Buffer.allocUnsafeSlow(size);
    this.#view = new DataView(this.#buffer.buffer, this.#buffer.byteOffset, size);
  }

  get space(): number {
    return this.#buffer.length - this.used;
  }

  get filled(): Buffer {
    return this.#buffer.subarray(0, this.used);
  }

  /** Appends `source[from, to)`, which must fit. */
  append(source: Buffer, from: number, to: number): void {
    source.copy(this.#buffer, this.used, from, to);
    this.used += to - from;
  }

  /**
   * Appends the bodies of the CopyData messages that follow each other in `source[at, limit)`.
   * Returns where the first message begins that is another one, not whole, malformed, or too
   * long for the space that is left.
   */
  appendRun(source: Buffer, at: number, limit: number): number {
    const from = viewOf(source);
    const buffer = this.#buffer;
    const view = this.#view;
    const size = buffer.length;
    let used = this.used;
    let message = at;
    while (limit - message >= HEADER_LENGTH && source[message] === Backend.CopyData) {
      const end = message + 1 + from.getInt32(message + 1);
      const body = message + HEADER_LENGTH;
      if (end < body || end > limit || end - body > size - used) break;
      if (end - body < SHORT || end - body > LONG) source.copy(buffer, used, body, end);
      else copyWords(from, body, end, view, used);
      used += end - body;
      message = end;
    }
    this.used = used;
    return message;
  }
}

/**
 * Copies `from[start, end)` to `at`: at least eight bytes, at any address. In the order of bytes
 * that nearly all processors have, so that none is turned around twice.
 */
type CopyWords = (from: DataView, start: number, end: number, to: DataView, at: number) => void;

/** By 64 bits: a new V8 keeps them in registers, no BigInt is made. The last word overlaps. */
export const copyLongWords: CopyWords = (from, start, end, to, at) => {
  const last = end - 8;
  const shift = at - start;
  for (let read = start; read < last; read += 8) {
    to.setBigInt64(read + shift, from.getBigInt64(read, true), true);
  }
  to.setBigInt64(last + shift, from.getBigInt64(last, true), true);
};

/** By 32 bits, for engines that would make a BigInt of each word, at ten times the cost. */
export const copyShortWords: CopyWords = (from, start, end, to, at) => {
  const last = end - 4;
  const shift = at - start;
  for (let read = start; read < last; read += 4) {
    to.setInt32(read + shift, from.getInt32(read, true), true);
  }
  to.setInt32(last + shift, from.getInt32(last, true), true);
};

const { node, bun } = process.versions;
const copyWords =
  bun === undefined && Number.parseInt(node, 10) >= 22 ? copyLongWords : copyShortWords;

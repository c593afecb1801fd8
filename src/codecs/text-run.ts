import { utf8 } from './text-decode.ts';

/** Bytes that are turned into one string at once; a kept substring holds at most this alive. */
const SEGMENT = 8 * 1024;
/** Longer texts are decoded on their own: the native call's cost no longer counts. */
const LONG = 96;
/** A view of a longer buffer is not kept, as that would keep the buffer. */
const KEPT_VIEW = 256 * 1024;
/** A stretch with less left than this is not worth a segment. */
const WORTHWHILE = 128;

/**
 * Decodes the texts of many rows. A call into the native string decoder costs 120 ns or more
 * whatever it returns, so a whole segment of the receive buffer is decoded once, as latin1,
 * and its ASCII texts are cut out with `substring` (24-60 ns). `bench/micro/text.ts` measures it.
 */
export class TextRun {
  #start = 0;
  #end = 0;
  #text = '';
  /** Where the valid bytes of the present buffer end. */
  #limit = 0;
  #viewed: Buffer | null = null;
  #view: DataView = new DataView(new ArrayBuffer(0));

  /** A view of the whole buffer: its reads of numbers beat shifting bytes, its creation does not. */
  view(buffer: Buffer): DataView {
    if (buffer === this.#viewed) return this.#view;
    const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
    if (buffer.length <= KEPT_VIEW) {
      this.#viewed = buffer;
      this.#view = view;
    }
    return view;
  }

  /** The bytes up to `limit` are new: what was decoded before no longer matches them. */
  stretch(limit: number): void {
    this.#start = 0;
    this.#end = 0;
    this.#limit = limit;
  }

  /** The UTF-8 text of `size` bytes at `at`. */
  text(buffer: Buffer, at: number, size: number): string {
    if (size > LONG) return utf8(buffer, at, at + size);
    if (size === 0) return '';
    for (let i = at, end = at + size; i < end; i++) {
      if (buffer[i]! > 0x7f) return utf8(buffer, at, end);
    }
    if (at < this.#start || at + size > this.#end) {
      if (this.#limit - at < WORTHWHILE) return buffer.latin1Slice(at, at + size);
      this.#start = at;
      this.#end = Math.min(at + SEGMENT, this.#limit);
      this.#text = buffer.latin1Slice(at, this.#end);
    }
    const from = at - this.#start;
    return this.#text.substring(from, from + size);
  }
}

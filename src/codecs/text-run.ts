import { latin1Slice } from '../protocol/native-text.ts';
import { viewOf } from '../protocol/view.ts';
import { utf8 } from './text-decode.ts';

/** Bytes that are turned into one string at once; a kept substring holds at most this alive. */
const SEGMENT = 8 * 1024;
/** Longer texts are decoded on their own: the native call's cost no longer counts. */
const LONG = 96;
/** The highest bits of four bytes: none of them is set in ASCII. */
const HIGH_BITS = 0x80808080 | 0;
/** With fewer bytes than this left after a text, decoding ahead is not worth it. */
const WORTHWHILE = 48;

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
    if (!isAscii(buffer, at, at + size)) return utf8(buffer, at, at + size);
    if (at < this.#start || at + size > this.#end) {
      if (this.#limit - at - size < WORTHWHILE) return latin1Slice(buffer, at, at + size);
      this.#start = at;
      this.#end = Math.min(at + SEGMENT, this.#limit);
      this.#text = latin1Slice(buffer, at, this.#end);
    }
    const from = at - this.#start;
    return this.#text.substring(from, from + size);
  }
}

/** By four bytes at a time; the last four overlap. */
function isAscii(buffer: Buffer, start: number, end: number): boolean {
  if (end - start < 4) {
    for (let at = start; at < end; at++) if (buffer[at]! > 0x7f) return false;
    return true;
  }
  const view = viewOf(buffer);
  const last = end - 4;
  for (let at = start; at < last; at += 4) {
    if ((view.getInt32(at) & HIGH_BITS) !== 0) return false;
  }
  return (view.getInt32(last) & HIGH_BITS) === 0;
}

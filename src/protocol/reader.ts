import { ProtocolError } from '../errors/client-errors.ts';
import { viewOf } from './view.ts';

/** Longer strings are not kept. */
const MAX_FAMILIAR = 64;

/**
 * Reads one message's body, bounds-checked. The first failure sticks: every later read gives
 * a harmless zero value and `finish()` throws, so a decoder needs one check at its end.
 */
export class MessageReader {
  readonly #buffer: Buffer;
  readonly #end: number;
  #offset: number;
  #failure: string | null = null;

  constructor(buffer: Buffer, start: number, end: number) {
    this.#buffer = buffer;
    this.#offset = start;
    this.#end = end;
  }

  /** Bytes that are left. */
  get remaining(): number {
    return this.#end - this.#offset;
  }

  /** Marks the message as malformed. Only the first reason is kept. */
  fail(reason: string): void {
    if (this.#failure === null) this.#failure = reason;
    this.#offset = this.#end;
  }

  #take(size: number): number {
    const at = this.#offset;
    if (this.#failure !== null || this.#end - at < size) {
      this.fail('it ends too early');
      return -1;
    }
    this.#offset = at + size;
    return at;
  }

  uint8(): number {
    const at = this.#take(1);
    return at < 0 ? 0 : this.#buffer.readUInt8(at);
  }

  int16(): number {
    const at = this.#take(2);
    return at < 0 ? 0 : this.#buffer.readInt16BE(at);
  }

  uint16(): number {
    const at = this.#take(2);
    return at < 0 ? 0 : this.#buffer.readUInt16BE(at);
  }

  int32(): number {
    const at = this.#take(4);
    return at < 0 ? 0 : this.#buffer.readInt32BE(at);
  }

  uint32(): number {
    const at = this.#take(4);
    return at < 0 ? 0 : this.#buffer.readUInt32BE(at);
  }

  int64(): bigint {
    const at = this.#take(8);
    return at < 0 ? 0n : viewOf(this.#buffer).getBigInt64(at);
  }

  /** UInt64, for places in the log. */
  uint64(): bigint {
    const at = this.#take(8);
    return at < 0 ? 0n : viewOf(this.#buffer).getBigUint64(at);
  }

  /** A count of items of at least `minimumSize` bytes each: believed only if they can fit. */
  count(minimumSize: number): number {
    const count = this.uint16();
    if (count * minimumSize > this.remaining) {
      this.fail(`it announces ${count} items that it cannot hold`);
      return 0;
    }
    return count;
  }

  /** A copy of the next `size` bytes. */
  bytes(size: number): Buffer {
    if (size < 0) {
      this.fail('it has a negative length');
      return Buffer.alloc(0);
    }
    const at = this.#take(size);
    return at < 0 ? Buffer.alloc(0) : Buffer.from(this.#buffer.subarray(at, at + size));
  }

  /** A copy of everything that is left. */
  rest(): Buffer {
    return this.bytes(this.remaining);
  }

  /**
   * A NUL-terminated UTF-8 string; invalid UTF-8 becomes U+FFFD, as these are names and texts.
   * Of a string longer than `maxBytes` bytes the rest is skipped.
   */
  cstring(maxBytes: number = Number.POSITIVE_INFINITY): string {
    const start = this.#offset;
    const end = this.#failure === null ? this.#buffer.indexOf(0, start) : -1;
    if (end < 0 || end >= this.#end) {
      this.fail('it has an unterminated string');
      return '';
    }
    this.#offset = end + 1;
    return this.#buffer.toString('utf8', start, Math.min(end, start + maxBytes));
  }

  /**
   * A NUL-terminated string that is likely to be `expected`, an ASCII text: comparing them costs a
   * fraction of decoding.
   */
  likelyCstring(expected: string): string {
    const buffer = this.#buffer;
    const start = this.#offset;
    const end = start + expected.length;
    if (this.#failure !== null || end >= this.#end || buffer[end] !== 0) return this.cstring();
    for (let i = 0; i < expected.length; i++) {
      if (buffer[start + i] !== expected.charCodeAt(i)) return this.cstring();
    }
    this.#offset = end + 1;
    return expected;
  }

  /**
   * A NUL-terminated string that is likely to be one of those read before. `known` has them, each where its
   * first character and its length lead to; at first they are empty.
   */
  familiarCstring(known: string[]): string {
    const sum = 7 * (this.#buffer[this.#offset] ?? 0) + this.remaining;
    const string = this.likelyCstring(known[sum % known.length]!);
    if (string.length <= MAX_FAMILIAR) known[sum % known.length] = string;
    return string;
  }

  /** Throws if any read failed or bytes are left over. `message` names the message. */
  finish(message: string): void {
    if (this.#failure === null && this.#offset !== this.#end) {
      this.#failure = `${this.#end - this.#offset} bytes follow its end`;
    }
    if (this.#failure !== null) {
      throw new ProtocolError(`malformed ${message} message: ${this.#failure}`);
    }
  }
}

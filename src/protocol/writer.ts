import { InvalidArgumentError } from '../errors/client-errors.ts';
import { isWithoutMemory, WITHOUT_MEMORY } from '../runtime/without-memory.ts';
import { utf8Write } from './native-text.ts';

/** The longest message that is ever sent: PostgreSQL's own limit for one allocation, 1 GiB - 1. */
const MAX_MESSAGE_LENGTH = 0x3fffffff;

/** Up to this many characters a loop over char codes beats the call into native code. */
const SHORT_STRING = 16;

/** Up to this many bytes a loop beats the native copy. */
const SHORT_BYTES = 48;

const INITIAL_SIZE = 4 * 1024;
/** Up to this many bytes come out of Node's pool, at a tenth of the time. */
const POOLED_SIZE = 1024;
const CLOSED = -1;

/** What the writers of values need to know of a server. */
interface WrittenTo {
  readonly version: { readonly major: number };
}

/**
 * Builds messages in one growing buffer. A message's length is written when it ends, so a
 * wrong length cannot be expressed; strings are checked for what the wire cannot carry.
 *
 * A failing encoder leaves no trace: `rollback(mark)` takes back everything since `mark()`.
 * Hot paths may write through `buffer` and `offset` themselves after `ensure(size)`.
 */
export class MessageWriter {
  buffer!: Buffer;
  /** The same bytes, for numbers: one write instead of one for each byte. */
  view!: DataView;
  /** Where the next byte goes. */
  offset = 0;
  /**
   * Whether the server reads NULL in the text of an array as NULL, which its setting `array_nulls` says. It is brought
   * up to date ahead of values that have such texts.
   */
  readsArrayNulls = true;
  /** Whom it writes to, by which some values are refused; null: nobody in particular. */
  server: WrittenTo | null = null;
  #lengthAt = CLOSED;
  readonly #maxMessageLength: number;

  constructor(initialSize: number = INITIAL_SIZE, maxMessageLength: number = MAX_MESSAGE_LENGTH) {
    this.renew(initialSize);
    this.#maxMessageLength = maxMessageLength;
  }

  /** Begins anew in another buffer; the present one, written to the system, is left to it. */
  renew(size: number): void {
    this.buffer = size <= POOLED_SIZE ? Buffer.allocUnsafe(size) : Buffer.allocUnsafeSlow(size);
    this.view = new DataView(this.buffer.buffer, this.buffer.byteOffset, size);
    this.offset = 0;
  }

  /** Makes room for `size` more bytes. */
  ensure(size: number): void {
    if (this.offset + size > this.buffer.length) this.#grow(size);
  }

  #grow(size: number): void {
    const needed = this.offset + size;
    if (this.#lengthAt !== CLOSED && needed - this.#lengthAt > this.#maxMessageLength + 64) {
      throw new InvalidArgumentError(
        `message is too large: at most ${this.#maxMessageLength} bytes can be sent`,
      );
    }
    const { buffer, offset } = this;
    this.renew(Math.max(needed, buffer.length * 2));
    buffer.copy(this.buffer, 0, 0, offset);
    this.offset = offset;
  }

  /** Starts a message of the given type byte. */
  begin(type: number): void {
    if (this.#lengthAt !== CLOSED) throw new Error('a message is already open');
    this.ensure(5);
    this.buffer[this.offset] = type;
    this.#lengthAt = this.offset + 1;
    this.offset += 5;
  }

  /** Starts a message without a type byte: StartupMessage, SSLRequest, CancelRequest. */
  beginUntyped(): void {
    if (this.#lengthAt !== CLOSED) throw new Error('a message is already open');
    this.ensure(4);
    this.#lengthAt = this.offset;
    this.offset += 4;
  }

  /** Whether a message was begun and has not ended. */
  get isOpen(): boolean {
    return this.#lengthAt !== CLOSED;
  }

  /** Ends the open message: its length is what was written since `begin`. */
  end(): void {
    const length = this.offset - this.#lengthAt;
    if (this.#lengthAt === CLOSED) throw new Error('no message is open');
    if (length > this.#maxMessageLength) {
      throw new InvalidArgumentError(
        `message is too large: ${length} bytes, at most ${this.#maxMessageLength} can be sent`,
      );
    }
    this.view.setInt32(this.#lengthAt, length);
    this.#lengthAt = CLOSED;
  }

  /** What was written so far. It is valid until more is. */
  get written(): Buffer {
    return this.buffer.subarray(0, this.offset);
  }

  /** The present position, to come back to with `rollback`. Only between messages. */
  mark(): number {
    if (this.#lengthAt !== CLOSED) throw new Error('a message is open');
    return this.offset;
  }

  /** Takes back everything written since `mark`, an unfinished message included. */
  rollback(mark: number): void {
    this.offset = mark;
    this.#lengthAt = CLOSED;
  }

  /** Reserves a value's Int32 length; its `patchLength` follows after the value's bytes. */
  reserveLength(): number {
    this.ensure(4);
    const at = this.offset;
    this.offset = at + 4;
    return at;
  }

  /** Writes into a reserved length the count of bytes written since. */
  patchLength(at: number): void {
    const length = this.offset - at - 4;
    if (length > this.#maxMessageLength) {
      throw new InvalidArgumentError(`value is too large: ${length} bytes`);
    }
    this.view.setInt32(at, length);
  }

  uint8(value: number): void {
    if (this.offset + 1 > this.buffer.length) this.#grow(1);
    this.buffer[this.offset++] = value;
  }

  /** Int16. Throws when the value does not fit: a wrapped count would smuggle messages. */
  int16(value: number): void {
    if (value !== (value << 16) >> 16) throw outOfRange(value, 'Int16');
    this.#put16(value);
  }

  /** UInt16, for counts. */
  uint16(value: number): void {
    if (value !== (value & 0xffff)) throw outOfRange(value, 'UInt16');
    this.#put16(value);
  }

  #put16(value: number): void {
    if (this.offset + 2 > this.buffer.length) this.#grow(2);
    this.view.setInt16(this.offset, value);
    this.offset += 2;
  }

  /** Int32. Throws when the value does not fit. */
  int32(value: number): void {
    if (value !== (value | 0)) throw outOfRange(value, 'Int32');
    if (this.offset + 4 > this.buffer.length) this.#grow(4);
    this.view.setInt32(this.offset, value);
    this.offset += 4;
  }

  /** UInt32, for OIDs. */
  uint32(value: number): void {
    if (value !== value >>> 0) throw outOfRange(value, 'UInt32');
    if (this.offset + 4 > this.buffer.length) this.#grow(4);
    this.view.setInt32(this.offset, value);
    this.offset += 4;
  }

  /** Int64 from a bigint. Throws when the value does not fit. */
  int64(value: bigint): void {
    if (BigInt.asIntN(64, value) !== value) throw outOfRange(value, 'Int64');
    if (this.offset + 8 > this.buffer.length) this.#grow(8);
    this.view.setBigInt64(this.offset, value);
    this.offset += 8;
  }

  /** UInt64 from a bigint, for places in the log. Throws when the value does not fit. */
  uint64(value: bigint): void {
    if (BigInt.asUintN(64, value) !== value) throw outOfRange(value, 'UInt64');
    if (this.offset + 8 > this.buffer.length) this.#grow(8);
    this.view.setBigUint64(this.offset, value);
    this.offset += 8;
  }

  float32(value: number): void {
    if (this.offset + 4 > this.buffer.length) this.#grow(4);
    this.view.setFloat32(this.offset, value);
    this.offset += 4;
  }

  float64(value: number): void {
    if (this.offset + 8 > this.buffer.length) this.#grow(8);
    this.view.setFloat64(this.offset, value);
    this.offset += 8;
  }

  /** Raw bytes, copied: all of them, or the first `length`. Refuses those whose memory has gone. */
  bytes(value: Uint8Array, length: number = value.length): void {
    if (length === 0 && isWithoutMemory(value)) {
      throw new InvalidArgumentError(WITHOUT_MEMORY);
    }
    if (this.offset + length > this.buffer.length) this.#grow(length);
    const { buffer, offset } = this;
    if (length <= SHORT_BYTES) {
      for (let i = 0; i < length; i++) buffer[offset + i] = value[i]!;
    } else {
      buffer.set(length === value.length ? value : value.subarray(0, length), offset);
    }
    this.offset = offset + length;
  }

  /**
   * A string as UTF-8, without length and without end. Refuses lone surrogates, which would
   * otherwise be replaced silently, and NUL, which no PostgreSQL string can hold.
   */
  utf8(value: string): void {
    const length = value.length;
    if (this.offset + length * 3 > this.buffer.length) this.#grow(length * 3);
    if (length <= SHORT_STRING) {
      const buffer = this.buffer;
      let at = this.offset;
      let i = 0;
      for (; i < length; i++) {
        const code = value.charCodeAt(i);
        if (code === 0 || code > 0x7f) break;
        buffer[at++] = code;
      }
      if (i === length) {
        this.offset = at;
        return;
      }
    }
    this.#utf8Checked(value);
  }

  #utf8Checked(value: string): void {
    if (value.includes('\0')) {
      throw new InvalidArgumentError('a string with a NUL character cannot be sent to PostgreSQL');
    }
    if (!value.isWellFormed()) {
      throw new InvalidArgumentError('a string with a lone surrogate has no UTF-8 form');
    }
    this.offset += utf8Write(this.buffer, value, this.offset);
  }

  /**
   * A string as UTF-8 as it is: a lone surrogate becomes U+FFFD, and what the server thinks of a
   * NUL is left to it.
   */
  utf8Lossy(value: string): void {
    const length = value.length;
    if (this.offset + length * 3 > this.buffer.length) this.#grow(length * 3);
    if (length <= SHORT_STRING) {
      const buffer = this.buffer;
      let at = this.offset;
      let i = 0;
      for (; i < length; i++) {
        const code = value.charCodeAt(i);
        if (code > 0x7f) break;
        buffer[at++] = code;
      }
      if (i === length) {
        this.offset = at;
        return;
      }
    }
    this.offset += utf8Write(this.buffer, value, this.offset);
  }

  /** A NUL-terminated string. `what` names it in the error when it holds a NUL itself. */
  cstring(value: string, what: string = 'a string'): void {
    if (value.includes('\0')) {
      throw new InvalidArgumentError(`${what} must not contain a NUL character`);
    }
    this.utf8(value);
    this.uint8(0);
  }
}

function outOfRange(value: number | bigint, type: string): InvalidArgumentError {
  return new InvalidArgumentError(`${value} does not fit ${type}`);
}

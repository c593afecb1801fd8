import { checkHeader, type Phase } from './limits.ts';
import { Backend, HEADER_LENGTH } from './message-type.ts';

/** Takes one message: its type and its body `buffer[start, end)`, valid only during the call. */
export interface MessageSink {
  message(type: number, buffer: Buffer, start: number, end: number): void;
  /** DataRow, the only message whose number matters, has its own way in. */
  dataRow(buffer: Buffer, start: number, end: number): void;
  /**
   * CopyData, as many messages as the sink likes to take: one lies whole in `buffer[at, end)`,
   * its header included, and others may follow it, up to `limit`. Returns where it stopped: at `at` only
   * if it has the framer hold, and wants that message again.
   */
  copyData(buffer: Buffer, at: number, end: number, limit: number): number;
  /** A new stretch of bytes, up to `limit`, is about to be walked. */
  stretch(buffer: Buffer, limit: number): void;
}

const DATA_ROW = Backend.DataRow;
const COPY_DATA = Backend.CopyData;

/**
 * Cuts the server's byte stream into messages, in place: a message that lies whole in a
 * received chunk is never copied. Only one that straddles chunks is gathered, in a buffer that
 * grows with what has really arrived, never by the length that a message declares.
 */
export class Framer {
  /** Which messages may come and how long they may be. */
  phase: Phase = 'startup';
  readonly #sink: MessageSink;
  #tail: Buffer = Buffer.alloc(0);
  #tailLength = 0;
  /** No message is handed on: for good, or while it holds. */
  #stopped = false;
  #isOver = false;

  constructor(sink: MessageSink) {
    this.#sink = sink;
  }

  /** No message is handed on any more, not even one in the rest of the present chunk. */
  stop(): void {
    this.#isOver = true;
    this.#stopped = true;
    this.#tailLength = 0;
  }

  /** Nor until `release`: what `feed` does not take is to be fed again then. */
  hold(): void {
    this.#stopped = true;
  }

  release(): void {
    this.#stopped = this.#isOver;
  }

  /**
   * Takes `chunk[0, length)`. Returns how much of it was taken: less than all only if it was
   * stopped or holds. Throws ProtocolError; nothing can be fed after that.
   */
  feed(chunk: Buffer, length: number): number {
    if (this.#stopped) return 0;
    const at = this.#tailLength > 0 ? this.#finishTail(chunk, length) : 0;
    return at < length && !this.#stopped ? this.#walk(chunk, at, length) : at;
  }

  #walk(chunk: Buffer, from: number, limit: number): number {
    const sink = this.#sink;
    sink.stretch(chunk, limit);
    let at = from;
    while (limit - at >= HEADER_LENGTH) {
      const type = chunk[at]!;
      const length =
        (chunk[at + 1]! << 24) | (chunk[at + 2]! << 16) | (chunk[at + 3]! << 8) | chunk[at + 4]!;
      // The two that come in numbers may both be as long as anything: no table is needed for them.
      const isBulk = type === DATA_ROW || type === COPY_DATA;
      if (!isBulk || length < 4 || length > 0x3fffffff || this.phase === 'startup') {
        checkHeader(type, length, this.phase);
      }
      let end = at + 1 + length;
      if (end > limit) break;
      if (type === DATA_ROW) sink.dataRow(chunk, at + HEADER_LENGTH, end);
      else if (type === COPY_DATA) end = sink.copyData(chunk, at, end, limit);
      else sink.message(type, chunk, at + HEADER_LENGTH, end);
      if (this.#stopped) return end;
      at = end;
    }
    if (at < limit) this.#keep(chunk, at, limit);
    return limit;
  }

  #keep(chunk: Buffer, from: number, to: number): void {
    const size = to - from;
    const needed = this.#tailLength + size;
    if (needed > this.#tail.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#tail.length * 2, 1024));
      this.#tail.copy(grown, 0, 0, this.#tailLength);
      this.#tail = grown;
    }
    chunk.copy(this.#tail, this.#tailLength, from, to);
    this.#tailLength = needed;
  }

  /** Completes the message begun in earlier chunks; returns where the next one starts. */
  #finishTail(chunk: Buffer, length: number): number {
    let at = 0;
    if (this.#tailLength < HEADER_LENGTH) {
      at = Math.min(HEADER_LENGTH - this.#tailLength, length);
      this.#keep(chunk, 0, at);
      if (this.#tailLength < HEADER_LENGTH) return length;
    }
    const type = this.#tail[0]!;
    const declared = this.#tail.readInt32BE(1);
    checkHeader(type, declared, this.phase);
    const missing = declared + 1 - this.#tailLength;
    if (length - at < missing) {
      this.#keep(chunk, at, length);
      return length;
    }
    this.#keep(chunk, at, at + missing);
    const message = this.#tail;
    const end = this.#tailLength;
    this.#tailLength = 0;
    this.#sink.stretch(message, end);
    if (type === DATA_ROW) this.#sink.dataRow(message, HEADER_LENGTH, end);
    else if (type !== COPY_DATA) this.#sink.message(type, message, HEADER_LENGTH, end);
    else if (this.#sink.copyData(message, 0, end, end) === 0 && !this.#isOver) {
      // It is complete, and comes first when this is released.
      this.#tailLength = end;
      return at + missing;
    }
    // A long message's buffer is given up; a short one's serves the next tail.
    if (message.length > 64 * 1024) this.#tail = Buffer.alloc(0);
    return at + missing;
  }
}

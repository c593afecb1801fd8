import { MessageWriter } from '../protocol/writer.ts';
import type { ByteStream } from '../transport/byte-stream.ts';
import { atEndOfTurn } from '../transport/turn.ts';

/** Written bytes that wait for the system beyond which nothing new is started. */
const MAX_BACKLOG = 1024 * 1024;
/** The write buffer is handed over when it holds this much, even within a turn. */
const FLUSH_SIZE = 64 * 1024;
const FRESH_BUFFER = 16 * 1024;
/** Enough for most; one of its own, out of no pool, takes much of the time of connecting. */
const FIRST_BUFFER = 1024;

/**
 * What a session has to say. Everything that is written in one turn of the event loop travels
 * in one flight, out of one write buffer that is used again as soon as the system has taken it.
 */
export class Outbox {
  readonly writer: MessageWriter = new MessageWriter(FIRST_BUFFER);
  /** How many flights have left, perhaps in part; what the system has refused has not. */
  flushes = 0;
  readonly #transport: ByteStream;
  #isScheduled = false;
  #isClosed = false;
  #waiters: (() => void)[] = [];

  constructor(transport: ByteStream) {
    this.#transport = transport;
  }

  /** Has everything that is written by the end of this turn sent in one flight. */
  flushSoon(): void {
    if (this.writer.offset >= FLUSH_SIZE) this.flush();
    else this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#flushAtEnd();
  }

  readonly #flushAtEnd = atEndOfTurn(() => {
    this.#isScheduled = false;
    this.flush();
  });

  /** Hands what is written to the system now. */
  flush(): void {
    const { writer } = this;
    if (writer.offset === 0 || this.#isClosed) return;
    if (writer.isOpen) {
      // Called by the user's code, a getter or an iterator, from inside an encoder.
      this.#schedule();
      return;
    }
    const written = this.#transport.write(writer.written);
    if (written !== 'refused') this.flushes += 1;
    // What the system has not taken yet still belongs to the socket.
    const reusable = written !== 'pending' && writer.buffer.length <= 4 * FLUSH_SIZE;
    if (reusable) writer.offset = 0;
    else writer.renew(FRESH_BUFFER);
  }

  /** Whether the peer is slow to take what was written. */
  get isCongested(): boolean {
    return this.#transport.backlog >= MAX_BACKLOG;
  }

  /** Resolves when more can be written without piling up, or the session has ended. */
  whenDrained(): Promise<void> {
    if (this.#isClosed || this.#transport.backlog < FLUSH_SIZE) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** The system has taken everything. */
  drained(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter();
  }

  /** Nothing is sent any more. Ends all waiting for it. */
  close(): void {
    this.#isClosed = true;
    this.drained();
  }
}

import { ProtocolError } from '../errors/client-errors.ts';
import { ConnectionFailureError } from '../errors/sqlstate.generated.ts';
import { Framer, type MessageSink } from '../protocol/framer.ts';
import { MessageReader } from '../protocol/reader.ts';
import type { Transport, TransportHandler } from '../transport/transport.ts';

interface Message {
  readonly type: number;
  readonly reader: MessageReader;
}

/** What a server may say before its turn is over; a real one says some 2 KiB. */
const MAX_BYTES = 256 * 1024;

/**
 * The messages of start-up, one by one, for a straight sequence of steps. Raw single bytes,
 * the answer to SSLRequest, can be awaited before the first message.
 */
export class StartUpInbox implements MessageSink, TransportHandler {
  readonly #transport: Transport;
  #framer: Framer;
  #target: MessageSink = this;
  #messages: Message[] = [];
  #bytes = 0;
  #rawWanted: ((chunk: Buffer) => void) | null = null;
  #waiting: { resolve: (message: Message) => void; reject: (error: unknown) => void } | null = null;
  #failure: unknown = null;

  constructor(transport: Transport) {
    this.#transport = transport;
    this.#framer = new Framer({
      message: (type, buffer, start, end) => this.#target.message(type, buffer, start, end),
      dataRow: (buffer, start, end) => this.#target.dataRow(buffer, start, end),
      stretch: (buffer, limit) => this.#target.stretch(buffer, limit),
    });
    transport.handler = this;
  }

  /** The next chunk as it comes, for the answer to SSLRequest. */
  raw(): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) {
        reject(this.#failure);
        return;
      }
      this.#waiting = { resolve: () => {}, reject };
      this.#rawWanted = (chunk) => {
        this.#waiting = null;
        resolve(chunk);
      };
    });
  }

  /** The next message. Rejects when the connection is lost or breaks the protocol. */
  next(): Promise<Message> {
    const message = this.#messages.shift();
    if (message !== undefined) return Promise.resolve(message);
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) reject(this.#failure);
      else this.#waiting = { resolve, reject };
    });
  }

  /** Hands the stream over: what comes from here on goes to `sink`. */
  handOver(sink: MessageSink): Framer {
    if (this.#messages.length > 0 || this.#framer.midMessage) {
      throw new ProtocolError('the server sent messages after start-up that nobody asked for');
    }
    // A framer of its own spares every later message a hop.
    const framer = new Framer(sink);
    framer.phase = 'ready';
    this.#framer.stop();
    return framer;
  }

  /** Ends the waiting with `error` and closes the connection. */
  fail(error: unknown): void {
    this.#failure ??= error;
    this.#framer.stop();
    this.#transport.destroy();
    this.#waiting?.reject(this.#failure);
    this.#waiting = null;
  }

  received(chunk: Buffer, length: number): void {
    if (this.#failure !== null) return;
    const raw = this.#rawWanted;
    if (raw !== null) {
      this.#rawWanted = null;
      raw(Buffer.from(chunk.subarray(0, length)));
      return;
    }
    this.#bytes += length;
    try {
      if (this.#bytes > MAX_BYTES) throw new ProtocolError('the server says too much at start-up');
      this.#framer.feed(chunk, length);
    } catch (error) {
      this.fail(error);
    }
  }

  message(type: number, buffer: Buffer, start: number, end: number): void {
    const body = Buffer.from(buffer.subarray(start, end));
    const message = { type, reader: new MessageReader(body, 0, body.length) };
    const waiting = this.#waiting;
    if (waiting === null) {
      this.#messages.push(message);
    } else {
      this.#waiting = null;
      waiting.resolve(message);
    }
  }

  dataRow(): void {
    throw new ProtocolError('the server sent a DataRow at start-up');
  }

  stretch(): void {}
  drained(): void {}

  closed(error: Error | null): void {
    this.fail(
      new ConnectionFailureError(
        `the connection was closed by the server at start-up${error === null ? '' : `: ${error.message}`}`,
        {},
        { safeToRetry: true, ...(error === null ? {} : { cause: error }) },
      ),
    );
  }
}

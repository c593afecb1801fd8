import type { HostConfig } from '../config/connect-config.ts';
import { ProtocolError } from '../errors/client-errors.ts';
import { ConnectionFailureError } from '../errors/generated/sqlstate.ts';
import { Framer, type MessageSink } from '../protocol/framer.ts';
import { Backend, HEADER_LENGTH } from '../protocol/message-type.ts';
import { MessageReader } from '../protocol/reader.ts';
import type { ByteStream, ByteStreamHandler } from '../transport/byte-stream.ts';
import { describeHost } from './dial.ts';

/** One message, of which nothing is read yet. */
export interface StartUpMessage {
  readonly type: number;
  readonly reader: MessageReader;
}

/** Looks at a message: its type, and its body in `buffer[start, end)`. */
export type StartUpWatch = (type: number, buffer: Buffer, start: number, end: number) => void;

/** What a server may say before its turn is over; a real one says some 2 KiB. */
const MAX_BYTES = 256 * 1024;
const NOTHING: Buffer = Buffer.alloc(0);

/**
 * What a server says until its first ReadyForQuery, for a straight sequence of steps: the raw
 * answer to SSLRequest, then one message after the other. Only one step waits at a time, and
 * every wait ends when the connection is lost, breaks the protocol or runs out of time.
 */
export class StartUpInbox implements MessageSink, ByteStreamHandler {
  readonly #transport: ByteStream;
  readonly #host: HostConfig;
  readonly #framer: Framer;
  readonly #watch: StartUpWatch | undefined;
  readonly #messages: StartUpMessage[] = [];
  #bytes = 0;
  /** The chunk that came last. */
  #copy: Buffer = NOTHING;
  #refusesMessages = false;
  #takeRaw: ((chunk: Buffer) => void) | null = null;
  #takeMessage: ((message: StartUpMessage) => void) | null = null;
  #reject: ((error: unknown) => void) | null = null;
  #failure: unknown = null;
  #over = false;
  #rest: Buffer = NOTHING;

  /** @param watch is shown every message */
  constructor(transport: ByteStream, host: HostConfig, watch?: StartUpWatch) {
    this.#transport = transport;
    this.#host = host;
    this.#watch = watch;
    this.#framer = new Framer(this);
    transport.handler = this;
  }

  /**
   * Takes no message until `acceptMessages`: whoever could get one in before TLS has begun
   * would speak in the server's place.
   */
  refuseMessages(): void {
    this.#refusesMessages = true;
  }

  acceptMessages(): void {
    this.#refusesMessages = false;
  }

  /** The next chunk as it comes, for the answer to SSLRequest. */
  raw(): Promise<Buffer> {
    return this.#until((resolve) => {
      this.#takeRaw = resolve;
    });
  }

  /** The next message if it has come already: most of them come at once. */
  arrived(): StartUpMessage | undefined {
    return this.#messages.shift();
  }

  /** The next message. Rejects when the connection is lost or breaks the protocol. */
  next(): Promise<StartUpMessage> {
    const message = this.arrived();
    if (message !== undefined) return Promise.resolve(message);
    return this.#until((resolve) => {
      this.#takeMessage = resolve;
    });
  }

  /** Waits for something else than the server, no longer than for the server. */
  during<R>(work: Promise<R>): Promise<R> {
    return this.#until((resolve, reject) => {
      work.then(resolve, reject);
    });
  }

  #until<R>(
    begin: (resolve: (value: R) => void, reject: (error: unknown) => void) => void,
  ): Promise<R> {
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      begin(resolve, reject);
      if (this.#failure !== null) reject(this.#failure);
    });
  }

  /** Throws what has ended start-up meanwhile, if something has. */
  check(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  /** What came behind ReadyForQuery before the stream was the session's. */
  get rest(): Buffer {
    return this.#rest;
  }

  /** Ends the waiting with `error` and closes the connection. */
  fail(error: unknown): void {
    this.#failure ??= error;
    this.#framer.stop();
    this.#transport.destroy();
    this.#reject?.(this.#failure);
    this.#reject = null;
  }

  received(chunk: Buffer, length: number): void {
    if (this.#failure !== null) return;
    const takeRaw = this.#takeRaw;
    if (takeRaw !== null) {
      this.#takeRaw = null;
      takeRaw(Buffer.from(chunk.subarray(0, length)));
      return;
    }
    try {
      if (this.#refusesMessages) throw new ProtocolError('the server sent data ahead of TLS');
      this.#bytes += length;
      if (this.#bytes > MAX_BYTES) throw new ProtocolError('the server says too much at start-up');
      // Messages are read later, and the chunk is valid during the call.
      this.#copy = Buffer.from(chunk.subarray(0, length));
      const taken = this.#framer.feed(this.#copy, length);
      if (this.#over) this.#rest = Buffer.concat([this.#rest, chunk.subarray(taken, length)]);
    } catch (error) {
      this.fail(this.#refusalIn(chunk, length) ?? error);
    }
  }

  /**
   * What a server says that cannot start a process for the connection: no message but "E", a line and a NUL, as of
   * old, and that before it was asked anything.
   */
  #refusalIn(chunk: Buffer, length: number): ConnectionFailureError | null {
    const isFirst = this.#bytes === length && !this.#refusesMessages;
    const [, said] = (isFirst && /^E([^\n\0]+)\n\0$/.exec(chunk.toString('utf8', 0, length))) || [];
    if (said === undefined) return null;
    const message = `${describeHost(this.#host)} could not take the connection: ${said}`;
    return new ConnectionFailureError(message, {}, { safeToRetry: true, isTransient: true });
  }

  message(type: number, buffer: Buffer, start: number, end: number): void {
    if (type === Backend.ReadyForQuery) {
      // Start-up is over: other messages may come, and other limits hold for them.
      this.#over = true;
      this.#framer.stop();
    }
    // What has come in pieces is in a buffer of the framer's, which it uses again.
    const isOwn = buffer === this.#copy;
    const own = isOwn ? buffer : Buffer.from(buffer.subarray(start, end));
    const reader = isOwn
      ? new MessageReader(own, start, end)
      : new MessageReader(own, 0, own.length);
    const message = { type, reader };
    this.#watch?.(type, buffer, start, end);
    const take = this.#takeMessage;
    if (take === null) {
      this.#messages.push(message);
    } else {
      this.#takeMessage = null;
      take(message);
    }
  }

  dataRow(): void {
    throw new ProtocolError('the server sent a DataRow at start-up');
  }

  copyData(buffer: Buffer, at: number, end: number): number {
    this.message(Backend.CopyData, buffer, at + HEADER_LENGTH, end);
    return end;
  }

  stretch(): void {}
  drained(): void {}

  closed(error: Error | null): void {
    this.fail(
      new ConnectionFailureError(
        `${describeHost(this.#host)} closed the connection at start-up${error === null ? '' : `: ${error.message}`}`,
        {},
        {
          safeToRetry: true,
          isTransient: !isTlsRefusal(error),
          ...(error === null ? {} : { cause: error }),
        },
      ),
    );
  }
}

/** Whether the peer has refused by TLS, as from 1.3 on it refuses a certificate once the handshake is over. */
function isTlsRefusal(error: NodeJS.ErrnoException | null): boolean {
  return error?.code?.startsWith('ERR_SSL_') === true;
}

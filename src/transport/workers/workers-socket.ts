import { Duplex } from 'node:stream';
import { builtinModule } from '../../runtime/builtin-module.ts';

/** What is used of a socket of Cloudflare's. https://developers.cloudflare.com/workers/runtime-apis/tcp-sockets */
interface RuntimeSocket {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  readonly opened: Promise<unknown>;
  readonly closed: Promise<void>;
  close(): Promise<void>;
  startTls(options?: { expectedServerHostname?: string }): RuntimeSocket;
}

interface SocketsModule {
  connect(
    address: { hostname: string; port: number },
    options: { secureTransport: 'starttls'; allowHalfOpen: false },
  ): RuntimeSocket;
}

const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/**
 * A socket of Cloudflare's runtime as a stream of Node's. The runtime's own `node:net` reads all the time, and a
 * socket that is being read cannot begin TLS. So this one reads when something has been written: behind an
 * SSLRequest a single time, until it is known whether TLS follows.
 */
export class WorkersSocket extends Duplex {
  readonly #socket: RuntimeSocket;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  /** How often it may read before the next write; many times, once TLS cannot begin any more. */
  #reads: number;
  #isReading = false;
  #isWanted = false;
  #hasWritten = false;
  /** One with TLS has taken over. */
  #isSpent = false;
  /** The runtime does not tell what was agreed on, and shows no certificate. */
  readonly alpnProtocol = false;

  private constructor(socket: RuntimeSocket, event: 'connect' | 'secureConnect') {
    super({ allowHalfOpen: false });
    this.#socket = socket;
    this.#reader = socket.readable.getReader();
    this.#writer = socket.writable.getWriter();
    this.#reads = event === 'connect' ? 0 : Infinity;
    socket.closed.catch((error: Error) => this.#fail(error));
    // Whoever waits for one of these is told by the stream.
    this.#reader.closed.catch(() => {});
    this.#writer.closed.catch(() => {});
    socket.opened.then(
      () => this.emit(event),
      (error: Error) => this.#fail(error),
    );
  }

  static connect(hostname: string, port: number): WorkersSocket {
    const sockets = builtinModule('cloudflare:sockets') as unknown as SocketsModule;
    const options = { secureTransport: 'starttls', allowHalfOpen: false } as const;
    return new WorkersSocket(sockets.connect({ hostname, port }, options), 'connect');
  }

  getPeerX509Certificate(): undefined {}

  /** Begins TLS, with a certificate for this name. The stream that is given takes over. */
  startTls(name: string): WorkersSocket {
    this.#isSpent = true;
    this.#reader.releaseLock();
    this.#writer.releaseLock();
    const secure = this.#socket.startTls({ expectedServerHostname: name });
    return new WorkersSocket(secure, 'secureConnect');
  }

  #fail(error: Error): void {
    if (!this.#isSpent) this.destroy(error);
  }

  override _read(): void {
    this.#isWanted = true;
    this.#pull();
  }

  #pull(): void {
    if (!this.#isWanted || this.#isReading || this.#reads === 0) return;
    this.#reads -= 1;
    this.#isReading = true;
    this.#isWanted = false;
    this.#reader.read().then(
      ({ value }) => {
        this.#isReading = false;
        this.push(
          value === undefined
            ? null
            : Buffer.from(value.buffer, value.byteOffset, value.byteLength),
        );
      },
      (error: Error) => this.#fail(error),
    );
  }

  override _write(
    chunk: Buffer,
    _encoding: BufferEncoding,
    callback: (error?: Error | null) => void,
  ): void {
    const isQuestion = !this.#hasWritten && this.#reads === 0 && SSL_REQUEST.equals(chunk);
    this.#hasWritten = true;
    this.#reads = isQuestion ? 1 : Infinity;
    this.#writer.write(chunk).then(() => callback(), callback);
    this.#pull();
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#writer.close().then(() => callback(), callback);
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    if (!this.#isSpent) this.#socket.close().catch(() => {});
    callback(error);
  }
}

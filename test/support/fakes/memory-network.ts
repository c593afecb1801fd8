import type {
  ByteStream,
  ByteStreamHandler,
  TlsRequest,
  TlsState,
  Written,
} from '../../../src/transport/byte-stream.ts';
import type { Endpoint, Network } from '../../../src/transport/network.ts';

/** The server's end of a connection: what it is sent, and what it answers. */
export type Answer = (chunk: Buffer, stream: MemoryStream) => readonly Uint8Array[];

/** A connection to nobody: no socket, no stream of Node's. TLS on it is a mere claim. */
export class MemoryStream implements ByteStream {
  handler: ByteStreamHandler = { received() {}, drained() {}, closed() {} };
  readonly backlog = 0;
  readonly remoteAddress: string | null;
  tls: TlsState | null = null;
  isClosed = false;
  /** What was asked for when TLS was begun. */
  request: TlsRequest | null = null;
  readonly #answer: Answer;
  readonly #certificate: Uint8Array | null;

  constructor(answer: Answer, remoteAddress: string | null, certificate: Uint8Array | null = null) {
    this.#answer = answer;
    this.remoteAddress = remoteAddress;
    this.#certificate = certificate;
  }

  write(buffer: Uint8Array): Written {
    if (this.isClosed) return 'refused';
    const answers = this.#answer(Buffer.from(buffer), this);
    setImmediate(() => {
      for (const answer of answers) {
        if (!this.isClosed) this.handler.received(Buffer.from(answer), answer.length);
      }
    });
    return 'taken';
  }

  startTls(request: TlsRequest): Promise<TlsState> {
    this.request = request;
    this.tls = { alpn: request.alpn, peerCertificate: () => this.#certificate };
    return Promise.resolve(this.tls);
  }

  pause(): void {}
  resume(): void {}
  ref(): void {}
  unref(): void {}

  end(): void {
    this.destroy();
  }

  destroy(error: Error | null = null): void {
    if (this.isClosed) return;
    this.isClosed = true;
    queueMicrotask(() => this.handler.closed(error));
  }
}

/** A network of one server, which every name and every address leads to. */
export class MemoryNetwork implements Network {
  readonly resolved: string[] = [];
  readonly dialled: Endpoint[] = [];
  readonly streams: MemoryStream[] = [];
  readonly #address: string;
  readonly #open: (address: string) => MemoryStream;

  /** `open` makes the connections; all names stand for `address`. */
  constructor(address: string, open: (address: string) => MemoryStream) {
    this.#address = address;
    this.#open = open;
  }

  resolve(host: string): Promise<string[]> {
    this.resolved.push(host);
    return Promise.resolve([this.#address]);
  }

  connect(
    endpoint: Endpoint,
    _options: unknown,
    onOpen: (stream: ByteStream) => void,
  ): Promise<ByteStream> {
    this.dialled.push(endpoint);
    const stream = this.#open('host' in endpoint ? endpoint.host : endpoint.path);
    this.streams.push(stream);
    onOpen(stream);
    return Promise.resolve(stream);
  }

  wrap(): never {
    throw new Error('there is no dial function');
  }
}

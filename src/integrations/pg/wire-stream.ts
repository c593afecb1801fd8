import { Duplex } from 'node:stream';
import { nextTurn } from '../../transport/turn.ts';

/** What stands behind the stream: the session of its client, once there is one. */
export interface Wire {
  /** Sends bytes. */
  write(bytes: Uint8Array): void;
  /** Resolves when more can be written without piling up. */
  whenDrained(): Promise<void> | null;
  /** The stream has room for what comes. */
  resume(): void;
  /** Says goodbye and closes. */
  end(): void;
  /** Closes at once. */
  destroy(): void;
  /** The socket itself, once there is a session, and where the runtime has one. */
  readonly socket: object | null;
  ref(): void;
  unref(): void;
}

/** What a socket tells of itself. */
interface Told {
  remoteAddress?: string;
  remotePort?: number;
  remoteFamily?: string;
  localAddress?: string;
  localPort?: number;
  localFamily?: string;
  bytesRead?: number;
  bytesWritten?: number;
  connecting?: boolean;
  pending?: boolean;
  readyState?: string;
  timeout?: number;
  address?(): object;
  setTimeout?(milliseconds: number, callback?: () => void): unknown;
}

/** What a socket of TLS tells of its peer. */
interface ToldOfPeer {
  authorized?: boolean;
  authorizationError?: Error | null;
  getPeerCertificate?(detailed?: boolean): object;
  getCipher?(): object;
  getProtocol?(): string | null;
}

/** Its methods, for a stream in its place. */
function methodsOf(socket: ToldOfPeer): Required<Pick<ToldOfPeer, MethodOfPeer>> {
  return {
    getPeerCertificate: (detailed) => socket.getPeerCertificate?.(detailed) ?? {},
    getCipher: () => socket.getCipher?.() ?? {},
    getProtocol: () => socket.getProtocol?.() ?? null,
  };
}

type MethodOfPeer = 'getPeerCertificate' | 'getCipher' | 'getProtocol';

/** The most that a socket of Node's gives at once: who reads the stream is used to that. */
const PIECE = 64 * 1024;

/**
 * Stands in for the socket of a client, for those who reach for it: what is written is sent as it is,
 * and whoever takes away its one `data` listener reads the server's messages as they come, and may
 * hand back what is not his by calling that listener.
 */
export class WireStream extends Duplex {
  readonly #wire: Wire;
  /** What has arrived beyond the piece that was passed on. */
  #rest: Buffer = Buffer.alloc(0);
  // As a socket of TLS has them, and no other one.
  declare encrypted?: boolean;
  declare authorized?: boolean;
  declare authorizationError?: Error | null;
  declare alpnProtocol?: string | false;
  declare getPeerCertificate?: (detailed?: boolean) => object;
  declare getCipher?: () => object;
  declare getProtocol?: () => string | null;

  constructor(wire: Wire, taken: (chunk: Buffer) => void) {
    super({ autoDestroy: true, allowHalfOpen: true });
    this.#wire = wire;
    this.on('data', taken);
  }

  /** Whether nobody reads what the server sends but the client, and nothing is left of it in here. */
  get isUntouched(): boolean {
    return (
      this.listenerCount('data') > 0 &&
      this.readableFlowing === true &&
      this.readableLength === 0 &&
      this.#rest.length === 0
    );
  }

  /** Takes what the server sends. False: that is enough for now. */
  deliver(bytes: Buffer): boolean {
    if (this.#rest.length > 0) {
      this.#rest = Buffer.concat([this.#rest, bytes]);
      return false;
    }
    this.#rest = bytes.subarray(PIECE);
    return this.push(bytes.subarray(0, PIECE)) && this.#rest.length === 0;
  }

  override _read(): void {
    if (this.#rest.length === 0) this.#wire.resume();
    // Each in a turn of its own, as from a socket: what is pushed at once is read as one piece.
    else void nextTurn().then(() => this.#passPiece());
  }

  #passPiece(): void {
    const rest = this.#rest;
    if (rest.length === 0 || this.destroyed) return;
    this.#rest = rest.subarray(PIECE);
    this.push(rest.subarray(0, PIECE));
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    this.#wire.write(chunk);
    const drained = this.#wire.whenDrained();
    if (drained === null) done();
    else void drained.then(() => done());
  }

  override _final(done: () => void): void {
    this.#wire.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#wire.destroy();
    done(error);
  }

  /** The connection is encrypted. A runtime that tells nothing of its socket lets only what is verified pass. */
  becomeSecure(socket: ToldOfPeer, alpn: string | null): void {
    this.encrypted = true;
    this.authorized = socket.authorized ?? true;
    this.authorizationError = socket.authorizationError ?? null;
    this.alpnProtocol = alpn ?? false;
    Object.assign(this, methodsOf(socket));
  }

  ref(): this {
    this.#wire.ref();
    return this;
  }

  unref(): this {
    this.#wire.unref();
    return this;
  }

  // What the socket tells of itself.

  get #socket(): Told {
    return this.#wire.socket ?? {};
  }

  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress;
  }

  get remotePort(): number | undefined {
    return this.#socket.remotePort;
  }

  get remoteFamily(): string | undefined {
    return this.#socket.remoteFamily;
  }

  get localAddress(): string | undefined {
    return this.#socket.localAddress;
  }

  get localPort(): number | undefined {
    return this.#socket.localPort;
  }

  get localFamily(): string | undefined {
    return this.#socket.localFamily;
  }

  get bytesRead(): number {
    return this.#socket.bytesRead ?? 0;
  }

  get bytesWritten(): number {
    return this.#socket.bytesWritten ?? 0;
  }

  get connecting(): boolean {
    return this.#socket.connecting ?? false;
  }

  get pending(): boolean {
    return this.#socket.pending ?? true;
  }

  get readyState(): string {
    return this.#socket.readyState ?? 'closed';
  }

  get timeout(): number | undefined {
    return this.#socket.timeout;
  }

  address(): object {
    return this.#socket.address?.() ?? {};
  }

  setTimeout(milliseconds: number, callback?: () => void): this {
    this.#socket.setTimeout?.(milliseconds, callback);
    return this;
  }

  /** What is set is set when the connection is made. */
  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }
}

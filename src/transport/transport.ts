import net from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';

/** Who gets what a transport receives. */
export interface TransportHandler {
  /** `chunk[0, length)` is valid only during the call. */
  received(chunk: Buffer, length: number): void;
  /** Everything written has been taken by the system. */
  drained(): void;
  /** No more comes. Called once; `error` is null when the peer closed in good order. */
  closed(error: Error | null): void;
}

const IGNORE: TransportHandler = {
  received() {},
  drained() {},
  closed() {},
};

/** One receive buffer serves a plain connection for life. */
const RECEIVE_BUFFER = 64 * 1024;

/** Milliseconds of silence until the first keepalive probe. */
const DEFAULT_KEEP_ALIVE = 60_000;

/** Where a connection goes: a TCP address or a Unix socket's path. */
export type Endpoint = { readonly host: string; readonly port: number } | { readonly path: string };

/** What matters of a TCP connection besides its address. */
export interface SocketOptions {
  readonly keepAlive: { readonly enabled: boolean; readonly idle: number | null };
  /** Resolves host names in the stead of `node:dns`. */
  readonly lookup: net.LookupFunction | null;
}

/** A byte stream to a server. It knows sockets and TLS and no message. */
export class Transport {
  /** Set before anything can arrive, and again when start-up hands over to the session. */
  handler: TransportHandler = IGNORE;
  #socket: Duplex;
  #closed = false;
  #error: Error | null = null;
  #detach: () => void = () => {};

  constructor(socket: Duplex) {
    this.#socket = socket;
    this.#attach(socket);
  }

  /**
   * Connects. All addresses of a host name are tried. `onOpen` gets the transport before
   * anything happens, so that the attempt can be ended by destroying it.
   */
  static async connect(
    endpoint: Endpoint,
    options: SocketOptions,
    onOpen: (transport: Transport) => void,
  ): Promise<Transport> {
    const { keepAlive, lookup } = options;
    let transport: Transport | null = null;
    const socket = net.connect({
      ...endpoint,
      noDelay: true,
      ...(lookup === null ? {} : { lookup }),
      ...(keepAlive.enabled
        ? { keepAlive: true, keepAliveInitialDelay: keepAlive.idle ?? DEFAULT_KEEP_ALIVE }
        : {}),
      onread: {
        buffer: Buffer.allocUnsafeSlow(RECEIVE_BUFFER),
        callback: (length: number, buffer: Uint8Array) => {
          transport!.handler.received(buffer as Buffer, length);
          return true;
        },
      },
    });
    transport = new Transport(socket);
    onOpen(transport);
    await settled(socket, 'connect');
    return transport;
  }

  #attach(socket: Duplex): void {
    const onData = (chunk: Buffer) => this.handler.received(chunk, chunk.length);
    const onDrain = () => this.handler.drained();
    const onError = (error: Error) => {
      this.#error ??= error;
    };
    const onEnd = () => {
      // The peer will send no more; nothing is left to say to it either.
      socket.destroy();
    };
    const onClose = () => this.#finish();
    socket.on('data', onData);
    socket.on('drain', onDrain);
    socket.on('error', onError);
    socket.on('end', onEnd);
    socket.on('close', onClose);
    this.#detach = () => {
      socket.off('data', onData);
      socket.off('drain', onDrain);
      socket.off('end', onEnd);
      socket.off('close', onClose);
    };
  }

  #finish(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.handler.closed(this.#error);
  }

  /** Upgrades to TLS in place. Resolves when the handshake is done and the peer verified. */
  async startTls(options: tls.ConnectionOptions): Promise<tls.TLSSocket> {
    const plain = this.#socket;
    this.#detach();
    // Errors of the plain socket arrive through the TLS socket from here on.
    const secure = tls.connect({ ...options, socket: plain });
    this.#socket = secure;
    this.#attach(secure);
    await settled(secure, 'secureConnect');
    return secure;
  }

  /** The TLS socket, if there is one. */
  get tlsSocket(): tls.TLSSocket | null {
    return this.#socket instanceof tls.TLSSocket ? this.#socket : null;
  }

  /** Writes. True: the system has taken every byte, so the buffer may be used again. */
  write(buffer: Buffer): boolean {
    if (this.#closed) return true;
    this.#socket.write(buffer);
    return this.#socket.writableLength === 0;
  }

  /** Bytes written that the system has not taken yet. */
  get backlog(): number {
    return this.#socket.writableLength;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Stops receiving, so that the peer's sending comes to a halt. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Lets the process exit while this connection is open. */
  unref(): void {
    if (this.#socket instanceof net.Socket) this.#socket.unref();
  }

  ref(): void {
    if (this.#socket instanceof net.Socket) this.#socket.ref();
  }

  /** The peer's address, to reach the very same server again. */
  get remote(): Endpoint | null {
    const socket = this.#socket;
    if (!(socket instanceof net.Socket)) return null;
    const { remoteAddress, remotePort } = socket;
    return remoteAddress === undefined || remotePort === undefined
      ? null
      : { host: remoteAddress, port: remotePort };
  }

  /** Sends what is written and closes. */
  end(): void {
    if (!this.#closed) this.#socket.end();
  }

  /** Closes at once. `handler.closed` follows with `error`. */
  destroy(error: Error | null = null): void {
    this.#error ??= error;
    this.#socket.destroy();
  }
}

/** Resolves with the event, rejects with what comes instead of it. */
function settled(socket: Duplex, event: 'connect' | 'secureConnect'): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      socket.off(event, onEvent);
      socket.off('error', onError);
      socket.off('close', onClose);
    };
    const onEvent = (): void => {
      done();
      resolve();
    };
    const onError = (error: Error): void => {
      done();
      reject(error);
    };
    const onClose = (): void => {
      done();
      reject(new Error('the connection was closed by the server'));
    };
    socket.on(event, onEvent);
    socket.on('error', onError);
    socket.on('close', onClose);
  });
}

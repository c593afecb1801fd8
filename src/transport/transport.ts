import net from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { isLoopback } from './loopback.ts';
import { nextTurn } from './turn.ts';

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

/**
 * One receive buffer serves all plain connections: what arrives is dealt with before the next
 * read. So it stays in the processor's cache, and may be long enough for large results.
 */
const RECEIVE_BUFFER = Buffer.allocUnsafeSlow(256 * 1024);

/**
 * After so many reads that filled the buffer, others get their turn: the system's next reads
 * would follow at once, up to 32 of them, and a large result would stop everything else for as
 * long as it takes to decode them.
 */
const READS_IN_A_ROW = 2;

/**
 * What became of bytes that were written. `taken`: the system has every one of them, so their
 * buffer may be used again; `pending`: not yet; `refused`: it has none of them, nor will it have,
 * as the connection is broken.
 */
export type Written = 'taken' | 'pending' | 'refused';

/** Where a connection goes: an IP address and port, or a Unix socket's path. */
export type Endpoint = { readonly host: string; readonly port: number } | { readonly path: string };

/** What matters of a TCP connection besides its address. Without `idle` the system's value holds. */
export interface SocketOptions {
  readonly keepAlive: { readonly enabled: boolean; readonly idle: number | null };
}

/** Node drops the rest of a second, and of none it makes the system's two hours. Milliseconds. */
function wholeSeconds(delay: number): number {
  return Math.ceil(delay / 1000) * 1000;
}

/** A byte stream to a server. It knows sockets and TLS and no message. */
export class Transport {
  /** Set before anything can arrive, and again when start-up hands over to the session. */
  handler: TransportHandler = IGNORE;
  #socket: Duplex;
  #closed = false;
  #isPaused = false;
  /** Reading goes on in the next turn of the event loop. */
  #isYielding = false;
  /** Reads in a row that filled the buffer. */
  #fullReads = 0;
  #error: Error | null = null;
  #detach: () => void = () => {};

  constructor(socket: Duplex) {
    this.#socket = socket;
    this.#attach(socket);
  }

  /**
   * Connects. `onOpen` gets the transport before anything happens, so that the attempt can be
   * ended by destroying it.
   */
  static async connect(
    endpoint: Endpoint,
    options: SocketOptions,
    onOpen: (transport: Transport) => void,
  ): Promise<Transport> {
    const { keepAlive } = options;
    let transport: Transport | null = null;
    const socket = net.connect({
      ...endpoint,
      noDelay: true,
      ...(keepAlive.enabled
        ? { keepAlive: true, keepAliveInitialDelay: wholeSeconds(keepAlive.idle ?? 0) }
        : {}),
      onread: {
        buffer: RECEIVE_BUFFER,
        callback: (length: number, buffer: Uint8Array) => {
          transport!.handler.received(buffer as Buffer, length);
          return transport!.#mayReadOn(length === buffer.length);
        },
      },
    });
    transport = new Transport(socket);
    onOpen(transport);
    await transport.#settled('connect');
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

  /** Whether to read on at once. Otherwise it is for the next turn of the event loop. */
  #mayReadOn(wasFull: boolean): boolean {
    this.#fullReads = wasFull ? this.#fullReads + 1 : 0;
    if (this.#fullReads < READS_IN_A_ROW) return true;
    this.#fullReads = 0;
    this.#isYielding = true;
    void nextTurn().then(() => {
      this.#isYielding = false;
      if (!this.#isPaused && !this.#closed) this.#socket.resume();
    });
    return false;
  }

  #finish(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.handler.closed(this.#error);
  }

  /**
   * Upgrades to TLS in place. Resolves when the handshake is done and the peer verified.
   * `onKeyLog` gets the session's secrets, line by line, for debugging.
   */
  async startTls(
    options: tls.ConnectionOptions,
    onKeyLog: ((line: Buffer) => void) | null = null,
  ): Promise<tls.TLSSocket> {
    const plain = this.#socket;
    this.#detach();
    // Errors of the plain socket arrive through the TLS socket as well from here on; the plain
    // one keeps its listener, so that none of them is ever without any.
    const secure = tls.connect({ ...options, socket: plain });
    this.#socket = secure;
    this.#attach(secure);
    if (onKeyLog !== null) secure.on('keylog', onKeyLog);
    await this.#settled('secureConnect');
    return secure;
  }

  /** The TLS socket, if there is one. */
  get tlsSocket(): tls.TLSSocket | null {
    return this.#socket instanceof tls.TLSSocket ? this.#socket : null;
  }

  /** Writes, and says where the bytes are now. */
  write(buffer: Buffer): Written {
    const socket = this.#socket;
    if (this.#closed || socket.destroyed || hasFailed(socket)) return 'refused';
    socket.write(buffer);
    if (socket.writableLength > 0) return 'pending';
    // An error that is there at once is that of the one system call, which took nothing. What a
    // TLS socket or a stream of the user's own has done with the bytes before it failed is not known.
    return hasFailed(socket) && isPlain(socket) ? 'refused' : 'taken';
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
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    // Resumed while others have their turn, the system would read on at once.
    if (!this.#isYielding) this.#socket.resume();
  }

  /** Lets the process exit while this connection is open. */
  unref(): void {
    if (this.#socket instanceof net.Socket) this.#socket.unref();
  }

  ref(): void {
    if (this.#socket instanceof net.Socket) this.#socket.ref();
  }

  /** The peer's IP address, to reach the very same server again. */
  get remote(): string | null {
    const socket = this.#socket;
    return socket instanceof net.Socket ? (socket.remoteAddress ?? null) : null;
  }

  /** Whether the peer is on this very machine, reached by TCP. */
  get isLoopback(): boolean {
    const { remote } = this;
    return remote !== null && isLoopback(remote);
  }

  /** Sends what is written and closes. */
  end(): void {
    if (!this.#closed) this.#socket.end();
  }

  /** Closes at once. `handler.closed` follows with `error`. */
  destroy(error: Error | null = null): void {
    this.#error ??= error;
    this.#socket.destroy();
    // Not every stream tells that it is closed: not one of the user's own without `emitClose`,
    // nor a socket of Node's that is reset after it was ended.
    queueMicrotask(() => this.#finish());
  }

  /** Resolves with the event, rejects with what comes instead of it. */
  #settled(event: 'connect' | 'secureConnect'): Promise<void> {
    const socket = this.#socket;
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
        reject(this.#error ?? new Error('the connection was closed by the server'));
      };
      socket.on(event, onEvent);
      socket.on('error', onError);
      socket.on('close', onClose);
    });
  }
}

/** Whether the stream has an error, of which it may not have told yet. */
function hasFailed({ errored }: Duplex): boolean {
  // A stream that is not made of Node's own classes may not know the property.
  return errored !== null && errored !== undefined;
}

/** Whether the stream is a socket of Node's own, without TLS. */
function isPlain(socket: Duplex): boolean {
  return Object.getPrototypeOf(socket) === net.Socket.prototype;
}

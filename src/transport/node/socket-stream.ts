import type { OnReadOpts, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { builtinModule } from '../../runtime/builtin-module.ts';
import { isWorkerd, readsIntoBuffers } from '../../runtime/other-runtimes.ts';
import type {
  ByteStream,
  ByteStreamHandler,
  TlsRequest,
  TlsState,
  Written,
} from '../byte-stream.ts';
import type { Endpoint, SocketOptions } from '../network.ts';
import { nextTurn, soon } from '../turn.ts';
import type { WorkersSocket } from '../workers/workers-socket.ts';
import { appendKeyLog } from './key-log.ts';
import { type PeerTls, SocketTls } from './socket-tls.ts';
import { tlsOptions } from './tls-options.ts';

const net = /* @__PURE__ */ builtinModule('node:net');

/** Who reads from a socket. */
interface Reading {
  stream: SocketStream | null;
}

const IGNORE: ByteStreamHandler = {
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

/** After so many turns of the event loop that bring nothing, the system has nothing left to read. */
const SILENT_TURNS = 3;

/** Node drops the rest of a second, and of none it makes the system's two hours. Milliseconds. */
function wholeSeconds(delay: number): number {
  return Math.ceil(delay / 1000) * 1000;
}

/** A byte stream over a socket of Node's, or over the stream that the caller's own `dial` gave. */
export class SocketStream implements ByteStream {
  handler: ByteStreamHandler = IGNORE;
  #socket: Duplex;
  #tls: SocketTls | null = null;
  #closed = false;
  #isPaused = false;
  /** Reading goes on in the next turn of the event loop. */
  #isYielding = false;
  /** Reads in a row that filled the buffer. */
  #fullReads = 0;
  /** Whether something came since this was last set to false. */
  #hasReceived = false;
  #error: Error | null = null;
  /** Ends the waiting for the socket to be connected or secured, with the error if it is not. */
  #settle: ((error?: Error) => void) | null = null;
  #detach: () => void = () => {};

  constructor(socket: Duplex) {
    this.#socket = socket;
    // The caller's own `dial` may give a stream that has TLS already.
    if (isSecure(socket)) this.#tls = new SocketTls(socket);
    this.#attach(socket);
  }

  static async connect(
    this: void,
    endpoint: Endpoint,
    options: SocketOptions,
    onOpen: (stream: ByteStream) => void,
  ): Promise<ByteStream> {
    const { keepAlive } = options;
    if (isWorkerd) return await SocketStream.#connectInWorker(endpoint, onOpen);
    const reading: Reading = { stream: null };
    const socket = net.connect({
      ...endpoint,
      noDelay: true,
      ...(keepAlive.enabled
        ? { keepAlive: true, keepAliveInitialDelay: wholeSeconds(keepAlive.idle ?? 0) }
        : {}),
      ...(readsIntoBuffers ? { onread: SocketStream.#onRead(reading) } : {}),
    });
    const stream = new SocketStream(socket);
    reading.stream = stream;
    onOpen(stream);
    await stream.#settled('connect');
    const { enabled, idle, interval, count } = keepAlive;
    if (enabled && (interval !== null || count !== null)) {
      // Older versions of Node take no notice of the last two.
      socket.setKeepAlive(
        true,
        wholeSeconds(idle ?? 0),
        wholeSeconds(interval ?? 1000),
        count ?? 10,
      );
    }
    return stream;
  }

  /** In a function of its own, as the socket keeps what the callback can see: see `#finish`. */
  static #onRead(reading: Reading): OnReadOpts {
    return {
      buffer: RECEIVE_BUFFER,
      callback: (length, buffer) => {
        const stream = reading.stream!;
        stream.#received(buffer as Buffer, length);
        return stream.#mayReadOn(length === buffer.length);
      },
    };
  }

  /** By a socket that can begin TLS, which the runtime's `node:net` cannot. */
  static async #connectInWorker(
    endpoint: Endpoint,
    onOpen: (stream: ByteStream) => void,
  ): Promise<ByteStream> {
    if ('path' in endpoint) throw new Error("Cloudflare's runtime has no Unix sockets");
    const { WorkersSocket } = await import('../workers/workers-socket.ts');
    const stream = new SocketStream(WorkersSocket.connect(endpoint.host, endpoint.port));
    onOpen(stream);
    await stream.#settled('connect');
    return stream;
  }

  #attach(socket: Duplex): void {
    const isOfNode = socket instanceof net.Socket;
    const onData = (chunk: unknown) => this.#receivedChunk(chunk);
    const onDrain = () => this.handler.drained();
    const onError = (error: Error) => {
      this.#error ??= error;
      this.#settle?.(error);
      // One of Node's closes itself; of others not everyone does, nor tells of it.
      if (!isOfNode) void this.#untilNothingComes().then(() => this.destroy());
    };
    const onClose = () => this.#finish();
    const onEnd = () => {
      // The peer will send no more; nothing is left to say to it either.
      if (isOfNode) socket.destroy();
      else this.destroy();
      this.handler.ended?.(this.#error);
    };
    // Another one may tell of its end while it is written to: what it was given has left by then.
    const afterwards = (tell: () => void) => (isOfNode ? tell : () => soon(tell));
    const told = { end: afterwards(onEnd), close: afterwards(onClose) };
    socket.on('data', onData);
    socket.on('drain', onDrain);
    socket.on('error', onError);
    socket.on('end', told.end);
    socket.on('close', told.close);
    if (isOfNode) this.#hearLastWords(socket);
    const detach = (): void => {
      socket.off('data', onData);
      socket.off('drain', onDrain);
      socket.off('end', told.end);
      socket.off('close', told.close);
    };
    this.#detach = detach;
  }

  /** Whatever a stream of the caller's own gives. */
  #receivedChunk(chunk: unknown): void {
    if (chunk instanceof Buffer) this.#received(chunk, chunk.length);
    else if (chunk instanceof Uint8Array) {
      const { buffer, byteOffset, byteLength } = chunk;
      this.#received(Buffer.from(buffer, byteOffset, byteLength), byteLength);
    } else {
      const given =
        typeof chunk === 'string' ? 'text; it must have no encoding' : 'what is no bytes';
      this.destroy(new Error(`the stream of the dial function gives ${given}`));
    }
  }

  #received(chunk: Buffer, length: number): void {
    this.#hasReceived = true;
    this.handler.received(chunk, length);
  }

  /**
   * A server that ends a connection says why and leaves. Whoever writes just then is told by the
   * system that nobody is there, and Node destroys the socket at once; but what the server has said
   * waits to be read. So it is read first.
   */
  #hearLastWords(socket: Socket): void {
    const { destroy } = socket;
    const destroyOnceRead = (error?: NodeJS.ErrnoException): Socket => {
      if (error?.syscall !== 'write' || this.#error !== null) return destroy.call(socket, error);
      this.#error = error;
      void this.#untilNothingComes().then(() => destroy.call(socket, error));
      return socket;
    };
    socket.destroy = destroyOnceRead;
  }

  async #untilNothingComes(): Promise<void> {
    for (let silent = 0; silent < SILENT_TURNS && !this.#isPaused && !this.#closed; silent++) {
      this.#hasReceived = false;
      await nextTurn();
      if (this.#hasReceived) silent = 0;
    }
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
    const { handler } = this;
    // The engine keeps a closed socket until it collects all its memory, and with it whatever the socket leads to.
    this.handler = IGNORE;
    this.#detach();
    this.#settle?.(this.#error ?? new Error('the connection was closed by the server'));
    handler.closed(this.#error);
  }

  async startTls(request: TlsRequest): Promise<TlsState> {
    const plain = this.#socket;
    const secure = isWorkerd ? workerTls(plain, request) : nodeTls(plain, request);
    this.#detach();
    this.#socket = secure;
    this.#tls = new SocketTls(secure);
    this.#attach(secure);
    const { keyLogFile } = request.ssl;
    if (keyLogFile !== null) secure.on('keylog', (line) => appendKeyLog(keyLogFile, line));
    await this.#settled('secureConnect');
    return this.#tls;
  }

  get tls(): TlsState | null {
    return this.#tls;
  }

  write(buffer: Uint8Array): Written {
    const socket = this.#socket;
    if (this.#closed || socket.destroyed || hasFailed(socket)) return 'refused';
    try {
      socket.write(buffer);
    } catch (error) {
      // Not one of Node's: what it has done with the bytes is not known.
      this.destroy(error as Error);
      return 'taken';
    }
    if (socket.writableLength > 0) return 'pending';
    // An error that is there at once is that of the one system call, which took nothing. What a
    // TLS socket or a stream of the user's own has done with the bytes before it failed is not known.
    return hasFailed(socket) && isPlain(socket) ? 'refused' : 'taken';
  }

  get backlog(): number {
    return this.#socket.writableLength;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    // Resumed while others have their turn, the system would read on at once.
    if (!this.#isYielding) this.#socket.resume();
  }

  unref(): void {
    if (this.#socket instanceof net.Socket) this.#socket.unref();
  }

  ref(): void {
    if (this.#socket instanceof net.Socket) this.#socket.ref();
  }

  get remoteAddress(): string | null {
    const socket = this.#socket;
    return socket instanceof net.Socket ? (socket.remoteAddress ?? null) : null;
  }

  get sharesSession(): boolean {
    return 'sharesSession' in this.#socket && this.#socket.sharesSession === true;
  }

  get socket(): Socket | null {
    const socket = this.#socket;
    return socket instanceof net.Socket ? socket : null;
  }

  end(): void {
    if (!this.#closed) this.#socket.end();
  }

  destroy(error: Error | null = null): void {
    this.#error ??= error;
    try {
      this.#socket.destroy();
    } catch (failure) {
      // One of the caller's own: it is given up all the same.
      this.#error ??= failure as Error;
    }
    // Not every stream tells that it is closed: not one of the user's own without `emitClose`,
    // nor a socket of Node's that is reset after it was ended.
    soon(() => this.#finish());
  }

  /** Resolves with the event, rejects with what comes instead of it. */
  #settled(event: 'connect' | 'secureConnect'): Promise<void> {
    const socket = this.#socket;
    return new Promise((resolve, reject) => {
      const settle = (error?: Error): void => {
        this.#settle = null;
        socket.off(event, happened);
        if (error === undefined) resolve();
        else reject(error);
      };
      // Without its argument: Bun tells what is wrong with the certificate, though nobody has asked for a check.
      const happened = (): void => settle();
      this.#settle = settle;
      socket.on(event, happened);
    });
  }
}

// Errors of the plain socket arrive through the TLS socket as well; the plain one keeps its listener, so that
// none of them is ever without any.
function nodeTls(plain: Duplex, request: TlsRequest): TLSSocket {
  return builtinModule('node:tls').connect({ ...tlsOptions(request), socket: plain });
}

function workerTls(plain: Duplex, { ssl, host }: TlsRequest): Duplex & PeerTls {
  if (!('startTls' in plain)) {
    throw new Error("a stream of the option dial cannot begin TLS in Cloudflare's runtime");
  }
  const { ca, cert, key, pfx, crl, servername } = ssl.tlsOptions();
  if ((ca ?? cert ?? key ?? pfx ?? crl) !== undefined) {
    throw new Error("Cloudflare's runtime has its own authorities: no certificates can be given");
  }
  return (plain as WorkersSocket).startTls(servername ?? host);
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

/** Whether the stream is a socket with TLS, told without loading what would make one. */
function isSecure(socket: Duplex): socket is TLSSocket {
  return socket instanceof net.Socket && (socket as Partial<TLSSocket>).encrypted === true;
}

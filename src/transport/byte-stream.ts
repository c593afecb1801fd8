import type { SslConfig } from '../config/connect-config.ts';

/** Who gets what a byte stream receives. */
export interface ByteStreamHandler {
  /** `chunk[0, length)` is valid only during the call. */
  received(chunk: Buffer, length: number): void;
  /** Everything written has been taken by the system. */
  drained(): void;
  /** The peer sends nothing more, and the stream is being closed: `closed` follows, with the same. */
  ended?(error: Error | null): void;
  /** No more comes. Called once; `error` is null when the peer closed in good order. */
  closed(error: Error | null): void;
}

/**
 * What became of bytes that were written. `taken`: the system has every one of them, so their
 * buffer may be used again; `pending`: not yet; `refused`: it has none of them, nor will it have,
 * as the connection is broken.
 */
export type Written = 'taken' | 'pending' | 'refused';

/** How to begin TLS on a connection. */
export interface TlsRequest {
  /** Certificates, versions, what is verified, and the key log. */
  readonly ssl: SslConfig;
  /** The name that the certificate is checked against. */
  readonly host: string;
  /** The one protocol to offer by ALPN. */
  readonly alpn: string;
}

/** What is known of a connection's TLS. */
export interface TlsState {
  /** The protocol agreed on by ALPN; null when the server did not choose one. */
  readonly alpn: string | null;
  /** The server's certificate in DER; null where it has shown none. */
  peerCertificate(): Uint8Array | null;
}

/**
 * A connection to a server, as everything above transport/ sees it. It carries bytes and knows no
 * message. Each runtime implements it in a folder of its own; node/ does it with sockets.
 */
export interface ByteStream {
  /** Set before anything can arrive, and again when start-up hands over to the session. */
  handler: ByteStreamHandler;
  /** Writes, and says where the bytes are now. */
  write(buffer: Uint8Array): Written;
  /** Bytes written that the system has not taken yet. */
  readonly backlog: number;
  /** Whether `handler.closed` was called. */
  readonly isClosed: boolean;
  /** Stops receiving, so that the peer's sending comes to a halt. */
  pause(): void;
  resume(): void;
  /** Keeps the process alive while the connection is open, which is how it begins. */
  ref(): void;
  /** Lets the process exit while the connection is open. */
  unref(): void;
  /** The peer's IP address, to reach the very same server again; null where there is none. */
  readonly remoteAddress: string | null;
  /** What it is made of, where that is one of the runtime's sockets: it can be asked for the rest. */
  readonly socket?: object | null;
  /** There is one session for all connections: a transaction of one keeps the others waiting. */
  readonly sharesSession?: boolean;
  /** What is known of TLS; null before it has begun. */
  readonly tls: TlsState | null;
  /** Upgrades to TLS in place. Resolves when the handshake is done and the peer verified. */
  startTls(request: TlsRequest): Promise<TlsState>;
  /** Sends what is written and closes. */
  end(): void;
  /** Closes at once. `handler.closed` follows with `error`. */
  destroy(error?: Error | null): void;
}

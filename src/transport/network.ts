import type { KeepAliveConfig } from '../config/connect-config.ts';
import type { DuplexStream, HostLookup } from '../config/host-types.ts';
import type { ByteStream } from './byte-stream.ts';

/** Where a connection goes: an IP address and port, or a Unix socket's path. */
export type Endpoint = { readonly host: string; readonly port: number } | { readonly path: string };

/** What matters of a TCP connection besides its address. */
export interface SocketOptions {
  readonly keepAlive: KeepAliveConfig;
}

/**
 * How a runtime reaches servers. `connect` and `createPool` supply that of Node; everything below
 * is given one, as it is given a clock.
 */
export interface Network {
  /**
   * All addresses of a host name in the resolver's order, each once; an address is its own, and given at once.
   * `lookup` has the signature of `dns.lookup`; it may answer with one address or with all.
   */
  resolve(host: string, lookup: HostLookup | null): string | Promise<string[]>;
  /**
   * Connects. `onOpen` gets the stream before anything happens, so that the attempt can be ended
   * by destroying it.
   */
  connect(
    endpoint: Endpoint,
    options: SocketOptions,
    onOpen: (stream: ByteStream) => void,
  ): Promise<ByteStream>;
  /** Makes a byte stream of what the caller's own `dial` gave. */
  wrap(stream: DuplexStream): ByteStream;
}

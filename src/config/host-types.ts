/*
 * The types of Node's that options of `connect` take, under names of our own: no other file of
 * config/, session/ and connecting/ names a type of Node's sockets and streams.
 */

/** Looks a host name up, with the signature of `dns.lookup`. */
export type { LookupFunction as HostLookup } from 'node:net';
/** A stream of bytes in both directions. */
export type { Duplex as DuplexStream } from 'node:stream';
/** What `tls.connect` takes, and a version of TLS. */
export type { ConnectionOptions as TlsOptions, SecureVersion as TlsVersion } from 'node:tls';

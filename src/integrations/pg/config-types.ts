/*
 * What clients and queries are told, as `@types/pg` 8 types it.
 */
import type { Duplex } from 'node:stream';
import type { TlsOptions } from '../../config/host-types.ts';
import type { TypeFormat } from './types/index.ts';

/** Arguments as a list. */
export type QueryConfigValues<T> = T extends Array<infer _U> ? T : never;

/** Whatever tells the parser of a type: `types`, a TypeOverrides, or an object of one's own. */
export interface CustomTypesConfig {
  getTypeParser: (id: any, format?: TypeFormat) => any;
}

/** What a client is connected with. What is not given is the environment's, then `defaults`'. */
export interface ClientConfig {
  user?: string | undefined;
  database?: string | undefined;
  /** A function is called for each connection. */
  password?: string | (() => string | Promise<string>) | undefined;
  port?: number | undefined;
  /** A name or an address, or the directory of a Unix socket. */
  host?: string | undefined;
  /** `postgres://user:password@host:5432/database?…`; what it says counts more than the options. */
  connectionString?: string | undefined;
  keepAlive?: boolean | undefined;
  /** Makes the socket that is connected, in place of the library. */
  stream?: () => Duplex | undefined;
  /** Milliseconds, for the server; false: no limit. */
  statement_timeout?: false | number | undefined;
  /** Options of `tls.connect`; true: its defaults, the certificate is verified. */
  ssl?: boolean | TlsOptions | undefined;
  enableChannelBinding?: boolean | undefined;
  /** The most iterations of SCRAM that a server may ask for; 100,000 if not given; 0: any number. */
  scramMaxIterations?: number | undefined;
  sslnegotiation?: 'postgres' | 'direct' | undefined;
  /** Milliseconds that the client waits for the result of a query. */
  query_timeout?: number | undefined;
  lock_timeout?: number | undefined;
  keepAliveInitialDelayMillis?: number | undefined;
  idle_in_transaction_session_timeout?: number | undefined;
  application_name?: string | undefined;
  fallback_application_name?: string | undefined;
  /** Milliseconds; 0: no limit. */
  connectionTimeoutMillis?: number | undefined;
  types?: CustomTypesConfig | undefined;
  /** Command-line options for the server, `-c name=value`. */
  options?: string | undefined;
  client_encoding?: string | undefined;
  pipeline?: boolean | undefined;
  /** Statements are kept prepared on the connection. */
  prepare?: boolean | undefined;
}

/** The same as ClientConfig. */
export type ConnectionConfig = ClientConfig;

/** What holds where neither options nor the environment say anything. */
export interface Defaults extends ClientConfig {
  poolSize?: number | undefined;
  poolIdleTimeout?: number | undefined;
  reapIntervalMillis?: number | undefined;
  binary?: boolean | undefined;
  parseInt8?: boolean | undefined;
  parseInputDatesAsUTC?: boolean | undefined;
}

/** A query with all that belongs to it. */
export interface QueryConfig<I = any[]> {
  /** Prepares the statement under this name, once a connection. */
  name?: string | undefined;
  text: string;
  values?: QueryConfigValues<I>;
  types?: CustomTypesConfig | undefined;
}

/** A query whose rows are arrays. */
export interface QueryArrayConfig<I = any[]> extends QueryConfig<I> {
  rowMode: 'array';
}

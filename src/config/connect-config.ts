import type { RowStyle } from '../values/column-names.ts';
import type { DeclaredCodecs } from '../values/type-codec.ts';
import type { ResolvedTypeOptions } from '../values/type-options.ts';
import type { HostProvider } from './host-provider.ts';
import type { DuplexStream, HostLookup, TlsOptions } from './host-types.ts';

/** libpq's sslmode, weakest first. */
export type SslMode = 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';

/** The role that a server must have to be taken. */
export type TargetSessionAttrs =
  | 'any'
  | 'primary'
  | 'standby'
  | 'prefer-standby'
  | 'prefer-primary'
  | 'read-write'
  | 'read-only';

/** The authentication methods that `requireAuth` can name. */
export type AuthMethod = 'password' | 'md5' | 'gss' | 'sspi' | 'scram-sha-256' | 'oauth' | 'none';

/** One place where a server may be. */
export interface HostConfig {
  /** The name or address as given, or the socket's directory. Certificates are checked with it. */
  readonly host: string;
  /** The TCP port, or the number in the name of the Unix socket. */
  readonly port: number;
  /** The Unix socket's path for `net.connect({ path })`, `\0name` if abstract; null for TCP. */
  readonly socketPath: string | null;
  /** The IP address to connect to instead of looking `host` up. */
  readonly address: string | null;
  /** What it is said to be, if anybody has said so. */
  readonly role?: 'primary' | 'standby';
}

/**
 * Opens the byte stream to a host in the driver's stead, e.g. through a proxy. TLS, when the
 * configuration asks for it, is still negotiated on the stream. The signal is aborted when
 * the attempt's time is up.
 */
export type DialFunction = (
  host: HostConfig,
  options: { readonly signal: AbortSignal },
) => DuplexStream | Promise<DuplexStream>;

/** A connection that needs an OAuth token, and what its server has told of where tokens come from. */
export interface OAuthRequest {
  /** The host as it was given. */
  readonly host: string;
  /** Its port. */
  readonly port: number;
  /** The role to connect as. */
  readonly user: string;
  /** The database to connect to. */
  readonly database: string;
  /** The authorization server that the server trusts; null as long as it was not asked. */
  readonly issuer: string | null;
  /** The URL of the issuer's configuration, as the server gave it. */
  readonly openidConfiguration: string | null;
  /** The scope that the token must have, words separated by spaces. */
  readonly scope: string | null;
  /** Aborted when the token is of no use any more, e.g. since the time to connect is up. */
  readonly signal: AbortSignal;
}

/** What a server answers to a client without a token. */
export type OAuthDiscovery = Pick<OAuthRequest, 'issuer' | 'openidConfiguration' | 'scope'>;

/**
 * Gives the bearer token of one new connection. An empty string stands for none yet: then the
 * server is asked, and the function is called again with what it has told, for a new connection.
 */
export type OAuthTokenFunction = (request: OAuthRequest) => string | Promise<string>;

/** What a GSSAPI or SSPI exchange is about. */
export interface GssContext {
  /** Which of the two the server asks for. */
  readonly method: 'gss' | 'sspi';
  /** The service name of the server, `krbsrvname`: its principal is `service/host`. */
  readonly service: string;
  /** The host as it was given. */
  readonly host: string;
  /** The library to use, `gsslib`. */
  readonly library: 'gssapi' | 'sspi';
  /** The role to connect as. */
  readonly user: string;
  /** Aborted when the exchange is given up. */
  readonly signal: AbortSignal;
}

/**
 * An iterator, best written as a generator: it yields the tokens for the server, gets the server's
 * in return, or null when that is content without a further one, and returns when it is done.
 */
export type GssExchange =
  | Iterator<Uint8Array, void, Buffer | null>
  | AsyncIterator<Uint8Array, void, Buffer | null>;

/** Begins the GSSAPI or SSPI exchange of one new connection. */
export type GssProvider = (context: GssContext) => GssExchange | Promise<GssExchange>;

/** Whether and how TLS is used. Has no say on hosts with a `socketPath`: they never use TLS. */
export interface SslConfig {
  /**
   * The effective mode: `require` with a root certificate has become `verify-ca`, and everything
   * is `disable` when no host is reached by TCP.
   */
  readonly mode: SslMode;
  /** `direct` starts with TLS and ALPN `postgresql`; `postgres` sends SSLRequest first. */
  readonly negotiation: 'postgres' | 'direct';
  /** Whether the host name is sent as SNI (when it is a name). */
  readonly sni: boolean;
  /** A file to which TLS secrets are appended for debugging. */
  readonly keyLogFile: string | null;
  /**
   * A fresh options object for `tls.connect`: CA, certificate, key, CRL, versions, explicit
   * `rejectUnauthorized`, and the `checkServerIdentity` that `mode` asks for. The caller adds
   * `socket`, `servername`, `host` and ALPN. A method so that no key is ever printed.
   */
  tlsOptions(): TlsOptions;
}

/** TCP keepalive. */
export interface KeepAliveConfig {
  readonly enabled: boolean;
  /** Milliseconds of silence before the first probe; null leaves the operating system's value. */
  readonly idle: number | null;
  /** Milliseconds between probes; null leaves Node's value, a second. Node 24.19 or newer. */
  readonly interval: number | null;
  /** Unanswered probes after which the connection is lost; null: 10. Node 24.19 or newer. */
  readonly count: number | null;
}

/** Everything that `connect` and the pool were told, validated, with every default filled in. */
export interface ConnectConfig {
  /** In the order given. Empty only where a host provider is to tell them. */
  readonly hosts: readonly HostConfig[];
  readonly hostProvider: HostProvider | null;
  readonly user: string;
  readonly database: string;
  /**
   * The password for a host: the option's (the function is called anew each time), the DSN's, …,
   * else the password file's entry for this host, else null. Rejects with what the user's
   * function throws, or a ClientConfigurationError when it gives no string.
   */
  passwordFor(host: HostConfig): Promise<string | null>;

  /** How long connecting, and what belongs to it, may take, in milliseconds; null is without limit; 0 is over at once. */
  readonly timeout: number | null;
  /** What all hosts with all their addresses may take of it together; null: as long as it takes, with connect_timeout. */
  readonly wholeTimeout: number | null;
  /** The most that one address may take, in milliseconds (connect_timeout); null: its share of the whole. */
  readonly attemptTimeout: number | null;
  /** Milliseconds, or null for none. */
  readonly commandTimeout: number | null;
  /** What rows are made. */
  readonly rowStyle: RowStyle;
  readonly statementCacheSize: number;
  /** Milliseconds; 0 is forever. */
  readonly maxCachedStatementLifetime: number;
  /** Characters; 0 is any size. */
  readonly maxCacheableStatementSize: number;

  readonly ssl: SslConfig;
  /** The methods that the server may use, `none` being no authentication; null is any. */
  readonly requireAuth: ReadonlySet<AuthMethod> | null;
  /** `requireAuth` names `password`: it may be sent where others can read it. */
  readonly allowsClearText: boolean;
  /** An empty password is sent, and the server says what is wrong with it. */
  readonly allowsEmptyPassword: boolean;
  readonly channelBinding: 'disable' | 'prefer' | 'require';
  /** How many iterations of SCRAM a server may ask for, if not what is usual. */
  readonly scramIterations?: { readonly minIterations: number; readonly maxIterations: number };
  readonly krbsrvname: string;
  readonly gsslib: 'gssapi' | 'sspi';
  readonly gssProvider: GssProvider | null;
  readonly oauthToken: OAuthTokenFunction | null;

  /**
   * All parameters of the StartupMessage, in order: user, database, client_encoding,
   * application_name, options, replication, then the server settings.
   */
  readonly startupParameters: ReadonlyMap<string, string>;
  readonly targetSessionAttrs: TargetSessionAttrs;
  readonly loadBalanceHosts: 'disable' | 'random';
  readonly keepAlive: KeepAliveConfig;
  /** As in the StartupMessage: 0x30000 for 3.0, 0x30002 for 3.2. */
  readonly minProtocolVersion: number;
  readonly maxProtocolVersion: number;

  readonly types: ResolvedTypeOptions;
  readonly codecs: DeclaredCodecs;
  readonly lookup: HostLookup | null;
  readonly dial: DialFunction | null;
}

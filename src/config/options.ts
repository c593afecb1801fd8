import type { TransformOptions } from '../values/column-names.ts';
import type { RowForm } from '../values/row-form.ts';
import type { BuiltinTypeCodec, TypeCodec } from '../values/type-codec.ts';
import type { TypeOptions } from '../values/type-options.ts';
import type {
  DialFunction,
  GssProvider,
  OAuthTokenFunction,
  SslMode,
  TargetSessionAttrs,
} from './connect-config.ts';
import type { Host, HostProvider } from './host-provider.ts';
import type { HostLookup, TlsOptions } from './host-types.ts';

/** Gives the password of one new connection, e.g. a short-lived token. */
export type PasswordFunction = () => string | Promise<string>;

/**
 * How to reach a server and how the connection shall behave. Every option is optional.
 *
 * A value is taken from the first of these that has it: the option, the DSN, the service file,
 * the environment variable, the default. Durations are milliseconds here and whatever libpq says
 * in a DSN, a service file and the environment. `undefined` and `null` mean "not given".
 *
 * Names and meanings follow the PostgreSQL manual, "Database Connection Control Functions".
 *
 * @example
 * await connect('postgres://app@db1,db2/shop?sslmode=verify-full', {
 *   password: () => fetchToken(),
 *   targetSessionAttrs: 'primary',
 *   commandTimeout: 10_000,
 * });
 */
export interface ConnectOptions<F extends RowForm = 'record'> {
  /**
   * Host name, IP address, `host:port`, `[v6]:port`, directory of a Unix socket (`/…`) or abstract
   * socket (`@…`); a list or a comma-separated string of them is tried in order. PGHOST.
   * By default the usual socket directories, then localhost.
   */
  readonly host?: string | readonly string[] | null | undefined;
  /**
   * IP addresses to use instead of looking the hosts up, one for each host. The host name still
   * serves the certificate check and the password file. PGHOSTADDR.
   */
  readonly hostaddr?: string | readonly string[] | null | undefined;
  /** One port for all hosts or one for each. Default 5432. PGPORT. */
  readonly port?: number | string | readonly (number | string)[] | null | undefined;
  /**
   * The servers to try in order, as `{ host, port }` or `'host:port'`: another way to write `host`,
   * `hostaddr` and `port`, in place of those.
   */
  readonly hosts?: readonly (Host | string)[] | null | undefined;
  /**
   * Tells the hosts whenever connections are opened, in place of fixed ones: `patroniHosts` is one.
   * Hosts that are given as well serve until it has told any. Unless `targetSessionAttrs` says
   * otherwise, the primary among them is taken.
   */
  readonly hostProvider?: HostProvider | null | undefined;
  /** The role to connect as. Default: the operating system's user. PGUSER. */
  readonly user?: string | null | undefined;
  /** The database to connect to. Default: the same as `user`. PGDATABASE. */
  readonly database?: string | null | undefined;
  /** The password, or a function that is called once per new connection. PGPASSWORD. */
  readonly password?: string | PasswordFunction | null | undefined;
  /** The password file, consulted per host when there is no password. `~/.pgpass`. PGPASSFILE. */
  readonly passfile?: string | null | undefined;
  /** The section of the service file that gives what options and DSN do not. PGSERVICE. */
  readonly service?: string | null | undefined;
  /** The service file. Default `~/.pg_service.conf`, then PGSYSCONFDIR's. PGSERVICEFILE. */
  readonly servicefile?: string | null | undefined;

  /**
   * The whole of connecting: every host, TLS, authentication, the check of the server's role.
   * Milliseconds, default 60,000; `Infinity` is without limit, 0 or less is over at once.
   * `connect_timeout` (DSN) and PGCONNECT_TIMEOUT are libpq's: whole seconds for each address of each host.
   */
  readonly timeout?: number | null | undefined;
  /** The default time-out of every call, in milliseconds; must be positive. Default: none. */
  readonly commandTimeout?: number | null | undefined;
  /**
   * What rows are made. `'record'`, the default: dictionary and tuple at once. `'object'`: plain objects of
   * the named columns, for whatever asks for those (React Server Components, SvelteKit, immer, strict
   * equality); of two columns of one name the last. `'array'`: the values alone, in the order of the columns.
   */
  readonly rows?: F | null | undefined;
  /**
   * How names of columns are changed on their way: `{ column: camelCase }` reads `created_at` as `createdAt`,
   * and writes it back in `sql.columns`, `sql.set` and `sql.unnest`. Two columns that become one name are like two of
   * one name.
   */
  readonly transform?: TransformOptions | null | undefined;
  /** How many prepared statements are kept. Default 100; 0 keeps none. */
  readonly statementCacheSize?: number | null | undefined;
  /** Milliseconds until a kept statement is prepared afresh. Default 300,000; 0 is never. */
  readonly maxCachedStatementLifetime?: number | null | undefined;
  /** Longer statements, in characters, are not kept. Default 15,360; 0 is no limit. */
  readonly maxCacheableStatementSize?: number | null | undefined;

  /**
   * `true` is `'verify-full'` against Node's trust store, `false` is `'disable'`. A string is
   * libpq's sslmode. An object is given to Node's `tls.connect`: the server must speak TLS and
   * its certificate and name are checked unless `rejectUnauthorized` is false.
   * Never used on Unix sockets. Default `'prefer'`. PGSSLMODE.
   */
  readonly ssl?: boolean | SslMode | TlsOptions | null | undefined;
  /**
   * Speak TLS from the first byte (PostgreSQL 17 and later) instead of asking first. Needs
   * `ssl` to be `'require'` or stronger. PGSSLNEGOTIATION.
   */
  readonly directTls?: boolean | null | undefined;
  /**
   * The authentication methods that the server may use, libpq's comma list: `'scram-sha-256'`,
   * `'!password,!md5'`. Methods: password, md5, gss, sspi, scram-sha-256, oauth, none.
   * A password in clear text is sent only over TLS, a Unix socket or the loopback interface, unless
   * the list names `password`. PGREQUIREAUTH.
   */
  readonly requireAuth?: string | null | undefined;
  /** Whether SCRAM must be bound to the TLS channel. Default `'prefer'`. PGCHANNELBINDING. */
  readonly channelBinding?: 'disable' | 'prefer' | 'require' | null | undefined;
  /**
   * Makes the tokens of GSSAPI and SSPI authentication (Kerberos), with a library of the caller's
   * choice: called once for each new connection whose server asks for it, for an iterator that
   * yields the tokens to send and gets the server's answers. At most 16 are sent. What it throws
   * is what connecting fails with. Without it such a server is refused.
   *
   * PostgreSQL manual, "GSSAPI Authentication" and "SSPI Authentication".
   *
   * @example
   * await connect(dsn, {
   *   async *gssProvider({ service, host }) {
   *     const client = await initializeClient(`${service}@${host}`);
   *     let answer: Buffer | null = Buffer.alloc(0);
   *     while (!client.contextComplete) {
   *       if (answer === null) throw new Error('the server has not proved who it is');
   *       const token = await client.step(answer.toString('base64'));
   *       if (token) answer = yield Buffer.from(token, 'base64');
   *     }
   *   },
   * });
   */
  readonly gssProvider?: GssProvider | null | undefined;
  /** The Kerberos service name, for `gssProvider`. Default `'postgres'`. PGKRBSRVNAME. */
  readonly krbsrvname?: string | null | undefined;
  /** The library that `gssProvider` is asked to use. Default: the system's usual. PGGSSLIB. */
  readonly gsslib?: 'gssapi' | 'sspi' | null | undefined;
  /**
   * Gives the bearer token for a server that asks for one (OAUTHBEARER, PostgreSQL 18 and later):
   * called once for each new connection. If it gives an empty string the server is asked where
   * tokens come from, and the function is called again, for another connection, with `issuer` and
   * `scope`; it should check that it trusts that issuer. Tokens are sent over TLS, Unix sockets and
   * the loopback interface only. Where a server offers SCRAM too, `requireAuth: 'oauth'` decides.
   *
   * PostgreSQL manual, "OAuth Authorization/Authentication".
   *
   * @throws ClientConfigurationError, on connecting, when what it gives is no bearer token
   * @example
   * await connect(dsn, {
   *   requireAuth: 'oauth',
   *   oauthToken: ({ scope, signal }) => fetchToken({ scope, signal }),
   * });
   */
  readonly oauthToken?: OAuthTokenFunction | null | undefined;

  /** Configuration parameters of the session, sent with the start-up message. */
  readonly serverSettings?: Readonly<Record<string, string>> | null | undefined;
  /** What `pg_stat_activity` shows as application_name. PGAPPNAME. */
  readonly applicationName?: string | null | undefined;
  /**
   * The role that the server must have. Default `'any'`; with a `hostProvider`, `'primary'`.
   * PGTARGETSESSIONATTRS.
   */
  readonly targetSessionAttrs?: TargetSessionAttrs | null | undefined;
  /** `'random'` (or true) tries the hosts and their addresses in random order. PGLOADBALANCEHOSTS. */
  readonly loadBalanceHosts?: 'disable' | 'random' | boolean | null | undefined;
  /**
   * TCP keepalive: on by default, after 60,000 ms of silence; a number is these milliseconds,
   * rounded up to whole seconds, and 0 the system's own value.
   */
  readonly keepAlive?: boolean | number | null | undefined;
  /** The lowest wire protocol version to accept. Default `'3.0'`. PGMINPROTOCOLVERSION. */
  readonly minProtocolVersion?: '3.0' | '3.2' | 'latest' | null | undefined;
  /** The wire protocol version to ask for. Default `'3.0'`, as libpq's. PGMAXPROTOCOLVERSION. */
  readonly maxProtocolVersion?: '3.0' | '3.2' | 'latest' | null | undefined;

  /** What values become in JavaScript. */
  readonly types?: TypeOptions | null | undefined;
  /**
   * Codecs in place of types' own, by the types' names, as `Connection.setTypeCodec` and
   * `setBuiltinTypeCodec` would set them. They hold from the first query on, for every connection
   * of a pool, and cost no query: a codec is taken up when its type is met. A type that does not
   * exist yet, or is made anew, gets it too.
   *
   * @example
   * await createPool({
   *   codecs: {
   *     mood: { decoder: (text) => Mood.parse(text), encoder: String },
   *     numeric: { schema: 'pg_catalog', decoder: (text) => new Decimal(text), encoder: String },
   *     hstore: { codecName: 'pg_contrib.hstore' },
   *   },
   * });
   */
  readonly codecs?: Readonly<Record<string, TypeCodec | BuiltinTypeCodec>> | null | undefined;
  /** Resolves host names in the stead of `node:dns` lookup, with its signature. */
  readonly lookup?: HostLookup | null | undefined;
  /** Opens the byte stream in the driver's stead. */
  readonly dial?: DialFunction | null | undefined;
}

import type { ConnectConfig, HostConfig, SslConfig } from '../../config/connect-config.ts';
import { processEnvironment } from '../../config/environment.ts';
import type { DuplexStream } from '../../config/host-types.ts';
import { findPassword, readPassfile } from '../../config/passfile.ts';
import { DEFAULT_TYPES } from '../../config/types-option.ts';
import { PROTOCOL_3_0 } from '../../protocol/frontend/startup.ts';
import { RECORDS } from '../../values/column-names.ts';

/** A socket that is not connected yet, as the `stream` option of node-postgres gives it. */
interface Dialable extends DuplexStream {
  connect(port: number | string, host?: string): unknown;
  setNoDelay?(noDelay: boolean): unknown;
  setKeepAlive?(enable: boolean, delay: number): unknown;
}

/** What a client is connected with, in the words of node-postgres. */
export interface ConnectSettings {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  /** What `tls.connect` takes; true: its defaults; false: no TLS. */
  readonly ssl: any;
  readonly sslNegotiation: string;
  readonly enableChannelBinding: boolean;
  /** 0: any number. */
  readonly scramMaxIterations: number;
  readonly keepAlive: boolean;
  readonly keepAliveInitialDelayMillis: number;
  readonly connectionTimeoutMillis: number;
  /** Of the driver's own calls; 0: no limit. */
  readonly queryTimeoutMillis: number;
  /** A socket, or what makes one. */
  readonly stream: unknown;
  readonly startupParameters: ReadonlyMap<string, string>;
  /** Empty where there is none: the server says what is wrong with that. */
  readonly password: () => Promise<string>;
}

/** A client's settings, for its pool. */
export const SETTINGS: unique symbol = Symbol('settings');

/** What need not be looked up. */
const IPV4 = /^\d+\.\d+\.\d+\.\d+$/;

/**
 * The driver's configuration for what node-postgres is told. It is made here, and not by the driver's own
 * rules: no environment variable and no file may add anything that node-postgres does not know.
 */
export function connectConfig(settings: ConnectSettings): ConnectConfig {
  const { host, port, user, database, stream } = settings;
  const socketPath = host.startsWith('/') ? `${host}/.s.PGSQL.${port}` : null;
  const timeout = settings.connectionTimeoutMillis > 0 ? settings.connectionTimeoutMillis : null;
  return Object.freeze({
    hosts: [{ host, port, socketPath, address: IPV4.test(host) ? host : null }],
    hostProvider: null,
    user,
    database,
    passwordFor: settings.password,
    timeout,
    wholeTimeout: timeout,
    attemptTimeout: null,
    commandTimeout: settings.queryTimeoutMillis > 0 ? settings.queryTimeoutMillis : null,
    rowStyle: RECORDS,
    statementCacheSize: 100,
    maxCachedStatementLifetime: 300_000,
    maxCacheableStatementSize: 15 * 1024,
    ssl: sslConfig(settings.ssl, settings.sslNegotiation, host),
    requireAuth: null,
    allowsClearText: true,
    allowsEmptyPassword: true,
    channelBinding: settings.enableChannelBinding ? 'prefer' : 'disable',
    scramIterations: { minIterations: 1, maxIterations: settings.scramMaxIterations || Infinity },
    krbsrvname: 'postgres',
    gsslib: 'gssapi',
    gssProvider: null,
    oauthToken: null,
    startupParameters: settings.startupParameters,
    targetSessionAttrs: 'any',
    loadBalanceHosts: 'disable',
    keepAlive: {
      enabled: settings.keepAlive,
      idle: settings.keepAliveInitialDelayMillis > 0 ? settings.keepAliveInitialDelayMillis : null,
      interval: null,
      count: null,
    },
    minProtocolVersion: PROTOCOL_3_0,
    maxProtocolVersion: PROTOCOL_3_0,
    types: DEFAULT_TYPES,
    codecs: new Map(),
    lookup: null,
    dial: stream ? (place: HostConfig) => dialStream(stream, place, settings) : null,
  } satisfies ConnectConfig);
}

function sslConfig(ssl: any, negotiation: string, host: string): SslConfig {
  const common = {
    negotiation: negotiation === 'direct' ? 'direct' : 'postgres',
    sni: true,
    keyLogFile: null,
  } as const;
  if (!ssl) return { ...common, mode: 'disable', tlsOptions: () => ({}) };
  const options = typeof ssl === 'object' ? ssl : {};
  const isAddress = IPV4.test(host) || host.includes(':');
  const tlsOptions = () => {
    // The key may have been made invisible, so that it is not printed.
    const given = 'key' in options ? { ...options, key: options.key } : { ...options };
    // As node-postgres has it: a host that has a name is called by that.
    if (!isAddress) delete given.servername;
    return given;
  };
  const mode = options.rejectUnauthorized === false ? 'require' : 'verify-full';
  return { ...common, mode, tlsOptions };
}

/** Connects the user's own socket. */
function dialStream(
  given: unknown,
  { host, port, socketPath }: HostConfig,
  settings: ConnectSettings,
): Promise<DuplexStream> {
  const { ssl, sslNegotiation, keepAlive, keepAliveInitialDelayMillis } = settings;
  // What node-postgres tells who makes the socket.
  const told = { stream: given, ssl, sslNegotiation, keepAlive, keepAliveInitialDelayMillis };
  const stream = (
    typeof given === 'function' ? given({ ...told, encoding: 'utf8' }) : given
  ) as Dialable;
  return new Promise((resolve, reject) => {
    stream.setNoDelay?.(true);
    stream.once('error', reject);
    stream.once('connect', () => {
      stream.off('error', reject);
      if (keepAlive) stream.setKeepAlive?.(true, keepAliveInitialDelayMillis);
      resolve(stream);
    });
    if (socketPath !== null) stream.connect(socketPath);
    else stream.connect(port, host);
  });
}

/** The password of the password file, or null. */
export async function passwordFromFile(
  settings: Pick<ConnectSettings, 'host' | 'port' | 'user' | 'database'>,
): Promise<string | null> {
  const environment = processEnvironment();
  const { env, homeDirectory, platform } = environment;
  const { PGPASSFILE, APPDATA } = env;
  const path =
    PGPASSFILE ||
    (platform === 'win32'
      ? APPDATA && `${APPDATA}/postgresql/pgpass.conf`
      : homeDirectory && `${homeDirectory}/.pgpass`);
  if (!path) return null;
  const file = await readPassfile(path, environment, (message) => process.emitWarning(message));
  if (file === null) return null;
  const { host, port, user, database } = settings;
  return findPassword(file, { hosts: [host], port, user, database });
}

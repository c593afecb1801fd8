import type { LookupFunction } from 'node:net';
import { codecsValue } from './codecs-option.ts';
import type { DialFunction, GssProvider, OAuthTokenFunction } from './connect-config.ts';
import {
  addressListText,
  addressListValue,
  type HostSpec,
  hostListText,
  hostListValue,
  portListText,
  portListValue,
} from './hosts.ts';
import type { ConnectOptions, PasswordFunction } from './options.ts';
import { configurationError, type Found, gotten, type Origin } from './origin.ts';
import { parseRequireAuth } from './require-auth.ts';
import { sslModeText, sslValue, tlsVersionText } from './ssl.ts';
import { typeOptionsValue } from './type-options.ts';
import {
  bitText,
  booleanValue,
  checkText,
  countValue,
  durationValue,
  functionValue,
  integerText,
  oneOf,
  plainText,
  positiveDurationValue,
  positiveTextOrNull,
  stringValue,
  type TextParser,
  type ValueParser,
} from './value-parsers.ts';

/** One setting: where it may come from and how it is read there. */
interface Row<T> {
  /** Its name among the options of `connect`. */
  readonly option?: keyof ConnectOptions;
  /** Its keywords in a DSN and a service file; the first one present counts. */
  readonly keys?: readonly string[];
  /** Its environment variables; likewise. */
  readonly env?: readonly string[];
  readonly text?: TextParser<T>;
  readonly value?: ValueParser<T>;
}

const row = <T>(definition: Row<T>): Row<T> => definition;

/** What is asked to be done by this word, but cannot. Silence would weaken what was asked for. */
function unsupported(reason: string): TextParser<never> {
  return (_text, origin) => {
    throw configurationError(origin, `is not supported: ${reason}`);
  };
}

/** One of a few words, with one more that libpq has and this driver must refuse. */
function oneOfBut<const W extends string>(
  words: readonly W[],
  refused: string,
  reason: string,
): TextParser<W> {
  const parse = oneOf(...words);
  return (text, origin) => {
    if (text === refused) {
      throw configurationError(origin, `"${refused}" is not supported: ${reason}`);
    }
    return parse(text, origin);
  };
}

/** `connect_timeout` counts for each host, the option for all of them together. */
interface Timeout {
  readonly milliseconds: number | null;
  readonly perHost: boolean;
}

const timeoutValue: ValueParser<Timeout> = (value, origin) => {
  if (typeof value !== 'number' || Number.isNaN(value)) {
    throw configurationError(origin, `expected a number of milliseconds${gotten(value, origin)}`);
  }
  const milliseconds = value === Number.POSITIVE_INFINITY ? null : Math.max(0, value);
  return { milliseconds, perHost: false };
};

const connectTimeoutText: TextParser<Timeout> = (text, origin) => ({
  milliseconds: positiveTextOrNull(1000)(text, origin),
  perHost: true,
});

/** `idle` is undefined when only "on" or "off" was said. */
export interface KeepAlive {
  readonly enabled: boolean;
  readonly idle?: number;
}

const keepAliveValue: ValueParser<KeepAlive> = (value, origin) =>
  typeof value === 'number'
    ? { enabled: true, idle: durationValue(value, origin) }
    : { enabled: booleanValue(value, origin) };

const loadBalanceWord = oneOf('disable', 'random');

const loadBalanceValue: ValueParser<'disable' | 'random'> = (value, origin) =>
  typeof value === 'boolean' ? (value ? 'random' : 'disable') : loadBalanceWord(value, origin);

const passwordValue: ValueParser<string | PasswordFunction> = (value, origin) => {
  if (typeof value === 'function') return functionValue<PasswordFunction>(value, origin);
  if (typeof value !== 'string') {
    throw configurationError(origin, 'expected a string or a function that gives one');
  }
  return checkText(value, origin);
};

const serverSettingsValue: ValueParser<ReadonlyMap<string, string>> = (value, origin) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw configurationError(
      origin,
      `expected an object of strings by parameter name${gotten(value, origin)}`,
    );
  }
  const settings = new Map<string, string>();
  for (const [name, setting] of Object.entries(value)) {
    if (setting === undefined) continue;
    if (typeof setting !== 'string') {
      throw configurationError(origin, `"${name}" must be a string${gotten(setting, origin)}`);
    }
    if (checkText(name, origin) === '') throw configurationError(origin, 'a name is empty');
    if (name === 'user' || name === 'database') {
      throw configurationError(origin, `"${name}" is no setting; use the option of that name`);
    }
    settings.set(name, checkText(setting, origin));
  }
  return settings;
};

const protocolVersion = oneOf('3.0', '3.2', 'latest');

const protocolText = (value: unknown, origin: Origin): number =>
  protocolVersion(value, origin) === '3.0' ? 0x30000 : 0x30002;

/** The start-up packet's `replication`; empty when it is off. */
const replicationText: TextParser<string> = (text, origin) => {
  const word = text.toLowerCase();
  if (['database', 'true', 'on', 'yes', '1'].includes(word)) return word;
  if (['false', 'off', 'no', '0'].includes(word)) return '';
  throw configurationError(origin, `expected a boolean or "database"${gotten(text, origin)}`);
};

const channelBinding = oneOf('disable', 'prefer', 'require');
const gssLibrary = oneOf('gssapi', 'sspi');
const targetSession = oneOf(
  'any',
  'primary',
  'standby',
  'prefer-standby',
  'prefer-primary',
  'read-write',
  'read-only',
);
const negotiationWord = oneOf('postgres', 'direct');

/**
 * Every setting there is. Options, DSN keywords, service file, environment variables and their
 * precedence are read off this table and nowhere else.
 */
export const optionTable = {
  host: row<readonly HostSpec[]>({
    option: 'host',
    keys: ['host'],
    env: ['PGHOST'],
    text: hostListText,
    value: hostListValue,
  }),
  hostaddr: row({
    option: 'hostaddr',
    keys: ['hostaddr'],
    env: ['PGHOSTADDR'],
    text: addressListText,
    value: addressListValue,
  }),
  port: row({
    option: 'port',
    keys: ['port'],
    env: ['PGPORT'],
    text: portListText,
    value: portListValue,
  }),
  user: row({
    option: 'user',
    keys: ['user'],
    env: ['PGUSER'],
    text: plainText,
    value: stringValue,
  }),
  database: row({
    option: 'database',
    keys: ['dbname', 'database'],
    env: ['PGDATABASE'],
    text: plainText,
    value: stringValue,
  }),
  password: row<string | PasswordFunction>({
    option: 'password',
    keys: ['password'],
    env: ['PGPASSWORD'],
    text: plainText,
    value: passwordValue,
  }),
  passfile: row({
    option: 'passfile',
    keys: ['passfile'],
    env: ['PGPASSFILE'],
    text: plainText,
    value: stringValue,
  }),
  service: row({
    option: 'service',
    keys: ['service'],
    env: ['PGSERVICE'],
    text: plainText,
    value: stringValue,
  }),
  servicefile: row({
    option: 'servicefile',
    keys: ['servicefile'],
    env: ['PGSERVICEFILE'],
    text: plainText,
    value: stringValue,
  }),

  timeout: row({
    option: 'timeout',
    keys: ['connect_timeout'],
    env: ['PGCONNECT_TIMEOUT'],
    text: connectTimeoutText,
    value: timeoutValue,
  }),
  commandTimeout: row({ option: 'commandTimeout', value: positiveDurationValue }),
  statementCacheSize: row({ option: 'statementCacheSize', value: countValue }),
  maxCachedStatementLifetime: row({ option: 'maxCachedStatementLifetime', value: durationValue }),
  maxCacheableStatementSize: row({ option: 'maxCacheableStatementSize', value: countValue }),

  ssl: row({
    option: 'ssl',
    keys: ['sslmode', 'ssl', 'requiressl'],
    env: ['PGSSLMODE', 'PGREQUIRESSL'],
    text: sslModeText,
    value: sslValue,
  }),
  sslNegotiation: row<'postgres' | 'direct'>({
    option: 'directTls',
    keys: ['sslnegotiation'],
    env: ['PGSSLNEGOTIATION'],
    text: negotiationWord,
    value: (value, origin) => (booleanValue(value, origin) ? 'direct' : 'postgres'),
  }),
  sslRootCert: row({ keys: ['sslrootcert'], env: ['PGSSLROOTCERT'], text: plainText }),
  sslCert: row({ keys: ['sslcert'], env: ['PGSSLCERT'], text: plainText }),
  sslKey: row({ keys: ['sslkey'], env: ['PGSSLKEY'], text: plainText }),
  sslPassword: row({ keys: ['sslpassword'], text: plainText }),
  sslCrl: row({ keys: ['sslcrl'], env: ['PGSSLCRL'], text: plainText }),
  sslCrlDir: row({ keys: ['sslcrldir'], env: ['PGSSLCRLDIR'], text: plainText }),
  sslCertMode: row({
    keys: ['sslcertmode'],
    env: ['PGSSLCERTMODE'],
    text: oneOfBut(
      ['disable', 'allow'],
      'require',
      'Node does not tell whether the server asked for a certificate',
    ),
  }),
  sslSni: row({ keys: ['sslsni'], env: ['PGSSLSNI'], text: bitText }),
  sslKeyLogFile: row({ keys: ['sslkeylogfile'], env: ['SSLKEYLOGFILE'], text: plainText }),
  sslMinVersion: row({
    keys: ['ssl_min_protocol_version'],
    env: ['PGSSLMINPROTOCOLVERSION'],
    text: tlsVersionText,
  }),
  sslMaxVersion: row({
    keys: ['ssl_max_protocol_version'],
    env: ['PGSSLMAXPROTOCOLVERSION'],
    text: tlsVersionText,
  }),
  /** Known, without effect: TLS is never compressed. */
  sslCompression: row({ keys: ['sslcompression'], env: ['PGSSLCOMPRESSION'], text: bitText }),

  requireAuth: row({
    option: 'requireAuth',
    keys: ['require_auth'],
    env: ['PGREQUIREAUTH'],
    text: parseRequireAuth,
    value: (value, origin) => parseRequireAuth(stringValue(value, origin), origin),
  }),
  channelBinding: row<'disable' | 'prefer' | 'require'>({
    option: 'channelBinding',
    keys: ['channel_binding'],
    env: ['PGCHANNELBINDING'],
    text: channelBinding,
    value: channelBinding,
  }),
  krbsrvname: row({
    option: 'krbsrvname',
    keys: ['krbsrvname'],
    env: ['PGKRBSRVNAME'],
    text: plainText,
    value: stringValue,
  }),
  gsslib: row<'gssapi' | 'sspi'>({
    option: 'gsslib',
    keys: ['gsslib'],
    env: ['PGGSSLIB'],
    text: gssLibrary,
    value: gssLibrary,
  }),
  gssProvider: row<GssProvider>({ option: 'gssProvider', value: functionValue }),
  oauthToken: row<OAuthTokenFunction>({ option: 'oauthToken', value: functionValue }),
  gssEncMode: row({
    keys: ['gssencmode'],
    env: ['PGGSSENCMODE'],
    text: oneOfBut(['disable', 'prefer'], 'require', 'there is no GSSAPI encryption'),
  }),
  /** Known, without effect: no credentials are ever delegated. */
  gssDelegation: row({ keys: ['gssdelegation'], env: ['PGGSSDELEGATION'], text: bitText }),
  requirePeer: row({
    keys: ['requirepeer'],
    env: ['PGREQUIREPEER'],
    text: unsupported("Node does not tell the user at a Unix socket's other end"),
  }),
  scramKeys: row({
    keys: ['scram_client_key', 'scram_server_key'],
    text: unsupported('give the password'),
  }),
  oauth: row({
    keys: ['oauth_issuer', 'oauth_client_id', 'oauth_client_secret', 'oauth_scope'],
    text: unsupported('give a token with the option oauthToken'),
  }),

  serverSettings: row({ option: 'serverSettings', value: serverSettingsValue }),
  applicationName: row({
    option: 'applicationName',
    keys: ['application_name'],
    env: ['PGAPPNAME'],
    text: plainText,
    value: stringValue,
  }),
  fallbackApplicationName: row({ keys: ['fallback_application_name'], text: plainText }),
  options: row({ keys: ['options'], env: ['PGOPTIONS'], text: plainText }),
  replication: row({ keys: ['replication'], text: replicationText }),
  /** Known, without effect: JavaScript's strings travel as UTF-8, whatever the server stores. */
  clientEncoding: row({ keys: ['client_encoding'], env: ['PGCLIENTENCODING'], text: plainText }),
  timeZone: row({ env: ['PGTZ'], text: plainText }),
  dateStyle: row({ env: ['PGDATESTYLE'], text: plainText }),
  geqo: row({ env: ['PGGEQO'], text: plainText }),

  targetSessionAttrs: row({
    option: 'targetSessionAttrs',
    keys: ['target_session_attrs'],
    env: ['PGTARGETSESSIONATTRS'],
    text: targetSession,
    value: targetSession,
  }),
  loadBalanceHosts: row<'disable' | 'random'>({
    option: 'loadBalanceHosts',
    keys: ['load_balance_hosts'],
    env: ['PGLOADBALANCEHOSTS'],
    text: loadBalanceWord,
    value: loadBalanceValue,
  }),
  keepAlive: row<KeepAlive>({
    option: 'keepAlive',
    keys: ['keepalives'],
    text: (text, origin) => ({ enabled: integerText(text, origin) !== 0 }),
    value: keepAliveValue,
  }),
  keepAliveIdle: row({ keys: ['keepalives_idle'], text: positiveTextOrNull(1000) }),
  keepAliveInterval: row({ keys: ['keepalives_interval'], text: positiveTextOrNull(1000) }),
  keepAliveCount: row({ keys: ['keepalives_count'], text: positiveTextOrNull(1) }),
  tcpUserTimeout: row({ keys: ['tcp_user_timeout'], text: positiveTextOrNull(1) }),
  minProtocolVersion: row({
    option: 'minProtocolVersion',
    keys: ['min_protocol_version'],
    env: ['PGMINPROTOCOLVERSION'],
    text: protocolText,
    value: protocolText,
  }),
  maxProtocolVersion: row({
    option: 'maxProtocolVersion',
    keys: ['max_protocol_version'],
    env: ['PGMAXPROTOCOLVERSION'],
    text: protocolText,
    value: protocolText,
  }),

  types: row({ option: 'types', value: typeOptionsValue }),
  codecs: row({ option: 'codecs', value: codecsValue }),
  lookup: row<LookupFunction>({ option: 'lookup', value: functionValue }),
  dial: row<DialFunction>({ option: 'dial', value: functionValue }),
};

type Table = typeof optionTable;

/** What was found for each row of the table; null where nothing was. */
export type Settings = {
  readonly [K in keyof Table]: Table[K] extends Row<infer T> ? Found<T> | null : never;
};

const rows: readonly Row<unknown>[] = Object.values(optionTable);
const KEYWORDS: ReadonlySet<string> = new Set(rows.flatMap((each) => each.keys ?? []));
const OPTIONS: ReadonlySet<string> = new Set(rows.flatMap((each) => each.option ?? []));

/** Whether a DSN and a service file may have it. */
export function isKeyword(key: string): boolean {
  return KEYWORDS.has(key);
}

/** Whether `connect` has an option of this name. */
export function isConnectOption(name: string): boolean {
  return OPTIONS.has(name);
}

/** Finds the value of one row: null if no source has it. */
export type Finder = <T>(definition: Row<T>) => Found<T> | null;

/** Goes through the table with a finder. */
export function collectSettings(find: Finder): Settings {
  return Object.fromEntries(
    Object.entries<Row<unknown>>(optionTable).map(([name, each]) => [name, find(each)]),
  ) as Settings; // Object.entries forgets which row has which type; the mapped type knows.
}

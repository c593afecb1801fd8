import type { TransformOptions } from '../values/column-names.ts';
import { ROW_FORMS } from '../values/row-form.ts';
import type { DialFunction, GssProvider, OAuthTokenFunction } from './connect-config.ts';
import type { HostLookup } from './host-types.ts';
import {
  type HostSpec,
  hostListText,
  hostListValue,
  portListText,
  portListValue,
} from './hosts.ts';
import {
  channelBinding,
  clientEncodingText,
  connectTimeoutText,
  gssLibrary,
  type KeepAlive,
  keepAliveValue,
  loadBalanceValue,
  loadBalanceWord,
  negotiationWord,
  passwordValue,
  protocolText,
  replicationText,
  serverSettingsValue,
  targetSession,
  timeoutValue,
  transformValue,
} from './option-parsers.ts';
import type { ConnectOptions, PasswordFunction } from './options.ts';
import type { Found } from './origin.ts';
import { late, rare } from './rare-room.ts';
import { sslModeText, sslValue } from './ssl.ts';
import { typeOptionsValue } from './types-option.ts';
import {
  bitText,
  booleanValue,
  countValue,
  durationValue,
  functionValue,
  integerText,
  nameText,
  nameValue,
  oneOf,
  plainText,
  positiveDurationValue,
  positiveTextOrNull,
  stringValue,
  type TextParser,
  type ValueParser,
} from './value-parsers.ts';

/** One setting: where it may come from and how it is read there. */
export interface Row<T> {
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
    text: late((of) => of.addressListText),
    value: late((of) => of.addressListValue),
  }),
  port: row({
    option: 'port',
    keys: ['port'],
    env: ['PGPORT'],
    text: portListText,
    value: portListValue,
  }),
  hosts: row({ option: 'hosts', value: late((of) => of.hostsValue) }),
  hostProvider: row({ option: 'hostProvider', value: late((of) => of.hostProviderValue) }),
  user: row({
    option: 'user',
    keys: ['user'],
    env: ['PGUSER'],
    text: nameText,
    value: nameValue,
  }),
  database: row({
    option: 'database',
    keys: ['dbname', 'database'],
    env: ['PGDATABASE'],
    text: nameText,
    value: nameValue,
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
    text: nameText,
    value: nameValue,
  }),
  service: row({
    option: 'service',
    keys: ['service'],
    env: ['PGSERVICE'],
    text: nameText,
    value: nameValue,
  }),
  servicefile: row({
    option: 'servicefile',
    keys: ['servicefile'],
    env: ['PGSERVICEFILE'],
    text: nameText,
    value: nameValue,
  }),

  timeout: row({
    option: 'timeout',
    keys: ['connect_timeout'],
    env: ['PGCONNECT_TIMEOUT'],
    text: connectTimeoutText,
    value: timeoutValue,
  }),
  commandTimeout: row({ option: 'commandTimeout', value: positiveDurationValue }),
  transform: row<TransformOptions>({ option: 'transform', value: transformValue }),
  rows: row({ option: 'rows', value: oneOf(...ROW_FORMS) }),
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
    text: late((of) => of.sslCertModeText),
  }),
  sslSni: row({ keys: ['sslsni'], env: ['PGSSLSNI'], text: bitText }),
  sslKeyLogFile: row({ keys: ['sslkeylogfile'], env: ['SSLKEYLOGFILE'], text: plainText }),
  sslMinVersion: row({
    keys: ['ssl_min_protocol_version'],
    env: ['PGSSLMINPROTOCOLVERSION'],
    text: late((of) => of.tlsVersionText),
  }),
  sslMaxVersion: row({
    keys: ['ssl_max_protocol_version'],
    env: ['PGSSLMAXPROTOCOLVERSION'],
    text: late((of) => of.tlsVersionText),
  }),
  /** Known, without effect: TLS is never compressed. */
  sslCompression: row({ keys: ['sslcompression'], env: ['PGSSLCOMPRESSION'], text: bitText }),

  requireAuth: row({
    option: 'requireAuth',
    keys: ['require_auth'],
    env: ['PGREQUIREAUTH'],
    text: late((of) => of.parseRequireAuth),
    value: (value, origin) => rare().parseRequireAuth(stringValue(value, origin), origin),
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
    text: late((of) => of.gssEncModeText),
  }),
  /** Known, without effect: no credentials are ever delegated. */
  gssDelegation: row({ keys: ['gssdelegation'], env: ['PGGSSDELEGATION'], text: bitText }),
  requirePeer: row({
    keys: ['requirepeer'],
    env: ['PGREQUIREPEER'],
    text: late((of) => of.noRequirePeer),
  }),
  scramKeys: row({
    keys: ['scram_client_key', 'scram_server_key'],
    text: late((of) => of.noScramKeys),
  }),
  oauth: row({
    keys: ['oauth_issuer', 'oauth_client_id', 'oauth_client_secret', 'oauth_scope'],
    text: late((of) => of.noOauth),
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
  /** JavaScript's strings travel as UTF-8, whatever the server stores. */
  clientEncoding: row({
    keys: ['client_encoding'],
    env: ['PGCLIENTENCODING'],
    text: clientEncodingText,
  }),
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
  // Checked, and without effect: Node cannot set it.
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
  codecs: row({ option: 'codecs', value: late((of) => of.codecsValue) }),
  lookup: row<HostLookup>({ option: 'lookup', value: functionValue }),
  dial: row<DialFunction>({ option: 'dial', value: functionValue }),
};

type Table = typeof optionTable;

/** What was found for each row of the table; null where nothing was. */
export type Settings = {
  readonly [K in keyof Table]: Table[K] extends Row<infer T> ? Found<T> | null : never;
};

const rows: readonly Row<unknown>[] = Object.values(optionTable);
const KEYWORDS: ReadonlySet<string> = new Set(rows.flatMap((each) => each.keys ?? []));
/** The names of all options. */
export const OPTIONS: ReadonlySet<string> = new Set(rows.flatMap((each) => each.option ?? []));

/** All variables of the environment that have a say. */
export function* variables(): Iterable<string> {
  for (const each of rows) yield* each.env ?? [];
  // Where files are looked for.
  yield* ['PGSYSCONFDIR', 'APPDATA'];
}

/** Whether a DSN and a service file may have it. */
export function isKeyword(key: string): boolean {
  return KEYWORDS.has(key);
}

/** Whether `connect` has an option of this name. */
export function isConnectOption(name: string): boolean {
  return OPTIONS.has(name);
}

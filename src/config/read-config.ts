import { join } from 'node:path';
import { ClientConfigurationError } from '../errors/client-errors.ts';
import { isUrl } from '../values/builtins.ts';
import type { RowForm } from '../values/row-form.ts';
import type { ConnectConfig, HostConfig, KeepAliveConfig } from './connect-config.ts';
import { type ParsedDsn, parseUri } from './dsn-uri.ts';
import type { Environment } from './environment.ts';
import { type HostSpec, resolveHosts } from './hosts.ts';
import { clientEncodingText } from './option-parsers.ts';
import { isConnectOption, isKeyword, optionTable, type Settings } from './option-table.ts';
import type { ConnectOptions } from './options.ts';
import { configurationError, dsnOrigin, type Found, optionOrigin } from './origin.ts';
import { rare, rareConfig } from './rare-room.ts';
import { collectSettings, findSetting } from './sources.ts';
import { resolveSsl } from './ssl.ts';
import { DEFAULT_TYPES } from './types-option.ts';
import { checkText } from './value-parsers.ts';

/** Others, such as U+00A0, may be part of a password. */
const OUTER_SPACE = /^[ \t\n\v\f\r]+|[ \t\n\v\f\r]+$/g;

const DEFAULT_TIMEOUT = 60_000;
const DEFAULT_STATEMENT_CACHE_SIZE = 100;
const DEFAULT_STATEMENT_LIFETIME = 300_000;
const DEFAULT_STATEMENT_SIZE = 15 * 1024;
/** The operating system's two hours are longer than any NAT or load balancer remembers. */
const DEFAULT_KEEPALIVE_IDLE = 60_000;

/**
 * Makes one validated, frozen configuration of everything that has a say: options, DSN, service
 * file, environment and defaults, in this order. Reads the service file and the certificate files
 * now, the password file whenever a password is asked for.
 *
 * @throws ClientConfigurationError naming the setting and where it came from, never a secret;
 *   NotLoaded while it needs what few need: `loadConfig` is for everybody
 */
export function readConfig(
  dsn: string | undefined,
  options: ConnectOptions<RowForm>,
  environment: Environment,
): ConnectConfig {
  checkOptionNames(options);
  const parsed = parseDsn(dsn);
  // The service is named by the others and cannot name itself.
  const others = { options, dsn: parsed, service: null, environment };
  const name = findSetting(optionTable.service, others)?.value;
  const file = findSetting(optionTable.servicefile, others)?.value ?? null;
  const service =
    name === undefined ? null : rare().loadService(name, file, environment, isKeyword);
  return assemble(collectSettings({ ...others, service }), parsed, environment);
}

function checkOptionNames(options: ConnectOptions<RowForm>): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new ClientConfigurationError('the connect options must be an object');
  }
  // It has a host, a port and a password, but no user and no database.
  if (isUrl(options)) {
    throw new ClientConfigurationError('the connect options must not be a URL', {
      hint: 'Give it as text, in place of the DSN: String(url).',
    });
  }
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || isConnectOption(name)) continue;
    const hint = hintForUnknown(name);
    throw new ClientConfigurationError(
      `unknown option "${name}"`,
      hint === null ? undefined : { hint },
    );
  }
}

function hintForUnknown(name: string): string | null {
  const camelCase = name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  if (isConnectOption(camelCase)) return `It is spelled "${camelCase}".`;
  return rare().hintForOption(name);
}

function parseDsn(dsn: string | null | undefined): ParsedDsn {
  if (typeof dsn === 'string') {
    checkText(dsn, { kind: 'dsn', name: 'dsn', label: 'the DSN' });
    return isPlainUri(dsn) ? parseUri(dsn, isKeyword) : parseOtherDsn(dsn.replace(OUTER_SPACE, ''));
  }
  if (dsn === undefined || dsn === null) return parseOtherDsn('');
  throw new ClientConfigurationError('the DSN must be a string');
}

/** What is no URI in the usual spelling, for which there are expressions to be compiled. */
function parseOtherDsn(text: string): ParsedDsn {
  const nothing = { values: new Map(), hosts: null, serverSettings: new Map() };
  if (text === '') return nothing;
  if (/^postgres(?:ql)?:\/\//i.test(text)) return parseUri(text, isKeyword);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text) || !text.includes('=')) {
    throw new ClientConfigurationError(
      'invalid DSN: scheme is expected to be either "postgresql" or "postgres"',
      { hint: 'Write postgres://user@host/dbname, or keyword=value pairs as libpq takes them.' },
    );
  }
  return { ...nothing, values: rare().parseKeywords(text, isKeyword) };
}

/** A URI in the usual spelling, without space around it. */
function isPlainUri(dsn: string): boolean {
  return (
    (dsn.startsWith('postgres://') || dsn.startsWith('postgresql://')) &&
    dsn.charCodeAt(dsn.length - 1) > 0x20
  );
}

function assemble(settings: Settings, dsn: ParsedDsn, environment: Environment): ConnectConfig {
  const authority = dsn.hosts && { value: dsn.hosts, origin: dsnOrigin('host') };
  const hostProvider = settings.hostProvider?.value ?? null;
  const hosts = hostsOf(settings, authority, hostProvider !== null, environment);
  const user = settings.user?.value ?? operatingSystemUser(environment);
  const database = settings.database?.value ?? user;
  const applicationName = applicationNameOf(settings, dsn);
  const timeout = settings.timeout?.value ?? { milliseconds: DEFAULT_TIMEOUT, perHost: false };
  const { milliseconds } = timeout;
  const minProtocolVersion = settings.minProtocolVersion?.value ?? 0x30000;
  const maxProtocolVersion =
    settings.maxProtocolVersion?.value ?? Math.max(0x30000, minProtocolVersion);
  if (settings.minProtocolVersion !== null && minProtocolVersion > maxProtocolVersion) {
    throw configurationError(
      settings.minProtocolVersion.origin,
      'the minimum is above the maximum protocol version',
    );
  }

  return Object.freeze({
    hosts,
    hostProvider,
    user,
    database,
    passwordFor: passwordSource(settings, { user, database }, environment),
    timeout:
      timeout.perHost && milliseconds !== null
        ? milliseconds * Math.max(1, hosts.length)
        : milliseconds,
    wholeTimeout: timeout.perHost ? null : milliseconds,
    attemptTimeout: timeout.perHost ? milliseconds : null,
    commandTimeout: settings.commandTimeout?.value ?? null,
    rowStyle: Object.freeze({
      form: settings.rows?.value ?? 'record',
      column: settings.transform?.value.column ?? null,
    }),
    statementCacheSize: settings.statementCacheSize?.value ?? DEFAULT_STATEMENT_CACHE_SIZE,
    maxCachedStatementLifetime:
      settings.maxCachedStatementLifetime?.value ?? DEFAULT_STATEMENT_LIFETIME,
    maxCacheableStatementSize: settings.maxCacheableStatementSize?.value ?? DEFAULT_STATEMENT_SIZE,
    ssl: resolveSsl(
      settings,
      environment,
      hostProvider !== null || hosts.some((host) => host.socketPath === null),
    ),
    requireAuth: settings.requireAuth?.value.allowed ?? null,
    allowsClearText: settings.requireAuth?.value.namesPassword ?? false,
    allowsEmptyPassword: false,
    channelBinding: settings.channelBinding?.value ?? 'prefer',
    krbsrvname: settings.krbsrvname?.value ?? 'postgres',
    gsslib: settings.gsslib?.value ?? (environment.platform === 'win32' ? 'sspi' : 'gssapi'),
    gssProvider: settings.gssProvider?.value ?? null,
    oauthToken: settings.oauthToken?.value ?? null,
    startupParameters: startupParameters(settings, dsn, { user, database, applicationName }),
    targetSessionAttrs:
      settings.targetSessionAttrs?.value ?? (hostProvider === null ? 'any' : 'primary'),
    loadBalanceHosts: settings.loadBalanceHosts?.value ?? 'disable',
    keepAlive: keepAlive(settings),
    minProtocolVersion,
    maxProtocolVersion,
    types: settings.types?.value ?? DEFAULT_TYPES,
    codecs: settings.codecs?.value ?? new Map(),
    lookup: settings.lookup?.value ?? null,
    dial: settings.dial?.value ?? null,
  });
}

/** The places to try, none where a provider is to tell them and nobody else does. */
function hostsOf(
  settings: Settings,
  authority: Found<readonly HostSpec[]> | null,
  isProvided: boolean,
  environment: Environment,
): readonly HostConfig[] {
  const { hosts, host, hostaddr, port } = settings;
  if (hosts !== null) {
    for (const other of [host, hostaddr, port]) {
      if (other?.origin.kind === 'option') {
        throw configurationError(hosts.origin, `given together with ${other.origin.name}`);
      }
    }
    return hosts.value;
  }
  const named = host ?? authority;
  if (isProvided && named === null && hostaddr === null) return [];
  return resolveHosts(named, port, hostaddr, environment.platform);
}

function operatingSystemUser(environment: Environment): string {
  let cause: unknown;
  try {
    const name = environment.userName();
    if (name !== '') return name;
  } catch (error) {
    cause = error;
  }
  throw new ClientConfigurationError('could not determine the user name to connect with', {
    hint: 'Give the option user, a user in the DSN, or PGUSER.',
    cause,
  });
}

function keepAlive(settings: Settings): KeepAliveConfig {
  const idle =
    settings.keepAliveIdle === null ? DEFAULT_KEEPALIVE_IDLE : settings.keepAliveIdle.value;
  return Object.freeze({
    enabled: settings.keepAlive?.value.enabled ?? true,
    idle: settings.keepAlive?.value.idle ?? idle,
    interval: settings.keepAliveInterval?.value ?? null,
    count: settings.keepAliveCount?.value ?? null,
  });
}

/** The option, `serverSettings.application_name`, and then as every other setting. */
function applicationNameOf(settings: Settings, dsn: ParsedDsn): string | null {
  const found = settings.applicationName;
  if (found?.origin.kind === 'option') return found.value;
  return (
    settings.serverSettings?.value.get('application_name') ??
    dsn.serverSettings.get('application_name') ??
    found?.value ??
    settings.fallbackApplicationName?.value ??
    null
  );
}

function startupParameters(
  settings: Settings,
  dsn: ParsedDsn,
  identity: { user: string; database: string; applicationName: string | null },
): ReadonlyMap<string, string> {
  const parameters = new Map([
    ['user', identity.user],
    ['database', identity.database],
    ['client_encoding', 'UTF8'],
  ]);
  const { applicationName } = identity;
  if (applicationName) parameters.set('application_name', applicationName);
  if (settings.options) parameters.set('options', settings.options.value);
  if (settings.replication?.value) parameters.set('replication', settings.replication.value);
  const serverSettings = new Map(dsn.serverSettings);
  for (const [name, value] of settings.serverSettings?.value ?? []) serverSettings.set(name, value);
  serverSettings.delete('application_name');
  for (const [name, value] of serverSettings) {
    if (name.toLowerCase() === 'client_encoding') {
      clientEncodingText(value, optionOrigin('serverSettings'));
    } else {
      parameters.set(name, value);
    }
  }
  const { timeZone, dateStyle, geqo } = settings;
  if (timeZone !== null) addUnlessGiven(parameters, 'timezone', timeZone.value);
  if (dateStyle !== null) addUnlessGiven(parameters, 'datestyle', dateStyle.value);
  if (geqo !== null) addUnlessGiven(parameters, 'geqo', geqo.value);
  return parameters;
}

/** What a variable of the environment says gives way to a setting, however that is spelled. */
function addUnlessGiven(parameters: Map<string, string>, name: string, value: string): void {
  for (const other of parameters.keys()) if (other.toLowerCase() === name) return;
  parameters.set(name, value);
}

/**
 * Closes over the password, so that neither printing nor serializing the configuration finds it.
 */
function passwordSource(
  settings: Settings,
  identity: { user: string; database: string },
  environment: Environment,
): ConnectConfig['passwordFor'] {
  const password = settings.password?.value ?? null;
  const passfile = settings.passfile?.value ?? defaultPassfile(environment);
  let warned = false;
  const warn = (message: string): void => {
    if (warned) return;
    warned = true;
    process.emitWarning(message, 'AsyncpgPasswordFileWarning');
  };
  return async (host: HostConfig): Promise<string | null> => {
    if (typeof password === 'string') return password;
    if (password !== null) {
      const given: unknown = await password();
      const origin = optionOrigin('password');
      if (typeof given === 'string') return checkText(given, origin);
      throw configurationError(origin, 'the function must give a string');
    }
    if (passfile === null) return null;
    const { findPassword, readPassfile } = rareConfig.content ?? (await rareConfig.open());
    const file = await readPassfile(passfile, environment, warn);
    if (file === null) return null;
    // libpq has "localhost" for its default socket directory only; asyncpg for every socket.
    const hosts = host.socketPath !== null ? [host.host, 'localhost'] : [host.host];
    return findPassword(file, { ...identity, hosts, port: host.port });
  };
}

function defaultPassfile(environment: Environment): string | null {
  if (environment.platform === 'win32') {
    const appData = environment.env['APPDATA'];
    return appData ? join(appData, 'postgresql', 'pgpass.conf') : null;
  }
  return environment.homeDirectory === null ? null : join(environment.homeDirectory, '.pgpass');
}

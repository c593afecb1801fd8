import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ClientConfigurationError } from '../errors/client-errors.ts';
import type { SslConfig, SslMode } from './connect-config.ts';
import type { Environment } from './environment.ts';
import type { TlsOptions, TlsVersion } from './host-types.ts';
import { configurationError, type Found, gotSuffix, type Origin } from './origin.ts';
import { oneOf, type TextParser, type ValueParser } from './value-parsers.ts';

/** What `ssl` and `sslmode` can say. `trustStore`: without a file, Node's roots are taken. */
export type SslChoice =
  | { readonly mode: SslMode; readonly trustStore: boolean }
  | { readonly mode: 'custom'; readonly tls: TlsOptions };

/** Everything about TLS that was found in options, DSN, service file and environment. */
export interface SslSettings {
  readonly ssl: Found<SslChoice> | null;
  readonly sslNegotiation: Found<'postgres' | 'direct'> | null;
  readonly sslRootCert: Found<string> | null;
  readonly sslCert: Found<string> | null;
  readonly sslKey: Found<string> | null;
  readonly sslPassword: Found<string> | null;
  readonly sslCrl: Found<string> | null;
  readonly sslCrlDir: Found<string> | null;
  readonly sslCertMode: Found<'disable' | 'allow'> | null;
  readonly sslSni: Found<boolean> | null;
  readonly sslKeyLogFile: Found<string> | null;
  readonly sslMinVersion: Found<TlsVersion> | null;
  readonly sslMaxVersion: Found<TlsVersion> | null;
}

/** Weakest first, so that indices compare. */
const MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
const parseMode = oneOf(...MODES);

function isAtLeast(mode: SslMode, floor: SslMode): boolean {
  return MODES.indexOf(mode) >= MODES.indexOf(floor);
}

/** `sslmode`, and two that mean it: JDBC's `ssl=true` and the `requiressl` of old. */
export const sslModeText: TextParser<SslChoice> = (text, origin) => {
  let mode: SslMode;
  if (origin.name === 'requiressl' || origin.name === 'PGREQUIRESSL') {
    mode = text.startsWith('1') ? 'require' : 'prefer';
  } else if (origin.name === 'ssl' && (text === 'true' || text === '1')) {
    mode = 'require';
  } else if (origin.name === 'ssl' && (text === 'false' || text === '0')) {
    mode = 'disable';
  } else {
    mode = parseMode(text, origin);
  }
  return { mode, trustStore: false };
};

export const sslValue: ValueParser<SslChoice> = (value, origin) => {
  if (value === true) return { mode: 'verify-full', trustStore: true };
  if (value === false) return { mode: 'disable', trustStore: false };
  if (typeof value === 'string') return { mode: parseMode(value, origin), trustStore: false };
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return { mode: 'custom', tls: value };
  }
  throw configurationError(
    origin,
    `expected a boolean, an sslmode or options for tls.connect${gotSuffix(value, origin)}`,
  );
};

const VERSIONS: readonly TlsVersion[] = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'];

export const tlsVersionText: TextParser<TlsVersion> = (text, origin) => {
  const version = VERSIONS.find((name) => name.toLowerCase() === text.toLowerCase());
  if (version === undefined) {
    throw configurationError(
      origin,
      `expected one of ${VERSIONS.join(', ')}${gotSuffix(text, origin)}`,
    );
  }
  return version;
};

/**
 * Decides how TLS is used and reads the files it needs.
 *
 * PostgreSQL manual, "SSL Support" of libpq. Where this differs: a certificate file that was
 * named and does not exist is an error, since leaving it away silently weakens the connection.
 */
export function resolveSsl(
  settings: SslSettings,
  environment: Environment,
  anyTcp: boolean,
): SslConfig {
  const negotiation = settings.sslNegotiation?.value ?? 'postgres';
  const common = {
    negotiation,
    sni: settings.sslSni?.value ?? true,
    keyLogFile: settings.sslKeyLogFile?.value ?? null,
  };
  // Nothing is read for Unix sockets, so that a missing file cannot hinder them.
  if (!anyTcp) return sslConfig({ ...common, mode: 'disable' }, {});

  const versions = tlsVersions(settings);
  const choice = settings.ssl?.value ?? { mode: 'prefer', trustStore: false };
  if (choice.mode === 'custom') {
    const verified = choice.tls.rejectUnauthorized !== false;
    return sslConfig(
      { ...common, mode: verified ? 'verify-full' : 'require' },
      // Said explicitly, since Node's default yields to NODE_TLS_REJECT_UNAUTHORIZED.
      { ...versions, ...choice.tls, rejectUnauthorized: verified },
    );
  }

  let mode = choice.mode;
  const systemRoots = settings.sslRootCert?.value === 'system';
  if (systemRoots && settings.ssl === null) mode = 'verify-full';
  if (systemRoots && settings.ssl !== null && mode !== 'verify-full') {
    throw configurationError(
      settings.ssl.origin,
      `sslmode "${mode}" is too weak for sslrootcert=system; use "verify-full"`,
    );
  }
  if (negotiation === 'direct' && settings.sslNegotiation && !isAtLeast(mode, 'require')) {
    throw configurationError(
      settings.sslNegotiation.origin,
      `sslmode "${mode}" is too weak for direct TLS; ` +
        'use "require", "verify-ca" or "verify-full"',
    );
  }
  if (mode === 'disable') return sslConfig({ ...common, mode }, {});

  const directory = defaultDirectory(environment);
  const tls: TlsOptions = { ...versions, rejectUnauthorized: false };
  if (isAtLeast(mode, 'require') && !systemRoots) {
    const ca = readRoots(settings, mode, choice.trustStore, directory);
    if (ca !== null) {
      tls.ca = ca;
      if (mode === 'require') mode = 'verify-ca';
      const crl = readCrls(settings, choice.trustStore ? null : directory);
      if (crl.length > 0) tls.crl = crl;
    }
  }
  if (isAtLeast(mode, 'verify-ca')) tls.rejectUnauthorized = true;
  if (!isAtLeast(mode, 'verify-full')) tls.checkServerIdentity = () => undefined;
  Object.assign(
    tls,
    readClientCertificate(settings, choice.trustStore ? null : directory, environment.platform),
  );
  return sslConfig({ ...common, mode }, tls);
}

/** Keeps the options, which hold key and passphrase, where printing does not find them. */
function sslConfig(fields: Omit<SslConfig, 'tlsOptions'>, tls: TlsOptions): SslConfig {
  return Object.freeze({ ...fields, tlsOptions: () => ({ ...tls }) });
}

function tlsVersions(settings: SslSettings): TlsOptions {
  const minimum = settings.sslMinVersion?.value ?? 'TLSv1.2';
  const maximum = settings.sslMaxVersion?.value ?? null;
  if (maximum === null) return { minVersion: minimum };
  if (VERSIONS.indexOf(minimum) > VERSIONS.indexOf(maximum)) {
    const { origin } = settings.sslMaxVersion ?? settings.sslMinVersion ?? unreachable();
    throw configurationError(origin, `${maximum} is below the minimum, ${minimum}`);
  }
  return { minVersion: minimum, maxVersion: maximum };
}

function unreachable(): never {
  throw new TypeError('unreachable');
}

/** Where libpq looks for certificates that are not named; null without a home directory. */
function defaultDirectory(environment: Environment): string | null {
  if (environment.platform === 'win32') {
    const appData = environment.env['APPDATA'];
    return appData ? join(appData, 'postgresql') : null;
  }
  return environment.homeDirectory === null ? null : join(environment.homeDirectory, '.postgresql');
}

/** A file that was named, or the one in the default directory. */
interface Place {
  readonly path: string;
  readonly origin: Origin | null;
}

function placeOf(
  setting: Found<string> | null,
  directory: string | null,
  name: string,
): Place | null {
  if (setting !== null) return { path: setting.value, origin: setting.origin };
  return directory === null ? null : { path: join(directory, name), origin: null };
}

function placeError(place: Place, problem: string, options?: { hint?: string; cause?: unknown }) {
  const text = `file "${place.path}" ${problem}`;
  return place.origin === null
    ? new ClientConfigurationError(text, options)
    : configurationError(place.origin, text, options);
}

/** The contents, or null if there is no such file. */
function readIfPresent(place: Place): Buffer | null {
  try {
    return readFileSync(place.path);
  } catch (cause) {
    if (isMissing(cause)) return null;
    throw placeError(place, 'cannot be read', { cause });
  }
}

function isMissing(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function readNamed(place: Place): Buffer {
  const contents = readIfPresent(place);
  if (contents === null) throw placeError(place, 'does not exist');
  return contents;
}

const ROOT_HINT =
  'Provide the file, take the well-known roots with sslrootcert=system, or choose an sslmode ' +
  'that does not verify the server.';

function readRoots(
  settings: SslSettings,
  mode: SslMode,
  trustStore: boolean,
  directory: string | null,
): Buffer | null {
  if (trustStore && settings.sslRootCert === null) return null;
  const place = placeOf(settings.sslRootCert, directory, 'root.crt');
  if (place === null) {
    if (mode === 'require') return null;
    throw new ClientConfigurationError(
      `sslmode "${mode}" needs a root certificate and none is given`,
      { detail: 'There is no home directory in which to look for one.', hint: ROOT_HINT },
    );
  }
  const roots = readIfPresent(place);
  if (roots === null) {
    if (mode === 'require' && place.origin === null) return null;
    const error = `does not exist, and sslmode "${mode}" needs it as the root certificate`;
    throw placeError(place, error, { hint: ROOT_HINT });
  }
  // Node would take a file without certificates as "no roots" and say so only at the handshake.
  if (!roots.includes('-----BEGIN')) throw placeError(place, 'holds no PEM certificate');
  return roots;
}

function readCrls(settings: SslSettings, directory: string | null): Buffer[] {
  const lists: Buffer[] = [];
  const place = placeOf(settings.sslCrl, directory, 'root.crl');
  if (settings.sslCrl !== null && place !== null) {
    lists.push(readNamed(place));
  } else if (place !== null && settings.sslCrlDir === null) {
    const list = readIfPresent(place);
    if (list !== null) lists.push(list);
  }
  if (settings.sslCrlDir !== null) {
    const folder: Place = { path: settings.sslCrlDir.value, origin: settings.sslCrlDir.origin };
    for (const name of listFolder(folder)) {
      lists.push(readNamed({ path: join(folder.path, name), origin: folder.origin }));
    }
  }
  return lists;
}

function listFolder(folder: Place): string[] {
  try {
    return readdirSync(folder.path).sort();
  } catch (cause) {
    throw placeError(folder, 'is not a directory that can be read', { cause });
  }
}

function readClientCertificate(
  settings: SslSettings,
  directory: string | null,
  platform: string,
): TlsOptions {
  if (settings.sslCertMode?.value === 'disable') return {};
  const place = placeOf(settings.sslCert, directory, 'postgresql.crt');
  if (place === null) return {};
  const cert = settings.sslCert === null ? readIfPresent(place) : readNamed(place);
  if (cert === null) return {};
  const keyPlace = placeOf(settings.sslKey, directory, 'postgresql.key');
  if (keyPlace === null) throw placeError(place, 'is a certificate, but no sslkey is given');
  const contents = readKey(keyPlace, platform);
  const key = parseKey(keyPlace, contents, settings.sslPassword?.value ?? null);
  if (!isCertificateOf(place, cert, key)) {
    throw placeError(keyPlace, `is not the private key of certificate "${place.path}"`);
  }
  return { cert, key: key.export({ format: 'pem', type: 'pkcs8' }) };
}

/** libpq's rule: nobody but the owner, or if it belongs to root, at most a reading group. */
function readKey(place: Place, platform: string): Buffer {
  let stats: ReturnType<typeof statSync>;
  try {
    stats = statSync(place.path);
  } catch (cause) {
    throw placeError(place, 'cannot be read as the private key', { cause });
  }
  if (!stats?.isFile()) throw placeError(place, 'is not a plain file');
  const forbidden = stats.uid === 0 ? 0o037 : 0o077;
  if (platform !== 'win32' && (stats.mode & forbidden) !== 0) {
    throw placeError(place, 'is a private key with group or world access', {
      hint: 'Its permissions must be u=rw (0600) or less, u=rw,g=r (0640) if it is owned by root.',
    });
  }
  return readNamed(place);
}

function parseKey(place: Place, contents: Buffer, passphrase: string | null): KeyObject {
  const isPem = contents.includes('-----BEGIN');
  if (isPem && passphrase === null && contents.includes('ENCRYPTED')) {
    throw placeError(place, 'is an encrypted private key', {
      hint: 'Give its passphrase as sslpassword.',
    });
  }
  const secret = passphrase === null ? {} : { passphrase };
  const attempts = isPem
    ? [() => createPrivateKey({ key: contents, format: 'pem', ...secret })]
    : (['pkcs8', 'pkcs1', 'sec1'] as const).map(
        (type) => () => createPrivateKey({ key: contents, format: 'der', type, ...secret }),
      );
  let cause: unknown;
  for (const attempt of attempts) {
    try {
      return attempt();
    } catch (error) {
      cause ??= error;
    }
  }
  throw placeError(place, 'cannot be loaded as a private key', {
    hint: 'If it is encrypted, sslpassword may be wrong.',
    cause,
  });
}

function isCertificateOf(place: Place, certificate: Buffer, key: KeyObject): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(key);
  } catch (cause) {
    throw placeError(place, 'cannot be loaded as a certificate', { cause });
  }
}

import type { SslConfig, SslMode } from './connect-config.ts';
import type { Environment } from './environment.ts';
import type { TlsOptions, TlsVersion } from './host-types.ts';
import { configurationError, type Found, gotSuffix } from './origin.ts';
import { rare } from './rare-room.ts';
import { hasSslDirectory } from './ssl-directory.ts';
import type { SslFileSettings, SslFiles } from './ssl-files.ts';
import type { TlsVersionSettings } from './tls-versions.ts';
import { oneOf, type TextParser, type ValueParser } from './value-parsers.ts';

/** What `ssl` and `sslmode` can say. `trustStore`: without a file, Node's roots are taken. */
export type SslChoice =
  | { readonly mode: SslMode; readonly trustStore: boolean }
  | { readonly mode: 'custom'; readonly tls: TlsOptions };

/** Everything about TLS that was found in options, DSN, service file and environment. */
export interface SslSettings extends SslFileSettings, TlsVersionSettings {
  readonly ssl: Found<SslChoice> | null;
  readonly sslNegotiation: Found<'postgres' | 'direct'> | null;
  readonly sslSni: Found<boolean> | null;
  readonly sslKeyLogFile: Found<string> | null;
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

const LEAST_VERSION: TlsVersion = 'TLSv1.2';

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

  const versions =
    settings.sslMinVersion === null && settings.sslMaxVersion === null
      ? { minVersion: LEAST_VERSION }
      : rare().tlsVersions(settings, LEAST_VERSION);
  const choice = settings.ssl?.value ?? { mode: 'prefer', trustStore: false };
  if (choice.mode === 'custom') {
    const verified = choice.tls.rejectUnauthorized !== false;
    return sslConfig(
      { ...common, mode: verified ? 'verify-full' : 'require' },
      {
        ...versions,
        ...choice.tls,
        ...namedFiles(settings, environment, choice.tls, verified),
        // Said explicitly, since Node's default yields to NODE_TLS_REJECT_UNAUTHORIZED.
        rejectUnauthorized: verified,
      },
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

  const files = sslFiles(settings, environment, choice, systemRoots ? null : mode);
  const tls: TlsOptions = { ...versions, rejectUnauthorized: false };
  if (isAtLeast(mode, 'require') && !systemRoots) {
    const ca = files?.roots(mode) ?? null;
    if (ca !== null) {
      tls.ca = ca;
      if (mode === 'require') mode = 'verify-ca';
    }
  }
  if (isAtLeast(mode, 'verify-ca')) {
    tls.rejectUnauthorized = true;
    const crl = files?.revocationLists() ?? [];
    if (crl.length > 0) tls.crl = crl;
  }
  if (!isAtLeast(mode, 'verify-full')) tls.checkServerIdentity = () => undefined;
  Object.assign(tls, files?.clientCertificate());
  return sslConfig({ ...common, mode }, tls);
}

/** What files that were named have, where the options for `tls.connect` say nothing of it. */
function namedFiles(
  settings: SslSettings,
  environment: Environment,
  given: TlsOptions,
  verified: boolean,
): TlsOptions {
  const { sslRootCert, sslCert, sslCrl, sslCrlDir } = settings;
  const isGiven = (...names: string[]): boolean =>
    ['secureContext', ...names].some(
      (name) => ((given as Record<string, unknown>)[name] ?? null) !== null,
    );
  const needs = {
    roots: verified && sslRootCert !== null && sslRootCert.value !== 'system' && !isGiven('ca'),
    lists: verified && (sslCrl ?? sslCrlDir) !== null && !isGiven('crl'),
    certificate: sslCert !== null && !isGiven('cert', 'key', 'pfx'),
  };
  if (!(needs.roots || needs.lists || needs.certificate)) return {};
  const files = new (rare().SslFiles)(settings, environment, true);
  return {
    ...(needs.roots ? { ca: files.roots('verify-full')! } : {}),
    ...(needs.lists ? { crl: files.revocationLists() } : {}),
    ...(needs.certificate ? files.clientCertificate() : {}),
  };
}

/** Keeps the options, which hold key and passphrase, where printing does not find them. */
function sslConfig(fields: Omit<SslConfig, 'tlsOptions'>, tls: TlsOptions): SslConfig {
  return Object.freeze({ ...fields, tlsOptions: () => ({ ...tls }) });
}

/**
 * What reads the files that are named, needed, or may be where libpq looks for them; null: there are none.
 *
 * @param rootsFor the mode whose root certificates are in a file; null: they are Node's
 */
function sslFiles(
  settings: SslSettings,
  environment: Environment,
  { trustStore }: { readonly trustStore: boolean },
  rootsFor: SslMode | null,
): SslFiles | null {
  const { sslRootCert, sslCert, sslKey, sslCrl, sslCrlDir } = settings;
  const named = (rootsFor && sslRootCert) ?? sslCert ?? sslKey ?? sslCrl ?? sslCrlDir;
  const needsRoots = rootsFor !== null && isAtLeast(rootsFor, 'verify-ca');
  if (named === null && (trustStore || !(needsRoots || hasSslDirectory(environment)))) return null;
  return new (rare().SslFiles)(settings, environment, trustStore);
}

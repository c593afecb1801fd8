import type { TlsOptions, TlsVersion } from './host-types.ts';
import { configurationError, type Found, gotSuffix } from './origin.ts';
import type { TextParser } from './value-parsers.ts';

/** What was found of the versions of TLS. */
export interface TlsVersionSettings {
  readonly sslMinVersion: Found<TlsVersion> | null;
  readonly sslMaxVersion: Found<TlsVersion> | null;
}

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

/** The limits that were given. @param least the minimum where none was */
export function tlsVersions(settings: TlsVersionSettings, least: TlsVersion): TlsOptions {
  const minimum = settings.sslMinVersion?.value ?? least;
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

import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { ClientConfigurationError } from '../errors/client-errors.ts';
import { builtinModule } from '../runtime/builtin-module.ts';
import type { SslMode } from './connect-config.ts';
import type { Environment } from './environment.ts';
import type { FileStatus, Files } from './files.ts';
import type { TlsOptions } from './host-types.ts';
import { configurationError, type Found, type Origin } from './origin.ts';
import { isMissing, sslDirectory } from './ssl-directory.ts';

/** The settings that name certificates, keys and lists of what was revoked. */
export interface SslFileSettings {
  readonly sslRootCert: Found<string> | null;
  readonly sslCert: Found<string> | null;
  readonly sslKey: Found<string> | null;
  readonly sslPassword: Found<string> | null;
  readonly sslCrl: Found<string> | null;
  readonly sslCrlDir: Found<string> | null;
  readonly sslCertMode: Found<'disable' | 'allow'> | null;
}

const ROOT_HINT =
  'Provide the file, take the well-known roots with sslrootcert=system, or choose an sslmode ' +
  'that does not verify the server.';

/** Reads what TLS needs from the files that the settings name, or from where libpq looks for them. */
export class SslFiles {
  readonly #settings: SslFileSettings;
  readonly #environment: Environment;
  readonly #files: Files;
  /** Node's roots are taken unless a file is named. */
  readonly #trustStore: boolean;
  /** Where files that are not named are looked for; null: nowhere, as with Node's roots. */
  readonly #directory: string | null;

  constructor(settings: SslFileSettings, environment: Environment, trustStore: boolean) {
    this.#settings = settings;
    this.#environment = environment;
    this.#files = environment.files;
    this.#trustStore = trustStore;
    this.#directory = trustStore ? null : sslDirectory(environment);
  }

  /** The root certificates; null where the mode takes Node's, or goes without. */
  roots(mode: SslMode): Buffer | null {
    const { sslRootCert } = this.#settings;
    if (this.#trustStore && sslRootCert === null) return null;
    const place = placeOf(sslRootCert, this.#directory, 'root.crt');
    if (place === null) {
      if (mode === 'require') return null;
      throw new ClientConfigurationError(
        `sslmode "${mode}" needs a root certificate and none is given`,
        {
          detail: 'There is no home directory in which to look for one, or it may not be entered.',
          hint: ROOT_HINT,
        },
      );
    }
    const roots = this.#readIfPresent(place);
    if (roots === null) {
      if (mode === 'require' && place.origin === null) return null;
      const error = `does not exist, and sslmode "${mode}" needs it as the root certificate`;
      throw placeError(place, error, { hint: ROOT_HINT });
    }
    // Node would take a file without certificates as "no roots" and say so only at the handshake.
    checkCertificates(place, roots);
    return roots;
  }

  /** The lists of certificates that were revoked. */
  revocationLists(): Buffer[] {
    const lists: Buffer[] = [];
    const settings = this.#settings;
    const place = placeOf(settings.sslCrl, this.#directory, 'root.crl');
    if (place !== null && (settings.sslCrl !== null || settings.sslCrlDir === null)) {
      const contents =
        settings.sslCrl === null ? this.#readIfPresent(place) : this.#readNamed(place);
      if (contents !== null) lists.push(...listsOf(place, contents));
    }
    if (settings.sslCrlDir !== null) {
      const folder: Place = { path: settings.sslCrlDir.value, origin: settings.sslCrlDir.origin };
      const contents = this.#list(folder).map((path) =>
        this.#readNamed({ path, origin: folder.origin }),
      );
      lists.push(...listsOf(folder, Buffer.concat(contents)));
    }
    return lists;
  }

  /** The client's certificate and its key, if there are any. */
  clientCertificate(): TlsOptions {
    const settings = this.#settings;
    const directory = this.#directory;
    if (settings.sslCertMode?.value === 'disable') return {};
    const place = placeOf(settings.sslCert, directory, 'postgresql.crt');
    if (place === null) return {};
    const cert = settings.sslCert === null ? this.#readIfPresent(place) : this.#readNamed(place);
    if (cert === null) return {};
    const keyPlace = placeOf(settings.sslKey, directory, 'postgresql.key');
    if (keyPlace === null) throw placeError(place, 'is a certificate, but no sslkey is given');
    const contents = this.#readKey(keyPlace);
    const key = parseKey(keyPlace, contents, settings.sslPassword?.value ?? null);
    if (!isCertificateOf(place, cert, key)) {
      throw placeError(keyPlace, `is not the private key of certificate "${place.path}"`);
    }
    checkCertificates(place, cert);
    return { cert, key: key.export({ format: 'pem', type: 'pkcs8' }) };
  }

  /** libpq's rule: nobody but the owner, or if it belongs to root, at most a reading group. */
  #readKey(place: Place): Buffer {
    let status: FileStatus;
    try {
      status = this.#files.statusSync(place.path);
    } catch (cause) {
      throw placeError(place, 'cannot be read as the private key', { cause });
    }
    if (!status.isFile) throw placeError(place, 'is not a plain file');
    const forbidden = status.uid === 0 ? 0o037 : 0o077;
    if (this.#environment.platform !== 'win32' && (status.mode & forbidden) !== 0) {
      throw placeError(place, 'is a private key with group or world access', {
        hint: 'Its permissions must be u=rw (0600) or less, u=rw,g=r (0640) if it is owned by root.',
      });
    }
    return this.#readNamed(place);
  }

  /** The paths of the files in a folder, where Kubernetes, for one, has folders of its own too. */
  #list(folder: Place): string[] {
    try {
      const paths = this.#files.listSync(folder.path).map((name) => join(folder.path, name));
      return paths.sort().filter((path) => this.#files.statusSync(path).isFile);
    } catch (cause) {
      throw placeError(folder, 'is not a directory that can be read', { cause });
    }
  }

  /** The contents, or null if there is no such file. */
  #readIfPresent(place: Place): Buffer | null {
    try {
      return this.#files.readSync(place.path);
    } catch (cause) {
      if (isMissing(cause)) return null;
      throw placeError(place, 'cannot be read', { cause });
    }
  }

  #readNamed(place: Place): Buffer {
    const contents = this.#readIfPresent(place);
    if (contents === null) throw placeError(place, 'does not exist');
    return contents;
  }
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

function parseKey(place: Place, contents: Buffer, passphrase: string | null): KeyObject {
  const isPem = contents.includes('-----BEGIN');
  if (isPem && passphrase === null && contents.includes('ENCRYPTED')) {
    throw placeError(place, 'is an encrypted private key', {
      hint: 'Give its passphrase as sslpassword.',
    });
  }
  const { createPrivateKey } = builtinModule('node:crypto');
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

function checkCertificates(place: Place, contents: Buffer): void {
  if (/-----BEGIN (X509 |TRUSTED )?CERTIFICATE-----/.test(contents.toString('latin1'))) return;
  throw placeError(place, 'holds no PEM certificate');
}

/** The lists of a file, or of all files of a folder: Node takes the first of each that it is given, and no more. */
function listsOf(place: Place, contents: Buffer): Buffer[] {
  const lists = contents
    .toString('latin1')
    .match(/-----BEGIN X509 CRL-----[^-]+-----END X509 CRL-----/g);
  if (lists === null) throw placeError(place, 'holds no PEM list of revoked certificates');
  return lists.map((list) => Buffer.from(list));
}

function isCertificateOf(place: Place, certificate: Buffer, key: KeyObject): boolean {
  const { X509Certificate } = builtinModule('node:crypto');
  try {
    return new X509Certificate(certificate).checkPrivateKey(key);
  } catch (cause) {
    throw placeError(place, 'cannot be loaded as a certificate', { cause });
  }
}

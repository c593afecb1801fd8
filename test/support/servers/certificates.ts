/** Certificates for tests of TLS, made on the spot by the `openssl` program. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A certificate and its key, as text and as files. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** What a certificate is to say. */
export interface CertificateRequest {
  readonly commonName?: string;
  /** As OpenSSL writes them: `DNS:db.test`, `IP:127.0.0.1`. Without any there is no such field. */
  readonly altNames?: readonly string[];
  /** The key: how `openssl req -newkey` calls it. Default: an ECDSA key on P-256. */
  readonly newKey?: readonly string[];
  /** The hash of the signature. Default: that of OpenSSL. */
  readonly digest?: string;
  /** Encrypts the key's file. */
  readonly passphrase?: string;
  /** When it was valid: for ever since 2020, only in 2020, or not before 2120. */
  readonly valid?: 'now' | 'past' | 'future';
}

const EC = ['ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'] as const;
const VALIDITY = {
  now: ['20200101000000Z', '21200101000000Z'],
  past: ['20200101000000Z', '20210101000000Z'],
  future: ['21190101000000Z', '21200101000000Z'],
} as const;
const CONFIG = `
[ca]
default_ca = own
[own]
database = index.txt
serial = serial
new_certs_dir = .
certificate = ca.crt
private_key = ca.key
default_md = sha256
default_crl_days = 30
unique_subject = no
policy = names
[names]
commonName = supplied
`;

/** A certificate authority in a temporary folder, which is gone when it is disposed of. */
export class Authority implements AsyncDisposable {
  readonly folder: string;
  #count = 0;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(): Promise<Authority> {
    const authority = new Authority(await mkdtemp(path.join(tmpdir(), 'asyncpg-ca-')));
    await authority.#openssl(
      ...['req', '-x509', '-newkey', ...EC, '-nodes', '-days', '30', '-subj', '/CN=Test CA'],
      ...['-keyout', 'ca.key', '-out', 'ca.crt'],
    );
    await authority.write('ca.cnf', CONFIG);
    await authority.write('index.txt', '');
    await authority.write('serial', '1000\n');
    return authority;
  }

  /** The authority's own certificate, for clients and servers that shall trust it. */
  get rootFile(): string {
    return path.join(this.folder, 'ca.crt');
  }

  root(): Promise<string> {
    return readFile(this.rootFile, 'utf8');
  }

  /** A certificate that this authority has signed. */
  async issue(request: CertificateRequest = {}): Promise<Certificate> {
    const { commonName = 'asyncpg test', altNames = [], newKey = EC, valid = 'now' } = request;
    const name = this.#nextName();
    const [start, end] = VALIDITY[valid];
    await this.#openssl(
      ...['req', '-newkey', ...newKey, ...encryption(request), '-subj', `/CN=${commonName}`],
      ...['-keyout', `${name}.key`, '-out', `${name}.csr`],
    );
    const extensions = ['basicConstraints = CA:FALSE'];
    if (altNames.length > 0) extensions.push(`subjectAltName = ${altNames.join(', ')}`);
    await this.write(`${name}.ext`, extensions.join('\n'));
    await this.#openssl(
      ...['ca', '-batch', '-notext', '-config', 'ca.cnf', '-extfile', `${name}.ext`],
      ...['-startdate', start, '-enddate', end, '-in', `${name}.csr`, '-out', `${name}.crt`],
    );
    return this.#read(name);
  }

  /** A certificate that has signed itself, with the signature of its own key. */
  async selfSigned(request: CertificateRequest = {}): Promise<Certificate> {
    const { commonName = 'asyncpg test', newKey = EC, digest } = request;
    const name = this.#nextName();
    await this.#openssl(
      ...['req', '-x509', '-days', '30', '-newkey', ...newKey, ...encryption(request)],
      ...(digest === undefined ? [] : [`-${digest}`]),
      ...['-subj', `/CN=${commonName}`, '-keyout', `${name}.key`, '-out', `${name}.crt`],
    );
    return this.#read(name);
  }

  /** The file of a revocation list that has these certificates. */
  async revoke(...certificates: readonly Certificate[]): Promise<string> {
    for (const { certFile } of certificates) {
      await this.#openssl('ca', '-config', 'ca.cnf', '-revoke', certFile);
    }
    const name = `${this.#nextName()}.crl`;
    await this.#openssl('ca', '-config', 'ca.cnf', '-gencrl', '-out', name);
    return path.join(this.folder, name);
  }

  /** Puts a file that only its owner may read into the folder, and gives its path. */
  async write(name: string, content: string): Promise<string> {
    const file = path.join(this.folder, name);
    await writeFile(file, content, { mode: 0o600 });
    return file;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  #nextName(): string {
    this.#count += 1;
    return `made-${this.#count}`;
  }

  async #read(name: string): Promise<Certificate> {
    const certFile = path.join(this.folder, `${name}.crt`);
    const keyFile = path.join(this.folder, `${name}.key`);
    const [cert, key] = await Promise.all([readFile(certFile, 'utf8'), readFile(keyFile, 'utf8')]);
    return { cert, key, certFile, keyFile };
  }

  async #openssl(...args: readonly string[]): Promise<void> {
    await run('openssl', args, { cwd: this.folder });
  }
}

function encryption({ passphrase }: CertificateRequest): readonly string[] {
  return passphrase === undefined ? ['-nodes'] : ['-passout', `pass:${passphrase}`];
}

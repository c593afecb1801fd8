import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ConnectOptions } from '../../src/config/options.ts';
import { type Given, refusal, resolve } from './support.ts';

const MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
const HOST = { host: 'h' };

let root: string;
let made: string;
let home: string;
let files: string;

/** Certificates and keys, made once: slow to make, and only their relations matter. */
function makeCertificates(): void {
  const openssl = (...args: string[]) => {
    const { status, stderr } = spawnSync('openssl', args, { cwd: made, encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
  };
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  for (const name of ['client', 'other']) {
    const names = ['-keyout', `${name}.key`, '-out', `${name}.crt`, '-subj', `/CN=${name}`];
    openssl('req', '-x509', ...ec, '-nodes', '-days', '2', ...names);
  }
  openssl('pkcs8', '-topk8', '-in', 'client.key', '-out', 'secret.key', '-passout', 'pass:hunter2');
  openssl('pkcs8', '-topk8', '-in', 'client.key', '-nocrypt', '-outform', 'DER', '-out', 'der.key');
  writeFileSync(
    join(made, 'ca.cnf'),
    '[ca]\ndefault_ca=c\n[c]\ndatabase=index\ndefault_md=sha256\n',
  );
  writeFileSync(join(made, 'index'), '');
  const ca = ['-config', 'ca.cnf', '-cert', 'client.crt', '-keyfile', 'client.key'];
  openssl('ca', '-gencrl', ...ca, '-crldays', '2', '-out', 'root.crl');
}

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'ssl-'));
  made = join(root, 'made');
  mkdirSync(made);
  makeCertificates();
});

afterAll(() => rmSync(root, { recursive: true }));

beforeEach(() => {
  home = mkdtempSync(join(root, 'home-'));
  files = join(home, '.postgresql');
  mkdirSync(files);
});

function install(source: string, target: string, mode = 0o600): string {
  const path = join(files, target);
  copyFileSync(join(made, source), path);
  chmodSync(path, mode);
  return path;
}

const ssl = (given: Given) => resolve({ options: HOST, home, ...given }).ssl;
const refused = (given: Given) => refusal({ options: HOST, home, ...given });

describe('the mode of TLS', () => {
  it.each<[string, Given, string]>([
    ['is prefer by default', {}, 'prefer'],
    ['comes from PGSSLMODE', { env: { PGSSLMODE: 'allow' } }, 'allow'],
    ['comes from PGREQUIRESSL', { env: { PGREQUIRESSL: '1' } }, 'require'],
    ['comes from sslmode', { dsn: 'postgres://h?sslmode=disable' }, 'disable'],
    ['is require for ssl=true', { dsn: 'postgres://h?ssl=true' }, 'require'],
    ['is disable for ssl=false', { dsn: 'postgres://h?ssl=false' }, 'disable'],
    ['is require for requiressl=1', { dsn: 'postgres://h?requiressl=1' }, 'require'],
    ['is prefer for requiressl=0', { dsn: 'postgres://h?requiressl=0' }, 'prefer'],
    ['is sslmode with both', { dsn: 'postgres://h?ssl=true&sslmode=allow' }, 'allow'],
    ['is disable for false', { options: { ...HOST, ssl: false } }, 'disable'],
    ['is verify-full for true', { options: { ...HOST, ssl: true } }, 'verify-full'],
    ['is verify-full for TLS options', { options: { ...HOST, ssl: {} } }, 'verify-full'],
    [
      'is require for unverified TLS options',
      { options: { ...HOST, ssl: { rejectUnauthorized: false } } },
      'require',
    ],
    ['is verify-full with the system roots', { dsn: 'host=h sslrootcert=system' }, 'verify-full'],
    ['is disable when there are only sockets', { options: { host: '/s', ssl: true } }, 'disable'],
  ])('%s', (_rule, given, mode) => {
    expect(ssl(given).mode).toBe(mode);
  });

  it.each(MODES.slice(0, 5))('%s is refused with the system roots', (mode) => {
    const { message } = refused({ dsn: `host=h sslrootcert=system sslmode=${mode}` });
    expect(message).toContain('too weak');
  });

  it.each(MODES.slice(0, 3))('%s is refused with direct TLS', (mode) => {
    const { message } = refused({ dsn: `host=h sslnegotiation=direct sslmode=${mode}` });
    expect(message).toMatch(/^sslnegotiation \(from the DSN\): .*too weak/);
  });

  it('require and stronger go with direct TLS', () => {
    const options: ConnectOptions = { ...HOST, directTls: true, ssl: 'require' };
    expect(ssl({ options }).negotiation).toBe('direct');
    expect(ssl({ options: { ...HOST, directTls: true, ssl: {} } }).negotiation).toBe('direct');
  });
});

describe('the check of the server', () => {
  it.each<[(typeof MODES)[number], boolean, boolean]>([
    ['allow', false, true],
    ['prefer', false, true],
    ['require', true, true],
    ['verify-ca', true, true],
    ['verify-full', true, false],
  ])('of %s with a root certificate', (mode, chain, anyName) => {
    install('client.crt', 'root.crt');
    const tls = ssl({ options: { ...HOST, ssl: mode } }).tlsOptions();
    expect(tls.rejectUnauthorized).toBe(chain);
    expect(tls.checkServerIdentity !== undefined).toBe(anyName);
    expect(tls.ca !== undefined).toBe(chain);
  });

  it('makes require with a root certificate verify-ca', () => {
    expect(ssl({ options: { ...HOST, ssl: 'require' } }).mode).toBe('require');
    install('client.crt', 'root.crt');
    expect(ssl({ options: { ...HOST, ssl: 'require' } }).mode).toBe('verify-ca');
  });

  it.each(['verify-ca', 'verify-full'] as const)('of %s needs a root certificate', (mode) => {
    const options = { ...HOST, ssl: mode };
    const error = refused({ options });
    expect(error.message).toContain(join(files, 'root.crt'));
    expect(error.hint).toContain('sslrootcert=system');
    expect(refusal({ options }).detail).toContain('no home directory');
  });

  it.each(['require', 'verify-ca', 'verify-full'])('of %s needs the file it names', (mode) => {
    const dsn = `postgres://h?sslmode=${mode}&sslrootcert=/nowhere`;
    expect(refused({ dsn }).message).toMatch(/^sslrootcert \(from the DSN\): file "\/nowhere"/);
  });

  it('refuses a root certificate file without a certificate', () => {
    writeFileSync(join(files, 'root.crt'), 'nothing');
    expect(refused({ options: { ...HOST, ssl: 'require' } }).message).toContain('no PEM');
  });

  it('refuses a file that has something else than a certificate', () => {
    const key = readFileSync(join(made, 'client.key'));
    for (const content of ['nothing', key]) {
      writeFileSync(join(files, 'root.crt'), content);
      const { message } = refused({ options: { ...HOST, ssl: 'verify-full' } });
      expect(message).toMatch(/root\.crt" holds no PEM certificate/);
    }
    rmSync(join(files, 'root.crt'));
    const der = new X509Certificate(readFileSync(join(made, 'client.crt'))).raw;
    writeFileSync(join(files, 'postgresql.crt'), der);
    install('client.key', 'postgresql.key');
    const { message } = refused({ options: { ...HOST, ssl: 'require' } });
    expect(message).toMatch(/postgresql\.crt" holds no PEM certificate/);
  });

  it('takes all lists of revoked certificates that a file has, and refuses one without any', () => {
    const list = readFileSync(join(made, 'root.crl'));
    const file = join(files, 'several.crl');
    install('client.crt', 'root.crt');
    writeFileSync(file, Buffer.concat([list, list, list]));
    const { crl } = ssl({ dsn: `host=h sslmode=verify-full sslcrl=${file}` }).tlsOptions();
    expect(crl).toHaveLength(3);
    expect(() => createSecureContext({ crl: crl as Buffer[] })).not.toThrow();
    const folder = mkdtempSync(join(root, 'crl-'));
    for (const name of ['a', 'b']) writeFileSync(join(folder, name), Buffer.concat([list, list]));
    writeFileSync(join(folder, 'README'), 'not a list');
    // As Kubernetes has it in the folder of a ConfigMap.
    mkdirSync(join(folder, '..2026'));
    symlinkSync('..2026', join(folder, '..data'));
    const dsn = `host=h sslmode=verify-full sslcrldir=${folder}`;
    expect(ssl({ dsn }).tlsOptions().crl).toHaveLength(4);

    const none = /holds no PEM list of revoked certificates/;
    writeFileSync(file, readFileSync(join(made, 'client.key')));
    const inFile = refused({ dsn: `host=h sslmode=verify-full sslcrl=${file}` });
    expect(inFile.message).toMatch(none);
    const empty = mkdtempSync(join(root, 'crl-'));
    const inFolder = refused({ dsn: `host=h sslmode=verify-full sslcrldir=${empty}` });
    expect(inFolder.message).toMatch(none);
  });

  it('needs no file for Unix sockets', () => {
    expect(ssl({ options: { host: '/s', ssl: 'verify-full' } }).mode).toBe('disable');
  });

  it('of true is against the trust store, or the file that is named', () => {
    install('client.crt', 'root.crt');
    expect(ssl({ options: { ...HOST, ssl: true } }).tlsOptions()).toEqual({
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
    });
    const env = { PGSSLROOTCERT: join(made, 'other.crt') };
    expect(ssl({ options: { ...HOST, ssl: true }, env }).tlsOptions().ca).toBeDefined();
  });

  it('takes revocation lists along with the root certificate only', () => {
    install('root.crl', 'root.crl');
    expect(ssl({ options: { ...HOST, ssl: 'require' } }).tlsOptions().crl).toBeUndefined();
    install('client.crt', 'root.crt');
    const tls = ssl({ options: { ...HOST, ssl: 'require' } }).tlsOptions();
    expect(tls.crl).toHaveLength(1);
    expect(() => createSecureContext(tls)).not.toThrow();
    const folder = mkdtempSync(join(root, 'crl-'));
    copyFileSync(join(made, 'root.crl'), join(folder, 'a'));
    copyFileSync(join(made, 'root.crl'), join(folder, 'b'));
    const dsn = `host=h sslmode=require sslcrldir='${folder}'`;
    expect(ssl({ dsn }).tlsOptions().crl).toHaveLength(2);
    expect(refused({ dsn: 'host=h sslmode=require sslcrl=/nowhere' }).message).toContain(
      '/nowhere',
    );
  });

  it('takes revocation lists with the roots of Node, too', () => {
    const file = join(made, 'root.crl');
    for (const given of [
      { dsn: `host=h sslrootcert=system sslcrl=${file}` },
      { dsn: `sslcrl=${file}`, options: { ...HOST, ssl: true } },
      { env: { PGSSLCRL: file }, options: { ...HOST, ssl: true } },
    ]) {
      const { ca, crl } = ssl(given).tlsOptions();
      expect(ca).toBeUndefined();
      expect(crl).toHaveLength(1);
      expect(() => createSecureContext({ crl: crl as Buffer[] })).not.toThrow();
    }
    const missing = { dsn: 'sslcrl=/nowhere', options: { ...HOST, ssl: true } };
    expect(refused(missing).message).toContain('/nowhere');
    // That of libpq's directory belongs to the root certificate of that directory, and to libpq's modes.
    install('root.crl', 'root.crl');
    expect(ssl({ options: { ...HOST, ssl: true } }).tlsOptions().crl).toBeUndefined();
    expect(ssl({ dsn: 'host=h sslrootcert=system' }).tlsOptions().crl).toHaveLength(1);
  });

  it('takes files that are named where options for tls.connect say nothing of them', () => {
    const crl = join(made, 'root.crl');
    const ca = join(made, 'other.crt');
    const cert = install('client.crt', 'a.crt');
    const key = install('client.key', 'a.key');
    const dsn = `sslrootcert='${ca}' sslcrl='${crl}' sslcert='${cert}' sslkey='${key}'`;
    const of = (given: object) => ssl({ dsn, options: { ...HOST, ssl: given } }).tlsOptions();
    const tls = of({ servername: 'n', ca: undefined });
    expect(tls).toMatchObject({ servername: 'n', rejectUnauthorized: true });
    expect(String(tls.ca)).toBe(readFileSync(ca, 'utf8'));
    expect(tls.crl).toHaveLength(1);
    expect(tls.cert).toBeDefined();
    expect(() => createSecureContext(tls)).not.toThrow();
    // They say it.
    const own = { ca: 'a', crl: 'l', cert: 'c', key: 'k' };
    expect(of(own)).toMatchObject(own);
    expect(of({ pfx: Buffer.from('p') }).cert).toBeUndefined();
    const secureContext = createSecureContext();
    expect(Object.keys(of({ secureContext })).sort()).toEqual(
      ['minVersion', 'rejectUnauthorized', 'secureContext'].sort(),
    );
    // Nothing is verified: there is nothing to do it by.
    const unverified = of({ rejectUnauthorized: false });
    expect([unverified.ca, unverified.crl]).toEqual([undefined, undefined]);
    const system = { dsn: 'sslrootcert=system', options: { ...HOST, ssl: { servername: 'n' } } };
    expect(ssl(system).tlsOptions().ca).toBeUndefined();
    const missing = { dsn: 'sslcrl=/nowhere', options: { ...HOST, ssl: { ca: 'a' } } };
    expect(refused(missing).message).toContain('/nowhere');
    // Those of libpq's directory are libpq's modes'.
    install('root.crl', 'root.crl');
    expect(ssl({ options: { ...HOST, ssl: { ca: 'a' } } }).tlsOptions().crl).toBeUndefined();
  });

  it('is said explicitly, whatever NODE_TLS_REJECT_UNAUTHORIZED says', () => {
    expect(ssl({ options: { ...HOST, ssl: { ca: 'x' } } }).tlsOptions()).toEqual({
      ca: 'x',
      minVersion: 'TLSv1.2',
      rejectUnauthorized: true,
    });
  });
});

describe('the client certificate', () => {
  const tls = (given: Given = {}) => ssl(given).tlsOptions();

  it('is the default one if there is one', () => {
    expect(tls().cert).toBeUndefined();
    install('client.crt', 'postgresql.crt');
    install('client.key', 'postgresql.key');
    expect(tls()).toMatchObject({ cert: expect.anything(), key: expect.anything() });
    expect(() => createSecureContext(tls())).not.toThrow();
    expect(tls({ dsn: 'host=h sslcertmode=disable' }).cert).toBeUndefined();
    expect(tls({ options: { ...HOST, ssl: 'disable' } })).toEqual({});
  });

  it('is the one that is named, with its passphrase', () => {
    const cert = install('client.crt', 'a.crt');
    const key = install('secret.key', 'a.key');
    const dsn = `host=h sslcert='${cert}' sslkey='${key}'`;
    const options = tls({ dsn: `${dsn} sslpassword=hunter2` });
    expect(() => createSecureContext(options)).not.toThrow();
    expect(refused({ dsn }).hint).toContain('sslpassword');
    const wrong = refused({ dsn: `${dsn} sslpassword=hunter3` });
    expect(wrong.message).toContain('cannot be loaded as a private key');
    expect(wrong.message).not.toContain('hunter3');
  });

  it('may have a key in DER', () => {
    const cert = install('client.crt', 'a.crt');
    const key = install('der.key', 'a.key');
    const options = tls({ env: { PGSSLCERT: cert, PGSSLKEY: key } });
    expect(() => createSecureContext(options)).not.toThrow();
  });

  it('is refused without its own key', () => {
    install('client.crt', 'postgresql.crt');
    expect(refused({}).message).toContain('cannot be read as the private key');
    install('other.key', 'postgresql.key');
    expect(refused({}).message).toContain('is not the private key of certificate');
  });

  it('is refused when it is named and does not exist', () => {
    expect(refused({ dsn: 'host=h sslcert=/nowhere' }).message).toBe(
      'sslcert (from the DSN): file "/nowhere" does not exist',
    );
  });

  it('is refused when it is none', () => {
    writeFileSync(join(files, 'postgresql.crt'), 'nothing');
    install('client.key', 'postgresql.key');
    expect(refused({}).message).toContain('cannot be loaded as a certificate');
  });

  it.each(['604', '620', '644', '660'])('is refused with a key of mode %s', (mode) => {
    install('client.crt', 'postgresql.crt');
    const path = install('client.key', 'postgresql.key', Number.parseInt(mode, 8));
    expect(refused({}).message).toBe(
      `file "${path}" is a private key with group or world access\n` +
        'HINT:  Its permissions must be u=rw (0600) or less, u=rw,g=r (0640) if it is owned by root.',
    );
  });
});

describe('a key that a group may read', () => {
  const asRoot = process.getuid?.() === 0;

  function installKey(): string {
    install('client.crt', 'postgresql.crt');
    return install('client.key', 'postgresql.key', 0o640);
  }

  it.runIf(asRoot)('is taken when it belongs to root', () => {
    installKey();
    expect(ssl({}).tlsOptions().key).toBeDefined();
  });

  it('is refused when it belongs to anyone else', () => {
    const path = installKey();
    if (asRoot) chownSync(path, 12_345, 12_345);
    expect(refused({}).message).toContain('group or world access');
  });
});

describe('the versions of TLS', () => {
  it('start at 1.2 and are named as OpenSSL does', () => {
    expect(ssl({}).tlsOptions().minVersion).toBe('TLSv1.2');
    const dsn = 'host=h ssl_min_protocol_version=tlsv1 ssl_max_protocol_version=TLSv1.3';
    expect(ssl({ dsn }).tlsOptions()).toMatchObject({ minVersion: 'TLSv1', maxVersion: 'TLSv1.3' });
  });

  it.each(['SSLv3', 'TLSv1.4', 'TLS1.2'])('%s is refused', (version) => {
    expect(refused({ env: { PGSSLMINPROTOCOLVERSION: version } }).message).toContain(version);
  });

  it('are refused upside down', () => {
    const env = { PGSSLMAXPROTOCOLVERSION: 'TLSv1.1' };
    expect(refused({ env }).message).toContain('TLSv1.1 is below the minimum, TLSv1.2');
  });
});

import { X509Certificate } from 'node:crypto';
import net, { type AddressInfo } from 'node:net';
import tls from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { TempCluster } from '../../../src/cluster/index.ts';
import {
  type ConnectOptions,
  connect,
  InterfaceError,
  InvalidPasswordError,
  PostgresError,
} from '../../../src/index.ts';
import { Authority, type Certificate } from '../../support/servers/certificates.ts';
import { asOwner } from '../../support/servers/owner.ts';

const RSA = ['rsa:2048'];
const RSA_PSS = ['rsa-pss', '-pkeyopt', 'rsa_keygen_bits:2048'];
const P256 = ['ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
const P384 = ['ec', '-pkeyopt', 'ec_paramgen_curve:secp384r1'];

/** The signatures of certificates: the key, the hash, and whether there is something to bind to. */
const SIGNATURES: readonly [name: string, newKey: readonly string[], digest: string | undefined][] =
  [
    ['RSA with SHA-1', RSA, 'sha1'],
    ['RSA with SHA-224', RSA, 'sha224'],
    ['RSA with SHA-256', RSA, 'sha256'],
    ['RSA with SHA-384', RSA, 'sha384'],
    ['RSA with SHA-512', RSA, 'sha512'],
    ['RSA-PSS with SHA-256', RSA_PSS, 'sha256'],
    ['RSA-PSS with SHA-384', RSA_PSS, 'sha384'],
    ['RSA-PSS with SHA-512', RSA_PSS, 'sha512'],
    ['ECDSA with SHA-256', P256, 'sha256'],
    ['ECDSA with SHA-384', P384, 'sha384'],
    ['ECDSA with SHA-512', P256, 'sha512'],
    ['Ed25519', ['ed25519'], undefined],
  ];
const SECRET = 'correct horse';

const fingerprints = new Map<string, string>();
let authority: Authority;
let cluster: TempCluster;
let strange: Certificate;

beforeAll(async () => {
  authority = await Authority.create();
  strange = await authority.selfSigned({ commonName: 'strange' });
  const files: Record<string, string> = {};
  for (const [name, newKey, digest] of SIGNATURES) {
    const made = await authority.selfSigned({
      newKey,
      ...(digest === undefined ? {} : { digest }),
    });
    fingerprints.set(name, new X509Certificate(made.cert).fingerprint256);
    files[`${name}.crt`] = made.cert;
    files[`${name}.key`] = made.key;
  }
  const [first] = SIGNATURES[2]!;
  cluster = await TempCluster.start({
    settings: { ssl: true, ssl_cert_file: `${first}.crt`, ssl_key_file: `${first}.key` },
    hba: [
      'local all postgres trust',
      'local all all scram-sha-256',
      'host all trusting all trust',
      'host all clear all password',
      'host all hashed all md5',
      'host all all all scram-sha-256',
    ],
    files,
  });
  await asOwner(
    cluster,
    'CREATE ROLE trusting LOGIN',
    `CREATE ROLE clear LOGIN PASSWORD '${SECRET}'`,
    `CREATE ROLE scram LOGIN PASSWORD '${SECRET}'`,
    "SET password_encryption = 'md5'",
    `CREATE ROLE hashed LOGIN PASSWORD '${SECRET}'`,
  );
});

afterAll(async () => {
  await cluster?.stop();
  await authority?.[Symbol.asyncDispose]();
});

beforeEach(() => {
  vi.stubEnv('HOME', authority.folder);
});

function as(user: string, options: ConnectOptions = {}): ConnectOptions {
  const { host, port } = cluster;
  return { host, port, user, password: SECRET, database: 'postgres', ssl: 'require', ...options };
}

async function whoIsIt(options: ConnectOptions): Promise<string | null> {
  await using connection = await connect(options);
  return connection.fetchVal<string>('SELECT current_user');
}

/** The fingerprint of the certificate that the server shows. */
function shown(): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({
      host: cluster.host,
      port: cluster.port,
      rejectUnauthorized: false,
      ALPNProtocols: ['postgresql'],
    });
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      resolve(socket.getPeerX509Certificate()?.fingerprint256 ?? '');
      socket.destroy();
    });
  });
}

describe('SCRAM over TLS', () => {
  describe.each(SIGNATURES)('with a certificate signed by %s', (name) => {
    beforeAll(async () => {
      await asOwner(
        cluster,
        `ALTER SYSTEM SET ssl_cert_file = '${name}.crt'`,
        `ALTER SYSTEM SET ssl_key_file = '${name}.key'`,
        'SELECT pg_reload_conf()',
      );
      await vi.waitFor(async () => expect(await shown()).toBe(fingerprints.get(name)), 10_000);
    });

    it.each(['disable', 'prefer'] as const)('connects with channelBinding %s', async (binding) => {
      expect(await whoIsIt(as('scram', { channelBinding: binding }))).toBe('scram');
      await expect(
        connect(as('scram', { channelBinding: binding, password: 'wrong' })),
      ).rejects.toThrow(InvalidPasswordError);
    });

    if (name === 'Ed25519') {
      it('refuses channelBinding require: there is nothing to bind to', async () => {
        await expect(connect(as('scram', { channelBinding: 'require' }))).rejects.toThrow(
          /channel binding is required, but the server's certificate has no hash/,
        );
      });
    } else {
      it('connects with channelBinding require', async () => {
        expect(await whoIsIt(as('scram', { channelBinding: 'require' }))).toBe('scram');
        expect(
          await whoIsIt(as('scram', { channelBinding: 'require', requireAuth: 'scram-sha-256' })),
        ).toBe('scram');
      });
    }
  });
});

describe('channelBinding require', () => {
  it.each(['trusting', 'clear', 'hashed'])(
    'refuses the role %s, who is let in without SCRAM',
    async (user) => {
      const password = vi.fn(() => SECRET);
      const attempt = connect(as(user, { channelBinding: 'require', password }));
      await expect(attempt).rejects.toThrow(InterfaceError);
      await expect(attempt).rejects.toThrow('channel binding is required');
      expect(password).not.toHaveBeenCalled();
    },
  );

  it.each(['disable', 'allow'] as const)('refuses SCRAM with ssl %s', async (ssl) => {
    const password = vi.fn(() => SECRET);
    await expect(
      connect(as('scram', { channelBinding: 'require', ssl, password })),
    ).rejects.toThrow('channel binding is required');
    expect(password).not.toHaveBeenCalled();
  });

  it('refuses a Unix socket', async () => {
    const host = cluster.socketDirectory;
    await expect(connect(as('scram', { channelBinding: 'require', host }))).rejects.toThrow(
      'channel binding is required',
    );
  });
});

describe('somebody in the middle, with a certificate of their own', () => {
  let middle: net.Server;
  let options: (channelBinding: 'disable' | 'prefer' | 'require') => ConnectOptions;

  beforeAll(async () => {
    middle = net.createServer((client) => {
      const real = tls.connect({
        host: cluster.host,
        port: cluster.port,
        rejectUnauthorized: false,
        ALPNProtocols: ['postgresql'],
      });
      for (const socket of [client, real]) socket.on('error', () => {});
      const fake = new tls.TLSSocket(client, {
        isServer: true,
        cert: strange.cert,
        key: strange.key,
        ALPNProtocols: ['postgresql'],
      });
      fake.on('error', () => {});
      fake.pipe(real).pipe(fake);
      fake.on('close', () => real.destroy());
    });
    await new Promise<void>((resolve) => middle.listen(0, '127.0.0.1', resolve));
    const { port } = middle.address() as AddressInfo;
    options = (channelBinding) => as('scram', { port, channelBinding, directTls: true });
  });

  afterAll(() => {
    middle?.close();
  });

  it('is not found out without channel binding', async () => {
    expect(await whoIsIt(options('disable'))).toBe('scram');
  });

  it.each(['prefer', 'require'] as const)(
    'is found out with channelBinding %s',
    async (binding) => {
      await expect(connect(options(binding))).rejects.toThrow(PostgresError);
    },
  );
});

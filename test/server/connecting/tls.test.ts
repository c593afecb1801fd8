import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { TempCluster } from '../../../src/cluster/index.ts';
import {
  ClientConfigurationError,
  ConnectionFailureError,
  type ConnectOptions,
  connect,
  InterfaceError,
  InvalidAuthorizationSpecificationError,
} from '../../../src/index.ts';
import { failure } from '../../support/connections.ts';
import { Authority, type Certificate } from '../../support/servers/certificates.ts';
import { asOwner, connectAsOwner } from '../../support/servers/owner.ts';
import { testServer } from '../../support/servers/server.ts';

let authority: Authority;
let stranger: Authority;
let server: Certificate;
let cluster: TempCluster;

beforeAll(async () => {
  [authority, stranger] = await Promise.all([Authority.create(), Authority.create()]);
  server = await authority.issue({ altNames: ['DNS:db.test', 'DNS:*.wild.test', 'IP:127.0.0.1'] });
  const byName = await authority.issue({ commonName: 'db.test' });
  const past = await authority.issue({ altNames: ['DNS:db.test'], valid: 'past' });
  const future = await authority.issue({ altNames: ['DNS:db.test'], valid: 'future' });
  const selfSigned = await authority.selfSigned({ commonName: 'db.test' });
  cluster = await TempCluster.start({
    settings: {
      ssl: true,
      ssl_cert_file: 'server.crt',
      ssl_key_file: 'server.key',
      ssl_ca_file: 'ca.crt',
    },
    hba: [
      'local all all trust',
      'hostssl all tls_only all trust',
      'hostnossl all plain_only all trust',
      'hostssl all certified all cert',
      'hostssl all "trusted client" all trust clientcert=verify-ca',
      'host all postgres all trust',
    ],
    files: {
      'ca.crt': await authority.root(),
      'server.crt': server.cert,
      'server.key': server.key,
      'named.crt': byName.cert,
      'named.key': byName.key,
      'past.crt': past.cert,
      'past.key': past.key,
      'future.crt': future.cert,
      'future.key': future.key,
      'self.crt': selfSigned.cert,
      'self.key': selfSigned.key,
    },
  });
  await using owner = await connect(cluster.dsn, { ssl: 'disable' });
  for (const role of ['tls_only', 'plain_only', 'certified', '"trusted client"']) {
    await owner.execute(`CREATE ROLE ${role} LOGIN`);
  }
});

afterAll(async () => {
  await cluster?.stop();
  await authority?.[Symbol.asyncDispose]();
  await stranger?.[Symbol.asyncDispose]();
});

// Nobody's own ~/.postgresql/root.crt has a say here.
beforeEach(() => {
  vi.stubEnv('HOME', authority.folder);
});

/** The server by a name that only its certificate knows. */
function at(name: string, options: ConnectOptions = {}): ConnectOptions {
  return {
    host: name,
    hostaddr: '127.0.0.1',
    port: cluster.port,
    user: 'postgres',
    database: 'postgres',
    ...options,
  };
}

/** Connects, and tells whether with TLS. */
async function tlsInUse(options: ConnectOptions, dsn?: string): Promise<boolean> {
  await using connection = await connect(dsn, options);
  const query = 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()';
  return (await connection.fetchVal(query)) === true;
}

describe('sslmode', () => {
  const modes = ['disable', 'allow', 'prefer', 'require'] as const;
  type Outcome = 'tls' | 'plain' | 'refused';
  const table: readonly [user: string, ...outcomes: Outcome[]][] = [
    ['postgres', 'plain', 'plain', 'tls', 'tls'],
    ['tls_only', 'refused', 'tls', 'tls', 'tls'],
    ['plain_only', 'plain', 'plain', 'plain', 'refused'],
  ];
  for (const [user, ...outcomes] of table) {
    it.each(modes.map((mode, i) => [mode, outcomes[i]!] as const))(
      `%s for ${user} ends with %s`,
      async (ssl, outcome) => {
        const attempt = tlsInUse(at('db.test', { user, ssl }));
        if (outcome === 'refused') {
          await expect(attempt).rejects.toThrow(InvalidAuthorizationSpecificationError);
        } else {
          expect(await attempt).toBe(outcome === 'tls');
        }
      },
    );
  }

  it.each(['disable', 'allow', 'prefer'] as const)('%s does without TLS', async (ssl) => {
    const { host, port } = testServer();
    expect(await tlsInUse({ host, port, user: 'postgres', ssl })).toBe(false);
  });

  it.each(['require', true] as const)('%s is refused by a server without TLS', async (ssl) => {
    const { host, port } = testServer();
    const error = await failure(connect({ host, port, user: 'postgres', ssl }));
    expect(error).toBeInstanceOf(InterfaceError);
    expect(error.message).toContain('does not support TLS');
  });

  it('allow tells what both ways ended with when neither is let in', async () => {
    const error = await failure(connect(at('db.test', { user: 'nobody', ssl: 'allow' })));
    expect(error).toBeInstanceOf(InvalidAuthorizationSpecificationError);
    expect(error.message).toContain('no encryption');
    expect(error.cause).toMatchObject({ message: expect.stringContaining('SSL encryption') });
  });

  it('prefer goes on without TLS when the handshake fails, and tells why if that is refused', async () => {
    await using owner = await connect(cluster.dsn);
    await owner.execute("ALTER SYSTEM SET ssl_max_protocol_version = 'TLSv1.2'");
    await owner.fetchVal('SELECT pg_reload_conf()');
    const dsn = 'sslmode=prefer ssl_min_protocol_version=TLSv1.3';
    try {
      await expect
        .poll(() => tlsInUse(at('db.test'), dsn), { message: 'the new limit is in force' })
        .toBe(false);
      const error = await failure(connect(dsn, at('db.test', { user: 'tls_only' })));
      expect(error).toBeInstanceOf(InvalidAuthorizationSpecificationError);
      expect(error.cause).toBeInstanceOf(ConnectionFailureError);
    } finally {
      await owner.execute('ALTER SYSTEM RESET ssl_max_protocol_version');
      await owner.fetchVal('SELECT pg_reload_conf()');
    }
    await expect.poll(() => tlsInUse(at('db.test'), dsn)).toBe(true);
  });
});

describe('the certificate of the server', () => {
  /** Has the server show another certificate from now on. */
  async function show(name: string): Promise<void> {
    await asOwner(
      cluster,
      `ALTER SYSTEM SET ssl_cert_file = '${name}.crt'`,
      `ALTER SYSTEM SET ssl_key_file = '${name}.key'`,
      'SELECT pg_reload_conf()',
    );
    // A reload reaches the postmaster by a signal: ask new sessions until they have it.
    await expect
      .poll(async () => {
        await using session = await connectAsOwner(cluster);
        return session.fetchVal('SHOW ssl_cert_file');
      })
      .toBe(`${name}.crt`);
  }

  function verified(
    name: string,
    sslmode: string,
    root: string = authority.rootFile,
  ): Promise<boolean> {
    return tlsInUse(at(name), `sslmode=${sslmode} sslrootcert=${root}`);
  }

  it.each([
    ['verify-ca', 'db.test'],
    ['verify-ca', 'other.test'],
    ['verify-full', 'db.test'],
    ['verify-full', 'a.wild.test'],
    ['verify-full', '127.0.0.1'],
    ['require', 'other.test'],
  ])('passes %s as %s', async (mode, name) => {
    expect(await verified(name, mode)).toBe(true);
  });

  it.each(['other.test', 'a.b.wild.test', 'wild.test', 'db.test.evil.test', '127.0.0.2'])(
    'fails verify-full as %s',
    async (name) => {
      const error = await failure(verified(name, 'verify-full'));
      expect(error).toBeInstanceOf(ConnectionFailureError);
      expect(error.cause).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
      // It fails in the same way each time.
      expect(error).toMatchObject({ isTransient: false, safeToRetry: true });
    },
  );

  it.each(['require', 'verify-ca', 'verify-full'])(
    'fails %s when another authority has signed it, and nothing is sent in clear',
    async (mode) => {
      const error = await failure(verified('db.test', mode, stranger.rootFile));
      expect(error).toBeInstanceOf(ConnectionFailureError);
      expect(error.message).toContain('TLS with');
      expect(error).toMatchObject({ isTransient: false });
    },
  );

  it('passes nothing weaker than a check because NODE_TLS_REJECT_UNAUTHORIZED says so', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    await expect(verified('db.test', 'verify-full', stranger.rootFile)).rejects.toThrow('TLS with');
    await expect(verified('other.test', 'verify-full')).rejects.toThrow('TLS with');
    await expect(connect(at('db.test', { ssl: true }))).rejects.toThrow('TLS with');
    const ca = await stranger.root();
    await expect(connect(at('db.test', { ssl: { ca } }))).rejects.toThrow('TLS with');
  });

  it('fails ssl: true, which trusts the authorities of Node alone', async () => {
    const error = await failure(connect(at('db.test', { ssl: true })));
    expect(error).toBeInstanceOf(ConnectionFailureError);
  });

  it('is checked with options for Node as with verify-full', async () => {
    const ca = await authority.root();
    expect(await tlsInUse(at('db.test', { ssl: { ca } }))).toBe(true);
    await expect(tlsInUse(at('other.test', { ssl: { ca } }))).rejects.toThrow(/altnames/);
    expect(await tlsInUse(at('other.test', { ssl: { ca, rejectUnauthorized: false } }))).toBe(true);
  });

  it('is checked with the servername among the options for Node', async () => {
    const ca = await authority.root();
    expect(await tlsInUse(at('proxy.test', { ssl: { ca, servername: 'db.test' } }))).toBe(true);
    await expect(
      tlsInUse(at('db.test', { ssl: { ca, servername: 'other.test' } })),
    ).rejects.toThrow(/altnames/);
  });

  it('is refused by a checkServerIdentity that throws', async () => {
    // Node tells the process, which ends.
    const ca = await authority.root();
    for (const [thrown, message] of [
      [new Error('not mine'), 'not mine'],
      [undefined, 'checkServerIdentity has thrown'],
    ]) {
      const checkServerIdentity = (): undefined => {
        throw thrown;
      };
      const error = await failure(connect(at('db.test', { ssl: { ca, checkServerIdentity } })));
      expect(error).toBeInstanceOf(ConnectionFailureError);
      expect(error.message).toMatch(new RegExp(`^TLS with .* failed: ${message}$`));
    }
  });

  it('fails when it is on the revocation list', async () => {
    const good = await authority.revoke();
    const bad = await authority.revoke(server);
    const dsn = `sslmode=verify-full sslrootcert=${authority.rootFile}`;
    expect(await tlsInUse(at('db.test'), `${dsn} sslcrl=${good}`)).toBe(true);
    await expect(tlsInUse(at('db.test'), `${dsn} sslcrl=${bad}`)).rejects.toThrow('revoked');
  });

  it.each(['past', 'future'])('fails every check when its time is in the %s', async (name) => {
    await show(name);
    expect(await tlsInUse(at('db.test', { ssl: 'require' }))).toBe(true);
    await expect(verified('db.test', 'verify-ca')).rejects.toThrow(
      /certificate .*(expired|valid)/i,
    );
    await expect(verified('db.test', 'verify-full')).rejects.toThrow(ConnectionFailureError);
  });

  it('is checked by its common name when it has no alternative names', async () => {
    await show('named');
    expect(await verified('db.test', 'verify-full')).toBe(true);
    await expect(verified('other.test', 'verify-full')).rejects.toThrow(/CN/);
  });

  it('may be signed by itself where nothing is checked, or where itself is trusted', async () => {
    await show('self');
    expect(await tlsInUse(at('db.test', { ssl: 'require' }))).toBe(true);
    await expect(verified('db.test', 'verify-full')).rejects.toThrow('self-signed');
    const own = path.join(authority.folder, 'own-root.crt');
    await authority.write(
      'own-root.crt',
      await readFile(path.join(cluster.dataDirectory, 'self.crt'), 'utf8'),
    );
    expect(await verified('db.test', 'verify-full', own)).toBe(true);
    await show('server');
  });
});

describe('the certificate of the client', () => {
  it('lets its common name in, and no other role', async () => {
    const client = await authority.issue({ commonName: 'certified' });
    const dsn = `sslmode=require sslcert=${client.certFile} sslkey=${client.keyFile}`;
    expect(await tlsInUse(at('db.test', { user: 'certified' }), dsn)).toBe(true);
    expect(await tlsInUse(at('db.test', { user: 'trusted client' }), dsn)).toBe(true);
    const other = await authority.issue({ commonName: 'somebody' });
    await expect(
      connect(
        `sslmode=require sslcert=${other.certFile} sslkey=${other.keyFile}`,
        at('db.test', { user: 'certified' }),
      ),
    ).rejects.toThrow(InvalidAuthorizationSpecificationError);
  });

  it('may be given to Node with its key', async () => {
    const { cert, key } = await authority.issue({ commonName: 'certified' });
    const ssl = { ca: await authority.root(), cert, key };
    expect(await tlsInUse(at('db.test', { user: 'certified', ssl }))).toBe(true);
  });

  it('is missed by the server when there is none', async () => {
    await expect(connect(at('db.test', { user: 'certified', ssl: 'require' }))).rejects.toThrow(
      InvalidAuthorizationSpecificationError,
    );
  });

  it('of another authority is refused with the word of the TLS alert', async () => {
    const client = await stranger.issue({ commonName: 'certified' });
    const dsn = `sslmode=require sslcert=${client.certFile} sslkey=${client.keyFile}`;
    const error = await failure(connect(dsn, at('db.test', { user: 'certified' })));
    expect(error).toBeInstanceOf(ConnectionFailureError);
    expect(error.message).toMatch(/unknown ca/i);
    // The next attempt would be refused as well.
    expect(error).toMatchObject({ safeToRetry: true, isTransient: false });
  });

  it('may have an encrypted key, with sslpassword', async () => {
    const client = await authority.issue({ commonName: 'certified', passphrase: 'open sesame' });
    expect(client.key).toContain('ENCRYPTED');
    const dsn = `sslmode=require sslcert=${client.certFile} sslkey=${client.keyFile}`;
    const options = at('db.test', { user: 'certified' });
    expect(await tlsInUse(options, `${dsn} sslpassword='open sesame'`)).toBe(true);
    const wrong = await failure(connect(`${dsn} sslpassword=wrong`, options));
    expect(wrong).toBeInstanceOf(ClientConfigurationError);
    await expect(connect(dsn, options)).rejects.toThrow('sslpassword');
  });
});

describe('direct TLS', () => {
  it('connects without asking first', async () => {
    expect(await tlsInUse(at('db.test', { ssl: 'require', directTls: true }))).toBe(true);
    const dsn = `sslmode=verify-full sslnegotiation=direct sslrootcert=${authority.rootFile}`;
    expect(await tlsInUse(at('db.test'), dsn)).toBe(true);
  });

  it('is a connection failure with a server that has no TLS', async () => {
    const { host, port } = testServer();
    const error = await failure(
      connect({ host, port, user: 'postgres', ssl: 'require', directTls: true }),
    );
    expect(error).toBeInstanceOf(ConnectionFailureError);
  });
});

it.each(['disable', 'require'] as const)(
  'closing leaves no complaint in the log, with %s',
  async (ssl) => {
    const before = (await cluster.log()).length;
    for (let i = 0; i < 5; i++) {
      const connection = await connect(at('db.test', { ssl }));
      await connection.fetchVal("SELECT repeat('x', 100000)");
      await connection.close();
    }
    await using watcher = await connect(at('db.test'));
    const others = `SELECT count(*)::int FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`;
    await expect.poll(() => watcher.fetchVal(others)).toBe(0);
    expect((await cluster.log()).slice(before)).not.toMatch(/could not|unexpected|SSL error/);
  },
);

it('TLS is never used on a Unix socket, whatever is asked for', async () => {
  const { port, socketDirectory: host } = cluster;
  expect(await tlsInUse({ host, port, user: 'postgres', ssl: true })).toBe(false);
});

it('sslkeylogfile gets the secrets of the session', async () => {
  const file = path.join(authority.folder, 'keys.log');
  expect(await tlsInUse(at('db.test'), `sslmode=require sslkeylogfile=${file}`)).toBe(true);
  expect(await readFile(file, 'utf8')).toMatch(/^CLIENT_TRAFFIC_SECRET_0 /m);
});

it('an sslkeylogfile that cannot be written is warned of once, and the connection goes on', async () => {
  const warnings: Error[] = [];
  const note = (warning: Error): void => void warnings.push(warning);
  process.on('warning', note);
  try {
    const file = path.join(authority.folder, 'no such folder', 'keys.log');
    const dsn = `sslmode=require sslkeylogfile='${file}'`;
    expect(await tlsInUse(at('db.test'), dsn)).toBe(true);
    expect(await tlsInUse(at('db.test'), dsn)).toBe(true);
    expect(warnings.map(({ name }) => name)).toEqual(['AsyncpgKeyLogWarning']);
    expect(warnings[0]!.message).toContain('ENOENT');
  } finally {
    process.off('warning', note);
  }
});

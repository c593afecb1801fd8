import { inspect } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { TempCluster } from '../../../src/cluster/index.ts';
import {
  ClientConfigurationError,
  type Connection,
  ConnectionFailureError,
  type ConnectOptions,
  connect,
  InterfaceError,
  InvalidAuthorizationSpecificationError,
  InvalidCatalogNameError,
  InvalidPasswordError,
  TimeoutError,
  TooManyConnectionsError,
} from '../../../src/index.ts';
import { failure } from '../../support/connections.ts';
import { CountingDial } from '../../support/counting-dial.ts';
import { Authority } from '../../support/servers/certificates.ts';
import { asOwner } from '../../support/servers/owner.ts';
import { hasServer, serverDsn } from '../../support/servers/server.ts';

/** What the server asks of whom: each of these roles is let in by one method alone. */
const METHODS = {
  trusting: 'none',
  clear: 'password',
  hashed: 'md5',
  scram: 'scram-sha-256',
} as const;
const SECRET = 'correct horse battery staple';

let authority: Authority;
let cluster: TempCluster;

beforeAll(async () => {
  authority = await Authority.create();
  const server = await authority.issue();
  cluster = await TempCluster.start({
    settings: { ssl: true, ssl_cert_file: 'server.crt', ssl_key_file: 'server.key' },
    hba: [
      'local all postgres trust',
      'local all all scram-sha-256',
      'host all postgres,trusting,limited,barred all trust',
      'host all clear all password',
      'host all hashed all md5',
      'host all all all scram-sha-256',
    ],
    files: { 'server.crt': server.cert, 'server.key': server.key },
  });
  await asOwner(
    cluster,
    'CREATE ROLE trusting LOGIN',
    'CREATE ROLE limited LOGIN CONNECTION LIMIT 0',
    'CREATE ROLE barred NOLOGIN',
    `CREATE ROLE clear LOGIN PASSWORD '${SECRET}'`,
    `CREATE ROLE scram LOGIN PASSWORD '${SECRET}'`,
    'CREATE ROLE passwordless LOGIN',
    "SET password_encryption = 'md5'",
    `CREATE ROLE hashed LOGIN PASSWORD '${SECRET}'`,
  );
});

afterAll(async () => {
  await cluster?.stop();
  await authority?.[Symbol.asyncDispose]();
});

// Nobody's own password file or certificates have a say here.
beforeEach(() => {
  vi.stubEnv('HOME', authority.folder);
});

function as(user: string, options: ConnectOptions = {}): ConnectOptions {
  const { host, port } = cluster;
  return { host, port, user, database: 'postgres', ...options };
}

async function whoIsIt(options: ConnectOptions, dsn?: string): Promise<string | null> {
  await using connection = await connect(dsn, options);
  return connection.fetchVal<string>('SELECT current_user');
}

function refusal(options: ConnectOptions, dsn?: string): Promise<Error> {
  return failure(connect(dsn, options));
}

describe.each(Object.entries(METHODS))('the role %s, let in by %s', (user, method) => {
  it.each(['disable', 'require'] as const)('connects with ssl %s', async (ssl) => {
    expect(await whoIsIt(as(user, { password: SECRET, ssl }))).toBe(user);
  });

  it.each(Object.values(METHODS))('agrees or not with requireAuth %s', async (required) => {
    const options = as(user, { password: SECRET, requireAuth: required });
    const negated = as(user, { password: SECRET, requireAuth: `!${required}` });
    const [good, bad] = required === method ? [options, negated] : [negated, options];
    expect(await whoIsIt(good)).toBe(user);
    const error = await refusal(bad);
    expect(error).toBeInstanceOf(InterfaceError);
    expect(error.message).toContain('requireAuth');
  });

  it('is one of a list of methods', async () => {
    const list = 'none, password,md5,scram-sha-256';
    expect(await whoIsIt(as(user, { password: SECRET, requireAuth: list }))).toBe(user);
  });

  it.skipIf(method === 'none')('rejects a wrong password with its SQLSTATE', async () => {
    const error = await refusal(as(user, { password: `not ${SECRET}` }));
    expect(error).toBeInstanceOf(InvalidPasswordError);
    expect(error).toMatchObject({ sqlstate: '28P01', safeToRetry: true });
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(SECRET);
  });

  it.skipIf(method === 'none')('needs a password and says where one can be given', async () => {
    for (const password of [undefined, '']) {
      const error = await refusal(as(user, { password }));
      expect(error).toBeInstanceOf(InterfaceError);
      expect(error.message).toMatch(/none was given[\s\S]*PGPASSWORD/);
    }
  });
});

it('connecting takes three flights with SCRAM, two with MD5 and one without a password', async () => {
  const counter = new CountingDial();
  const flights = async (user: string): Promise<number> => {
    let connection: Connection | undefined;
    const count = await counter.during(async () => {
      connection = await connect(
        as(user, {
          password: SECRET,
          ssl: 'disable',
          targetSessionAttrs: 'read-write',
          dial: counter.dial,
        }),
      );
    });
    await connection?.close();
    return count;
  };
  expect(await flights('scram')).toBe(3);
  expect(await flights('hashed')).toBe(2);
  expect(await flights('trusting')).toBe(1);
});

describe('what the server objects to', () => {
  it('keeps its class and its words', async () => {
    const absent = await refusal(as('trusting', { database: 'nowhere' }));
    expect(absent).toBeInstanceOf(InvalidCatalogNameError);
    expect(absent.message).toBe('database "nowhere" does not exist');
    expect(await refusal(as('limited'))).toBeInstanceOf(TooManyConnectionsError);
    expect(await refusal(as('barred'))).toBeInstanceOf(InvalidAuthorizationSpecificationError);
    const nobody = await refusal(as('nobody at all', { password: SECRET }));
    expect(nobody).toBeInstanceOf(InvalidPasswordError);
    expect(await refusal(as('passwordless', { password: 'x' }))).toBeInstanceOf(
      InvalidPasswordError,
    );
  });

  it('is asked once: a wrong password is not tried again without TLS', async () => {
    const password = vi.fn(() => 'wrong');
    await refusal(as('scram', { password, ssl: 'prefer' }));
    await refusal(as('scram', { password, ssl: 'allow' }));
    expect(password).toHaveBeenCalledTimes(2);
  });
});

describe('passwords beyond ASCII', () => {
  it.each([
    ['umlauts', 'pässwörd'],
    ['a ligature', 'ﬁn'],
    ['a Roman numeral', 'Ⅸ'],
    ['a soft hyphen', 'I\u00adX'],
    ['a space of another kind', 'a\u00a0b'],
    ['an accent on its own', 'e\u0301'],
    ['a character outside of the BMP', 'key 🔑'],
    ['a right-to-left script', 'שלום'],
    ['mixed directions, which SASLprep prohibits', 'abcשלום'],
    ['a control character, which SASLprep prohibits', 'bell\u0007'],
    ['an unassigned code point, which SASLprep prohibits', '\u0221'],
  ])('%s', async (_, password) => {
    await asOwner(
      cluster,
      'DROP ROLE IF EXISTS foreigner',
      `CREATE ROLE foreigner LOGIN PASSWORD '${password}'`,
    );
    expect(await whoIsIt(as('foreigner', { password }))).toBe('foreigner');
    await expect(connect(as('foreigner', { password: `${password}?` }))).rejects.toThrow(
      InvalidPasswordError,
    );
  });

  it('are the same when SASLprep makes them the same', async () => {
    await asOwner(
      cluster,
      'DROP ROLE IF EXISTS foreigner',
      "CREATE ROLE foreigner LOGIN PASSWORD 'IX'",
    );
    expect(await whoIsIt(as('foreigner', { password: '\u2168' }))).toBe('foreigner');
    expect(await whoIsIt(as('foreigner', { password: 'I\u00adX' }))).toBe('foreigner');
  });

  it('are hashed as UTF-8 for the method md5, and may be in a URI', async () => {
    const password = 'pä ss/wörd@🔑';
    await asOwner(
      cluster,
      "SET password_encryption = 'md5'",
      `ALTER ROLE hashed PASSWORD '${password}'`,
    );
    try {
      const uri = `postgres://hashed:${encodeURIComponent(password)}@${cluster.host}:${cluster.port}/postgres`;
      expect(await whoIsIt({}, uri)).toBe('hashed');
    } finally {
      await asOwner(
        cluster,
        "SET password_encryption = 'md5'",
        `ALTER ROLE hashed PASSWORD '${SECRET}'`,
      );
    }
  });
});

describe('a password function', () => {
  it('is called once for each connection, and its promise is awaited', async () => {
    let calls = 0;
    const password = async () => {
      calls += 1;
      await new Promise((resolve) => setImmediate(resolve));
      return SECRET;
    };
    expect(await whoIsIt(as('scram', { password }))).toBe('scram');
    expect(await whoIsIt(as('clear', { password, ssl: 'require' }))).toBe('clear');
    expect(await whoIsIt(as('scram', { password: () => SECRET }))).toBe('scram');
    expect(calls).toBe(2);
  });

  it('is not called by a server that asks for none', async () => {
    const password = vi.fn(() => SECRET);
    expect(await whoIsIt(as('trusting', { password }))).toBe('trusting');
    expect(password).not.toHaveBeenCalled();
  });

  it('has its own error passed on', async () => {
    const reason = Object.assign(new Error('the vault is sealed'), { code: 'ECONNREFUSED' });
    const rejecting = vi.fn(() => Promise.reject(reason));
    expect(await refusal(as('scram', { password: rejecting, ssl: 'prefer' }))).toBe(reason);
    expect(rejecting).toHaveBeenCalledTimes(1);
    const throwing = () => {
      throw reason;
    };
    expect(await refusal(as('scram', { password: throwing }))).toBe(reason);
  });

  it('that gives no string is refused', async () => {
    const password = (() => 42) as unknown as () => string;
    const error = await refusal(as('scram', { password }));
    expect(error).toBeInstanceOf(ClientConfigurationError);
    expect(error.message).not.toContain('42');
  });

  it('that never ends is waited for no longer than the time-out', async () => {
    const password = () => new Promise<string>(() => {});
    const error = await refusal(as('scram', { password, timeout: 250 }));
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error.message).toContain(`${cluster.host}:${cluster.port}`);
    expect(error.message).toContain('authenticating');
    expect(error).toMatchObject({ safeToRetry: true });
  });

  it('is waited for no longer than the server waits', async () => {
    await asOwner(
      cluster,
      "ALTER SYSTEM SET authentication_timeout = '1s'",
      'SELECT pg_reload_conf()',
    );
    try {
      const password = vi.fn(() => new Promise<string>(() => {}));
      const error = await refusal(as('scram', { password, timeout: 20_000 }));
      expect(error).toBeInstanceOf(ConnectionFailureError);
      expect(password).toHaveBeenCalledTimes(1);
    } finally {
      await asOwner(
        cluster,
        'ALTER SYSTEM RESET authentication_timeout',
        'SELECT pg_reload_conf()',
      );
    }
  });
});

describe('a password file', () => {
  it('is asked for each host by its own name', async () => {
    const passfile = await authority.write(
      'pgpass',
      [
        '# host:port:database:user:password',
        `b.test:${cluster.port}:*:scram:${SECRET}`,
        `b.test:*:*:*:wrong`,
        `localhost:${cluster.port}:postgres:clear:wrong`,
      ].join('\n'),
    );
    const named = (...host: string[]) =>
      as('scram', { host, hostaddr: host.map(() => '127.0.0.1'), passfile });
    expect(await whoIsIt(named('b.test'))).toBe('scram');
    expect((await refusal(named('a.test'))).message).toContain('none was given');
    expect(await whoIsIt(named('a.test', 'b.test'))).toBe('scram');
    await expect(connect({ ...named('b.test'), user: 'clear' })).rejects.toThrow(
      InvalidPasswordError,
    );
  });

  it('knows a Unix socket as localhost', async () => {
    const passfile = await authority.write('pgpass', `localhost:*:*:scram:${SECRET}\n`);
    expect(await whoIsIt(as('scram', { host: cluster.socketDirectory, passfile }))).toBe('scram');
  });

  it('is ~/.pgpass unless another is named', async () => {
    await authority.write('.pgpass', `*:*:*:scram:${SECRET}\n`);
    expect(await whoIsIt(as('scram'))).toBe('scram');
    vi.stubEnv('PGPASSFILE', await authority.write('other', '*:*:*:scram:wrong\n'));
    expect(await refusal(as('scram'))).toBeInstanceOf(InvalidPasswordError);
    await authority.write('.pgpass', '');
  });
});

describe('where the rest may come from', () => {
  it('a service file has host, port, user and password', async () => {
    const servicefile = await authority.write(
      'services.conf',
      `[shop]\nhost=${cluster.host}\nport=${cluster.port}\nuser=scram\npassword=${SECRET}\ndbname=postgres\n`,
    );
    expect(await whoIsIt({ service: 'shop', servicefile })).toBe('scram');
    vi.stubEnv('PGSERVICEFILE', servicefile);
    vi.stubEnv('PGSERVICE', 'shop');
    expect(await whoIsIt({})).toBe('scram');
    expect(await whoIsIt({}, 'service=shop user=trusting')).toBe('trusting');
  });

  it('the environment has them', async () => {
    vi.stubEnv('PGHOST', cluster.host);
    vi.stubEnv('PGPORT', String(cluster.port));
    vi.stubEnv('PGUSER', 'scram');
    vi.stubEnv('PGPASSWORD', SECRET);
    vi.stubEnv('PGDATABASE', 'postgres');
    expect(await whoIsIt({})).toBe('scram');
  });

  it('a Unix socket is a host that begins with a slash, in a URI too', async () => {
    const { socketDirectory, port } = cluster;
    const options = as('scram', { host: socketDirectory, password: SECRET });
    await using connection = await connect(options);
    expect(await connection.fetchVal('SELECT inet_client_addr() IS NULL')).toBe(true);
    const uri = `postgres://scram@${encodeURIComponent(socketDirectory)}:${port}/postgres`;
    expect(await whoIsIt({ password: SECRET }, uri)).toBe('scram');
    expect(
      await whoIsIt(
        { password: SECRET },
        `postgres:///postgres?host=${socketDirectory}&port=${port}&user=scram`,
      ),
    ).toBe('scram');
  });
});

describe('the protocol version', () => {
  it('3.2 is spoken when it is asked for', async () => {
    expect(await whoIsIt(as('scram', { password: SECRET, maxProtocolVersion: '3.2' }))).toBe(
      'scram',
    );
    expect(await whoIsIt(as('scram', { password: SECRET, minProtocolVersion: '3.2' }))).toBe(
      'scram',
    );
  });

  it.skipIf(!hasServer(15))(
    '3.0 is settled on with an older server, unless 3.2 is the minimum',
    async () => {
      expect(await whoIsIt({ maxProtocolVersion: '3.2' }, serverDsn(15))).toBe('postgres');
      await expect(connect(serverDsn(15), { minProtocolVersion: '3.2' })).rejects.toMatchObject({
        name: 'UnsupportedServerFeatureError',
        message: 'the server speaks protocol version 3.0 at most, and minProtocolVersion is 3.2',
        safeToRetry: true,
      });
    },
  );
});

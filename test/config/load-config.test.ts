import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ConnectConfig } from '../../src/config/connect-config.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import type { ConnectOptions } from '../../src/config/options.ts';
import { rareConfig } from '../../src/config/rare-room.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { bareEnvironment, type Given, resolve, untyped } from './support.ts';

beforeEach(() => {
  rareConfig.content = null;
});

function load({ dsn, options = {}, env, home, platform }: Given): Promise<ConnectConfig> {
  return loadConfig(dsn, options, bareEnvironment(env, home ?? null, platform));
}

/** Everything that can be seen of a configuration, or the error in its place. */
async function outcome(read: () => ConnectConfig | Promise<ConnectConfig>): Promise<unknown> {
  try {
    const { passwordFor, ssl, ...rest } = await read();
    const { tlsOptions, ...tls } = ssl;
    const { checkServerIdentity, ...options } = tlsOptions();
    return { ...rest, tls, options, ownCheck: checkServerIdentity !== undefined };
  } catch (error) {
    const { name, message, hint, detail } = error as Error & { hint?: string; detail?: string };
    return { name, message, hint, detail };
  }
}

const HOME = '/nonexistent';

describe.each<[string, Given]>([
  ['a DSN', { dsn: 'postgres://ada:secret@db.test:5433/shop', home: HOME }],
  ['hosts in a DSN', { dsn: 'postgres://ada@one,two:5433/shop?target_session_attrs=any' }],
  ['a setting in a DSN', { dsn: 'postgres://db.test/shop?application_name=a', home: HOME }],
  ['nothing', {}],
  ['variables', { env: { PGHOST: 'db.test', PGPORT: '5433', PGUSER: 'ada', PGPASSWORD: 's' } }],
  [
    'options',
    {
      options: { host: 'db.test', port: 5433, user: 'ada', password: 's', timeout: 5, ssl: false },
    },
  ],
  [
    'options of queries',
    { options: { commandTimeout: 5, maxCachedStatementLifetime: 0, types: { int8: 'number' } } },
  ],
  ['settings', { options: { serverSettings: { search_path: 'a' }, applicationName: 'b' } }],
  ['TLS without verification', { dsn: 'postgres://db.test/shop?sslmode=require', home: HOME }],
  ['TLS with the roots of Node', { dsn: 'postgres://db.test', options: { ssl: true }, home: HOME }],
  ['no home directory', { dsn: 'postgres://db.test/shop?sslmode=prefer' }],
  ['a wrong port', { options: { port: 70_000 } }],
  ['a wrong DSN', { dsn: 'mysql://db.test' }],
  ['an option with a wrong capital', { options: untyped({ command_timeout: 5 }) }],
])('%s', (_name, given) => {
  it('needs nothing besides what is there from the start', async () => {
    const loaded = await outcome(() => load(given));
    expect(rareConfig.content).toBeNull();
    expect(loaded).toEqual(await outcome(() => resolve(given)));
  });
});

const codecs = { point: { encoder: String, decoder: String } };
const hostProvider = { list: async () => [{ host: 'db.test' }] };

describe.each<[string, Given]>([
  ['keywords', { dsn: 'host=db.test user=ada' }],
  ['wrong keywords', { dsn: 'host=db.test user' }],
  ['a service', { dsn: 'service=shop', env: { PGSERVICEFILE: '/nonexistent' } }],
  ['an address', { dsn: 'postgres://ada@/shop?hostaddr=10.0.0.1' }],
  ['addresses', { options: { hostaddr: ['10.0.0.1', 'no'] } }],
  [
    'hosts',
    {
      options: {
        hosts: [
          { host: 'a', role: 'primary' },
          { host: 'b', port: 5433 },
        ],
      },
    },
  ],
  ['wrong hosts', { options: untyped({ hosts: [{ name: 'a' }] }) }],
  ['a host provider', { options: { hostProvider } }],
  ['a wrong host provider', { options: untyped({ hostProvider: {} }) }],
  ['codecs', { options: { codecs } }],
  ['wrong codecs', { options: untyped({ codecs: { point: {} } }) }],
  ['required methods', { env: { PGREQUIREAUTH: 'scram-sha-256' } }],
  ['wrong methods', { options: { requireAuth: 'scram' as 'none' } }],
  ['a version of TLS', { dsn: 'postgres://db.test/shop?ssl_min_protocol_version=TLSv1.3' }],
  [
    'versions of TLS that leave none',
    { dsn: 'postgres://db.test/shop?ssl_max_protocol_version=TLSv1.1' },
  ],
  ['roots that are missing', { dsn: 'postgres://db.test/shop?sslmode=verify-full', home: HOME }],
  ['roots without a home', { dsn: 'postgres://db.test/shop?sslmode=verify-ca' }],
  ['a certificate that is missing', { dsn: 'postgres://db.test/shop?sslcert=/nonexistent/a' }],
  ['GSSAPI encryption', { env: { PGGSSENCMODE: 'require' } }],
  ['no GSSAPI encryption', { env: { PGGSSENCMODE: 'disable' } }],
  ['a required certificate', { dsn: 'postgres://db.test/shop?sslcertmode=require' }],
  ['a peer', { env: { PGREQUIREPEER: 'postgres' } }],
  ['keys of SCRAM', { dsn: 'postgres://db.test/shop?scram_client_key=a' }],
  ['an OAuth client', { dsn: 'postgres://db.test/shop?oauth_client_id=a' }],
  ["another driver's option", { options: untyped({ max: 5 }) }],
  ["another tool's parameter", { dsn: 'postgres://db.test/shop?pgbouncer=true' }],
])('%s', (_name, given) => {
  it('is read by what is loaded then', async () => {
    const loaded = await outcome(() => load(given));
    expect(rareConfig.content).not.toBeNull();
    expect(loaded).toEqual(await outcome(() => resolve(given)));
  });
});

describe('a home directory', () => {
  const home = temporaryFolder();

  it.each(['prefer', 'require'])('has files of libpq for sslmode %s', async (sslmode) => {
    await mkdir(join(home, '.postgresql'), { recursive: true });
    await writeFile(join(home, '.postgresql/postgresql.crt'), 'no certificate');
    const given = { dsn: `postgres://db.test/shop?sslmode=${sslmode}`, home };
    const loaded = await outcome(() => load(given));
    expect(rareConfig.content).not.toBeNull();
    expect(loaded).toEqual(await outcome(() => resolve(given)));
    expect(loaded).toHaveProperty('message', expect.stringContaining('postgresql.key'));
  });

  it('has the password file, which is read by what is loaded then', async () => {
    await writeFile(join(home, '.pgpass'), 'db.test:5432:*:ada:secret\n', { mode: 0o600 });
    const config = await load({ dsn: 'postgres://ada@db.test/shop?sslmode=disable', home });
    expect(rareConfig.content).toBeNull();
    expect(await config.passwordFor(config.hosts[0]!)).toBe('secret');
    expect(rareConfig.content).not.toBeNull();
  });
});

it('a configuration is what options and environment were at the time of the call', async () => {
  class Options {
    user = 'ada';
    hosts = [{ host: 'db.test' }];
    get database() {
      return 'shop';
    }
  }
  const options = new Options();
  const env: Record<string, string> = { PGAPPNAME: 'mine' };
  const loading = loadConfig(undefined, options as ConnectOptions, bareEnvironment(env));
  options.user = 'eve';
  env['PGAPPNAME'] = 'yours';
  const config = await loading;
  expect(rareConfig.content).not.toBeNull();
  expect(Object.fromEntries(config.startupParameters)).toEqual({
    user: 'ada',
    database: 'shop',
    client_encoding: 'UTF8',
    application_name: 'mine',
  });
});

/**
 * Logins by Kerberos for real: a KDC of Debian's package krb5-kdc, PostgreSQL 15 with GSSAPI, and the npm
 * module `kerberos` as the `gssProvider`, which is installed for the run alone. Says what it does not find.
 *
 *     npm run test:kerberos
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { TempCluster } from '../../src/cluster/index.ts';
import { type ConnectOptions, connect, createPool, type GssProvider } from '../../src/index.ts';
import { freePort, sleep } from '../support/pool.ts';
import { findProgram } from '../support/servers/daemon.ts';
import { Processes } from './processes.ts';

const REALM = 'ASYNCPG.TEST';
const BIN = '/usr/lib/postgresql/15/bin';
const MODULE = 'kerberos@7.0.0';

for (const name of ['krb5kdc', 'kdb5_util', 'kadmin.local', 'kinit', `${BIN}/postgres`]) {
  if (existsSync(name) || (await findProgram(name)) !== null) continue;
  const packages = 'krb5-kdc krb5-admin-server krb5-user libkrb5-dev postgresql-15';
  console.log(`skipped: ${name} not found (Debian: ${packages})`);
  process.exit(0);
}

await using processes = await Processes.create();
const { folder } = processes;
const kdcPort = await freePort();
const env = {
  KRB5_CONFIG: `${folder}/krb5.conf`,
  KRB5_KDC_PROFILE: `${folder}/kdc.conf`,
  KRB5CCNAME: `FILE:${folder}/tickets`,
};
// libkrb5 reads them in this process and in the server's.
Object.assign(process.env, env);
await processes.write(
  'krb5.conf',
  `[libdefaults]
  default_realm = ${REALM}
  dns_lookup_kdc = false
  dns_canonicalize_hostname = false
  rdns = false
[realms]
  ${REALM} = {
    kdc = 127.0.0.1:${kdcPort}
  }
`,
);
await processes.write(
  'kdc.conf',
  `[kdcdefaults]
  kdc_listen = 127.0.0.1:${kdcPort}
  kdc_tcp_listen = 127.0.0.1:${kdcPort}
[realms]
  ${REALM} = {
    database_name = ${folder}/principal
    key_stash_file = ${folder}/stash
    acl_file = ${folder}/acl
  }
`,
);
const administrate = (query: string): Promise<string> =>
  processes.run('/usr/sbin/kadmin.local', ['-r', REALM, '-q', query], env);
await processes.run('/usr/sbin/kdb5_util', ['create', '-s', '-r', REALM, '-P', 'master'], env);
for (const name of ['ada', 'bob']) await administrate(`addprinc -pw ${name} ${name}`);
await administrate('addprinc -randkey postgres/localhost');
await administrate(`ktadd -k ${folder}/server.keytab postgres/localhost`);
for (const name of ['ada', 'bob']) await administrate(`ktadd -k ${folder}/${name}.keytab ${name}`);
processes.start('/usr/sbin/krb5kdc', ['-n', '-r', REALM, '-P', `${folder}/kdc.pid`], env);

/** Gets a ticket for one of them, in place of what there was. */
async function login(name: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await processes.run('/usr/bin/kinit', ['-k', '-t', `${folder}/${name}.keytab`, name], env);
      return;
    } catch (error) {
      // The KDC may not be up yet.
      if (tries > 50) throw error;
      await sleep(100);
    }
  }
}

await processes.write('package.json', '{"private": true}');
const npm = ['install', '--no-save', '--no-audit', '--no-fund', '--foreground-scripts', MODULE];
// It is built here, for Node-API, with the headers of whichever Node has them.
const headers = [path.resolve(process.execPath, '../..'), '/usr', '/usr/local'].find((prefix) =>
  existsSync(path.join(prefix, 'include/node/node_api.h')),
);
await processes.run('npm', npm, {
  npm_config_cache: `${folder}/npm`,
  ...(headers === undefined ? {} : { npm_config_nodedir: headers }),
});
const { initializeClient } = createRequire(`${folder}/package.json`)('kerberos') as {
  initializeClient(service: string): Promise<{
    contextComplete: boolean;
    step(challenge: string): Promise<string | null>;
  }>;
};

/** As the documentation of the option `gssProvider` has it. */
const gssProvider: GssProvider = async function* ({ service, host }) {
  const client = await initializeClient(`${service}@${host}`);
  let answer: Buffer | null = Buffer.alloc(0);
  while (!client.contextComplete) {
    if (answer === null) throw new Error('the server has not proved who it is');
    const token = await client.step(answer.toString('base64'));
    if (token) answer = yield Buffer.from(token, 'base64');
  }
};

await using cluster = await TempCluster.start({
  // Built with GSSAPI, as those of npm packages are not.
  binDir: BIN,
  settings: { krb_server_keyfile: 'server.keytab' },
  files: { 'server.keytab': await readFile(`${folder}/server.keytab`) },
  hba: [
    'local all all trust',
    `hostgssenc encrypted all 127.0.0.1/32 gss include_realm=0 krb_realm=${REALM}`,
    `hostnogssenc postgres all 127.0.0.1/32 gss include_realm=0 krb_realm=${REALM}`,
  ],
});
{
  await using admin = await connect({
    host: cluster.socketDirectory,
    port: cluster.port,
    user: 'postgres',
    database: 'postgres',
  });
  await admin.execute('CREATE ROLE ada LOGIN; CREATE ROLE bob LOGIN');
  await admin.execute('CREATE DATABASE encrypted');
}
const at = {
  host: 'localhost',
  hostaddr: '127.0.0.1',
  port: cluster.port,
  user: 'ada',
  database: 'postgres',
  ssl: false,
} satisfies ConnectOptions;

let count = 0;
async function test(title: string, work: () => Promise<unknown>): Promise<void> {
  await work();
  count += 1;
  console.log(`ok  ${title}`);
}

const failure = (options: ConnectOptions): Promise<Error> =>
  connect(options).then(
    async (connection) => {
      await connection.close();
      throw new Error('it has connected');
    },
    (error: Error) => error,
  );

await login('ada');
await test('a ticket is enough, and the server says whose it is', async () => {
  const began = performance.now();
  await using connection = await connect({ ...at, gssProvider });
  const took = performance.now() - began;
  const row = await connection.fetchOne(
    'SELECT gss_authenticated, principal, encrypted FROM pg_stat_gssapi WHERE pid = pg_backend_pid()',
  );
  assert.deepEqual([...row], [true, `ada@${REALM}`, false]);
  console.log(`    the first login took ${took.toFixed(1)} ms`);
});
await test('every connection of a pool has an exchange of its own', async () => {
  await using pool = await createPool({ ...at, gssProvider, minSize: 8, maxSize: 8 });
  const seen = await Promise.all(
    Array.from({ length: 8 }, async () => {
      await using connection = await pool.acquire();
      return await connection.fetchVal<string>('SELECT session_user');
    }),
  );
  assert.deepEqual(new Set(seen), new Set(['ada']));
});
await test('requireAuth=gss takes it, and another method does not', async () => {
  await using connection = await connect({ ...at, gssProvider, requireAuth: 'gss' });
  assert.equal(await connection.fetchVal('SELECT 1'), 1);
  const refused = await failure({ ...at, gssProvider, requireAuth: 'scram-sha-256' });
  assert.match(refused.message, /gss/i);
});
await test('a ticket of somebody else is refused by the server', async () => {
  const refused = await failure({ ...at, user: 'bob', gssProvider });
  assert.equal((refused as { sqlstate?: string }).sqlstate, '28000');
  await login('bob');
  await using connection = await connect({ ...at, user: 'bob', gssProvider });
  assert.equal(await connection.fetchVal('SELECT session_user'), 'bob');
  await login('ada');
});
await test('a service that the KDC does not know fails with what the library says', async () => {
  const refused = await failure({ ...at, gssProvider, krbsrvname: 'unheard-of' });
  assert.match(refused.message, /not found|unknown|Server/i);
});
await test('without a provider, the error names the option', async () => {
  assert.match((await failure(at)).message, /gssProvider/);
});
await test('without a ticket it fails with what the library says', async () => {
  process.env['KRB5CCNAME'] = `FILE:${folder}/nothing`;
  const refused = await failure({ ...at, gssProvider });
  process.env['KRB5CCNAME'] = env.KRB5CCNAME;
  assert.match(refused.message, /credential|cache|ticket/i);
});
await test('encryption by GSSAPI is not spoken: where a server wants it, it says so', async () => {
  const refused = await failure({ ...at, database: 'encrypted', gssProvider });
  assert.equal((refused as { sqlstate?: string }).sqlstate, '28000');
  const required = await connect('postgres://ada@localhost/postgres?gssencmode=require').catch(
    (error: Error) => error,
  );
  assert.match((required as Error).message, /gssencmode.*no GSSAPI encryption/s);
  // libpq speaks it to the same server, so it is there.
  const text = await processes.run(
    `${cluster.binDir}/psql`,
    [
      `host=localhost hostaddr=127.0.0.1 port=${cluster.port} user=ada dbname=encrypted gssencmode=require`,
      ...['-Atc', 'SELECT encrypted FROM pg_stat_gssapi WHERE pid = pg_backend_pid()'],
    ],
    env,
  );
  assert.equal(text.trim(), 't');
});
console.log(`${count} passed`);

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'asyncpg/pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { TempCluster } from '../../../../src/cluster/index.ts';
import { passwordFromFile } from '../../../../src/integrations/pg/connect-config.ts';
import { asOwner } from '../../../support/servers/owner.ts';
import { both, plain } from './both.ts';

let cluster: TempCluster;

beforeAll(async () => {
  cluster = await TempCluster.start({
    hba: [
      'local all all trust',
      'host all postgres all trust',
      'host all clear all password',
      'host all hashed all md5',
      'host all all all scram-sha-256',
    ],
  });
  await asOwner(
    cluster,
    "CREATE ROLE scram LOGIN PASSWORD 'secret'",
    "CREATE ROLE clear LOGIN PASSWORD 'secret'",
    "SET password_encryption = 'md5'",
    "CREATE ROLE hashed LOGIN PASSWORD 'secret'",
  );
});

afterAll(() => cluster.stop());

/** What connecting with a password comes to, and which password the client has then. */
function login(user: string, password: unknown): Promise<any> {
  return both(async ({ Client }) => {
    const { host, port } = cluster;
    const client: any = new Client({ host, port, user, password, database: 'postgres' } as never);
    client.on('error', () => {});
    try {
      await client.connect();
      return [(await client.query('SELECT 1 AS a')).rows, client.password];
    } catch (error) {
      return [plain(error), client.password];
    } finally {
      await client.end();
    }
  });
}

const MISSING: readonly [string, unknown][] = [
  ['no password', undefined],
  ['null', null],
  ['an empty one', ''],
  ['a function that has none', () => undefined],
  ['a function with an empty one', async () => ''],
];

test('a function is called as a method of its client, with the parameters', async () => {
  async function password(this: any, { user }: any): Promise<string> {
    return this.user === 'scram' && user === 'scram' ? 'secret' : 'another';
  }
  expect(await login('scram', password)).toEqual([[{ a: 1 }], 'secret']);
});

test.each(MISSING)('%s is refused by the server, as by pg', async (_, password) => {
  expect(await login('clear', password)).toMatchObject([{ code: '28P01' }, {}]);
  expect(await login('hashed', password)).toMatchObject([{ code: '28P01' }, {}]);
  const [refusal] = await login('scram', password);
  expect(refusal.message).toContain('client password must be a');
});

test.each(['clear', 'hashed', 'scram'])('what is no text is no password of %s', async (user) => {
  for (const password of [() => null, () => 5, async () => ({})]) {
    expect(await login(user, password)).toMatchObject([
      { message: 'Password must be a string' },
      {},
    ]);
  }
});

test('is that of the password file, which pg warns of', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'asyncpg-passfile-'));
  const file = path.join(folder, 'postgresql', 'pgpass.conf');
  await mkdir(path.dirname(file));
  vi.stubEnv('PGPASSFILE', file);
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const { host, port } = cluster;
  try {
    for (const lines of [
      `# comment\n${host}:${port}:postgres:clear:secret\n`,
      '*:*:*:*:secret',
      'elsewhere:*:*:*:wrong\n*:*:*:clear:secret\r\n',
    ]) {
      await writeFile(file, lines, { mode: 0o600 });
      expect(await login('clear', undefined)).toEqual([[{ a: 1 }], 'secret']);
    }
    // The first line that fits, as by libpq: pg takes another one behind it.
    await writeFile(file, '*:*:*:clear:secret\n*:*:*:*:wrong\n');
    const client: any = new Client({ host, port, user: 'clear', database: 'postgres' });
    await client.connect();
    await client.end();
    // On Windows it has a place of its own.
    vi.stubEnv('PGPASSFILE', '');
    vi.stubEnv('APPDATA', folder);
    vi.spyOn(process, 'platform', 'get').mockReturnValue('win32');
    const identity = { host, port, user: 'clear', database: 'postgres' };
    expect(await passwordFromFile(identity)).toBe('secret');
  } finally {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
    warn.mockRestore();
    await rm(folder, { recursive: true });
  }
});

test('a number is no password of SCRAM', async () => {
  expect(await login('scram', 5)).toMatchObject([{ name: 'Error' }, 5]);
});

test.each(['clear', 'hashed', 'scram'])('right and wrong ones of %s', async (user) => {
  expect(await login(user, 'secret')).toEqual([[{ a: 1 }], 'secret']);
  expect(await login(user, async () => 'secret')).toEqual([[{ a: 1 }], 'secret']);
  expect(await login(user, 'wrong')).toMatchObject([{ code: '28P01' }, 'wrong']);
});

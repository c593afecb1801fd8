import { beforeEach, expect, it } from 'vitest';
import { rareCodecs } from '../../../src/codecs/rooms.ts';
import { rareConfig } from '../../../src/config/rare-room.ts';
import { hostDirectories } from '../../../src/connecting/host-directory-room.ts';
import { ClientConfigurationError, connect, createPool } from '../../../src/index.ts';
import { connectReplication } from '../../../src/replication/index.ts';
import { serverDsn, testServer } from '../../support/servers/server.ts';

beforeEach(() => {
  rareConfig.content = null;
  hostDirectories.content = null;
  rareCodecs.content = null;
});

const PORT = 'SELECT inet_server_port()';
const AS = { user: 'postgres', database: 'postgres' };
const hostProvider = () => ({ list: async () => [{ host: '127.0.0.1', port: testServer().port }] });

it('who connects with a DSN loads nothing of what few configurations need', async () => {
  await using connection = await connect(serverDsn());
  await using pool = await createPool(serverDsn(), { minSize: 1, maxSize: 2 });
  expect(await connection.fetchVal(PORT)).toBe(testServer().port);
  expect(await pool.fetchVal(PORT)).toBe(testServer().port);
  expect(rareConfig.content).toBeNull();
  expect(hostDirectories.content).toBeNull();
});

it('a connection is made by keywords', async () => {
  await using connection = await connect(
    `host=127.0.0.1 port=${testServer().port} user=postgres dbname=postgres`,
  );
  expect(rareConfig.content).not.toBeNull();
  expect(await connection.fetchVal(PORT)).toBe(testServer().port);
});

it.each(['connection', 'pool', 'readers', 'walsender'])(
  'a %s asks a host provider',
  async (kind) => {
    if (kind === 'connection') {
      await using connection = await connect({ ...AS, hostProvider: hostProvider() });
      expect(await connection.fetchVal(PORT)).toBe(testServer().port);
    } else if (kind === 'pool') {
      await using pool = await createPool({ ...AS, hostProvider: hostProvider(), minSize: 1 });
      expect(await pool.fetchVal(PORT)).toBe(testServer().port);
    } else if (kind === 'readers') {
      const readers = { hostProvider: hostProvider(), targetSessionAttrs: 'any' } as const;
      await using pool = await createPool(serverDsn(), { minSize: 1, readers });
      expect(await pool.readers!.fetchVal(PORT)).toBe(testServer().port);
    } else {
      const options = { ...AS, hostProvider: hostProvider() };
      await using walsender = await connectReplication('', options);
      expect(await walsender.identifySystem()).toHaveProperty('timeline', 1);
    }
    expect(hostDirectories.content).not.toBeNull();
  },
);

it.each(['pool', 'readers'])('declared codecs serve a %s', async (kind) => {
  const codecs = { point: { schema: 'pg_catalog', decoder: (text: string) => `at ${text}` } };
  const options =
    kind === 'pool' ? { codecs } : { readers: { codecs, targetSessionAttrs: 'any' } as const };
  await using pool = await createPool(serverDsn(), { minSize: 1, ...options });
  const asked = kind === 'pool' ? pool : pool.readers!;
  expect(await asked.fetchVal("SELECT point '(1,2)'")).toBe('at (1,2)');
});

it('a wrong option of a pool is told before one of its connections', async () => {
  const wrong = { minSize: 3, maxSize: 2, port: 70_000 };
  await expect(createPool(wrong)).rejects.toThrow(ClientConfigurationError);
  await expect(createPool(wrong)).rejects.toThrow(/^invalid minSize option/);
  await expect(createPool({ port: 70_000 })).rejects.toThrow(/^port \(from the options\)/);
  await expect(createPool({ max: 2 } as object)).rejects.toMatchObject({
    message: expect.stringContaining('unknown option "max"'),
    hint: 'The most connections of a pool are "maxSize".',
  });
});

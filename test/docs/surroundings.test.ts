/**
 * Blocks that want more than a database: servers that follow one another, a stream of changes, a
 * platform that calls what they export. Each is run in what it is written for.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { CheckViolationError, createPool, type Pool } from '../../src/index.ts';
import { dropSlot } from '../../src/replication/index.ts';
import { StreamingCluster } from '../support/servers/streaming-cluster.ts';
import { closeAll, leadTo } from './asyncpg.ts';
import { blocksOf, fileOf, ROOT } from './blocks.ts';
import { programOf } from './program.ts';

const FOLDER = path.join(ROOT, 'test/docs/generated-surroundings');
const USER = { user: 'postgres', database: 'postgres' };

let servers: StreamingCluster;
let primary: Pool;
let count = 0;

beforeAll(async () => {
  await rm(FOLDER, { recursive: true, force: true });
  await mkdir(FOLDER);
  servers = await StreamingCluster.start(18, 1, { wal_level: 'logical' });
  primary = await createPool(servers.primary.dsn);
  await primary.execute(await readFile(path.join(ROOT, 'docs/shop.sql'), 'utf8'));
  await servers.write(`
    CREATE VIEW sales AS SELECT inet_server_port() AS port;
    CREATE TABLE visits (page text);
`);
});

afterEach(closeAll);

afterAll(async () => {
  primary?.terminate();
  await servers?.[Symbol.asyncDispose]();
  await rm(FOLDER, { recursive: true, force: true });
});

/** Runs the block of a document that has a text in it, and returns these of its variables, and what it exports. */
async function run(
  document: string,
  text: string,
  variables: readonly string[] = [],
): Promise<Record<string, unknown>> {
  const blocks = (await blocksOf(document)).filter(({ code }) => code.includes(text));
  expect(blocks).toHaveLength(1);
  // A module is run once only: each time it is another.
  const file = fileOf(blocks[0]!, FOLDER).replace(/\.ts$/, `-${++count}.ts`);
  await writeFile(file, `${programOf(blocks[0]!)}\nexport { ${variables.join(', ')} };\n`);
  return (await import(file)) as Record<string, unknown>;
}

function leadToPrimary(): void {
  leadTo({ ...servers.options.hosts[0]!, ...USER });
}

const GUIDE = {
  clusters: 'docs/guides/clusters.md',
  replication: 'docs/guides/replication.md',
  serverless: 'docs/guides/serverless.md',
};

it('a pool with readers: what only reads is answered by the standby', async () => {
  leadTo({ hosts: servers.options.hosts, ...USER });
  const { report, total } = await run(GUIDE.clusters, 'maxLag: 10_000', ['report', 'total']);
  expect(report).toMatchObject([{ port: servers.standbys[0]!.port }]);
  expect(total).toBeNull(); // nobody has ordered
  expect(await primary.fetchVal('SELECT page FROM visits')).toBe('home');
});

it('hosts by Patroni and by a registry', async () => {
  const [leader, replica] = servers.all.map(({ port }) => ({ host: '127.0.0.1', port }));
  const asked: string[] = [];
  vi.stubGlobal('fetch', async (url: URL | string) => {
    asked.push(new URL(url).href);
    return Response.json(
      String(url).includes(':8008')
        ? {
            members: [
              { name: 'a', role: 'leader', state: 'running', ...leader },
              { name: 'b', role: 'replica', state: 'streaming', lag: 0, ...replica },
            ],
          }
        : [
            { role: 'standby', ...replica },
            { role: 'primary', ...leader },
          ],
    );
  });
  leadTo(USER);
  await run(GUIDE.clusters, 'patroniHosts([');
  expect(asked).toContain('http://10.0.0.1:8008/cluster');
  expect(asked.at(-1)).toBe('http://registry.internal/postgres');
});

it('a handler of AWS Lambda', async () => {
  leadToPrimary();
  const module = await run(GUIDE.serverless, 'export const handler');
  const handler = module['handler'] as (event: { id: string }) => Promise<unknown>;
  expect(await handler({ id: '1' })).toBeNull();
  await primary.execute('INSERT INTO orders (user_id, product_id, quantity) VALUES (1, 1, 3)');
  expect(await handler({ id: '1' })).toMatchObject({ id: 1n, quantity: 3 });
  await expect(handler({ id: 'one' })).rejects.toThrow(SyntaxError);
});

it('a Worker of Cloudflare', async () => {
  leadToPrimary();
  const module = await run(GUIDE.serverless, 'HYPERDRIVE');
  const worker = module['default'] as { fetch(request: Request, env: object): Promise<Response> };
  const connectionString = servers.primary.dsn;
  const response = await worker.fetch(new Request('https://app.example'), {
    HYPERDRIVE: { connectionString },
  });
  expect(await response.json()).toEqual([
    { id: 1, name: 'Ada' },
    { id: 2, name: 'Bob' },
  ]);
});

// A stream has no end: what is done with a change throws when the test has seen enough.
const ENOUGH = new Error('the test has seen enough');

it.each([GUIDE.replication, 'skills/asyncpg/SKILL.md'])(
  'a stream of changes that begins with the rows that are there: %s',
  async (document) => {
    leadToPrimary();
    const seen: unknown[][] = [];
    vi.spyOn(console, 'log').mockImplementation((...args) => {
      seen.push(args);
      if (seen.length === 2) void primary.execute(CHANGES);
      if (seen.at(-1)![1] === 4) throw ENOUGH;
    });
    const CHANGES = `
      INSERT INTO products (id, sku, price, stock) OVERRIDING SYSTEM VALUE VALUES (3, 'cake', 9, 1);
      UPDATE products SET stock = 7 WHERE id = 3;
      DELETE FROM products WHERE id = 3;
      INSERT INTO products (id, sku, price, stock) OVERRIDING SYSTEM VALUE VALUES (4, 'dates', 9, 1)`;
    await expect(run(document, "slot: 'search'")).rejects.toBe(ENOUGH);
    const changed = document === GUIDE.replication;
    expect(seen).toEqual([
      ['new', 1],
      ['new', 2],
      ['new', 3],
      ...(changed ? [['changed', 3, expect.objectContaining({ id: 3, stock: 7 })]] : []),
      ...(changed ? [['gone', 3]] : []),
      ['new', 4],
    ]);
    await primary.execute('DELETE FROM products WHERE id = 4; DROP PUBLICATION search');
    await dropSlot(primary, 'search');
  },
);

it('a copy that has each row exactly once, however often its program begins', async () => {
  leadToPrimary();
  await primary.execute(`
    CREATE TABLE progress AS SELECT NULL::pg_lsn AS lsn;
    CREATE TABLE copy (id integer PRIMARY KEY CHECK (id < 100));
    CREATE PUBLICATION copy FOR TABLE products`);
  await primary.execute("SELECT pg_create_logical_replication_slot('copy', 'pgoutput')");
  const insert = (id: number): Promise<unknown> =>
    primary.execute(
      'INSERT INTO products (id, sku, price, stock) OVERRIDING SYSTEM VALUE VALUES ($1, $2, 1, 1)',
      id,
      `sku ${id}`,
    );
  for (const id of [10, 11, 100]) await insert(id);
  await expect(run(GUIDE.replication, "slot: 'copy'")).rejects.toThrow(CheckViolationError);
  await primary.execute('ALTER TABLE copy DROP CONSTRAINT copy_id_check, ADD CHECK (id < 101)');
  await insert(101);
  await expect(run(GUIDE.replication, "slot: 'copy'")).rejects.toThrow(CheckViolationError);
  const copied = await primary.fetch<{ id: number }>('SELECT id FROM copy ORDER BY id');
  expect(copied.map(({ id }) => id)).toEqual([10, 11, 100]);
});

it('an outbox without a table', async () => {
  leadToPrimary();
  await primary.execute('CREATE PUBLICATION only_messages');
  await primary.execute("SELECT pg_create_logical_replication_slot('outbox', 'pgoutput')");
  const published: string[] = [];
  vi.stubGlobal('broker', {
    publish: async (messages: Buffer[]) => {
      published.push(...messages.map(String));
      throw ENOUGH;
    },
  });
  await expect(run(GUIDE.replication, 'stream.batches')).rejects.toBe(ENOUGH);
  expect(published).toEqual(['{"order":1}']);
});

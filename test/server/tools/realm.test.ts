/**
 * The whole driver in a realm of its own, as Jest has it: its Error, Date and Map are others than those of
 * Node's modules, which see and make those of the main realm. Jest itself: `npm run test:tools`.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createContext, Script } from 'node:vm';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type * as Asyncpg from '../../../src/index.ts';
import { deferred } from '../../support/deferred.ts';
import { serverDsn } from '../../support/servers/server.ts';

let folder: string;
let asyncpg: typeof Asyncpg;
/** Runs code in that realm. */
let inside: (code: string) => unknown;

/** As Jest's environment "node" does: Node's globals are shared, JavaScript's own are not. */
function createRealm(): Record<string, unknown> {
  const context = createContext();
  const own = new Set(new Script('Object.getOwnPropertyNames(globalThis)').runInContext(context));
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    if (own.has(name)) continue;
    Object.defineProperty(context, name, Object.getOwnPropertyDescriptor(globalThis, name)!);
  }
  return Object.assign(context, { ArrayBuffer, Uint8Array });
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'asyncpg-realm-'));
  const input = fileURLToPath(new URL('../../../src/index.ts', import.meta.url));
  const bundle = await rolldown({ input, platform: 'node', logLevel: 'silent' });
  const file = path.join(folder, 'asyncpg.cjs');
  await bundle.write({ file, format: 'cjs', codeSplitting: false });
  const realm = createRealm();
  inside = (code) => new Script(code).runInContext(realm);
  const wrapper = `(function (require, module, exports, __filename) {${await readFile(file, 'utf8')}\n})`;
  const module = { exports: {} };
  (inside(wrapper) as (...args: unknown[]) => void)(
    createRequire(file),
    module,
    module.exports,
    file,
  );
  asyncpg = module.exports as typeof Asyncpg;
});

afterAll(() => rm(folder, { recursive: true }));

it('has errors and dates of its own', async () => {
  expect(inside('Error')).not.toBe(Error);
  await using connection = await asyncpg.connect(serverDsn());
  const date = await connection.fetchVal("SELECT timestamptz '2024-05-06 00:00Z'");
  expect(date).not.toBeInstanceOf(Date);
  expect(date).toBeInstanceOf(inside('Date'));
});

it('connects, with the files that libpq would look for missing', async () => {
  vi.stubEnv('HOME', folder);
  vi.stubEnv('PGSSLMODE', 'prefer');
  vi.stubEnv('PGPASSFILE', path.join(folder, 'nothing'));
  await using connection = await asyncpg.connect(serverDsn());
  expect(await connection.fetchVal('SELECT 1')).toBe(1);
});

it('runs a pool, a transaction, a stream, COPY, notifications and a time-out', async () => {
  await using pool = await asyncpg.createPool(serverDsn(), { minSize: 1, maxSize: 2 });
  const [row] = await pool.fetch(
    'SELECT $1::date AS d, $2::jsonb AS j, $3::bytea AS b',
    new Date(0),
    { a: 1 },
    Buffer.from('x'),
  );
  expect(row).toMatchObject({ d: '1970-01-01', j: { a: 1 }, b: Buffer.from('x') });
  await pool.transaction(async (tx) => {
    await tx.execute('CREATE TEMP TABLE t (n int, at timestamptz) ON COMMIT DROP');
    await tx.copyRecordsToTable('t', {
      records: [
        [1, new Date(0)],
        [2, inside('new Date(0)')],
      ],
    });
    expect(await tx.fetchVal('SELECT count(*) FROM t')).toBe(2n);
    const seen: number[] = [];
    for await (const { n } of tx.stream<{ n: number }>('SELECT n FROM t')) seen.push(n);
    expect(seen).toEqual([1, 2]);
  });
  const heard = deferred<string>();
  await using subscription = await pool.listen('realm', ({ payload }) => heard.resolve(payload));
  expect(subscription).toBeDefined();
  await pool.notify('realm', 'hello');
  expect(await heard.promise).toBe('hello');
  await expect(pool.fetch({ text: 'SELECT pg_sleep(60)', timeout: 20 })).rejects.toBeInstanceOf(
    asyncpg.TimeoutError,
  );
});

it('has the same words for what fails outside of it', async () => {
  const failure = (dsn: string) =>
    asyncpg.connect(dsn).then(
      () => expect.unreachable('connected'),
      (error: Error & { cause?: Error & { code?: string } }) => error,
    );
  const refused = await failure('postgres://ada@127.0.0.1:1/shop');
  expect(refused).toBeInstanceOf(asyncpg.ConnectionFailureError);
  expect(refused.cause?.code).toBe('ECONNREFUSED');
  const file = encodeURIComponent(path.join(folder, 'no.crt'));
  const missing = await failure(
    `postgres://ada@127.0.0.1:1/shop?sslmode=verify-full&sslrootcert=${file}`,
  );
  expect(missing).toBeInstanceOf(asyncpg.ClientConfigurationError);
  expect(missing.message).toContain('no.crt');
  await using connection = await asyncpg.connect(serverDsn());
  const nowhere = connection.copyFromQuery('SELECT 1', { output: path.join(folder, 'no', 'file') });
  await expect(nowhere).rejects.toMatchObject({ code: 'ENOENT' });
  const conflict = await connection.fetch('SELECT 1/0').catch((error: unknown) => error);
  expect(conflict).toBeInstanceOf(asyncpg.DivisionByZeroError);
  expect(conflict).toBeInstanceOf(inside('Error'));
});

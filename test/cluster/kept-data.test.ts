import { access, chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { Binaries } from '../../src/cluster/binaries.ts';
import { ClusterError, TempCluster } from '../../src/cluster/index.ts';
import { KeptData } from '../../src/cluster/kept-data.ts';

/** What is kept here goes below a folder of its own. */
let root: string;

beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'kept-test-'));
  await chmod(root, 0o755);
});

beforeEach(() => {
  vi.stubEnv('TMPDIR', root);
});

afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

async function execute(dsn: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: dsn });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

const LONG = { timeout: 120_000 };

test('a cluster begins with what was kept of another, and leaves that as it is', LONG, async () => {
  const first = await TempCluster.start({ kept: 'tables' });
  expect(first.beganKept).toBe(false);
  await execute(first.dsn, 'CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)');
  await first.keep('tables');
  await expect(first.keep('tables')).rejects.toThrow(ClusterError);

  const second = await TempCluster.start({ kept: 'tables' });
  const third = await TempCluster.start({ kept: 'tables' });
  try {
    expect([second.beganKept, third.beganKept]).toEqual([true, true]);
    await execute(second.dsn, 'DELETE FROM kept');
    expect(await execute(third.dsn, 'SELECT n FROM kept')).toEqual([{ n: 7 }]);
  } finally {
    await Promise.all([second.stop(), third.stop()]);
  }
  const [kept, ...others] = (await readdir(root)).filter((name) => /-kept-/.test(name));
  expect(others).toEqual([]);

  // One that others could have written to is not taken.
  await chmod(path.join(root, kept!), 0o777);
  await using fourth = await TempCluster.start({ kept: 'tables' });
  expect(fourth.beganKept).toBe(false);
});

test('a name that leads elsewhere is refused', async () => {
  await expect(TempCluster.start({ kept: '../x' })).rejects.toThrow(ClusterError);
});

test('what is removed while it is copied counts as not kept', async () => {
  const folder = await mkdtemp(path.join(root, 'race-'));
  const kept = new KeptData(folder, { version: '18.0' } as Binaries, 'race');
  await mkdir(path.join(folder, 'data'), { mode: 0o700 });
  await kept.take(path.join(folder, 'data'));
  const target = path.join(folder, 'target');
  // A copy that finds only a part there, and does not notice.
  const program = path.join(folder, 'cp');
  await writeFile(program, '#!/bin/sh\n/bin/mv "$2" "$2.removed-1"\n/bin/mkdir "$3"\n', {
    mode: 0o755,
  });
  const options = { env: { PATH: folder } };
  expect(await kept.copyTo(target, null, options)).toBe(false);
  await expect(access(target)).rejects.toThrow('ENOENT');
});

test('the least recently used go, and what another process left half removed', async () => {
  const folder = await mkdtemp(path.join(root, 'many-'));
  await mkdir(path.join(folder, `asyncpg-kept-${process.getuid?.()}-18.0-a.removed-1`));
  for (const name of ['b', 'c', 'd', 'e', 'f']) {
    await mkdir(path.join(folder, name));
    await new KeptData(folder, { version: '18.0' } as Binaries, name).take(path.join(folder, name));
    // Times of files are that exact.
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const names = (await readdir(folder)).map((name) => name.slice(name.lastIndexOf('-') + 1));
  expect(names.sort()).toEqual(['c', 'd', 'e', 'f']);
});

import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { ClusterError, TempCluster } from '../../src/cluster/index.ts';

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
  expect(() => first.keep('tables')).toThrow(ClusterError);

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

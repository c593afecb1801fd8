import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test, vi } from 'vitest';
import { connect } from '../../../src/index.ts';
import { serverDsn } from '../../support/servers/server.ts';

const THREADS = new URL('../../support/programs/run-threads.ts', import.meta.url);
const CLUSTER = new URL('../../support/programs/run-cluster.ts', import.meta.url);

/** What a program says that ends by itself, with no handle left open. */
async function outputOf(program: URL): Promise<unknown> {
  const file = fileURLToPath(program);
  const limits = { timeout: 25_000 };
  const { stdout } = await promisify(execFile)(process.execPath, [file, serverDsn()], limits);
  return JSON.parse(stdout);
}

test('pools of worker threads leave nothing that keeps a thread, and end with theirs', async () => {
  const { ended, pid } = (await outputOf(THREADS)) as { ended: unknown[]; pid: number };
  expect(ended).toEqual(
    [0, 1, 2].map((number) => ({ message: { isRight: true, rows: [{ number }] }, code: 0 })),
  );
  await using admin = await connect(serverDsn());
  const left = () => admin.fetchVal('SELECT count(*) FROM pg_stat_activity WHERE pid = $1', pid);
  await vi.waitFor(async () => expect(await left()).toBe(0n), 10_000);
});

test('pools of the processes of node:cluster leave nothing that keeps a process', async () => {
  const done = { message: { isRight: true }, code: 0 };
  expect(await outputOf(CLUSTER)).toEqual({ ended: [done, done] });
});

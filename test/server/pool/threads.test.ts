import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test, vi } from 'vitest';
import { connect } from '../../../src/index.ts';
import { serverDsn } from '../../support/servers/server.ts';

/** What a program says that ends by itself, with no handle left open. */
async function outputOf(program: string): Promise<unknown> {
  const file = fileURLToPath(new URL(`../../support/programs/${program}`, import.meta.url));
  const limits = { timeout: 25_000 };
  const { stdout } = await promisify(execFile)(process.execPath, [file, serverDsn()], limits);
  return JSON.parse(stdout);
}

test('pools of worker threads leave nothing that keeps a thread, and end with theirs', async () => {
  const { ended, pid } = (await outputOf('run-threads.ts')) as { ended: unknown[]; pid: number };
  expect(ended).toEqual(
    [0, 1, 2].map((number) => ({ message: { isRight: true, rows: [{ number }] }, code: 0 })),
  );
  await using admin = await connect(serverDsn());
  const left = () => admin.fetchVal('SELECT count(*) FROM pg_stat_activity WHERE pid = $1', pid);
  await vi.waitFor(async () => expect(await left()).toBe(0n), 10_000);
});

test('pools of the processes of node:cluster leave nothing that keeps a process', async () => {
  const done = { message: { isRight: true }, code: 0 };
  expect(await outputOf('run-cluster.ts')).toEqual({ ended: [done, done] });
});

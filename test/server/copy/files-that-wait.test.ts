/** Files whose opening takes as long as others like: a pipe that nobody has at its other end. */
import { execFileSync } from 'node:child_process';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Connection, TimeoutError } from '../../../src/index.ts';
import { connectWithThreeGoods, expectUsable } from '../../support/copy.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const folder = temporaryFolder();
let pipes = 0;
let pipe: string;
let connection: Connection;

beforeEach(async () => {
  pipe = path.join(folder, `pipe-${pipes++}`);
  execFileSync('mkfifo', [pipe]);
  connection = await connectWithThreeGoods();
});
afterEach(async () => {
  await connection.close();
  // At both ends: whoever waits to open it need not any longer.
  const file = await open(pipe, 'r+');
  await file.close();
});

const CALLS = {
  copyToTable: (options: { timeout?: number; signal?: AbortSignal }) =>
    connection.copyToTable('goods', { ...options, source: pipe }),
  copyFromTable: (options: { timeout?: number; signal?: AbortSignal }) =>
    connection.copyFromTable('goods', { ...options, output: pipe }),
  copyFromQuery: (options: { timeout?: number; signal?: AbortSignal }) =>
    connection.copyFromQuery({ text: 'SELECT $1::int', args: [1] }, { ...options, output: pipe }),
};

describe.each(Object.entries(CALLS))('%s leaves the connection to others', (_, call) => {
  test('when its time is up', async () => {
    const copying = call({ timeout: 50 });
    const behind = connection.fetchVal('SELECT 7');
    await expect(copying).rejects.toBeInstanceOf(TimeoutError);
    expect(await behind).toBe(7);
    await expectUsable(connection);
  });

  test('when it is aborted', async () => {
    const aborter = new AbortController();
    const copying = call({ signal: aborter.signal });
    copying.catch(() => {});
    const behind = connection.fetchVal('SELECT 7');
    const reason = new Error('enough');
    aborter.abort(reason);
    await expect(copying).rejects.toBe(reason);
    expect(await behind).toBe(7);
    await expectUsable(connection);
  });
});

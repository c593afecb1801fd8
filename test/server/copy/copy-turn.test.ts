/** A COPY that is looked up first is one call all the same: in the queue, and when it is ended. */
import { mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Connection } from '../../../src/index.ts';
import { connectWithGoods, GOODS_TEXT } from '../../support/copy.ts';

let connection: Connection;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'asyncpg-copy-'));
  await writeFile(path.join(folder, 'lines'), GOODS_TEXT);
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  connection = await connectWithGoods();
  await connection.execute('CREATE TEMP SEQUENCE turn');
});
afterEach(() => connection.close());

/** Calls that have something to look up, or a file to open. */
const calls: Record<string, (signal?: AbortSignal) => Promise<unknown>> = {
  'of records': (signal) =>
    connection.copyRecordsToTable('goods', { records: [[1, 'a']], signal, where: NEXT }),
  'of a file': (signal) =>
    connection.copyToTable('goods', { source: path.join(folder, 'lines'), signal, where: NEXT }),
  'to a file': (signal) =>
    connection.copyFromQuery(`SELECT ${NEXT}`, { output: path.join(folder, 'out'), signal }),
  'of a query with arguments': (signal) =>
    connection.copyFromQuery(
      { text: `SELECT ${NEXT} AND $1`, args: [true] },
      { output: () => {}, signal },
    ),
  'of decoded rows': async (signal) => {
    const query = { text: `SELECT ${NEXT} AS v`, args: [], signal };
    for await (const _ of connection.copyRecordsFromQuery(query)) {
      // To the end.
    }
  },
};
const NEXT = "nextval('turn') > 0";

test.each(Object.entries(calls))('no later call comes between: %s', async (_, call) => {
  const copied = call();
  const next = connection.fetchVal("SELECT nextval('turn') > 1");
  expect(await next).toBe(true);
  await copied;
});

test.each(Object.entries(calls))(
  'ended at any moment it lets the next call go on: %s',
  async (_, call) => {
    let ended = 0;
    for (let moment = 0; moment < 40; moment++) {
      const controller = new AbortController();
      const reason = new Error('enough');
      const copied = call(controller.signal).catch((error: unknown) => {
        if (error !== reason) throw error;
        ended += 1;
      });
      const next = connection.fetchVal('SELECT 5');
      for (let i = 0; i < moment; i++) await Promise.resolve();
      for (let i = 20; i < moment; i++) await new Promise((resolve) => setImmediate(resolve));
      controller.abort(reason);
      await copied;
      expect(await next).toBe(5);
      await connection.execute('TRUNCATE goods');
    }
    expect(ended).toBeGreaterThan(10);
  },
);

describe('when it fails before the statement', () => {
  test('the records are closed, and none was pulled', async () => {
    let pulled = 0;
    let returned = 0;
    const records: Iterable<unknown[]> = {
      [Symbol.iterator]: () => ({
        next: () => {
          pulled += 1;
          return { done: true, value: undefined };
        },
        return: () => {
          returned += 1;
          return { done: true, value: undefined };
        },
      }),
    };
    await expect(connection.copyRecordsToTable('nowhere', { records })).rejects.toMatchObject({
      sqlstate: '42P01',
      query: 'COPY "nowhere" FROM STDIN WITH (FORMAT binary)',
    });
    expect([pulled, returned]).toEqual([0, 1]);
  });

  test('the output is destroyed with the error', async () => {
    const output = new PassThrough();
    output.on('error', () => undefined);
    const call = connection.copyFromQuery({ text: 'SELECT $1::int', args: ['x'] }, { output });
    const error: unknown = await call.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'InvalidArgumentError' });
    expect(output.errored).toBe(error);
  });
});

test.skipIf(process.platform !== 'linux')('a source that cannot be read is closed', async () => {
  await expect(connection.copyToTable('goods', { source: folder })).rejects.toMatchObject({
    code: 'EISDIR',
  });
  const open = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  );
  expect(open).not.toContain(folder);
});

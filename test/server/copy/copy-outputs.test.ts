import { AsyncLocalStorage } from 'node:async_hooks';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { CLIENT } from '../../../src/client/internals.ts';
import type { Connection, CopyOutOptions } from '../../../src/index.ts';
import {
  collector,
  connectWithThreeGoods,
  expectUsable,
  SERIES,
  SERIES_TEXT,
} from '../../support/copy.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

let connection: Connection;
const folder = temporaryFolder();

beforeEach(async () => {
  connection = await connectWithThreeGoods();
});
afterEach(() => connection.close());

const TEXT = '1\tapple\n2\tbärry\n3\t\\N\n';

describe('an output is', () => {
  test('a path; the file is created', async () => {
    const output = path.join(folder, 'created');
    expect(await connection.copyFromTable('goods', { output })).toBe('COPY 3');
    expect(await readFile(output, 'utf8')).toBe(TEXT);
  });

  test('a file URL; the file is overwritten', async () => {
    const file = path.join(folder, 'over written');
    await writeFile(file, 'something else, and longer than the table is');
    await connection.copyFromTable('goods', { output: pathToFileURL(file) });
    expect(await readFile(file, 'utf8')).toBe(TEXT);
  });

  test.each([
    ['a table that there is not', 'nothing', {}],
    ['a value that fails', 'goods', { failing: true }],
    ['an encoding that there is not', 'goods', { encoding: 'KLINGON' }],
  ])('a file, which keeps what it has if the COPY fails before data comes: %s', async (...of) => {
    const [, table, { failing = false, ...options }] = of as [string, string, { failing?: true }];
    const output = path.join(folder, 'kept');
    await writeFile(output, 'of yesterday');
    const copying = failing
      ? connection.copyFromQuery('SELECT 1 / 0', { output, ...options })
      : connection.copyFromTable(table, { output, ...options });
    await expect(copying).rejects.toThrow();
    expect(await readFile(output, 'utf8')).toBe('of yesterday');
    await expectUsable(connection);
  });

  test('a file, which a COPY of no rows empties', async () => {
    const output = path.join(folder, 'emptied');
    await writeFile(output, 'of yesterday');
    expect(await connection.copyFromQuery('SELECT 1 LIMIT 0', { output })).toBe('COPY 0');
    expect(await readFile(output, 'utf8')).toBe('');
  });

  test.skipIf(process.platform === 'win32')('a device, which cannot be emptied', async () => {
    expect(await connection.copyFromTable('goods', { output: '/dev/null' })).toBe('COPY 3');
  });

  test('a Writable, which is ended', async () => {
    const output = new PassThrough();
    const read = output.setEncoding('utf8').toArray();
    expect(await connection.copyFromTable('goods', { output })).toBe('COPY 3');
    expect(output.writableFinished).toBe(true);
    expect((await read).join('')).toBe(TEXT);
    expect(output.listenerCount('drain')).toBe(0);
  });

  test('a slow Writable, which gets no more than it takes', async () => {
    let text = '';
    let most = 0;
    const output: Writable = new Writable({
      highWaterMark: 1024,
      write(chunk: Buffer, _, callback) {
        most = Math.max(most, output.writableLength);
        text += chunk.toString('latin1');
        setImmediate(callback);
      },
    });
    expect(await connection.copyFromQuery(SERIES, { output })).toBe('COPY 300000');
    expect(text).toBe(SERIES_TEXT);
    expect(most).toBeLessThanOrEqual(64 * 1024);
  });

  test('a WritableStream, which is closed', async () => {
    const chunks: Uint8Array[] = [];
    let closed = false;
    const output = new WritableStream<Uint8Array>({
      write(chunk) {
        chunks.push(chunk);
      },
      close() {
        closed = true;
      },
    });
    expect(await connection.copyFromTable('goods', { output })).toBe('COPY 3');
    expect(closed).toBe(true);
    expect(Buffer.concat(chunks).toString()).toBe(TEXT);
  });

  test('a function, called with blocks that are its own', async () => {
    const { output, text, sizes } = collector();
    expect(await connection.copyFromQuery(SERIES, { output })).toBe('COPY 300000');
    expect(text()).toBe(SERIES_TEXT);
    expect(Math.max(...sizes)).toBe(64 * 1024);
    expect(sizes.slice(0, -1).every((size) => size === 64 * 1024)).toBe(true);
  });

  test('an asynchronous function, called for one block at a time', async () => {
    let text = '';
    let running = 0;
    const output = async (chunk: Buffer): Promise<void> => {
      running += 1;
      expect(running).toBe(1);
      await new Promise((resolve) => setImmediate(resolve));
      text += chunk.toString();
      running -= 1;
    };
    await connection.copyFromQuery(SERIES, { output });
    expect(text).toBe(SERIES_TEXT);
  });

  test('never called for nothing', async () => {
    const { output, sizes } = collector();
    expect(await connection.copyFromQuery('SELECT 1 WHERE false', { output })).toBe('COPY 0');
    expect(sizes).toEqual([]);
  });

  test('given rows longer than a block', async () => {
    const { output, text } = collector();
    await connection.copyFromQuery("SELECT repeat('x', 5000000) FROM generate_series(1, 2)", {
      output,
    });
    expect(text()).toBe(`${'x'.repeat(5_000_000)}\n`.repeat(2));
  });

  test.each([[5], [null], [undefined], [{}], [''], [[]], [new URL('ftp://example.org/')]])(
    'not %s: a TypeError, and nothing is sent',
    async (output) => {
      const { session } = connection[CLIENT]('a test');
      const { flushes } = session.outbox;
      await expect(
        connection.copyFromTable('goods', { output: output as unknown as string }),
      ).rejects.toThrow(TypeError);
      expect(session.outbox.flushes).toBe(flushes);
    },
  );

  test('not a stream that has ended, nor a locked one', async () => {
    const ended = new PassThrough().end();
    const locked = new WritableStream();
    locked.getWriter();
    for (const output of [ended, locked]) {
      await expect(connection.copyFromTable('goods', { output })).rejects.toThrow(TypeError);
    }
  });
});

test('a sink may call the same connection: the call follows the COPY', async () => {
  const calls: Promise<unknown>[] = [];
  await connection.copyFromQuery(SERIES, {
    output: () => {
      calls.push(connection.fetchVal('SELECT 1'));
    },
  });
  expect(new Set(await Promise.all(calls))).toEqual(new Set([1]));
});

test('the sink runs in its caller’s asynchronous context', async () => {
  const storage = new AsyncLocalStorage<string>();
  const seen = new Set<string | undefined>();
  const call = (name: string): Promise<string> =>
    storage.run(name, () =>
      connection.copyFromQuery(SERIES, { output: () => void seen.add(storage.getStore()) }),
    );
  await Promise.all([call('one'), call('two')]);
  expect([...seen]).toEqual(['one', 'two']);
});

test('an onProgress that rejects later becomes a process warning', async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning);
  process.on('warning', onWarning);
  onTestFinished(() => void process.off('warning', onWarning));
  const { output } = collector();
  const onProgress = async (): Promise<never> => {
    throw new Error('too late');
  };
  expect(await connection.copyFromQuery('SELECT 1', { output, onProgress })).toBe('COPY 1');
  await expect.poll(() => warnings.length).toBe(1);
  expect(warnings[0]).toMatchObject({
    name: 'AsyncpgCallbackWarning',
    message: 'an onProgress callback failed: too late',
  });
});

test('onProgress tells the bytes so far', async () => {
  const seen: number[] = [];
  const { output } = collector();
  const options: CopyOutOptions = { output, onProgress: ({ bytes }) => seen.push(bytes) };
  await connection.copyFromQuery(SERIES, options);
  expect(seen.length).toBeGreaterThan(10);
  expect(seen.at(-1)).toBe(SERIES_TEXT.length);
});

test('a slow sink stops the server: memory does not grow with the result', async () => {
  const before = process.memoryUsage.rss();
  let blocks = 0;
  const controller = new AbortController();
  const output = async (): Promise<void> => {
    blocks += 1;
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (blocks === 100) controller.abort(new Error('seen enough'));
  };
  await expect(
    connection.copyFromQuery("SELECT repeat('x', 100000), generate_series(1, 100000)", {
      output,
      signal: controller.signal,
    }),
  ).rejects.toThrow('seen enough');
  expect(process.memoryUsage.rss() - before).toBeLessThan(96 * 1024 * 1024);
  await expectUsable(connection);
});

test('a million rows leave no more memory in use than a few blocks of them', async () => {
  const query = (count: number): string =>
    `SELECT n, 'the name of the thing number ' || n FROM generate_series(1, ${count}) n`;
  const file = path.join(folder, 'many');
  await connection.copyFromQuery(query(100_000), { output: file });
  const before = process.memoryUsage.rss();
  expect(await connection.copyFromQuery(query(1_000_000), { output: file })).toBe('COPY 1000000');
  expect(process.memoryUsage.rss() - before).toBeLessThan(96 * 1024 * 1024);
});

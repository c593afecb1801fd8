import { AsyncLocalStorage } from 'node:async_hooks';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CLIENT } from '../../../src/client/internals.ts';
import type { Connection, CopyToTableOptions } from '../../../src/index.ts';
import {
  connectWithGoods,
  expectNoEffect,
  GOODS,
  GOODS_TEXT,
  goodsOf,
} from '../../support/copy.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

let connection: Connection;
const folder = temporaryFolder();

beforeEach(async () => {
  connection = await connectWithGoods();
});
afterEach(() => connection.close());

describe('text', () => {
  test('may be cut anywhere, also within a character', async () => {
    const text = '1\ta😀b\n2\t😀\n';
    for (let cut = 0; cut <= text.length; cut++) {
      const source = [text.slice(0, cut), '', text.slice(cut)];
      expect(await connection.copyToTable('goods', { source, columns: ['id', 'name'] })).toBe(
        'COPY 2',
      );
      const rows = await connection.fetch('DELETE FROM goods RETURNING id, name');
      expect(rows).toEqual([
        { id: 1, name: 'a😀b' },
        { id: 2, name: '😀' },
      ]);
    }
  });
});

describe('a source is', () => {
  const bytes = Buffer.from(GOODS_TEXT);
  const cases: Record<string, () => CopyToTableOptions['source'] | Promise<string | URL>> = {
    'a path': async () => {
      const file = path.join(folder, 'lines');
      await writeFile(file, GOODS_TEXT);
      return file;
    },
    'a file URL': async () => {
      const file = path.join(folder, 'lines for a URL');
      await writeFile(file, GOODS_TEXT);
      return pathToFileURL(file);
    },
    'a Readable': () => Readable.from([bytes.subarray(0, 3), bytes.subarray(3)]),
    'a Readable of text': () => Readable.from(['1\tapple\n', '2\tbärry\n']),
    'a ReadableStream': () => new Blob([bytes]).stream() as ReadableStream<Uint8Array>,
    'a Buffer': () => bytes,
    'a Uint8Array': () => new Uint8Array(bytes),
    'an array of strings': () => ['1\tapp', 'le\n', '', '2\tbärry\n'],
    'an array of bytes cut inside a character': () => [bytes.subarray(0, 12), bytes.subarray(12)],
    'a generator': () =>
      (function* () {
        yield '1\tapple\n';
        yield Buffer.from('2\tbärry\n');
      })(),
    'an async generator': () =>
      (async function* () {
        yield '1\tapple\n';
        await Promise.resolve();
        yield Buffer.from('2\tbärry\n');
      })(),
    'an async iterable whose iterator returns no promise': () =>
      ({
        [Symbol.asyncIterator]: () => [GOODS_TEXT][Symbol.iterator](),
      }) as unknown as AsyncIterable<string>,
  };
  test.each(Object.entries(cases))('%s', async (_, make) => {
    const source = (await make()) as CopyToTableOptions['source'];
    expect(await connection.copyToTable('goods', { source })).toBe('COPY 2');
    expect(await goodsOf(connection)).toEqual(GOODS);
  });

  test('empty: nothing is copied', async () => {
    expect(await connection.copyToTable('goods', { source: [] })).toBe('COPY 0');
    expect(await connection.copyToTable('goods', { source: Buffer.alloc(0) })).toBe('COPY 0');
    await expectNoEffect(connection);
  });

  test('a chunk of many megabytes, longer than any message', async () => {
    const source = Array.from({ length: 300_000 }, (_, id) => `${id}\tthing ${id}\n`).join('');
    expect(await connection.copyToTable('goods', { source: [source] })).toBe('COPY 300000');
    const whole =
      "SELECT count(DISTINCT id) = 300000 AND bool_and(name = 'thing ' || id) FROM goods";
    expect(await connection.fetchVal(whole)).toBe(true);
  });

  test.each([
    [5],
    [null],
    [undefined],
    [{}],
    [''],
    ['a\0b'],
    ['1\ta\n'],
    [new URL('https://example.org/data')],
    [() => GOODS_TEXT],
  ])('not %s: a TypeError, and nothing is sent', async (source) => {
    const { session } = connection[CLIENT]('a test');
    const { flushes } = session.outbox;
    await expect(
      connection.copyToTable('goods', { source: source as unknown as string }),
    ).rejects.toThrow(TypeError);
    expect(session.outbox.flushes).toBe(flushes);
  });

  test('not the data itself, in words that help', async () => {
    await expect(connection.copyToTable('goods', { source: GOODS_TEXT })).rejects.toThrow(
      'a string as the source of a COPY is the path of a file, and this one has a line break: pass data as [data]',
    );
  });

  test('not a locked ReadableStream', async () => {
    const source = new Blob(['1\ta\n']).stream() as ReadableStream<Uint8Array>;
    source.getReader();
    await expect(connection.copyToTable('goods', { source })).rejects.toThrow(TypeError);
  });

  test('not a Readable that has been read to its end', async () => {
    const source = Readable.from([Buffer.from('1\ta\n')]);
    for await (const _ of source);
    await expect(connection.copyToTable('goods', { source })).rejects.toThrow(
      'the source of a COPY is a stream that has been read to its end',
    );
  });
});

test('calls that were made meanwhile follow in order', async () => {
  const copy = connection.copyToTable('goods', {
    source: (async function* () {
      yield '1\ta\n';
      await new Promise((resolve) => setImmediate(resolve));
      yield '2\tb\n';
    })(),
  });
  const count = connection.fetchVal('SELECT count(*) FROM goods');
  expect(await Promise.all([copy, count])).toEqual(['COPY 2', 2n]);
});

test('the first call of a transaction may be a COPY', async () => {
  await connection.transaction((tx) => tx.copyToTable('goods', { source: [GOODS_TEXT] }));
  expect(await goodsOf(connection)).toEqual(GOODS);
});

test('the source runs in its caller’s asynchronous context', async () => {
  const storage = new AsyncLocalStorage<string>();
  const seen = new Set<string | undefined>();
  const call = (name: string, first: number): Promise<string> =>
    storage.run(name, () =>
      connection.copyToTable('goods', {
        source: (function* () {
          seen.add(storage.getStore());
          yield `${first}\ta\n`;
        })(),
      }),
    );
  await Promise.all([call('one', 1), call('two', 2)]);
  expect([...seen]).toEqual(['one', 'two']);
});

test('a million rows leave no more memory in use than a block of them', async () => {
  await connection.execute('CREATE TEMP TABLE many (id int, name text)');
  function* source(count: number): Generator<string> {
    for (let id = 0; id < count; id++) yield `${id}\tthe name of the thing number ${id}\n`;
  }
  await connection.copyToTable('many', { source: source(100_000) });
  const before = process.memoryUsage.rss();
  expect(await connection.copyToTable('many', { source: source(1_000_000) })).toBe('COPY 1000000');
  expect(process.memoryUsage.rss() - before).toBeLessThan(96 * 1024 * 1024);
  expect(await connection.fetchRow('SELECT count(*), count(DISTINCT id) AS ids FROM many')).toEqual(
    { count: 1_100_000n, ids: 1_000_000n },
  );
});

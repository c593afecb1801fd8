import path from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type Connection,
  type PostgresError,
  UndefinedTableError,
  UniqueViolationError,
} from '../../../src/index.ts';
import { connectWithGoods, endless, expectNoEffect, watched } from '../../support/copy.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

let connection: Connection;
const folder = temporaryFolder();

beforeEach(async () => {
  connection = await connectWithGoods();
});
afterEach(() => connection.close());

describe('when the source fails', () => {
  test.each([0, 1, 10_000])('after %d chunks nothing is copied', async (count) => {
    const failure = new Error('the source is dry');
    const source = (async function* () {
      for (let id = 0; id < count; id++) yield `${id}\tthing\n`;
      throw failure;
    })();
    await expect(connection.copyToTable('goods', { source })).rejects.toBe(failure);
    await expectNoEffect(connection);
  });

  test('while a full block is sent, no rejection is left unhandled', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    const failure = new Error('the source is dry');
    const half = `1\t${'x'.repeat(40 * 1024)}\n`;
    const source = (async function* () {
      yield half;
      yield half.replace('1', '2');
      throw failure;
    })();
    await expect(connection.copyToTable('goods', { source })).rejects.toBe(failure);
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
    await expectNoEffect(connection);
  });

  test('behind an objection of the server, no rejection is left unhandled', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    let fail!: (reason: Error) => void;
    const last = new Promise<never>((_, reject) => {
      fail = reject;
    });
    const source = (async function* () {
      for (let id = 0; id < 4; id++) yield 'not a number\tx\n'.repeat(4000);
      await last;
    })();
    await expect(connection.copyToTable('goods', { source })).rejects.toMatchObject({
      sqlstate: '22P02',
    });
    fail(new Error('too late'));
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });

  test('by itself its return() is not called', async () => {
    let returned = 0;
    const iterator = {
      next: () => {
        throw new Error('no');
      },
      return: () => {
        returned += 1;
        return { done: true, value: undefined };
      },
    };
    const source = { [Symbol.iterator]: () => iterator } as Iterable<string>;
    await expect(connection.copyToTable('goods', { source })).rejects.toThrow('no');
    expect(returned).toBe(0);
  });

  test('with a chunk that is none, the source is closed', async () => {
    const { source, closed } = watched(['1\ta\n', 5]);
    await expect(connection.copyToTable('goods', { source })).rejects.toThrow(
      'chunk 1 of the source is neither a string nor a Buffer or Uint8Array',
    );
    await closed;
    await expectNoEffect(connection);
  });

  test('with a chunk whose memory has been given away', async () => {
    const chunk = new Uint8Array(Buffer.from('1\ta\n'));
    structuredClone(chunk.buffer, { transfer: [chunk.buffer] });
    for (const source of [chunk, ['2\tb\n', chunk]]) {
      await expect(connection.copyToTable('goods', { source })).rejects.toThrow(
        `the memory of chunk ${Array.isArray(source) ? 1 : 0} of the source has been transferred`,
      );
      await expectNoEffect(connection);
    }
  });

  test('with text that has no UTF-8 form', async () => {
    await expect(connection.copyToTable('goods', { source: ['1\t\ud800\n'] })).rejects.toThrow(
      'chunk 0 of the source has a lone surrogate',
    );
    await expectNoEffect(connection);
  });

  test.each<[string, (string | Buffer)[], string]>([
    ['at the very end', ['1\ta\n', '2\t\ud83d'], 'the last chunk of the source'],
    ['before bytes', ['1\t\ud83d', Buffer.from('\n')], 'the chunk before chunk 1 of the source'],
    ['before other text', ['1\t\ud83d', 'a\n'], 'chunk 1 of the source'],
    ['without its first half', ['1\t', '\ude00\n'], 'chunk 1 of the source'],
  ])('with half a character %s', async (_, source, place) => {
    await expect(connection.copyToTable('goods', { source })).rejects.toThrow(
      `${place} has a lone surrogate`,
    );
    await expectNoEffect(connection);
  });

  test('with a schema in the name of the table, and says how it is given', async () => {
    const [first, table] = ['public', 'goods'];
    const calls = [
      () => connection.copyToTable(`${first}.${table}`, { source: [] }),
      () => connection.copyFromTable(`${first}.${table}`, { output: () => {} }),
      () => connection.copyRecordsToTable(`${first}.${table}`, { records: [] }),
    ];
    for (const call of calls) {
      await expect(call()).rejects.toMatchObject({
        sqlstate: '42P01',
        hint: expect.stringContaining('the option schema: "public"'),
      });
    }
    const elsewhere = connection.copyToTable('a.b', { source: [], schema: 'public' });
    await expect(elsewhere).rejects.toMatchObject({ sqlstate: '42P01', hint: null });
    await expectNoEffect(connection);
  });

  test('as a Node stream, even before the first chunk is asked for', async () => {
    const failure = new Error('broken pipe');
    const source = new Readable({ read() {} });
    source.destroy(failure);
    await expect(connection.copyToTable('goods', { source })).rejects.toBe(failure);
    await expectNoEffect(connection);
  });

  test('as a Web stream', async () => {
    const failure = new Error('gone');
    const source = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.error(failure);
      },
    });
    await expect(connection.copyToTable('goods', { source })).rejects.toBe(failure);
    await expectNoEffect(connection);
  });

  test('as a file that is not there, the system says so', async () => {
    await expect(
      connection.copyToTable('goods', { source: path.join(folder, 'nothing') }),
    ).rejects.toMatchObject({ code: 'ENOENT' });
    await expectNoEffect(connection);
  });

  test('by onProgress, nothing is copied', async () => {
    const failure = new Error('enough');
    const { source, closed } = watched(endless());
    const onProgress = (): never => {
      throw failure;
    };
    await expect(connection.copyToTable('goods', { source, onProgress })).rejects.toBe(failure);
    await closed;
    await expectNoEffect(connection);
  });

  test('in a transaction, that is left failed, as with every error', async () => {
    await expect(
      connection.transaction(async (tx) => {
        await tx.execute("INSERT INTO goods VALUES (7, 'x')");
        await tx.copyToTable('goods', {
          source: (function* () {
            yield '1\ta\n';
            throw new Error('mid-way');
          })(),
        });
      }),
    ).rejects.toThrow('mid-way');
    await expectNoEffect(connection);
  });
});

describe('when the server objects', () => {
  test('at the start, nothing is taken from the source and it is closed', async () => {
    const source = Readable.from(['1\ta\n']);
    const error = await connection.copyToTable('nowhere', { source }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(UndefinedTableError);
    expect((error as PostgresError).query).toBe('COPY "nowhere" FROM STDIN');
    expect(source.destroyed).toBe(true);
    expect(source.readableDidRead).toBe(false);
    await expectNoEffect(connection);
  });

  test('in the middle, its error is the call’s, and the source is pulled no further', async () => {
    const { source, closed, pulled } = watched(
      (function* () {
        yield '1\ta\n';
        yield '1\tthe same again\n';
        yield* endless();
      })(),
    );
    await expect(connection.copyToTable('goods', { source })).rejects.toBeInstanceOf(
      UniqueViolationError,
    );
    await closed;
    const last = pulled();
    await connection.fetchVal('SELECT 1');
    expect(pulled()).toBe(last);
    await expectNoEffect(connection);
  });

  test('in the middle of a source that never waits', async () => {
    function* source(): Generator<string> {
      yield 'not a number\tx\n';
      yield* endless();
    }
    await expect(connection.copyToTable('goods', { source: source() })).rejects.toMatchObject({
      sqlstate: '22P02',
    });
    await expectNoEffect(connection);
  });

  test('in the middle, though the source has nothing more to give', async () => {
    const never = new Promise<string>(() => undefined);
    const source = (async function* () {
      yield `x\ty\n${'z'.repeat(100_000)}`;
      yield await never;
    })();
    await expect(connection.copyToTable('goods', { source })).rejects.toMatchObject({
      sqlstate: '22P02',
    });
    await expectNoEffect(connection);
  });

  test('at the end', async () => {
    await expect(
      connection.copyToTable('goods', { source: ['1\ta\n', '2'] }),
    ).rejects.toMatchObject({ sqlstate: '22P04' });
    await expectNoEffect(connection);
  });
});

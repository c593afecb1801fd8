import path from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type Connection,
  ConnectionDoesNotExistError,
  type CopyOutOptions,
  connect,
  createPool,
  PostgresError,
} from '../../../src/index.ts';
import { failure as failureOf } from '../../support/connections.ts';
import { collector, connectWithThreeGoods, ENDLESS, expectUsable } from '../../support/copy.ts';
import { until } from '../../support/pool.ts';
import { serverDsn } from '../../support/servers/server.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

let connection: Connection;
const folder = temporaryFolder();

beforeEach(async () => {
  connection = await connectWithThreeGoods();
});
afterEach(() => connection.close());

describe('when the sink fails', () => {
  const failure = new Error('the sink is full');

  test.each([0, 1, 5])('as a function, after %d blocks', async (count) => {
    let calls = 0;
    const output = (): void => {
      calls += 1;
      if (calls > count) throw failure;
    };
    await expect(connection.copyFromQuery(ENDLESS, { output })).rejects.toBe(failure);
    await expectUsable(connection);
    expect(calls).toBe(count + 1);
  });

  test('as a function, with the last block', async () => {
    const output = (): Promise<void> => Promise.reject(failure);
    await expect(connection.copyFromTable('goods', { output })).rejects.toBe(failure);
    await expectUsable(connection);
  });

  test('as a Writable in the middle', async () => {
    let blocks = 0;
    const output = new Writable({
      write(_, __, callback) {
        blocks += 1;
        callback(blocks === 3 ? failure : null);
      },
    });
    await expect(connection.copyFromQuery(ENDLESS, { output })).rejects.toBe(failure);
    expect(output.destroyed).toBe(true);
    await expectUsable(connection);
  });

  test('as a Writable at its end', async () => {
    const output = new Writable({
      write: (_, __, callback) => callback(),
      final: (callback) => callback(failure),
    });
    await expect(connection.copyFromTable('goods', { output })).rejects.toBe(failure);
    await expectUsable(connection);
  });

  test('as a Writable that is destroyed by somebody else', async () => {
    const output = new Writable({
      write() {
        output.destroy();
      },
    });
    await expect(connection.copyFromQuery(ENDLESS, { output })).rejects.toMatchObject({
      code: 'ERR_STREAM_PREMATURE_CLOSE',
    });
    await expectUsable(connection);
  });

  test.each([1, 2])('as a Writable that somebody else ends, at block %d', async (last) => {
    // Its end comes before the data's: nothing tells it from one that has got everything.
    const output = new PassThrough();
    let blocks = 0;
    output.on('data', () => {
      blocks += 1;
      if (blocks === last) output.end();
    });
    const query = "SELECT repeat('x', 1000) FROM generate_series(1, 1000)";
    await expect(connection.copyFromQuery(query, { output })).rejects.toThrow(
      'the stream was ended by somebody else',
    );
    await expectUsable(connection);
  });

  test('as a WritableStream', async () => {
    const output = new WritableStream<Uint8Array>({
      write() {
        throw failure;
      },
    });
    await expect(connection.copyFromQuery(ENDLESS, { output })).rejects.toBe(failure);
    await expectUsable(connection);
  });

  test('as a file in a folder that is not there', async () => {
    await expect(
      connection.copyFromTable('goods', { output: path.join(folder, 'no', 'file') }),
    ).rejects.toMatchObject({ code: 'ENOENT' });
    await expectUsable(connection);
  });

  test('by onProgress', async () => {
    const onProgress = (): never => {
      throw failure;
    };
    const { output } = collector();
    await expect(connection.copyFromQuery(ENDLESS, { output, onProgress })).rejects.toBe(failure);
    await expectUsable(connection);
  });
});

describe('when the COPY fails', () => {
  const FAILS_LATE = 'SELECT 1 / (200000 - n) FROM generate_series(1, 1000000) n';

  test('in the middle, the error is the server’s and the output is destroyed with it', async () => {
    const output = new PassThrough();
    output.on('error', () => undefined);
    output.resume();
    const error = await connection
      .copyFromQuery(FAILS_LATE, { output })
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ sqlstate: '22012' });
    expect(output.errored).toBe(error);
    await expectUsable(connection);
  });

  test('a Writable without a listener for errors does not end the process', async () => {
    const output = new PassThrough();
    output.resume();
    await expect(connection.copyFromQuery(FAILS_LATE, { output })).rejects.toThrow(PostgresError);
    await new Promise((resolve) => setImmediate(resolve));
    await expectUsable(connection);
  });

  test('a WritableStream is aborted with the error', async () => {
    let reason: unknown;
    const output = new WritableStream<Uint8Array>({
      abort(why) {
        reason = why;
      },
    });
    const error = await connection
      .copyFromQuery(FAILS_LATE, { output })
      .catch((failure: unknown) => failure);
    await new Promise((resolve) => setImmediate(resolve));
    expect(reason).toBe(error);
  });

  test('by an abort, at once, even when the sink hangs', async () => {
    const controller = new AbortController();
    const output = (): Promise<void> => {
      controller.abort(new Error('enough'));
      return new Promise(() => undefined);
    };
    await expect(
      connection.copyFromQuery(ENDLESS, { output, signal: controller.signal }),
    ).rejects.toThrow('enough');
    await expectUsable(connection);
  });

  test('by either signal, that of the query or that of the options', async () => {
    for (const which of ['query', 'options']) {
      const controller = new AbortController();
      const other = new AbortController().signal;
      const { signal } = controller;
      const output = (): void => controller.abort(new Error('enough'));
      const query = { text: ENDLESS, signal: which === 'query' ? signal : other };
      const options = { output, signal: which === 'query' ? other : signal };
      await expect(connection.copyFromQuery(query, options)).rejects.toThrow('enough');
      await expectUsable(connection);
    }
  });

  test('by its time-out, and no block is handed on any more', async () => {
    let calls = 0;
    const output = async (): Promise<void> => {
      calls += 1;
      await new Promise((resolve) => setTimeout(resolve, 20));
    };
    await expect(connection.copyFromQuery(ENDLESS, { output, timeout: 150 })).rejects.toMatchObject(
      { name: 'TimeoutError' },
    );
    const before = calls;
    await expectUsable(connection);
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(calls).toBe(before);
  });

  test('by an abort while the last block is written', async () => {
    const controller = new AbortController();
    const output = (): Promise<void> => {
      setImmediate(() => controller.abort(new Error('too late? no')));
      return new Promise(() => undefined);
    };
    await expect(
      connection.copyFromTable('goods', { output, signal: controller.signal }),
    ).rejects.toThrow('too late? no');
    await expectUsable(connection);
  });

  test('by an abort before it began, the output is destroyed and nothing sent', async () => {
    const output = new PassThrough();
    output.on('error', () => undefined);
    const reason = new Error('early');
    await expect(
      connection.copyFromTable('goods', { output, signal: AbortSignal.abort(reason) }),
    ).rejects.toBe(reason);
    await expectUsable(connection);
  });

  test('by the end of the connection', async () => {
    await using other = await connect(serverDsn());
    const pid = connection.serverPid;
    let first = true;
    const output = new Writable({
      write(_, __, callback) {
        if (first) void other.execute(`SELECT pg_terminate_backend(${pid})`);
        first = false;
        callback();
      },
    });
    await expect(connection.copyFromQuery(ENDLESS, { output })).rejects.toThrow();
    expect(output.destroyed).toBe(true);
    expect(connection.isClosed).toBe(true);
  });
});

describe('when the output never takes the last of the data', () => {
  const outputs: readonly [string, () => CopyOutOptions['output']][] = [
    ['a function', () => () => new Promise<void>(() => {})],
    ['a Writable', () => new Writable({ write() {} })],
    [
      'a Writable that never ends',
      () => new Writable({ write: (_, __, done) => done(), final() {} }),
    ],
    ['a WritableStream', () => new WritableStream({ write: () => new Promise(() => {}) })],
  ];

  test.each(outputs)('terminate() ends the call: %s', async (_name, output) => {
    const other = await connect(serverDsn());
    const copying = failureOf(other.copyFromQuery('SELECT 1', { output: output() }));
    expect(await other.fetchVal('SELECT 5')).toBe(5);
    other.terminate();
    expect(await copying).toBeInstanceOf(ConnectionDoesNotExistError);
  });

  test('terminate() of a pool that is closing ends the call, and destroys the output', async () => {
    const pool = await createPool(serverDsn(), { minSize: 0 });
    const output = new Writable({ write() {} });
    const copying = failureOf(pool.copyFromQuery('SELECT 1', { output }));
    await pool.fetchVal('SELECT 5');
    const closing = pool.close();
    pool.terminate();
    expect(await copying).toBeInstanceOf(ConnectionDoesNotExistError);
    await closing;
    expect(output.destroyed).toBe(true);
  });

  test('the call goes on when the connection is lost or closed', async () => {
    for (const end of ['lost', 'closed']) {
      const other = await connect(serverDsn());
      let take = (): void => {};
      const output = (): Promise<void> =>
        new Promise((resolve) => {
          take = resolve;
        });
      const copying = other.copyFromQuery('SELECT 1', { output });
      const pid = await other.fetchVal<number>('SELECT pg_backend_pid()');
      if (end === 'closed') await other.close();
      else await connection.execute('SELECT pg_terminate_backend($1)', pid);
      await until(() => other.isClosed);
      take();
      expect(await copying).toBe('COPY 1');
    }
  });
});

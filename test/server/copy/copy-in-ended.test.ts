import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Connection, connect, PostgresError } from '../../../src/index.ts';
import {
  connectWithGoods,
  endless,
  expectNoEffect,
  GOODS_TEXT,
  lines,
  watched,
} from '../../support/copy.ts';
import { serverDsn } from '../../support/servers/server.ts';

let connection: Connection;

beforeEach(async () => {
  connection = await connectWithGoods();
});
afterEach(() => connection.close());

describe('a call that is ended', () => {
  test('by its signal while the source waits, is undone, and its source closed', async () => {
    const controller = new AbortController();
    const reason = new Error('changed my mind');
    let closed = false;
    const never = new Promise<IteratorResult<string>>(() => undefined);
    const chunks = ['1\ta\n', '2\tb\n'];
    const source: AsyncIterable<string> = {
      [Symbol.asyncIterator]: () => ({
        next: () => {
          const value = chunks.shift();
          if (value !== undefined) return Promise.resolve({ done: false, value });
          queueMicrotask(() => controller.abort(reason));
          return never;
        },
        return: () => {
          closed = true;
          return Promise.resolve({ done: true as const, value: undefined });
        },
      }),
    };
    await expect(
      connection.copyToTable('goods', { source, signal: controller.signal }),
    ).rejects.toBe(reason);
    expect(closed).toBe(true);
    await expectNoEffect(connection);
  });

  test('by its signal, from inside its source', async () => {
    const controller = new AbortController();
    let closed = false;
    function* source(): Generator<string> {
      try {
        for (const [index, line] of [...lines(100)].entries()) {
          if (index === 50) controller.abort(new Error('from inside'));
          yield line;
        }
      } finally {
        closed = true;
      }
    }
    await expect(
      connection.copyToTable('goods', { source: source(), signal: controller.signal }),
    ).rejects.toThrow('from inside');
    expect(closed).toBe(true);
    await expectNoEffect(connection);
  });

  test('before it began takes nothing from its source', async () => {
    const { source, pulled } = watched(endless());
    await expect(
      connection.copyToTable('goods', { source, signal: AbortSignal.abort(new Error('early')) }),
    ).rejects.toThrow('early');
    expect(pulled()).toBe(0);
    await expectNoEffect(connection);
  });

  test('by its time-out, in the middle of an endless source', async () => {
    const { source, closed } = watched(endless());
    await expect(connection.copyToTable('goods', { source, timeout: 200 })).rejects.toMatchObject({
      name: 'TimeoutError',
    });
    await closed;
    await expectNoEffect(connection);
  });

  test('while the server waits for a lock', async () => {
    await connection.execute('CREATE TABLE shared_goods (id int, name text)');
    await using other = await connect(serverDsn());
    try {
      const transaction = await other.begin();
      await transaction.execute('LOCK TABLE shared_goods');
      await expect(
        connection.copyToTable('shared_goods', { source: [GOODS_TEXT], timeout: 100 }),
      ).rejects.toMatchObject({ name: 'TimeoutError' });
      // Still locked: only a CancelRequest can have freed the connection.
      await expectNoEffect(connection);
      await transaction.rollback();
    } finally {
      await connection.execute('DROP TABLE shared_goods');
    }
  });

  test('many times over, never harms the call after it', async () => {
    for (let round = 0; round < 30; round++) {
      const controller = new AbortController();
      let count = 0;
      const source = (function* () {
        for (const line of endless()) {
          if (count++ === round * 400) controller.abort(new Error('stop'));
          yield line;
        }
      })();
      const call = connection.copyToTable('goods', { source, signal: controller.signal });
      const next = connection.fetchVal('SELECT pg_sleep(0.001), 5');
      await expect(call).rejects.toThrow('stop');
      await next;
      await expectNoEffect(connection);
    }
  });

  test('by the end of the connection', async () => {
    await using other = await connect(serverDsn());
    const pid = connection.serverPid;
    const { source, closed } = watched(
      (function* () {
        yield* lines(10);
        void other.execute(`SELECT pg_terminate_backend(${pid})`);
        yield* endless();
      })(),
    );
    await expect(connection.copyToTable('goods', { source })).rejects.toSatisfy(
      (error: unknown) => error instanceof PostgresError,
    );
    await closed;
    // The server's last words came before its end of the connection.
    await expect.poll(() => connection.isClosed).toBe(true);
  });
});

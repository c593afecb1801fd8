import { describe, expect, test } from 'vitest';
import { connect, createPool, TimeoutError } from '../../src/index.ts';
import { writeCommandComplete } from '../../src/protocol/backend/result.ts';
import { writeReadyForQuery } from '../../src/protocol/backend/session.ts';
import { PuppetStream } from '../support/fakes/puppet-stream.ts';
import {
  acceptStartup,
  expectMessage,
  expectStartup,
  ignoreRest,
  run,
  type Script,
  send,
  sendRaw,
} from '../support/fakes/script.ts';
import { ScriptedServer } from '../support/fakes/scripted-server.ts';
import { over } from './conversation.ts';
import { QUERY_PHASES, START_UP_PHASES, to } from './phases.ts';

/** The client closes its side, whatever it has sent before. */
const givesUp = run('the client gives up', async (connection) => {
  while (!connection.ended) await new Promise((resolve) => setTimeout(resolve, 5));
});

describe('connecting to a server that falls silent', () => {
  test.for(Object.entries(START_UP_PHASES))(
    'ends with a TimeoutError that names the host, after %s',
    async ([, phase]) => {
      await using server = await ScriptedServer.listen([...phase, givesUp, ignoreRest()]);
      // Time enough to come to that phase, for which code may have to be loaded.
      const error: unknown = await connect(to(server, { timeout: 500 })).catch(
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(TimeoutError);
      expect((error as Error).message).toContain(`${server.host}:${server.port}`);
      expect((error as TimeoutError).safeToRetry).toBe(true);
      await server.finished();
      expect(server.connections).toHaveLength(1);
    },
  );

  test.for(['prefer', 'require'] as const)(
    'ends with one at the answer to SSLRequest, ssl: %s',
    async (ssl) => {
      await using server = await ScriptedServer.listen([
        expectStartup('SSLRequest'),
        givesUp,
        ignoreRest(),
      ]);
      await expect(connect(to(server, { timeout: 100, ssl }))).rejects.toBeInstanceOf(TimeoutError);
      await server.finished();
      expect(server.connection().received).toHaveLength(8);
    },
  );

  test('ends with one in the TLS handshake', async () => {
    await using server = await ScriptedServer.listen([
      expectStartup('SSLRequest'),
      sendRaw('S'),
      givesUp,
      ignoreRest(),
    ]);
    await expect(connect(to(server, { timeout: 100, ssl: 'require' }))).rejects.toBeInstanceOf(
      TimeoutError,
    );
    await server.finished();
  });

  test('ends with one though a byte comes now and then', async () => {
    const drip = run('drip', async (connection) => {
      const message = Buffer.from('R\0\0\0\x08\0\0\0\x03', 'latin1');
      for (let at = 0; !connection.ended; at++) {
        if (at < message.length - 1) await connection.sendRaw(message.subarray(at, at + 1));
        await new Promise((resolve) => setTimeout(resolve, 15));
      }
    });
    await using server = await ScriptedServer.listen([expectStartup(), drip, ignoreRest()]);
    await expect(connect(to(server, { timeout: 100 }))).rejects.toBeInstanceOf(TimeoutError);
    await server.finished();
  });
});

/** Takes CancelRequest and whatever else comes on a connection, and says nothing. */
const DEAF: Script = [givesUp, ignoreRest()];

describe('a call on a connection whose server falls silent', () => {
  test.for(Object.entries(QUERY_PHASES))(
    'ends with a TimeoutError of its own, after %s',
    async ([, phase]) => {
      await using server = await ScriptedServer.listenFor([[...phase, ignoreRest()], DEAF], {
        repeatLast: true,
      });
      const connection = await connect(to(server));
      const error: unknown = await connection
        .fetch({ text: 'select one', timeout: 500 })
        .catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(TimeoutError);
      expect((error as TimeoutError).safeToRetry).toBe(false);
      connection.terminate();
    },
  );

  test('is rejected with the reason of its signal', async () => {
    await using server = await ScriptedServer.listenFor(
      [[...QUERY_PHASES['the description']!, ignoreRest()], DEAF],
      { repeatLast: true },
    );
    const connection = await connect(to(server));
    const abort = new AbortController();
    const reason = new Error('no longer wanted');
    setTimeout(() => abort.abort(reason), 50);
    await expect(connection.fetch({ text: 'select one', signal: abort.signal })).rejects.toBe(
      reason,
    );
    connection.terminate();
  });

  test('ends LISTEN and UNLISTEN with the commandTimeout as well', async () => {
    const listened: Script = [
      acceptStartup(),
      expectMessage('Query', { text: 'LISTEN "news"' }),
      send((writer) => {
        writeCommandComplete(writer, 'LISTEN');
        writeReadyForQuery(writer);
      }),
    ];
    await using server = await ScriptedServer.listenFor([[...listened, ignoreRest()], DEAF], {
      repeatLast: true,
    });
    const connection = await connect(to(server, { commandTimeout: 500 }));
    const listener = (): void => {};
    await connection.addListener('news', listener);
    for (const call of [
      connection.removeListener('news', listener),
      connection.addListener('other', listener),
    ]) {
      await expect(call).rejects.toBeInstanceOf(TimeoutError);
    }
    connection.terminate();
  });

  test('is given up with the first rollback that is not answered, and nothing waits again', async () => {
    const stream = new PuppetStream({
      results: { 'select silent': { columns: [['x', 23]], silent: true } },
    });
    const connection = await connect(over(stream, { commandTimeout: 500 }));
    const outer = await connection.begin();
    const middle = await connection.begin();
    const inner = await connection.begin();
    const savepoint = await inner.savepoint();
    await expect(inner.fetch('select silent')).rejects.toBeInstanceOf(TimeoutError);
    // As four blocks with `await using` end, one after the other.
    const ends = [];
    for (const block of [savepoint, inner, middle, outer]) {
      ends.push(
        await block[Symbol.asyncDispose]().then(
          () => 'left',
          (error: Error) => error.name,
        ),
      );
    }
    expect(ends).toEqual(['left', 'TimeoutError', 'left', 'left']);
    expect(connection.isClosed).toBe(true);
    await expect(outer.rollback()).rejects.toMatchObject({ safeToRetry: true });
  });

  test('does not keep close({ timeout }) from ending', async () => {
    await using server = await ScriptedServer.listenFor(
      [[...QUERY_PHASES['the description']!, ignoreRest()], DEAF],
      { repeatLast: true },
    );
    const connection = await connect(to(server));
    const call = connection.fetch('select one').catch((reason: unknown) => reason);
    await expect(connection.close({ timeout: 50 })).rejects.toBeInstanceOf(TimeoutError);
    expect(await call).toBeInstanceOf(Error);
    expect(connection.isClosed).toBe(true);
  });

  test('does not keep terminate() from ending it', async () => {
    await using server = await ScriptedServer.listenFor([
      [...QUERY_PHASES['the query’s Parse']!, ignoreRest()],
    ]);
    const connection = await connect(to(server));
    const call = connection.fetch('select one').catch((reason: unknown) => reason);
    await new Promise((resolve) => setTimeout(resolve, 20));
    connection.terminate();
    expect(await call).toMatchObject({ name: 'ConnectionDoesNotExistError', safeToRetry: false });
  });

  test('does not keep close() from ending when it was the goodbye that nobody heard', async () => {
    await using server = await ScriptedServer.listen([
      acceptStartup(),
      expectMessage('Terminate'),
      ignoreRest(),
    ]);
    const connection = await connect(to(server));
    await connection.close({ timeout: 3000 }).catch((error: unknown) => {
      expect(error).toBeInstanceOf(TimeoutError);
    });
    expect(connection.isClosed).toBe(true);
  });
});

describe('a pool whose server falls silent', () => {
  test.for(Object.entries(START_UP_PHASES))('is not opened, after %s', async ([, phase]) => {
    await using server = await ScriptedServer.listen([...phase, givesUp, ignoreRest()], {
      repeatLast: true,
    });
    await expect(createPool(to(server, { timeout: 100 }))).rejects.toBeInstanceOf(TimeoutError);
    await server.finished();
  });

  test('that does not answer the reset behind a call keeps nobody longer than the call has time', async () => {
    let isSilent = false;
    const stream = new PuppetStream(
      { results: { 'SET a.b = 1': { tag: 'SET' } } },
      { tamper: () => (isSilent ? { chunks: [] } : null) },
    );
    const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
    let isSet = false;
    stream.write = ((data: Uint8Array, ...more: unknown[]) => {
      isSilent = isSet;
      if (Buffer.from(data).includes('SET a.b = 1')) isSet = true;
      return write(data, ...more);
    }) as typeof stream.write;
    await using pool = await createPool({ ...over(stream), minSize: 1, maxSize: 1 });
    const start = performance.now();
    expect(await pool.execute({ text: 'SET a.b = 1', timeout: 300 })).toBe('SET');
    expect(isSilent).toBe(true);
    expect(performance.now() - start).toBeLessThan(3000);
    pool.terminate();
  });

  test('gives up waiting for a connection at the time-out of acquire', async () => {
    await using server = await ScriptedServer.listen(DEAF, { repeatLast: true });
    const pool = await createPool({ ...to(server), minSize: 0, maxSize: 1 });
    await expect(pool.acquire({ timeout: 100 })).rejects.toBeInstanceOf(TimeoutError);
    await expect(pool.fetch({ text: 'select one', timeout: 100 })).rejects.toBeInstanceOf(
      TimeoutError,
    );
    await pool.close();
    expect(pool.size).toBe(0);
  });
});

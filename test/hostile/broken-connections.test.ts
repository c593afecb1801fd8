import net from 'node:net';
import { describe, expect, test } from 'vitest';
import {
  type Connection,
  ConnectionDoesNotExistError,
  ConnectionFailureError,
  connect,
  createPool,
  TransactionResolutionUnknownError,
} from '../../src/index.ts';
import { writeErrorResponse } from '../../src/protocol/backend/response.ts';
import { writeCommandComplete } from '../../src/protocol/backend/result.ts';
import { writeReadyForQuery } from '../../src/protocol/backend/session.ts';
import { writeCopyInResponse, writeCopyOutResponse } from '../../src/protocol/copy.ts';
import { failure } from '../support/connections.ts';
import { deferred } from '../support/deferred.ts';
import { PuppetStream } from '../support/fakes/puppet-stream.ts';
import {
  acceptStartup,
  close,
  expectMessage,
  ignoreRest,
  reset,
  run,
  type Script,
  type Step,
  send,
  wait,
} from '../support/fakes/script.ts';
import { ScriptedServer } from '../support/fakes/scripted-server.ts';
import { over } from './conversation.ts';
import { QUERY_PHASES, START_UP_PHASES, to } from './phases.ts';

/** What was sent must have arrived, or RST may overtake it. */
const ENDINGS: Readonly<Record<string, Script>> = {
  FIN: [close(), ignoreRest()],
  RST: [wait(20), reset(), ignoreRest()],
};

const endings = Object.entries(ENDINGS);

function cases(phases: Readonly<Record<string, Script>>) {
  return endings.flatMap(([ending, steps]) =>
    Object.entries(phases).map(
      ([phase, before]) => [ending, phase, [...before, ...steps]] as const,
    ),
  );
}

describe('a server that leaves at start-up', () => {
  test.for(cases(START_UP_PHASES))(
    'by %s after %s, fails the one attempt',
    async ([, , script]) => {
      await using server = await ScriptedServer.listen(script, { repeatLast: true });
      const error = await failure<ConnectionFailureError>(connect(to(server)));
      expect(error).toBeInstanceOf(ConnectionFailureError);
      expect(error.message).toContain(`${server.host}:${server.port}`);
      expect(error.safeToRetry).toBe(true);
      expect(error.isTransient).toBe(true);
      expect(server.connections).toHaveLength(1);
    },
  );

  test('is told apart from one that is not there', async () => {
    const gone = await ScriptedServer.listen([]);
    const { port } = gone;
    await gone.close();
    const error = await failure(connect({ host: '127.0.0.1', port, user: 'ada', timeout: 5000 }));
    expect(error).toBeInstanceOf(ConnectionFailureError);
    expect(error.cause).toMatchObject({ code: 'ECONNREFUSED' });
  });
});

test('a server that leaves is known to have left as soon as its end is read', async () => {
  const left = deferred();
  const script = [acceptStartup(), wait(left.promise), close(), ignoreRest()];
  await using server = await ScriptedServer.listen(script);
  const socket = net.connect({ host: server.host, port: server.port });
  const connection = await connect(to(server, { dial: () => socket }));
  const isOver = new Promise<boolean>((resolve) => {
    // Node has the socket closed in a later turn. What is called before that would go to nobody.
    socket.once('end', () => resolve(connection.isClosed));
  });
  left.resolve();
  expect(await isOver).toBe(true);
});

describe('a server that leaves in the middle of a call', () => {
  test.for(cases(QUERY_PHASES))('by %s after %s, fails that call', async ([, , script]) => {
    await using server = await ScriptedServer.listen(script);
    const connection = await connect(to(server));
    const error = await failure<ConnectionDoesNotExistError>(connection.fetch('select one'));
    expect(error).toBeInstanceOf(ConnectionDoesNotExistError);
    expect(error.safeToRetry).toBe(false);
    expect(connection.isClosed).toBe(true);
    await server.finished();
    await expect(connection.fetch('select one')).rejects.toMatchObject({
      name: 'InterfaceError',
      safeToRetry: true,
    });
    await connection.close();
  });

  const COPY_OUT: Script = [
    acceptStartup(),
    expectMessage('Query'),
    send((writer) => writeCopyOutResponse(writer, { format: 0, columnFormats: [0] })),
  ];
  const COPY_IN: Script = [
    acceptStartup(),
    expectMessage('Query'),
    send((writer) => writeCopyInResponse(writer, { format: 0, columnFormats: [0] })),
    expectMessage('CopyData'),
  ];

  test.for(cases({ 'the beginning of COPY': COPY_OUT }))(
    'by %s after %s to the client, fails it',
    async ([, , script]) => {
      await using server = await ScriptedServer.listen(script);
      const connection = await connect(to(server));
      const error = await failure(connection.copyFromTable('t', { output: () => {} }));
      expect(error).toBeInstanceOf(ConnectionDoesNotExistError);
    },
  );

  test.for(cases({ 'some data of COPY': COPY_IN }))(
    'by %s after %s from the client, fails it and pulls no more data',
    async ([, , script]) => {
      await using server = await ScriptedServer.listen(script);
      const connection = await connect(to(server));
      let returned = 0;
      async function* source() {
        try {
          for (;;) {
            yield Buffer.alloc(64 * 1024);
            await new Promise((resolve) => setTimeout(resolve, 1));
          }
        } finally {
          returned += 1;
        }
      }
      const error = await failure(connection.copyToTable('t', { source: source() }));
      expect(error).toBeInstanceOf(ConnectionDoesNotExistError);
      await expect.poll(() => returned).toBe(1);
    },
  );
});

describe('a call of which nothing has left', () => {
  /** A connection that knows `select one`, and what to do with it at once after a RST, and what came before that. */
  async function afterReset<R>(
    act: (connection: Connection) => R,
    before: Step | null = null,
  ): Promise<Awaited<R>> {
    let know!: (connection: Connection) => void;
    const known = new Promise<Connection>((resolve) => {
      know = resolve;
    });
    let reached!: (result: R) => void;
    const result = new Promise<R>((resolve) => {
      reached = resolve;
    });
    await using server = await ScriptedServer.listen([
      ...QUERY_PHASES['CommandComplete']!,
      send(writeReadyForQuery),
      run('reset in this turn', async (accepted) => {
        const connection = await known;
        void before?.run(accepted);
        // The client's system knows at once, and the client when it reads or writes next.
        accepted.reset();
        reached(act(connection));
      }),
      ignoreRest(),
    ]);
    const connection = await connect(to(server));
    await connection.fetch('select one');
    know(connection);
    const done = await result;
    expect(connection.isClosed).toBe(true);
    return done;
  }

  test('as the system refused the write, says so, and has the system’s error', async () => {
    const errors = await afterReset((connection) =>
      Promise.all(
        [
          connection.fetch('select one'),
          connection.execute('delete'),
          connection.batch(['select one', 'select one']),
          connection.fetch('select other'),
          connection.fetch('behind the others'),
        ].map((call) => failure(call)),
      ),
    );
    for (const error of errors) {
      expect(error).toBeInstanceOf(ConnectionDoesNotExistError);
      expect(error).toMatchObject({ safeToRetry: true });
      expect(error.cause).toMatchObject({
        code: expect.stringMatching(/^(ECONNRESET|EPIPE)$/),
        syscall: 'write',
      });
    }
  });

  test('has what the server said before it left, though the system refused the write', async () => {
    const lastWords = send((writer) =>
      writeErrorResponse(writer, {
        severity: 'FATAL',
        sqlstate: '57P01',
        message: 'terminating connection due to administrator command',
      }),
    );
    const errors = await afterReset(
      (connection) =>
        Promise.all(
          [connection.fetch('select one'), connection.execute('delete')].map((call) =>
            failure(call),
          ),
        ),
      lastWords,
    );
    for (const error of errors)
      expect(error).toMatchObject({ sqlstate: '57P01', safeToRetry: true });
  });

  test('is no doubt about a transaction when that call is COMMIT', async () => {
    const stream = new PuppetStream();
    const connection = await connect(over(stream));
    const transaction = await connection.begin();
    await transaction.execute('select 1');
    const { length } = stream.received;
    const commit = failure(transaction.commit());
    // Long enough for COMMIT to be written, and in the same turn of the event loop.
    for (let i = 0; i < 20; i++) await null;
    connection.terminate();
    expect(await commit).toMatchObject({ name: 'ConnectionDoesNotExistError', safeToRetry: true });
    expect(stream.received).toHaveLength(length);
  });

  test('as the connection is closed in the same turn, says so', async () => {
    const stream = new PuppetStream();
    const connection = await connect(over(stream));
    await connection.fetch('select 1');
    const { length } = stream.received;
    const calls = [connection.fetch('select 1'), connection.execute('select 1')].map((call) =>
      failure(call),
    );
    connection.terminate();
    for (const error of await Promise.all(calls)) {
      expect(error).toMatchObject({ name: 'ConnectionDoesNotExistError', safeToRetry: true });
    }
    expect(stream.received).toHaveLength(length);
  });

  test('and one of which something has, are told apart', async () => {
    const stream = new PuppetStream();
    const connection = await connect(over(stream));
    await connection.fetch('select 1');
    const sent = failure(connection.fetch('select 1'));
    await new Promise(process.nextTick);
    await new Promise(process.nextTick);
    const unsent = failure(connection.fetch('select 1'));
    connection.terminate();
    expect(await sent).toMatchObject({ safeToRetry: false });
    expect(await unsent).toMatchObject({ safeToRetry: true });
  });
});

describe('a connection that is lost', () => {
  const RESULTS = { 'select silent': { columns: [['x', 23]], silent: true } } as const;

  test.for<readonly [string, (stream: PuppetStream) => void]>([
    ['in good order', (stream) => stream.say(null)],
    ['by an error', (stream) => stream.destroy(new Error('the cable was cut'))],
    ['without one', (stream) => stream.destroy()],
  ])('settles every call once, whatever kind it is: %s', async ([, lose]) => {
    const stream = new PuppetStream({ results: RESULTS });
    const connection = await connect(over(stream));
    let settled = 0;
    const calls: Record<string, (on: Connection) => Promise<unknown>> = {
      'one that is under way': (on) => on.fetch('select silent'),
      'one behind it': (on) => on.fetchVal('select other'),
      script: (on) => on.execute('select 1; select 2'),
      batch: (on) => on.batch(['select a', 'select b']),
      'many sets': (on) => on.executeMany('insert', [[], []]),
      'copy out': (on) => on.copyFromTable('t', { output: () => {} }),
      'copy in': (on) => on.copyToTable('t', { source: [Buffer.from('x')] }),
      stream: async (on) => {
        for await (const row of on.stream('select streamed')) void row;
      },
      prepare: (on) => on.prepare('select prepared'),
      listen: (on) => on.addListener('news', () => {}),
      transaction: (on) => on.transaction((tx) => tx.execute('select in transaction')),
    };
    const results = Object.entries(calls).map(([name, call]) =>
      call(connection).then(
        () => {
          throw new Error(`${name} succeeded`);
        },
        (error: unknown) => {
          settled += 1;
          return [name, error] as const;
        },
      ),
    );
    for (let i = 0; i < 20; i++) await new Promise(setImmediate);
    lose(stream);
    for (const [name, error] of await Promise.all(results)) {
      expect(error, name).toBeInstanceOf(Error);
      expect((error as Error).name, name).toMatch(/^(ConnectionDoesNotExist|Interface)Error$/);
    }
    expect(settled).toBe(results.length);
    expect(connection.isClosed).toBe(true);
    await connection.close();
  });

  test('has the system’s error as the cause', async () => {
    const stream = new PuppetStream({ results: RESULTS });
    const connection = await connect(over(stream));
    const call = failure(connection.fetch('select silent'));
    for (let i = 0; i < 20; i++) await new Promise(setImmediate);
    const reason = new Error('the cable was cut');
    stream.destroy(reason);
    expect(await call).toMatchObject({ name: 'ConnectionDoesNotExistError', cause: reason });
  });

  test('while it commits leaves open what became of the transaction, and says so', async () => {
    for (const ending of ['FIN', 'RST'] as const) {
      await using server = await ScriptedServer.listen([
        acceptStartup(),
        expectMessage('Query'),
        send((writer) => {
          writeCommandComplete(writer, 'BEGIN');
          writeReadyForQuery(writer, 'T');
        }),
        expectMessage('Query', { text: 'insert' }),
        send((writer) => {
          writeCommandComplete(writer, 'INSERT 0 1');
          writeReadyForQuery(writer, 'T');
        }),
        expectMessage('Query', { text: 'COMMIT' }),
        ...ENDINGS[ending]!,
      ]);
      const connection = await connect(to(server));
      const error = await failure(connection.transaction((tx) => tx.execute('insert')));
      expect(error).toBeInstanceOf(TransactionResolutionUnknownError);
      expect(error).toMatchObject({
        safeToRetry: false,
        isTransient: false,
        cause: expect.any(ConnectionDoesNotExistError),
      });
      await server.finished();
    }
  });

  test('before it commits is no doubt about the transaction', async () => {
    const stream = new PuppetStream({ results: RESULTS });
    const connection = await connect(over(stream));
    const error = await failure(
      connection.transaction(async (tx) => {
        const call = tx.fetch('select silent');
        setImmediate(() => setImmediate(() => setImmediate(() => stream.say(null))));
        await call;
      }),
    );
    expect(error).toBeInstanceOf(ConnectionDoesNotExistError);
  });

  test('while it was idle is not said to have been in the middle of operation', async () => {
    const stream = new PuppetStream();
    const connection = await connect(over(stream));
    await connection.fetch('select 1');
    stream.say(null);
    await expect.poll(() => connection.isClosed).toBe(true);
    expect(await failure(connection.fetch('select 1'))).toMatchObject({
      name: 'InterfaceError',
      message:
        'the connection is closed: the connection was lost while nothing was asked for: the server or the network has closed it',
      isTransient: true,
      safeToRetry: true,
    });
  });

  test('while it was idle in a pool is replaced for the next call', async () => {
    const streams: PuppetStream[] = [];
    const pool = await createPool({
      ...over(new PuppetStream()),
      dial: () => {
        const stream = new PuppetStream();
        streams.push(stream);
        return stream;
      },
      minSize: 1,
      maxSize: 1,
    });
    expect(await pool.execute('select 1')).toBe('select');
    streams[0]!.say(null);
    await expect.poll(() => streams[0]!.destroyed).toBe(true);
    expect(await pool.execute('select 2')).toBe('select');
    expect(streams).toHaveLength(2);
    expect(pool.stats).toMatchObject({ size: 1, idle: 1, inUse: 0, waiting: 0 });
    await pool.close();
  });
});

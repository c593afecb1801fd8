import { describe, expect, test } from 'vitest';
import {
  type Connection,
  connect,
  createPool,
  PostgresError,
  ProtocolError,
  UnknownPostgresError,
} from '../../src/index.ts';
import { writeErrorResponse } from '../../src/protocol/backend/response.ts';
import { writeCopyBothResponse } from '../../src/protocol/copy.ts';
import { PuppetStream } from '../support/fakes/puppet-stream.ts';
import { encoded } from '../support/fakes/scripted-connection.ts';
import { over } from './conversation.ts';

const INT4 = 23;
const RESULTS = {
  'select one': { columns: [['one', INT4]], rows: [[Buffer.from([0, 0, 0, 1])]] },
  'select echo': { parameters: [INT4], columns: [['echo', INT4]], echo: true },
  'sleep on': { parameters: [INT4], columns: [['echo', INT4]], silent: true },
  'copy t from stdin where $1': { parameters: [INT4], copyIn: true },
  'copy t to stdout where $1': { parameters: [INT4], copyOut: [Buffer.from('x\n')] },
  'copy t from stdin': { copyIn: true },
  'copy t to stdout': { copyOut: [Buffer.from('x\n')] },
  fail: { error: ['XX000', 'to be replaced'] },
} as const;

/** An ErrorResponse of fields as they are written here: code and text. */
function errorResponse(
  ...fields: readonly (readonly [code: string, text: string | Buffer])[]
): Buffer {
  const body = Buffer.concat([
    ...fields.flatMap(([code, text]) => [Buffer.from(code), Buffer.from(text), Buffer.alloc(1)]),
    Buffer.alloc(1),
  ]);
  const header = Buffer.from('E\0\0\0\0');
  header.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([header, body]);
}

/** What a call is rejected with whose query the server answers with `response`. */
async function rejection(response: Buffer): Promise<PostgresError> {
  const stream = new PuppetStream(
    { results: RESULTS },
    { tamper: (message) => (message[0] === 0x45 ? { chunks: [response] } : null) },
  );
  const connection = await connect(over(stream));
  const error: unknown = await connection.execute('fail').then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(PostgresError);
  // It was an error of that query and of nothing else.
  expect(await connection.fetchVal('select one')).toBe(1);
  await connection.close();
  return error as PostgresError;
}

describe('an ErrorResponse', () => {
  test('without any field is an error with a message all the same', async () => {
    const error = await rejection(errorResponse());
    expect(error).toBeInstanceOf(UnknownPostgresError);
    expect(error.message).not.toBe('');
    expect(error.sqlstate).toBeNull();
    expect(error.detail).toBeNull();
  });

  test('without SQLSTATE has its message', async () => {
    const error = await rejection(errorResponse(['S', 'ERROR'], ['M', 'no state']));
    expect(error.message).toBe('no state');
    expect(error).toBeInstanceOf(UnknownPostgresError);
  });

  test('with an empty message tells the SQLSTATE', async () => {
    const error = await rejection(errorResponse(['S', 'ERROR'], ['C', '22012'], ['M', '']));
    expect(error.message).toContain('22012');
    expect(error.name).toBe('DivisionByZeroError');
  });

  test('with an unknown SQLSTATE is an UnknownPostgresError', async () => {
    const error = await rejection(errorResponse(['S', 'ERROR'], ['C', 'ZZZZZ'], ['M', 'what']));
    expect(error).toBeInstanceOf(UnknownPostgresError);
    expect(error.sqlstate).toBe('ZZZZZ');
  });

  test('with a SQLSTATE that is a property of every object is an UnknownPostgresError', async () => {
    for (const sqlstate of ['__proto__', 'constructor', 'toString']) {
      const error = await rejection(errorResponse(['C', sqlstate], ['M', 'what']));
      expect(error).toBeInstanceOf(UnknownPostgresError);
    }
  });

  test('may hold a field twice, unknown fields and positions that are none', async () => {
    const error = await rejection(
      errorResponse(
        ['C', '22012'],
        ['M', 'one'],
        ['M', 'two'],
        ['y', '?'],
        ['P', '1e9'],
        ['P', ''],
      ),
    );
    expect(error.message).toBe('two');
    expect(error.position).toBeNull();
  });

  test('may be no UTF-8', async () => {
    const error = await rejection(
      errorResponse(['C', '22012'], ['M', Buffer.from([0x66, 0xff, 0xfe, 0x6f])]),
    );
    expect(error.message).toBe('f\ufffd\ufffdo');
  });

  test('may have a message of a MiB; what is beyond that is left out', async () => {
    const mebibyte = 1024 * 1024;
    const whole = await rejection(errorResponse(['C', '22012'], ['M', 'x'.repeat(mebibyte)]));
    expect(whole.message).toHaveLength(mebibyte);
    const cut = await rejection(errorResponse(['C', '22012'], ['M', 'x'.repeat(3 * mebibyte)]));
    expect(cut.message).toHaveLength(mebibyte);
  });

  test('that no query runs for ends the connection', async () => {
    const stream = new PuppetStream({ results: RESULTS });
    const connection = await connect(over(stream));
    const ended = termination(connection);
    stream.say(errorResponse(['S', 'ERROR'], ['C', '22012'], ['M', 'out of nowhere']));
    await ended;
    await expect(connection.execute('select one')).rejects.toMatchObject({
      cause: expect.any(ProtocolError),
    });
  });
});

function termination(connection: Connection): Promise<void> {
  return new Promise((resolve) => {
    connection.addTerminationListener(() => resolve());
  });
}

const SHUTDOWN = encoded((writer) =>
  writeErrorResponse(writer, {
    severity: 'FATAL',
    sqlstate: '57P01',
    message: 'terminating connection due to administrator command',
  }),
);

describe('the last words of a server', () => {
  const message = (severity: string, sqlstate: string, text: string): Buffer =>
    encoded((writer) => writeErrorResponse(writer, { severity, sqlstate, message: text }));
  const OUT_OF_STEP = message('FATAL', '08P01', 'protocol synchronization was lost');

  /** What a call under way, and one behind it, are rejected with. */
  async function rejections(...words: Buffer[]): Promise<unknown[]> {
    const stream = new PuppetStream({ results: RESULTS });
    const connection = await connect(over(stream));
    await connection.fetchVal('select echo', 0);
    const calls = [connection.fetchVal('sleep on', 1), connection.execute('select one')];
    const settled = Promise.allSettled(calls);
    for (let i = 0; i < 20; i++) await new Promise(setImmediate);
    stream.say(Buffer.concat(words), null);
    return (await settled).map((outcome) => (outcome as PromiseRejectedResult).reason);
  }

  test('are why it gives up, where it has said that it lost its client', async () => {
    // As from a COPY whose way to the server was cut in the middle of a message.
    const lost = message('ERROR', '08006', 'unexpected EOF on client connection');
    for (const error of await rejections(lost, OUT_OF_STEP)) {
      expect(error).toMatchObject({ sqlstate: '08006', isTransient: true });
      expect(String(error)).toContain('unexpected EOF on client connection');
    }
  });

  test('are themselves what counts, where another error went before or none', async () => {
    const failed = message('ERROR', '22012', 'division by zero');
    for (const words of [[failed, OUT_OF_STEP], [OUT_OF_STEP]]) {
      for (const error of await rejections(...words)) {
        expect(error).toMatchObject({ sqlstate: '08P01', isTransient: false });
      }
    }
  });

  test('are themselves what counts where another server than this one was lost', async () => {
    // As from a foreign table, in a session that is then ended by an administrator.
    const lost = message('ERROR', '08006', 'could not connect to server "warehouse"');
    for (const error of await rejections(lost, SHUTDOWN)) {
      expect(error).toMatchObject({ sqlstate: '57P01' });
      expect(String(error)).not.toContain('warehouse');
    }
  });

  test.for<readonly [string, (stream: PuppetStream) => void]>([
    ['and its FIN', (stream) => stream.say(SHUTDOWN, null)],
    [
      'in pieces and its FIN',
      (stream) => stream.say(SHUTDOWN.subarray(0, 9), SHUTDOWN.subarray(9), null),
    ],
    ['without a FIN', (stream) => stream.say(SHUTDOWN)],
    [
      'and more that nobody can believe',
      (stream) => stream.say(Buffer.concat([SHUTDOWN, Buffer.from('Z\0\0\0\x05I')])),
    ],
  ])('reach every call under way: %s', async ([, speak]) => {
    const stream = new PuppetStream({ results: RESULTS });
    const connection = await connect(over(stream));
    await connection.fetchVal('select echo', 0);
    let terminations = 0;
    connection.addTerminationListener(() => {
      terminations += 1;
    });
    const calls = [
      connection.fetchVal('sleep on', 1),
      connection.fetchVal('select echo', 2),
      connection.execute('select one'),
    ];
    const settled = Promise.allSettled(calls);
    for (let i = 0; i < 20; i++) await new Promise(setImmediate);
    speak(stream);
    for (const result of await settled) {
      expect(result).toMatchObject({
        status: 'rejected',
        reason: { name: 'AdminShutdownError', sqlstate: '57P01', isTransient: true },
      });
    }
    expect(
      new Set((await settled).map((result) => result.status === 'rejected' && result.reason)).size,
    ).toBe(3);
    expect(connection.isClosed).toBe(true);
    expect(terminations).toBe(1);
    expect(stream.destroyed).toBe(true);
  });

  test('are the cause when the next call finds the connection closed', async () => {
    const stream = new PuppetStream({ results: RESULTS });
    const connection = await connect(over(stream));
    const ended = termination(connection);
    stream.say(SHUTDOWN, null);
    await ended;
    await expect(connection.fetchVal('select one')).rejects.toMatchObject({
      name: 'InterfaceError',
      safeToRetry: true,
      cause: { sqlstate: '57P01' },
    });
  });

  test('end the connection of a pool, and those who wait for one get another', async () => {
    const sessions: PuppetStream[] = [];
    const pool = await createPool({
      ...over(new PuppetStream()),
      dial: () => {
        const session = new PuppetStream({ results: RESULTS });
        sessions.push(session);
        return session;
      },
      minSize: 1,
      maxSize: 1,
      pipelining: 0,
    });
    const running = pool.fetchVal('sleep on', 1).catch((error: unknown) => error);
    const waiting = [1, 2, 3].map((i) => pool.fetchVal('select echo', i));
    for (let i = 0; i < 20; i++) await new Promise(setImmediate);
    sessions[0]!.say(SHUTDOWN, null);
    expect(await running).toMatchObject({ sqlstate: '57P01' });
    expect(await Promise.all(waiting)).toEqual([1, 2, 3]);
    expect(sessions).toHaveLength(2);
    expect(pool.stats).toMatchObject({ size: 1, idle: 1, inUse: 0, waiting: 0 });
    await pool.close();
  });

  test('right behind the first ReadyForQuery fail the attempt to connect', async () => {
    const stream = new PuppetStream(
      { results: RESULTS },
      {
        tamper: (message) =>
          message[0] === 0x5a ? { chunks: [Buffer.concat([message, SHUTDOWN])], end: true } : null,
      },
    );
    await expect(connect(over(stream))).rejects.toMatchObject({ sqlstate: '57P01' });
    expect(stream.destroyed).toBe(true);
  });
});

describe('a query that the server takes for a COPY', () => {
  const CALLS: Readonly<Record<string, (connection: Connection) => Promise<unknown>>> = {
    'from the client': (connection) => connection.fetch('copy t from stdin where $1', 1),
    'to the client': (connection) => connection.fetch('copy t to stdout where $1', 1),
    'from the client, in a batch': (connection) =>
      connection.batch([{ text: 'copy t from stdin where $1', args: [1] }]),
    'from the client, as a script': (connection) => connection.execute('copy t from stdin'),
    'to the client, as a script': (connection) => connection.execute('copy t to stdout'),
    'to the client, as a stream': async (connection) => {
      for await (const row of connection.stream('copy t to stdout where $1', 1)) void row;
    },
  };

  test.for(Object.entries(CALLS))('fails, and the connection goes on: %s', async ([, call]) => {
    const stream = new PuppetStream({ results: RESULTS });
    const connection = await connect(over(stream));
    await expect(call(connection)).rejects.toMatchObject({
      name: 'InterfaceError',
      hint: expect.stringContaining('copy'),
    });
    expect(await connection.fetchVal('select echo', 5)).toBe(5);
    await connection.close();
  });

  test.for(Object.entries(CALLS))(
    'gives no call behind it the answer of another: %s',
    async ([, call]) => {
      const stream = new PuppetStream({ results: RESULTS });
      const connection = await connect(over(stream, { commandTimeout: 5000 }));
      // Known by now, they all travel in one flight.
      await connection.fetchVal('select echo', 0);
      await call(connection).catch(() => {});
      const results = await Promise.allSettled([
        call(connection),
        connection.fetchVal('select echo', 5),
        connection.fetchVal('select echo', 6),
        connection.execute('select one'),
        connection.execute('update'),
      ]);
      expect(results[0]).toMatchObject({ status: 'rejected', reason: { name: 'InterfaceError' } });
      for (const [i, expected] of [5, 6, 'SELECT 1', 'update'].entries()) {
        const result = results[i + 1]!;
        if (result.status === 'fulfilled') expect(result.value).toBe(expected);
        else expect(result.reason.name).not.toBe('TimeoutError');
      }
      connection.terminate();
    },
  );

  test('of replication ends the connection', async () => {
    const stream = new PuppetStream(
      { results: RESULTS },
      {
        tamper: (message) =>
          message[0] === 0x44
            ? {
                chunks: [
                  encoded((writer) =>
                    writeCopyBothResponse(writer, { format: 0, columnFormats: [] }),
                  ),
                ],
              }
            : null,
      },
    );
    const connection = await connect(over(stream));
    await expect(connection.fetch('select one')).rejects.toBeInstanceOf(ProtocolError);
    expect(stream.destroyed).toBe(true);
  });
});

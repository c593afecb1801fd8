/** A stream is the call's from the moment it was handed over, also while the call waits. */
import { createReadStream, createWriteStream } from 'node:fs';
import { type Duplex, PassThrough, type Stream } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type Connection,
  connect,
  createPool,
  InterfaceError,
  InvalidArgumentError,
  type Pool,
  type PoolConnection,
  TimeoutError,
} from '../../../src/index.ts';
import { failure } from '../../support/connections.ts';
import { serverDsn } from '../../support/servers/server.ts';

const INSERT = 'INSERT INTO handed VALUES ($1)';
const RETURNING = `${INSERT} RETURNING id`;
const BROKEN = new Error('the stream is broken');
let pool: Pool;
/** The only connection of the pool. */
let held: PoolConnection;

beforeAll(async () => {
  await using owner = await connect(serverDsn());
  await owner.execute('CREATE TABLE handed (id int4)');
});
afterAll(async () => {
  await using owner = await connect(serverDsn());
  await owner.execute('DROP TABLE handed');
});
beforeEach(async () => {
  pool = await createPool(serverDsn(), { minSize: 1, maxSize: 1, acquireTimeout: 100 });
  held = await pool.acquire();
});
afterEach(() => pool.terminate());

type Call = (on: Pool | Connection, stream: Duplex) => Promise<unknown>;
const CALLS: [string, Call][] = [
  ['copyToTable', (on, source) => on.copyToTable('handed', { source })],
  ['copyRecordsToTable', (on, records) => on.copyRecordsToTable('handed', { records })],
  ['executeMany', (on, sets) => on.executeMany(INSERT, sets)],
  ['fetchMany', (on, sets) => on.fetchMany(RETURNING, sets as never)],
  ['copyFromTable', (on, output) => on.copyFromTable('handed', { output })],
  ['copyFromQuery', (on, output) => on.copyFromQuery('SELECT 1', { output })],
];

/** Ends a stream by an error, which nobody but the call listens to, and waits until all were told. */
async function breakDown(stream: Duplex): Promise<void> {
  const closed = new Promise((resolve) => stream.once('close', resolve));
  stream.destroy(BROKEN);
  await closed;
}

/** A transaction of the connection, for which other calls on it wait until its end. */
function openTransaction(): { end(): Promise<void> } {
  let open = (): void => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const transaction = held.transaction(() => gate);
  return {
    end() {
      open();
      return transaction;
    },
  };
}

describe.each(CALLS)('the stream of %s', (_, call) => {
  test('may break while the call waits for a connection', async () => {
    const stream = new PassThrough({ objectMode: true });
    const failed = failure(call(pool, stream));
    await breakDown(stream);
    await pool.release(held);
    expect(await failed).toBe(BROKEN);
    expect(await pool.fetchVal('SELECT 1')).toBe(1);
  });

  test('may break while the call waits for a transaction', async () => {
    const stream = new PassThrough({ objectMode: true });
    const transaction = openTransaction();
    const failed = failure(call(held, stream));
    await breakDown(stream);
    await transaction.end();
    expect(await failed).toBe(BROKEN);
    expect(await held.fetchVal('SELECT 1')).toBe(1);
  });

  test('is destroyed when no connection became free', async () => {
    const stream = new PassThrough({ objectMode: true });
    expect(await failure(call(pool, stream))).toBeInstanceOf(TimeoutError);
    expect(stream.destroyed).toBe(true);
  });

  test('is destroyed when the connection was closed', async () => {
    await held.close();
    const stream = new PassThrough({ objectMode: true });
    expect(await failure(call(held, stream))).toBeInstanceOf(InterfaceError);
    expect(stream.destroyed).toBe(true);
  });
});

test('a prepared statement takes a stream in the same way', async () => {
  const statement = await held.prepare(INSERT);
  const stream = new PassThrough({ objectMode: true });
  const transaction = openTransaction();
  const failed = failure(statement.executeMany(stream));
  await breakDown(stream);
  await transaction.end();
  expect(await failed).toBe(BROKEN);
});

test('files that cannot be opened are told of by the call', async () => {
  await using patient = await createPool(serverDsn(), { minSize: 1, maxSize: 1 });
  const holder = await patient.acquire();
  const source = createReadStream('no-such-folder/file');
  const output = createWriteStream('no-such-folder/file');
  const closed = Promise.all(
    [source, output].map((file: Stream) => new Promise((resolve) => file.once('close', resolve))),
  );
  const read = failure(patient.copyToTable('handed', { source }));
  const written = failure(patient.copyFromTable('handed', { output }));
  await closed;
  await patient.release(holder);
  expect(await read).toMatchObject({ code: 'ENOENT' });
  expect(await written).toMatchObject({ code: 'ENOENT' });
});

test('an option that is wrong destroys the stream as well', async () => {
  const output = new PassThrough();
  const source = new PassThrough();
  for (const call of [
    held.copyFromTable('handed', { output, format: 'zip' as never }),
    held.copyToTable('handed', { source, format: 'zip' as never }),
  ]) {
    expect(await failure(call)).toBeInstanceOf(InvalidArgumentError);
  }
  expect(output.errored).toBeInstanceOf(InvalidArgumentError);
  expect(source.destroyed).toBe(true);
});

test('web streams are told why the call came to nothing', async () => {
  const told: unknown[] = [];
  const source = new ReadableStream({ cancel: (reason) => void told.push(reason) });
  const output = new WritableStream({ abort: (reason) => void told.push(reason) });
  const errors = [
    await failure(pool.copyToTable('handed', { source })),
    await failure(pool.copyFromTable('handed', { output })),
  ];
  expect(errors[0]).toBeInstanceOf(TimeoutError);
  expect(told).toEqual(errors);
});

test('what its user has ended is left to flush', async () => {
  const output = new PassThrough();
  output.end('mine');
  expect(await failure(held.copyFromTable('handed', { output }))).toBeInstanceOf(TypeError);
  expect(String(output.read())).toBe('mine');
});

import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Connection, connect, type Transaction } from '../../src/index.ts';
import { systemClock } from '../../src/transport/clock.ts';
import { PuppetStream } from '../support/fakes/puppet-stream.ts';
import { VirtualClock } from '../support/fakes/virtual-clock.ts';
import { over } from './conversation.ts';

let clock: VirtualClock;
const open: Connection[] = [];

beforeEach(() => {
  clock = new VirtualClock();
  vi.spyOn(systemClock, 'now').mockImplementation(() => clock.now());
  vi.spyOn(systemClock, 'setTimer').mockImplementation((...args) =>
    clock.setTimer(args[0], args[1]),
  );
});
afterEach(() => {
  for (const connection of open.splice(0)) connection.terminate();
});

async function pass(milliseconds: number): Promise<void> {
  await sleep(150);
  await clock.advance(milliseconds);
  await sleep(20);
}

/** A connection whose server says nothing more once it is sent that text. */
async function connectUntil(text: string): Promise<Connection> {
  let isSilent = false;
  const stream = new PuppetStream(
    {
      results: {
        'select one': { columns: [['x', 23]], rows: [] },
        'select silent': { columns: [['x', 23]], silent: true },
      },
    },
    { tamper: () => (isSilent ? { chunks: [] } : null) },
  );
  const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
  stream.write = ((data: Uint8Array, ...more: unknown[]) => {
    if (Buffer.from(data).includes(`${text}\0`)) isSilent = true;
    return write(data, ...more);
  }) as typeof stream.write;
  const connection = await connect(over(stream));
  open.push(connection);
  return connection;
}

/** What becomes of a call, as far as is known by now. */
function watched(call: Promise<unknown>): { outcome: string } {
  const told = { outcome: 'open' };
  call.then(
    () => {
      told.outcome = 'resolved';
    },
    (error: Error) => {
      told.outcome = error.message;
    },
  );
  return told;
}

const REASON = new Error('the user has left');

describe('a transaction on a server that falls silent', () => {
  const aborted: Record<string, (tx: Transaction) => Promise<unknown>> = {
    BEGIN: (tx) => tx.fetch('select one'),
    'SAVEPOINT asyncpg_savepoint_1': async (tx) => {
      await tx.fetch('select one');
      await tx.transaction((inner) => inner.fetch('select one'));
    },
  };
  test.for(Object.entries(aborted))(
    'is rejected soon after its signal was aborted, if the answer to %s is missing',
    async ([text, work]) => {
      const connection = await connectUntil(text);
      const controller = new AbortController();
      const told = watched(connection.transaction({ signal: controller.signal }, work));
      await pass(60_000);
      expect(told.outcome).toBe('open');
      controller.abort(REASON);
      await pass(12_000);
      expect(told.outcome).toBe(REASON.message);
      expect(connection.isClosed).toBe(true);
      expect(clock.timers).toBe(0);
    },
  );

  test('is rejected soon if its ROLLBACK is not answered', async () => {
    const connection = await connectUntil('ROLLBACK');
    const told = watched(
      connection.transaction(async (tx) => {
        await tx.fetch('select one');
        throw REASON;
      }),
    );
    await pass(9_000);
    expect([told.outcome, connection.isClosed]).toEqual(['open', false]);
    await pass(3_000);
    expect(told.outcome).toBe(REASON.message);
    expect(connection.isClosed).toBe(true);
  });

  const ended: Record<string, (tx: Transaction) => PromiseLike<void>> = {
    'rollback()': (tx) => tx.rollback(),
    'await using': (tx) => tx[Symbol.asyncDispose](),
  };
  test.for(Object.entries(ended))(
    'that begin() has made is given up by %s if its ROLLBACK is not answered',
    async ([, end]) => {
      const connection = await connectUntil('ROLLBACK');
      const tx = await connection.begin();
      await tx.fetch('select one');
      const told = watched(Promise.resolve(end(tx)));
      await pass(9_000);
      expect([told.outcome, connection.isClosed]).toEqual(['open', false]);
      await pass(3_000);
      expect(told.outcome).toMatch('did not answer while a transaction was rolled back');
      expect(connection.isClosed).toBe(true);
      expect(clock.timers).toBe(0);
    },
  );

  test('waits for a statement that has no time limit, however long the server says nothing', async () => {
    const connection = await connectUntil('nothing');
    const told = watched(
      connection.transaction((tx) =>
        Promise.all([tx.fetch('select silent'), Promise.reject(REASON)]),
      ),
    );
    await pass(600_000);
    expect([told.outcome, connection.isClosed]).toEqual(['open', false]);
  });

  test('is not given up by a look at an event loop that was blocked', async () => {
    const connection = await connectUntil('ROLLBACK');
    const told = watched(
      connection.transaction(async (tx) => {
        await tx.fetch('select one');
        throw REASON;
      }),
    );
    await pass(0);
    clock.suspend(60_000);
    await pass(0);
    expect([told.outcome, connection.isClosed]).toEqual(['open', false]);
    await pass(6_000);
    expect(told.outcome).toBe(REASON.message);
  });
});

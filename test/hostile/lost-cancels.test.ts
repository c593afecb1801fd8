import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { connect, createPool, TimeoutError } from '../../src/index.ts';
import { writeCommandComplete } from '../../src/protocol/backend/result.ts';
import { writeReadyForQuery } from '../../src/protocol/backend/session.ts';
import { CANCEL_REQUEST_CODE } from '../../src/protocol/frontend/startup.ts';
import { systemClock } from '../../src/transport/clock.ts';
import { FakeStream } from '../support/fakes/fake-stream.ts';
import { PuppetStream } from '../support/fakes/puppet-stream.ts';
import { encoded } from '../support/fakes/scripted-connection.ts';
import { VirtualClock } from '../support/fakes/virtual-clock.ts';
import { over } from './conversation.ts';

/** What becomes of the connection that is to carry the CancelRequest. */
type CancelFate = 'refused' | 'never there' | 'deaf' | 'closed' | 'nonsense';
const FATES: readonly CancelFate[] = ['refused', 'never there', 'deaf', 'closed', 'nonsense'];

const RESULTS = {
  'select silent': { columns: [['x', 23]], silent: true },
  'select one': { columns: [['one', 23]], rows: [[Buffer.from([0, 0, 0, 1])]] },
} as const;

/** A server whose sessions never answer 'select silent', and whose cancels come to nothing. */
class Server {
  readonly sessions: PuppetStream[] = [];
  readonly cancels: FakeStream[] = [];
  readonly #fate: CancelFate;
  #cancelsComeNext = false;

  constructor(fate: CancelFate) {
    this.#fate = fate;
  }

  /** The next connections are those that cancels make, for as long as the session is there. */
  expectCancels(): void {
    this.#cancelsComeNext = true;
  }

  readonly dial = async (): Promise<FakeStream> => {
    if (!this.#cancelsComeNext || this.sessions.at(-1)!.destroyed) {
      const session = new PuppetStream({ results: RESULTS });
      this.sessions.push(session);
      return session;
    }
    const stream = new FakeStream((cancel) => {
      if (this.#fate === 'closed') cancel.say(null);
      if (this.#fate === 'nonsense') cancel.say(Buffer.from('?????????'));
    });
    this.cancels.push(stream);
    if (this.#fate === 'refused')
      throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    if (this.#fate === 'never there') await new Promise(() => {});
    return stream;
  };
}

async function turns(count = 30): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise(setImmediate);
}

/** Lets time pass and everything happen that then does. */
async function pass(milliseconds: number): Promise<void> {
  await turns();
  await clock.advance(milliseconds);
  await turns();
}

let clock: VirtualClock;

beforeEach(() => {
  clock = new VirtualClock();
  vi.spyOn(systemClock, 'now').mockImplementation(() => clock.now());
  vi.spyOn(systemClock, 'setTimer').mockImplementation((...args) =>
    clock.setTimer(args[0], args[1]),
  );
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a call that was given up, its CancelRequest lost', () => {
  test.for(FATES)('lets its caller go at once, the connection soon: %s', async (fate) => {
    const server = new Server(fate);
    const connection = await connect({ ...over(new PuppetStream()), dial: server.dial });
    await connection.fetchVal('select one');
    server.expectCancels();
    let released = false;
    const call = connection
      .fetch({ text: 'select silent', timeout: 100 })
      .catch((error: unknown) => {
        released = true;
        return error;
      });
    await pass(99);
    expect(released).toBe(false);
    await pass(1);
    expect(released).toBe(true);
    expect(await call).toBeInstanceOf(TimeoutError);
    expect(connection.isClosed).toBe(false);

    // Calls made meanwhile are not sent: a cancel that is late must not strike them.
    const executed = server.sessions[0]!.puppet.executed.length;
    const waiting = connection.fetchVal('select one').catch((error: unknown) => error);
    await pass(2000);
    expect(server.sessions[0]!.puppet.executed).toHaveLength(executed);

    await pass(8000);
    expect(connection.isClosed).toBe(true);
    expect(await waiting).toMatchObject({ name: 'ConnectionDoesNotExistError', safeToRetry: true });
    expect(server.sessions[0]!.destroyed).toBe(true);
    expect(server.cancels.length).toBeGreaterThan(1);
    for (const cancel of server.cancels) {
      expect(fate === 'never there' || fate === 'refused' || cancel.destroyed).toBe(true);
    }
    expect(clock.timers).toBe(0);
  });

  test.for([
    ['deaf', true],
    ['never there', false],
    ['closed', false],
  ] as const)(
    'ends its connection where it may strike a later call: %s: %s',
    async ([fate, isLost]) => {
      const server = new Server(fate);
      const connection = await connect({ ...over(new PuppetStream()), dial: server.dial });
      server.expectCancels();
      const call = connection.fetch({ text: 'select silent', timeout: 100 }).catch(() => {});
      await pass(100);
      await call;
      const next = connection.fetchVal('select one').catch((error: unknown) => error);
      await pass(1500);
      // It ends by itself while the cancel is on its way; so is the answer to the Sync behind it.
      const [session] = server.sessions;
      const ready = encoded((writer) => writeReadyForQuery(writer));
      session!.say(
        encoded((writer) => writeCommandComplete(writer, 'SELECT 0')),
        ready,
      );
      await pass(1000);
      session!.say(ready);
      await turns();
      expect(connection.isClosed).toBe(isLost);
      if (isLost) {
        const expected = {
          name: 'ConnectionDoesNotExistError',
          safeToRetry: true,
          isTransient: true,
        };
        expect(await next).toMatchObject(expected);
      }
      expect(session!.puppet.executed).toEqual(['select silent']);
      connection.terminate();
      await pass(10_000);
      expect(clock.timers).toBe(0);
    },
  );

  test('sends nothing but the CancelRequest on the other connection', async () => {
    const server = new Server('deaf');
    const connection = await connect({ ...over(new PuppetStream()), dial: server.dial });
    server.expectCancels();
    const call = connection.fetch({ text: 'select silent', timeout: 100 }).catch(() => {});
    await pass(100);
    await call;
    const [cancel] = server.cancels;
    expect(cancel!.received).toHaveLength(16);
    expect(cancel!.received.readInt32BE(4)).toBe(CANCEL_REQUEST_CODE);
    expect(cancel!.received.readInt32BE(8)).toBe(connection.serverPid);
    connection.terminate();
    await pass(10_000);
    expect(clock.timers).toBe(0);
  });

  test.for(FATES)('costs a pool one connection, which it replaces: %s', async (fate) => {
    const server = new Server(fate);
    const pool = await createPool({
      ...over(new PuppetStream()),
      dial: server.dial,
      minSize: 1,
      maxSize: 1,
      maxInactiveConnectionLifetime: 0,
    });
    server.expectCancels();
    const call = pool
      .fetch({ text: 'select silent', timeout: 100 })
      .catch((error: unknown) => error);
    await pass(100);
    expect(await call).toBeInstanceOf(TimeoutError);
    let answer: unknown = null;
    const next = pool.fetchVal('select one').then((value) => {
      answer = value;
    });
    await pass(12_000);
    await pass(1000);
    expect(answer).toBe(1);
    await next;
    expect(server.sessions).toHaveLength(2);
    expect(server.sessions[0]!.destroyed).toBe(true);
    expect(pool.stats).toMatchObject({ size: 1, idle: 1, inUse: 0, waiting: 0 });
    const closing = pool.close();
    await pass(5000);
    await closing;
    expect(clock.timers).toBe(0);
  });
});

import { describe, expect, test } from 'vitest';
import { type Connection, connect } from '../../src/index.ts';
import { PuppetStream, type Tamper } from '../support/fakes/puppet-stream.ts';
import { over } from './conversation.ts';

const INT4 = 23;
const RESULTS = {
  'select echo': { parameters: [INT4], columns: [['echo', INT4]], echo: true },
} as const;

/** Numbers that look random and are the same on every run. */
function* numbers(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

/** A stream of answers in which one message or two are not what and where they should be. */
function disorder(seed: number, messages: number): Tamper {
  const random = numbers(seed);
  for (let i = 0; i < 5; i++) random.next();
  const victim = Math.floor(random.next().value * messages);
  const kind = Math.floor(random.next().value * 4);
  let kept: Buffer | null = null;
  return (message, index) => {
    if (kept !== null) {
      const chunks = [message, kept];
      kept = null;
      return { chunks };
    }
    if (index !== victim) return null;
    switch (kind) {
      case 0:
        return { chunks: [] };
      case 1:
        return { chunks: [message, message] };
      case 2:
        // Swapped with the next.
        kept = Buffer.from(message);
        return { chunks: [] };
      default:
        return { chunks: [ready(), message] };
    }
  };
}

function ready(): Buffer {
  return Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);
}

async function echoes(
  connection: Connection,
  count: number,
): Promise<PromiseSettledResult<unknown>[]> {
  const calls = Array.from({ length: count }, (_, i) => connection.fetchVal('select echo', i));
  return Promise.allSettled(calls);
}

describe('answers that got out of step with the queries', () => {
  const CALLS = 50;
  // The greeting, the statement’s description and four messages for each call.
  const MESSAGES = 9 + 4 + 4 * CALLS;

  test('are never given to another query, whatever is lost, doubled or swapped', async () => {
    let lost = 0;
    for (let seed = 1; seed <= 300; seed++) {
      const stream = new PuppetStream(
        { results: RESULTS },
        {
          tamper: (() => {
            const tamper = disorder(seed, MESSAGES);
            return (message: Buffer, index: number) => (index < 9 ? null : tamper(message, index));
          })(),
        },
      );
      const connection = await connect(over(stream, { commandTimeout: 50 }));
      const results = await echoes(connection, CALLS);
      for (const [i, result] of results.entries()) {
        // A row that was lost leaves an empty result: that is the server's word.
        if (result.status === 'fulfilled')
          expect([i, null], `seed ${seed}`).toContain(result.value);
      }
      if (results.some(({ status }) => status === 'rejected')) lost += 1;
      connection.terminate();
    }
    expect(lost).toBeGreaterThan(100);
  });

  test('end the connection at a ReadyForQuery too many, and a thousand calls with it', async () => {
    const stream = new PuppetStream({ results: RESULTS });
    const connection = await connect(over(stream));
    expect(await connection.fetchVal('select echo', 7)).toBe(7);
    stream.say(ready());
    const results = await echoes(connection, 1000);
    for (const [i, result] of results.entries()) {
      if (result.status === 'fulfilled') expect(result.value).toBe(i);
    }
    await expect(connection.fetchVal('select echo', 1)).rejects.toThrow('closed');
    expect(connection.isClosed).toBe(true);
    expect(stream.destroyed).toBe(true);
  });
});

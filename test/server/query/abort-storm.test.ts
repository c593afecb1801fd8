import { getEventListeners } from 'node:events';
import { afterAll, describe, expect, it } from 'vitest';
import { connect, type Queryable } from '../../../src/index.ts';
import { CountingDial } from '../../support/counting-dial.ts';
import { TestPool, until } from '../../support/pool.ts';
import { Random } from '../../support/samples/random.ts';
import { serverDsn } from '../../support/servers/server.ts';

/**
 * Aborts at random moments, of calls among many others: none may be without an answer, get
 * another's, or be struck by another's cancel. `npm run test:storm` runs 100,000 of them;
 * STORM_SEED repeats a run as far as the server's own timing allows.
 */
const aborts = Number(process.env['STORM_ABORTS'] ?? 2_000);
const seed = Number(process.env['STORM_SEED'] ?? 1);
/** So many that calls wait behind others, and so few that some are over before their abort. */
const CALLERS_PER_CONNECTION = 6;

/** What became of the calls of a storm. */
interface Outcome {
  readonly aborted: number;
  readonly answered: number;
  readonly followUps: number;
}

/** A moment at which a call is aborted, from ahead of it to long after it is over. */
async function moment(random: Random): Promise<void> {
  const when = random.below(10);
  if (when === 0) return;
  if (when === 1) await Promise.resolve();
  else if (when === 2) await new Promise(setImmediate);
  else await new Promise((resolve) => setTimeout(resolve, random.below(16)));
}

/** How many calls have to be over before their abort, for so many that are not. */
function fewest(count: number): number {
  return Math.ceil(count / 50);
}

/**
 * Aborts `count` calls before they are over, each with a tagged one beside it that must succeed. It goes on
 * until some were over before their abort, which on a busy machine are few.
 */
async function storm(
  on: Queryable,
  connections: number,
  count: number,
  random: Random,
): Promise<Outcome> {
  let [aborted, answered, followUps, tag] = [0, 0, 0, 0];

  const target = async (abort: AbortController): Promise<void> => {
    const mine = ++tag;
    const reason = new Error(`abort ${mine}`);
    const seconds = random.below(5) / 1000;
    const { signal } = abort;
    const call =
      random.below(4) === 0
        ? on.execute({ text: `SELECT pg_sleep(${seconds}), ${mine}`, signal })
        : on.fetchVal({
            text: 'SELECT $1::int4 FROM pg_sleep($2)',
            args: [mine, seconds],
            signal,
          });
    const settled = call.then(
      (value) => {
        expect([mine, 'SELECT 1']).toContain(value);
        answered += 1;
      },
      (error: unknown) => {
        expect(error).toBe(reason);
        aborted += 1;
      },
    );
    await moment(random);
    abort.abort(reason);
    await settled;
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  };

  const followUp = async (): Promise<void> => {
    const mine = ++tag;
    expect(await on.fetchVal('SELECT $1::int4', mine)).toBe(mine);
    followUps += 1;
  };

  const caller = async (): Promise<void> => {
    while (aborted < count || answered < fewest(count)) {
      const abort = new AbortController();
      if (random.chance(0.02)) abort.abort(new Error('before'));
      if (abort.signal.aborted) {
        await expect(on.fetchVal({ text: 'SELECT 1', signal: abort.signal })).rejects.toBe(
          abort.signal.reason,
        );
        aborted += 1;
      } else {
        await Promise.all([target(abort), followUp()]);
      }
    }
  };
  await Promise.all(Array.from({ length: connections * CALLERS_PER_CONNECTION }, caller));
  return { aborted, answered, followUps };
}

describe(`a storm of ${aborts} aborts`, { timeout: 3_600_000 }, () => {
  const outcomes: Record<string, Outcome> = {};

  afterAll(() => {
    if (process.env['STORM_ABORTS'] !== undefined) console.table(outcomes);
  });

  function check(name: string, outcome: Outcome, count: number): void {
    outcomes[name] = outcome;
    expect(outcome.aborted).toBeGreaterThanOrEqual(count);
    expect(outcome.answered).toBeGreaterThanOrEqual(fewest(count));
  }

  it('over a pool with pipelining leaves every answer with its call, and nothing behind', async () => {
    const count = Math.ceil(aborts / 2);
    await using test = await TestPool.open({ minSize: 4, maxSize: 4 });
    const { pool } = test;
    let most = 0;
    const watch = setInterval(async () => {
      most = Math.max(most, (await test.backends()).length);
    }, 100);
    try {
      check('pool', await storm(pool, 4, count, new Random(seed)), count);
    } finally {
      clearInterval(watch);
    }
    expect(most).toBeLessThanOrEqual(4);
    await until(() => pool.stats.inUse === 0 && pool.stats.connecting === 0);
    // No connection was given up: the server has heeded every cancel in time.
    expect(pool.stats).toMatchObject({ size: 4, opened: 4, closed: 0, waiting: 0 });
    expect(await test.running('%pg_sleep%')).toBe(0);
    await pool.close();
    await until(async () => (await test.backends()).length === 0);
  });

  it('over one connection leaves every answer with its call, and nothing behind', async () => {
    const count = Math.floor(aborts / 2);
    const counter = new CountingDial();
    const connection = await connect(serverDsn(), { dial: counter.dial });
    const pid = connection.serverPid;
    check('connection', await storm(connection, 1, count, new Random(seed + 1)), count);
    expect(await connection.fetchVal('SELECT pg_backend_pid()')).toBe(pid);
    await connection.close();
    await until(() => counter.open === 0);
  });
});

/**
 * Random programs of transactions, nested ones, savepoints, statements that end them and listeners,
 * many at once on one connection. What every promise said must be true at the end.
 *
 * TRUTH_RUNS: how many programs, TRUTH_SEED: which (`npm run test:truth`).
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Connection, connect } from '../../../src/index.ts';
import { describeEach, openWithSchema } from '../../support/connections.ts';
import { serverDsn, type TestedVersion } from '../../support/servers/server.ts';
import { expectation, Play } from './truth/play.ts';
import { type Program, program } from './truth/program.ts';

const RUNS = Number(process.env['TRUTH_RUNS'] ?? 60);
const SEED = process.env['TRUTH_SEED'];
const PATH = process.env['TRUTH_PATH'];
/** Nothing that was called may wait for ever. */
const PATIENCE = 30_000;

async function within<T>(work: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: it waits for ever`)), PATIENCE);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

const counts = new Map<string, number>();

async function check(version: TestedVersion, path: string, steps: Program): Promise<void> {
  const c = await connect(serverDsn(version), { serverSettings: { search_path: path } });
  try {
    const insert = await c.prepare('INSERT INTO t VALUES ($1)');
    const play = new Play(c, insert);
    await within(play.run(steps), 'a program');
    for (const [error, count] of play.errors) counts.set(error, (counts.get(error) ?? 0) + count);
    expect(c.isClosed).toBe(false);
    expect(c.isInTransaction()).toBe(false);
    const numbers = play.entries.map(({ number }) => number);
    const rows = await within(c.fetch('SELECT a FROM t WHERE a = ANY($1)', numbers), 'the end');
    const there = new Set(rows.map(({ a }) => a));
    for (const entry of play.entries) {
      const wanted = expectation(entry);
      const key = wanted === null ? 'left open' : wanted ? 'there' : entry.said;
      counts.set(key, (counts.get(key) ?? 0) + 1);
      if (wanted === null) continue;
      const { number, what, said } = entry;
      const found = { number, what, said, isThere: there.has(number) };
      expect(found).toEqual({ ...found, isThere: wanted });
    }
    await checkListeners(c, play);
  } finally {
    c.terminate();
  }
}

async function checkListeners(c: Connection, play: Play): Promise<void> {
  for (const { channel } of play.listeners) await c.notify(channel, 'are you there?');
  await c.fetchVal('SELECT 1');
  await new Promise((resolve) => setImmediate(resolve));
  for (const { heard } of play.listeners) expect(heard).toContain('are you there?');
}

describeEach('whatever is called at once', (version) => {
  it(
    'is as every promise said',
    async () => {
      counts.clear();
      const owner = await openWithSchema(version);
      await owner.execute('CREATE TABLE t (a int4)');
      const path = await owner.fetchVal<string>('SHOW search_path');
      await fc.assert(
        fc.asyncProperty(program, (steps) => check(version, path!, steps)),
        {
          numRuns: RUNS,
          ...(SEED === undefined ? {} : { seed: Number(SEED) }),
          ...(PATH === undefined ? {} : { path: PATH }),
          endOnFailure: process.env['TRUTH_SHRINK'] === undefined,
        },
      );
      if (process.env['TRUTH_RUNS'] !== undefined) {
        console.log(`PostgreSQL ${version}: ${RUNS} programs`, Object.fromEntries(counts));
      }
    },
    RUNS * 2_000 + 60_000,
  );
});

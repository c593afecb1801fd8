/**
 * A change stream on a failover slot while its primary is lost, and what an application sees of it: PostgreSQL
 * 18 with one standby that is synchronous and keeps the slot. Writes docs/clusters.md with `--update`.
 *
 *     npm run test:failover-slots -- --update
 *
 * Takes a minute. Exits with 1 when a write that was acknowledged is not there or was not told by the stream, or
 * one was told twice, or the stream does not go on.
 */
import { parseArgs } from 'node:util';
import { createPool } from '../../src/index.ts';
import { type ChangeStream, openChangeStream } from '../../src/replication/index.ts';
import { until } from '../support/pool.ts';
import { FailoverPair } from '../support/replication/failover-pair.ts';
import { Load } from './load.ts';
import { type SlotReport, type SlotRound, updateSlots } from './report.ts';

const { values } = parseArgs({ options: { update: { type: 'boolean', default: false } } });

/** How often each fault strikes. */
const ROUNDS = 5;
const SCHEMA = 'CREATE TABLE entries (id uuid); CREATE PUBLICATION entries FOR TABLE entries';
/** By the standby's name, as a change stream counts for one with `*`. A TempCluster waits for no commit. */
const SYNCHRONOUS = { synchronous_commit: 'on', synchronous_standby_names: 'standby' } as const;
/** The same time-outs as those of the other clusters, in milliseconds. */
const LIMITS = { timeout: 3_000, commandTimeout: 3_000, minSize: 2, maxSize: 8 } as const;

/** What the stream has told, and the longest that it told nothing. */
class Told {
  readonly ids = new Map<string, number>();
  gap = 0;
  count = 0;
  #lastAt = performance.now();

  async read(stream: ChangeStream): Promise<void> {
    for await (const transaction of stream) {
      for await (const change of transaction) {
        if (change.kind !== 'insert') continue;
        const id = String(change.new['id']);
        const now = performance.now();
        this.ids.set(id, (this.ids.get(id) ?? 0) + 1);
        this.count += 1;
        this.gap = Math.max(this.gap, now - this.#lastAt);
        this.#lastAt = now;
      }
    }
  }
}

async function strike(fault: (pair: FailoverPair) => Promise<void>): Promise<SlotRound> {
  await using pair = await FailoverPair.start(SCHEMA, SYNCHRONOUS);
  const pool = await createPool(pair.dsn, LIMITS);
  await using stream = await openChangeStream(pair.dsn, {
    slot: { name: 'entries', failover: true },
    publication: 'entries',
    statusInterval: 200,
  });
  const told = new Told();
  const reading = told.read(stream);
  const load = new Load({
    name: 'writes',
    writes: true,
    call: (id) => pool.execute('INSERT INTO entries VALUES ($1)', id),
    close: async () => {},
  });
  await until(() => told.count > 100);
  await pair.synced('entries');
  await until(() => told.count > 200);
  load.begin();
  told.gap = 0;
  await fault(pair);
  const promotedAt = performance.now();
  const before = told.count;
  await until(() => told.count > before);
  const afterwards = performance.now() - promotedAt;
  await until(() => load.count > 0 && told.count > before + 200);
  await load.end();
  const rows = await pair.replica.fetch<{ id: string }>('SELECT id::text FROM entries');
  const there = new Map(rows.map(({ id }) => [id, 1]));
  // All that is there is told in the end; one that is not shows by this ending in vain.
  const deadline = performance.now() + 20_000;
  await until(
    () => [...there.keys()].every((id) => told.ids.has(id)) || performance.now() > deadline,
  );
  await stream.close();
  await reading.catch(() => {});
  pool.terminate();
  const seen = load.seen(there);
  return {
    writes: seen.outage,
    changes: Math.round(told.gap),
    afterwards: Math.round(afterwards),
    answered: seen.answered,
    lost: seen.lost,
    missed: [...there.keys()].filter((id) => !told.ids.has(id)).length,
    twice: [...told.ids.values()].filter((times) => times > 1).length,
    phantoms: [...told.ids.keys()].filter((id) => !there.has(id)).length,
  };
}

const faults: Readonly<Record<string, (pair: FailoverPair) => Promise<void>>> = {
  'SIGKILL of the primary, the standby promoted at once': async ({ primary, standby }) => {
    process.kill(primary.pid, 'SIGKILL');
    await standby.promote();
  },
  'the primary shut down in good order, then the standby promoted': async ({
    primary,
    standby,
  }) => {
    await primary.stop();
    await standby.promote();
  },
};

const reports: SlotReport[] = [];
let failures = 0;
for (const [name, fault] of Object.entries(faults)) {
  const rounds: SlotRound[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const round = await strike(fault);
    console.log(`${name}: ${JSON.stringify(round)}`);
    if (round.lost + round.missed + round.twice + round.phantoms > 0) failures += 1;
    rounds.push(round);
  }
  reports.push({ name, rounds });
}
if (values.update) await updateSlots(reports);
console.log(failures === 0 ? 'all changes were told, and none twice' : `${failures} failures`);
process.exit(failures === 0 ? 0 : 1);

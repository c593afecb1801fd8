import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openChangeStream } from '../../../src/replication/index.ts';
import { Consumer, idsInSlot, ranges } from '../../support/replication/consumer.ts';
import { onEachServer } from '../../support/replication/logical-cluster.ts';
import { Random } from '../../support/samples/random.ts';

/** `npm run test:replication` kills more often. */
const KILLS = Number(process.env['REPLICATION_KILLS'] ?? 4);
const SEED = Number(process.env['REPLICATION_SEED'] ?? Date.now() % 1_000_000);

const schema = `
  CREATE TABLE events (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text);
  CREATE PUBLICATION events FOR TABLE events;
  CREATE TABLE target (slot text, id int);
  CREATE TABLE progress (slot text PRIMARY KEY, lsn pg_lsn)`;

// What was committed is at once what the slot has.
const settings = { synchronous_commit: true };

onEachServer('a consumer that is killed with SIGKILL', { schema, settings }, (server) => {
  /** Kills the consumer again and again while others write. After each kill `check` is called. */
  async function killAgainAndAgain(
    slot: string,
    keeps: string,
    check: (inTable: readonly number[], inSlot: readonly number[]) => Promise<void>,
  ): Promise<void> {
    const { pool, cluster } = server;
    const random = new Random(SEED);
    await (await openChangeStream(pool, { slot, publication: 'events' })).close();
    const first = await pool.fetchVal<number>('SELECT coalesce(max(id), 0) FROM events');
    for (let kill = 1; kill <= KILLS; kill++) {
      const consumer = new Consumer(cluster.dsn, slot, 'events', keeps);
      let isWriting = true;
      const writing = (async () => {
        // Enough for a kill to find the consumer behind, and no more than is soon counted.
        for (let i = 0; isWriting && i < 150; i++) {
          const rows = random.chance(0.1) ? 100 + random.below(1000) : 1 + random.below(10);
          await pool.execute(
            "INSERT INTO events (body) SELECT repeat('x', 50) FROM generate_series(1, $1)",
            rows,
          );
        }
      })();
      await consumer.processed(1 + random.below(40));
      await new Promise((resolve) => setTimeout(resolve, random.below(30)));
      await consumer.kill();
      isWriting = false;
      await writing;
      const rows = await pool.fetch('SELECT id FROM events WHERE id > $1 ORDER BY id', first);
      await check(
        rows.map((row) => row.id as number),
        await idsInSlot(pool, slot, 'events'),
      );
    }
  }

  /** Waits until a consumer that is not killed has processed all, and kills it then. */
  async function finish(
    slot: string,
    keeps: string,
    isDone: () => Promise<boolean>,
  ): Promise<void> {
    const consumer = new Consumer(server.cluster.dsn, slot, 'events', keeps);
    while (!(await isDone())) await consumer.processed(0);
    await consumer.kill();
  }

  test(`has lost nothing, and nothing was acknowledged early (seed ${SEED})`, async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'asyncpg-consumer-'));
    try {
      const file = path.join(folder, 'ids');
      await writeFile(file, '');
      const processed = async (): Promise<number[]> =>
        (await readFile(file, 'utf8')).split('\n').slice(0, -1).map(Number);
      let all: readonly number[] = [];
      await killAgainAndAgain('least', file, async (inTable, inSlot) => {
        all = inTable;
        const covered = new Set([...(await processed()), ...inSlot]);
        expect(ranges(inTable.filter((id) => !covered.has(id)))).toEqual([]);
        expect(covered.size).toBe(inTable.length);
      });
      await finish('least', file, async () => new Set(await processed()).size >= all.length);
      const got = await processed();
      expect(ranges([...new Set(got)].sort((a, b) => a - b))).toEqual(ranges(all));
    } finally {
      await rm(folder, { recursive: true });
    }
  }, 300_000);

  test(`and stores its position with the rows has each of them once (seed ${SEED})`, async () => {
    const { pool } = server;
    await pool.execute("INSERT INTO progress VALUES ('once', NULL)");
    const inTarget = async (): Promise<number[]> => {
      const rows = await pool.fetch("SELECT id FROM target WHERE slot = 'once' ORDER BY id");
      return rows.map((row) => row.id as number);
    };
    let all: readonly number[] = [];
    await killAgainAndAgain('once', 'once', async (inTable, inSlot) => {
      all = inTable;
      const target = await inTarget();
      expect(new Set(target).size).toBe(target.length);
      const covered = new Set([...target, ...inSlot]);
      expect(ranges(inTable.filter((id) => !covered.has(id)))).toEqual([]);
      expect(covered.size).toBe(inTable.length);
    });
    await finish('once', 'once', async () => (await inTarget()).length >= all.length);
    expect(ranges(await inTarget())).toEqual(ranges(all));
  }, 300_000);
});

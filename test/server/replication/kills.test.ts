import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import {
  type ChangeStream,
  type ChangeTransaction,
  openChangeStream,
} from '../../../src/replication/index.ts';
import {
  iteratorOf,
  onEachServer,
  until,
  walsenderOf,
  works,
} from '../../support/replication/logical-cluster.ts';
import { crash } from '../../support/servers/crash.ts';

/** Takes ids until so many have come; slowly, so that a kill finds the consumer behind. */
async function ids(stream: ChangeStream, count: number): Promise<number[]> {
  const got: number[] = [];
  for await (const transaction of stream) {
    for await (const change of transaction) {
      if (change.kind === 'insert') got.push(change.new.id);
      if (got.length % 200 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    if (got.length >= count) break;
  }
  return got;
}

const SCHEMA = `
  CREATE TABLE events (id int PRIMARY KEY, body text);
  CREATE PUBLICATION events FOR TABLE events`;

onEachServer('a change stream whose server is killed', { schema: SCHEMA }, (server) => {
  test('walsender: each change comes once and in order, and the loop sees no error', async () => {
    const { pool } = server;
    const reconnects: number[] = [];
    await using stream = await openChangeStream(pool, {
      slot: 'killed',
      publication: 'events',
      highWater: 300,
      onReconnect: ({ attempt }) => reconnects.push(attempt),
    });
    let isDone = false;
    let next = 1;
    const killing = (async () => {
      for (let kills = 0; kills < 12 && !isDone; kills++) {
        await new Promise((resolve) => setTimeout(resolve, 150));
        await pool.execute(
          'SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active_pid IS NOT NULL',
        );
      }
    })();
    const writing = (async () => {
      for (let i = 0; i < 60; i++) {
        const size = i % 6 === 0 ? 1000 : 2;
        await pool.execute(
          `INSERT INTO events SELECT i, repeat('x', 100) FROM generate_series(${next}, ${next + size - 1}) i`,
        );
        next += size;
      }
      return next - 1;
    })();
    const total = 10 * 1000 + 50 * 2;
    const got = await ids(stream, total);
    isDone = true;
    await Promise.all([killing, writing]);
    expect(got).toHaveLength(total);
    expect(got.every((id, i) => id === i + 1)).toBe(true);
    expect(stream.stats.reconnects).toBeGreaterThan(0);
    expect(reconnects.length).toBeGreaterThanOrEqual(stream.stats.reconnects);
    await pool.execute('TRUNCATE events');
  }, 60_000);

  test('walsender, at every boundary of messages: what was handed over is not handed over again', async () => {
    const { pool } = server;
    await using stream = await openChangeStream(pool, {
      slot: 'boundaries',
      publication: 'events',
    });
    await pool.execute('INSERT INTO events SELECT generate_series(1, 400)');
    const got: number[] = [];
    for await (const transaction of stream) {
      for await (const change of transaction) {
        if (change.kind === 'insert') got.push(change.new.id);
        // While nobody asks for more, again and again at another place.
        if (got.length % 40 === 0) {
          const before = stream.stats.reconnects;
          await pool.execute(
            `SELECT pg_terminate_backend(${await walsenderOf(pool, 'boundaries')})`,
          );
          await until(async () => stream.stats.reconnects > before);
        }
      }
      if (got.length >= 400) break;
    }
    expect(got).toEqual(Array.from({ length: 400 }, (_, i) => i + 1));
    await pool.execute('TRUNCATE events');
  });

  test('two kills before the interrupted transaction comes again', async () => {
    const { pool } = server;
    await using stream = await openChangeStream(pool, {
      slot: 'twice',
      publication: 'events',
      highWater: 50,
      // Reading is paused when the server goes: that is found out by writing.
      statusInterval: 50,
      acknowledge: 'manual',
    });
    // Not acknowledged, so that it comes first each time, ahead of the one that is cut.
    await pool.execute('INSERT INTO events SELECT generate_series(1, 5000)');
    await pool.execute('INSERT INTO events SELECT generate_series(5001, 10000)');
    const got: number[] = [];
    for await (const transaction of stream) {
      for await (const change of transaction) {
        if (change.kind === 'insert') got.push(change.new.id);
        if (got.length === 7000) {
          for (let kill = 0; kill < 2; kill++) {
            const pid = await walsenderOf(pool, 'twice');
            await pool.execute(`SELECT pg_terminate_backend(${pid})`);
            await until(async () => (await walsenderOf(pool, 'twice')) !== pid);
          }
        }
      }
      if (got.length >= 10_000) break;
    }
    expect(got).toEqual(Array.from({ length: 10_000 }, (_, i) => i + 1));
    await pool.execute('TRUNCATE events');
  });

  // The server goes by what it remembers of the publication, and after a kill it remembers nothing.
  test.each([
    ['chosen', 'alone'],
    ['kept', 'and another table'],
  ])('walsender, where a publication was altered in mid-transaction: %s %s', async (other) => {
    const { pool } = server;
    await pool.execute(`
      CREATE TABLE IF NOT EXISTS kept (id int PRIMARY KEY);
      DROP TABLE IF EXISTS chosen;
      CREATE TABLE chosen (id int PRIMARY KEY);
      DROP PUBLICATION IF EXISTS altered;
      CREATE PUBLICATION altered FOR TABLE kept, chosen WHERE (id % 2 = 0)`);
    await using stream = await openChangeStream(pool, {
      slot: `altered_${other}`,
      publication: 'altered',
      highWater: 10,
      // Reading is paused when the server goes: that is found out by writing.
      statusInterval: 50,
    });
    await pool.transaction(async (tx) => {
      await tx.execute(`DO $$ BEGIN FOR i IN 1..200 LOOP
        INSERT INTO ${other} VALUES (i + ${other === 'chosen' ? 1000 : 0});
        INSERT INTO chosen VALUES (i);
      END LOOP; END $$`);
      await pool.execute('ALTER PUBLICATION altered SET TABLE kept, chosen');
      await pool.execute('INSERT INTO chosen VALUES (0)');
      await tx.execute('INSERT INTO chosen VALUES (201)');
    });
    const got = { kept: [] as number[], chosen: [] as number[] };
    loop: for await (const transaction of stream) {
      for await (const change of transaction) {
        if (change.kind !== 'insert') continue;
        const ids = got[change.relation.table as keyof typeof got];
        ids.push(change.new.id);
        if (change.relation.table === 'chosen' && ids.length === 50) {
          const pid = await walsenderOf(pool, `altered_${other}`);
          await pool.execute(`SELECT pg_terminate_backend(${pid})`);
          await until(async () => stream.stats.reconnects > 0);
        }
        if (change.new.id === 201) break loop;
      }
    }
    expect(new Set(got.chosen).size).toBe(got.chosen.length);
    // Whatever it chooses of the others, these were published all the time.
    const even = Array.from({ length: 100 }, (_, i) => 2 * i + 2);
    expect(got.chosen).toEqual(expect.arrayContaining([0, ...even, 201]));
    if (other === 'kept') expect(got.kept).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
    else expect(got.chosen).toEqual(expect.arrayContaining(even.map((id) => 1000 + id)));
  });

  test('postmaster, with SIGKILL under load: nothing is lost, and nothing comes that is not there', async () => {
    const { pool, cluster } = server;
    await using stream = await openChangeStream(pool, { slot: 'crash', publication: 'events' });
    const got: number[] = [];
    const seen = new Set<number>();
    let isDone = false;
    const consuming = (async () => {
      for await (const transaction of stream) {
        for await (const change of transaction) {
          if (change.kind === 'insert') {
            got.push(change.new.id);
            seen.add(change.new.id);
          }
        }
        if (seen.has(1_000_000)) break;
      }
    })();
    let id = 0;
    onTestFinished(() => {
      isDone = true;
    });
    const writing = (async () => {
      while (!isDone) {
        id += 1;
        // A connection that is lost leaves open whether this was committed: the table tells.
        await pool.execute('INSERT INTO events VALUES ($1)', id).catch(() => setImmediate());
      }
    })();
    for (let crashes = 0; crashes < 3; crashes++) {
      const before = got.length;
      await until(async () => got.length > before + 100);
      await crash(cluster);
    }
    isDone = true;
    await writing;
    await pool.execute('INSERT INTO events VALUES (1000000)');
    await consuming;
    const there = await pool.fetch('SELECT id FROM events');
    expect(got).toHaveLength(seen.size);
    expect([...seen].sort((a, b) => a - b)).toEqual(
      there.map((row) => row.id).sort((a, b) => a - b),
    );
  }, 60_000);

  test('postmaster, in good order: it waits for an acknowledgement, and is not told the same without end', async () => {
    const { pool, cluster } = server;
    await pool.execute('TRUNCATE events');
    await using stream = await openChangeStream(pool, {
      slot: 'held',
      publication: 'events',
      acknowledge: 'manual',
    });
    await pool.execute('INSERT INTO events VALUES (1)');
    const got: number[] = [];
    const transactions = iteratorOf(stream);
    let held: ChangeTransaction;
    do {
      held = (await transactions.next()).value!;
      for (const change of await held.toArray()) {
        if (change.kind === 'insert') got.push(change.new.id);
      }
      if (got.length === 0) held.ack();
    } while (got.length === 0);
    const restarted = cluster.restart();
    // It asks until it has its answer.
    const { keepalives } = stream.stats;
    await until(async () => stream.stats.keepalives > keepalives + 4);
    const { statusUpdates } = stream.stats;
    await sleep(1000);
    expect(stream.stats.statusUpdates).toBeLessThan(statusUpdates + 20);
    expect(stream.stats.reconnects).toBe(0);
    held.ack();
    await restarted;
    await until(() => works(() => pool.execute('INSERT INTO events VALUES (2)')));
    while (!got.includes(2)) {
      const next: ChangeTransaction = (await transactions.next()).value!;
      for (const change of await next.toArray()) {
        if (change.kind === 'insert') got.push(change.new.id);
      }
      next.ack();
    }
    expect(got).toEqual([1, 2]);
  }, 60_000);
});

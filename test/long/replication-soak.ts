/**
 * A change stream under load with all faults at once: its connections are cut, reset and fall silent,
 * walsenders are terminated, the server is restarted and killed, and the consumer is slow, held up, or
 * begins anew. Everything that was committed has to come, in order, and nothing is acknowledged early.
 *
 *     npm run soak:replication -- --minutes 60 --seed 7
 *
 * Exits with 1 on a change that is lost, comes twice within a stream or out of order, on an early
 * acknowledgement, and on memory that grows.
 */
import { parseArgs } from 'node:util';
import { TempCluster } from '../../src/cluster/index.ts';
import { type Connection, connect, createPool } from '../../src/index.ts';
import { parseLsn } from '../../src/protocol/replication/lsn.ts';
import { openChangeStream, slotStatus } from '../../src/replication/index.ts';
import { sleep } from '../support/pool.ts';
import { Random } from '../support/samples/random.ts';
import { FaultProxy } from '../support/servers/fault-proxy.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    every: { type: 'string', default: '1000' },
  },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed);
const every = Number(values.every);
const random = new Random(seed);

const SLOT = 'soak';
const cluster = await TempCluster.start({
  settings: {
    wal_level: 'logical',
    synchronous_commit: true,
    wal_sender_timeout: 2000,
    max_connections: 60,
  },
});
const proxy = await FaultProxy.listen({ host: '127.0.0.1', port: cluster.port });

/** A connection around the proxy, as soon as the server is there. */
async function direct(): Promise<Connection> {
  for (;;) {
    try {
      return await connect(cluster.dsn);
    } catch {
      await sleep(50);
    }
  }
}

/** Does it until it works: the server may be gone at any moment. */
async function ask<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
  for (;;) {
    const connection = await direct();
    try {
      return await work(connection);
    } catch {
      await sleep(20);
    } finally {
      connection.terminate();
    }
  }
}

await ask((admin) =>
  admin.execute(`CREATE TABLE events (id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text);
    CREATE PUBLICATION events FOR TABLE events`),
);

const violations: string[] = [];
const faults = new Map<string, number>();
const counts = { delivered: 0, again: 0, transactions: 0, reconnects: 0, streams: 0, skipped: 0 };
const seen = new Set<number>();
let isOver = false;
let written = 0;
let isWriting = true;

async function write(): Promise<void> {
  let connection = await direct();
  while (isWriting) {
    // Not further ahead than is soon caught up with.
    if (written - seen.size > 20_000) {
      await sleep(20);
      continue;
    }
    const rows = random.chance(0.05) ? 500 + random.below(3000) : 1 + random.below(10);
    try {
      await connection.execute(
        `INSERT INTO events (body) SELECT repeat('x', 50) FROM generate_series(1, ${rows})`,
      );
      written += rows;
    } catch {
      connection.terminate();
      connection = await direct();
    }
    await sleep(random.below(10));
  }
  connection.terminate();
}

/** In an earlier stream; the server may forget it as it crashes: it saves its slots with its checkpoints. */
let acknowledged = 0n;

/** Consumes with one stream after the other; what is acknowledged in one does not come in the next. */
async function consume(): Promise<void> {
  const pool = await createPool(proxy.dsn, { minSize: 0, timeout: 3000 });
  while (!isOver) {
    try {
      await using opened = await openChangeStream(pool, {
        slot: SLOT,
        publication: 'events',
        highWater: 500,
        statusInterval: 200,
        receiveTimeout: 1000,
        onReconnect: () => {
          counts.reconnects += 1;
        },
      });
      counts.streams += 1;
      const inStream = new Set<number>();
      const leaveAfter = 50 + random.below(500);
      let transactions = 0;
      let last = 0n;
      for await (const transaction of opened) {
        const lsn = parseLsn(transaction.lsn);
        for await (const change of transaction) {
          if (change.kind !== 'insert') continue;
          const id = Number(change.new.id);
          if (inStream.has(id)) violations.push(`${id} came twice in one stream`);
          inStream.add(id);
          if (seen.has(id)) counts.again += 1;
          seen.add(id);
          counts.delivered += 1;
          if (random.chance(0.0005)) await sleep(random.below(100));
        }
        const end = parseLsn(transaction.lsn);
        if (end <= last) violations.push(`${transaction.lsn} is out of order`);
        if (end <= acknowledged) violations.push(`${transaction.lsn} was acknowledged before`);
        last = end;
        counts.transactions += 1;
        transactions += 1;
        if (transactions % 100 === 0) {
          const slot = await ask((admin) => slotStatus(admin, SLOT));
          if (slot === null) violations.push('the slot is gone');
          else if (parseLsn(slot.confirmedFlush!) > (last > lsn ? lsn : last)) {
            violations.push(`${slot.confirmedFlush} was acknowledged before ${transaction.lsn}`);
          }
        }
        if (isOver || transactions === leaveAfter) {
          transaction.ack();
          await opened.flush();
          acknowledged = end;
          break;
        }
      }
      counts.skipped += opened.stats.skippedChanges + opened.stats.skippedTransactions;
    } catch (error) {
      const { name, sqlstate = '' } = error as { name: string; sqlstate?: string };
      if (name !== 'TimeoutError' && !/^(08|57P0|53|55006)/.test(sqlstate)) {
        violations.push(`the consumer was told: ${(error as Error).stack}`);
      }
      await sleep(50);
    }
  }
  pool.terminate();
}

const FAULTS: Readonly<Record<string, () => Promise<void>>> = {
  async reset() {
    for (const link of proxy.links) link.strike('reset');
  },
  async cut() {
    for (const link of proxy.links) link.strike('cut');
  },
  async silence() {
    for (const link of proxy.links) link.strike('silence');
    await sleep(1500);
    proxy.heal();
  },
  async deaf() {
    proxy.deaf = true;
    for (const link of proxy.links) link.strike('reset');
    await sleep(500);
    proxy.heal();
  },
  async 'cut within a message'() {
    const left = 1 + random.below(200);
    let messages = 0;
    proxy.plan = ({ from }) => {
      if (from !== 'server') return null;
      messages += 1;
      if (messages !== left) return null;
      proxy.plan = () => null;
      return { fault: 'cut', where: 'within' };
    };
  },
  async 'terminated walsenders'() {
    await ask((admin) =>
      admin.execute('SELECT pg_terminate_backend(pid) FROM pg_stat_replication'),
    );
  },
  async 'killed walsender'() {
    const pid = await ask((admin) =>
      admin.fetchVal<number>('SELECT pid FROM pg_stat_replication LIMIT 1'),
    );
    // The server takes it for a crash, and begins anew.
    if (pid !== null) process.kill(pid, 'SIGKILL');
  },
  async 'stopped walsender'() {
    const pid = await ask((admin) =>
      admin.fetchVal<number>('SELECT pid FROM pg_stat_replication LIMIT 1'),
    );
    if (pid === null) return;
    process.kill(pid, 'SIGSTOP');
    await sleep(1500);
    process.kill(pid, 'SIGCONT');
  },
  async restart() {
    await cluster.restart();
  },
  async 'killed postmaster'() {
    process.kill(cluster.pid, 'SIGKILL');
    // Its children have to notice first: until then a new one refuses to start.
    for (let attempt = 1; ; attempt++) {
      try {
        return await cluster.restart();
      } catch (error) {
        if (attempt === 20) throw error;
        await sleep(250);
      }
    }
  },
  async 'blocked event loop'() {
    for (const end = performance.now() + 1500; performance.now() < end; );
  },
};

const CRASHES = new Set(['killed postmaster', 'killed walsender']);

/** Waits until changes come again. */
async function recovered(): Promise<boolean> {
  const before = counts.delivered;
  for (const end = performance.now() + 30_000; performance.now() < end; ) {
    if (counts.delivered > before) return true;
    await sleep(50);
  }
  return false;
}

process.once('SIGINT', () => {
  process.exitCode = 130;
  void cluster.stop().then(() => process.exit());
});

// What was written before there is a slot does not come.
await (await openChangeStream(proxy.dsn, { slot: SLOT, publication: 'events' })).close();
const writing = write();
const consuming = consume();
await recovered();
let base = 0;
let peak = 0;
const started = performance.now();
while (performance.now() - started < minutes * 60_000) {
  const name = random.pick(Object.keys(FAULTS));
  faults.set(name, (faults.get(name) ?? 0) + 1);
  if (CRASHES.has(name)) acknowledged = 0n;
  console.error(Math.round(performance.now() - started), name, JSON.stringify(counts));
  try {
    await FAULTS[name]!();
  } catch (error) {
    violations.push(`${name}: ${error}`);
  }
  if (!(await recovered())) violations.push(`the stream does not recover from: ${name}`);
  await sleep(random.below(every));
  const { heapUsed } = process.memoryUsage();
  // What was seen is kept for the count: about so much for each id.
  const own = heapUsed - seen.size * 60;
  if (base === 0 && performance.now() - started > 20_000) base = own;
  peak = Math.max(peak, own);
}
isWriting = false;
await writing;
const expected = await ask((admin) => admin.fetch<{ id: bigint }>('SELECT id FROM events'));
while (seen.size < expected.length && (await recovered()));
const lost = expected.filter(({ id }) => !seen.has(Number(id)));
if (lost.length > 0) violations.push(`${lost.length} changes are lost, ${lost[0]!.id} for one`);
const phantoms = seen.size - (expected.length - lost.length);
if (phantoms > 0) violations.push(`${phantoms} changes came that are not in the table`);
isOver = true;
// It waits for a transaction, and there is none any more.
await ask((admin) => admin.execute("INSERT INTO events (body) VALUES ('the last')"));
await consuming;
await proxy.close();
await cluster.stop();

console.log(`seed ${seed}, ${minutes} minutes`);
console.log(`faults: ${[...faults].map(([name, count]) => `${count} × ${name}`).join(', ')}`);
console.log(JSON.stringify({ committed: expected.length, distinct: seen.size, ...counts }));
console.log(`heap beside what was counted: ${mb(base)} MB after 20 s, at most ${mb(peak)} MB`);
for (const violation of violations.slice(0, 20)) console.error(violation);
if (violations.length > 0) {
  console.error(`${violations.length} violations`);
  process.exitCode = 1;
}

function mb(bytes: number): number {
  return Math.round(bytes / 1e6);
}

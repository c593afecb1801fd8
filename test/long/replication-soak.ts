/**
 * A change stream under load with all faults at once: its connections are cut, reset and fall silent,
 * walsenders are terminated, stopped and killed, the server is restarted and killed, and the consumer is
 * slow, held up, or begins anew. A second one is a process of its own, which is killed again and again.
 * Everything that was committed has to come, in order, and nothing is acknowledged early.
 *
 *     npm run soak:replication -- --minutes 60 --seed 7 --version 15
 *
 * Exits with 1 on a change that is lost, comes twice within a stream or out of order, on an early
 * acknowledgement, and on memory that grows.
 */
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { TempCluster } from '../../src/cluster/index.ts';
import { type Connection, connect, createPool } from '../../src/index.ts';
import { parseLsn } from '../../src/protocol/replication/lsn.ts';
import { openChangeStream, slotStatus } from '../../src/replication/index.ts';
import { sleep } from '../support/pool.ts';
import { Consumer } from '../support/replication/consumer.ts';
import { until } from '../support/replication/logical-cluster.ts';
import { Random } from '../support/samples/random.ts';
import { FaultProxy } from '../support/servers/fault-proxy.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    every: { type: 'string', default: '2000' },
    version: { type: 'string', default: '18' },
  },
});
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const minutes = Number(values.minutes);
const seed = Number(values.seed);
const every = Number(values.every);
const random = new Random(seed);

const SLOT = 'soak';
const KILLED_SLOT = 'killed';
/** Rows in a second, at most. */
const RATE = 2000;
/** What may be in use more in the last tenth of the time than in the first, in bytes. */
const ALLOWANCE = 16e6;
/** After so long without a row a consumer is taken to have stopped, in milliseconds. */
const STANDSTILL = 180_000;
const cluster = await TempCluster.start({
  version: Number(values.version),
  settings: {
    wal_level: 'logical',
    synchronous_commit: true,
    wal_sender_timeout: 2000,
    max_connections: 60,
    // Large transactions are spilled to disk, or streamed.
    logical_decoding_work_mem: '64kB',
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
    CREATE PUBLICATION events FOR TABLE events;
    CREATE TABLE target (slot text, id int8);
    CREATE INDEX ON target (id);
    CREATE TABLE progress (slot text PRIMARY KEY, lsn pg_lsn);
    INSERT INTO progress VALUES ('${KILLED_SLOT}', NULL)`),
);

const violations: string[] = [];
const faults = new Map<string, number>();
const counts = {
  delivered: 0,
  again: 0,
  transactions: 0,
  reconnects: 0,
  streams: 0,
  skipped: 0,
  undone: 0,
  kills: 0,
};

/** Numbers that were seen, a bit for each: tens of millions in an hour. */
class Seen {
  size = 0;
  #bits = new Uint8Array(1 << 20);

  get bytes(): number {
    return this.#bits.length;
  }

  has(id: number): boolean {
    return (this.#bits[id >> 3]! & (1 << (id & 7))) !== 0;
  }

  add(id: number): boolean {
    while (id >> 3 >= this.#bits.length) {
      const larger = new Uint8Array(this.#bits.length * 2);
      larger.set(this.#bits);
      this.#bits = larger;
    }
    if (this.has(id)) return false;
    this.#bits[id >> 3]! |= 1 << (id & 7);
    this.size += 1;
    return true;
  }
}

const seen = new Seen();
let isOver = false;
let written = 0;
let isWriting = true;

/** Rows that the consumer that is killed has still to store, about. */
let unstored = 0;

async function watchStored(): Promise<void> {
  const query = 'SELECT (SELECT max(id) FROM events) - coalesce((SELECT max(id) FROM target), 0)';
  while (isWriting) {
    unstored = Number(await ask((admin) => admin.fetchVal<bigint>(query)));
    await sleep(1000);
  }
}

async function write(): Promise<void> {
  let connection = await direct();
  while (isWriting) {
    // Not further ahead than is soon caught up with.
    if (written - seen.size > 20_000) {
      await sleep(20);
      continue;
    }
    // The consumer that is killed catches up, while the other one is to be sent something.
    const isBehind = unstored > 50_000;
    const isLarge = !isBehind && random.chance(0.05);
    const rows = isLarge ? 500 + random.below(3000) : 1 + random.below(10);
    const insert = (count: number): string =>
      `INSERT INTO events (body) SELECT repeat('x', 50) FROM generate_series(1, ${count});`;
    // Rows of a savepoint that is rolled back never come.
    const undone = random.chance(0.1)
      ? `SAVEPOINT s; ${insert(rows)} ROLLBACK TO SAVEPOINT s; ${insert(1)}`
      : '';
    try {
      await connection.execute(`BEGIN; ${insert(rows)} ${undone} COMMIT`);
      written += rows;
    } catch {
      connection.terminate();
      connection = await direct();
    }
    await sleep((rows / RATE) * 1000 + random.below(isBehind ? 400 : 10));
  }
  connection.terminate();
}

/** The server forgets what it was told shortly before it crashes: it saves its slots with its checkpoints. */
let crashes = 0;
/** What an earlier stream has acknowledged, and before which crash. */
let acknowledged = { position: 0n, crashes: 0 };

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
        streaming: random.chance(0.3),
        onReconnect: () => {
          counts.reconnects += 1;
        },
      });
      counts.streams += 1;
      const leaveAfter = 20 + random.below(200);
      let transactions = 0;
      let last = 0n;
      let lastId = 0;
      for await (const transaction of opened) {
        const changes: { readonly id: number; readonly xid: number }[] = [];
        for await (const change of transaction) {
          if (change.kind !== 'insert') continue;
          changes.push({ id: Number(change.new.id), xid: change.xid });
          if (random.chance(0.0005)) await sleep(random.below(100));
        }
        // Of one that is streamed, and comes again after all.
        if (transaction.outcome === 'aborted') {
          counts.undone += 1;
          continue;
        }
        for (const { id, xid } of changes) {
          if (transaction.aborted.has(xid)) continue;
          // There is one writer, one transaction after the other.
          if (id <= lastId) violations.push(`${id} came behind ${lastId} in one stream`);
          lastId = id;
          if (!seen.add(id)) counts.again += 1;
          counts.delivered += 1;
        }
        const end = parseLsn(transaction.lsn);
        if (end <= last) violations.push(`${transaction.lsn} is out of order`);
        if (acknowledged.crashes === crashes && end <= acknowledged.position) {
          violations.push(`${transaction.lsn} was acknowledged before`);
        }
        last = end;
        counts.transactions += 1;
        transactions += 1;
        if (transactions % 100 === 0) {
          const slot = await ask((admin) => slotStatus(admin, SLOT));
          if (slot === null) violations.push('the slot is gone');
          else if (parseLsn(slot.confirmedFlush!) >= end) {
            violations.push(`${slot.confirmedFlush} was acknowledged before ${transaction.lsn}`);
          }
        }
        if (isOver || transactions === leaveAfter) {
          const before = crashes;
          transaction.ack();
          await opened.flush();
          acknowledged = { position: end, crashes: before };
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

/** A process that consumes, and stores its position with the rows: killed again and again. */
async function killConsumers(): Promise<void> {
  while (!isOver) {
    const consumer = new Consumer(proxy.dsn, KILLED_SLOT, 'events', 'once');
    // It ends by itself as its pool meets a fault, or it cannot begin.
    const isKilled = await Promise.race([
      consumer.processed(Number.POSITIVE_INFINITY).catch(() => false),
      lifeOf(consumer).then(() => true),
    ]);
    if (isKilled && !isOver) counts.kills += 1;
    await consumer.kill().catch(() => {});
    if (!isKilled) await sleep(100);
  }
}

/**
 * How long it may live: some from their start, and some from their first transaction, as a server that has much
 * to catch up with takes longer than any life until it sends one. The last has all the time it needs.
 */
async function lifeOf(consumer: Consumer): Promise<void> {
  if (random.chance(0.5)) await consumer.processed(1).catch(() => {});
  await sleep(500 + random.below(10_000));
  if (!isWriting) await until(async () => isOver);
}

type Faults = Readonly<Record<string, () => Promise<void>>>;

const OF_THE_NETWORK: Faults = {
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
  async 'blocked event loop'() {
    for (const end = performance.now() + 1500; performance.now() < end; );
  },
};

const OF_THE_SERVER: Faults = {
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
    crashes += 1;
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
    // Before 17 a shutdown does not save what was confirmed since the last change of a slot either.
    if (Number(values.version) < 17) crashes += 1;
    await cluster.restart();
  },
  async 'killed postmaster'() {
    crashes += 1;
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
};

/** Waits until changes come again. */
async function recovered(): Promise<boolean> {
  const before = counts.delivered;
  for (const end = performance.now() + 60_000; performance.now() < end; ) {
    if (counts.delivered > before) return true;
    await sleep(50);
  }
  return false;
}

const started = performance.now();
const hasTime = (): boolean => performance.now() - started < minutes * 60_000;

/** One fault after the other, while those of another kind go on beside it. */
async function trouble(kind: Faults): Promise<void> {
  while (hasTime()) {
    const name = random.pick(Object.keys(kind));
    faults.set(name, (faults.get(name) ?? 0) + 1);
    try {
      await kind[name]!();
    } catch (error) {
      // The process is gone meanwhile, by a fault of the other kind.
      if ((error as { code?: string }).code !== 'ESRCH') violations.push(`${name}: ${error}`);
    }
    if (!(await recovered())) violations.push(`the stream does not recover from: ${name}`);
    await sleep(random.below(every));
  }
}

interface Memory {
  /** Without garbage, and what is kept here to count. */
  readonly inUse: number;
  readonly resident: number;
}

const samples: Memory[] = [];

async function watchMemory(): Promise<void> {
  while (hasTime()) {
    await sleep(Math.min(10_000, minutes * 1000));
    collectGarbage();
    const { heapUsed, external, rss } = process.memoryUsage();
    samples.push({ inUse: heapUsed + external - seen.bytes, resident: rss });
    const seconds = Math.round((performance.now() - started) / 1000);
    console.error(seconds, JSON.stringify(counts), mb(samples.at(-1)!.inUse), mb(rss));
  }
}

process.once('SIGINT', () => {
  process.exitCode = 130;
  void cluster.stop().then(() => process.exit());
});

// What was written before there is a slot does not come.
for (const slot of [SLOT, KILLED_SLOT]) {
  await (await openChangeStream(proxy.dsn, { slot, publication: 'events' })).close();
}
const writing = write();
const consuming = consume();
const killing = killConsumers();
const watching = watchStored();
await recovered();
await Promise.all([trouble(OF_THE_NETWORK), trouble(OF_THE_SERVER), watchMemory()]);
isWriting = false;
await Promise.all([writing, watching]);

/** Takes all ids of a table. */
const each = (table: string, take: (id: number) => void): Promise<number> =>
  ask(async (admin) => {
    let count = 0;
    for await (const { id } of admin.stream<{ id: bigint }>(`SELECT id FROM ${table}`)) {
      take(Number(id));
      count += 1;
    }
    return count;
  });
const maxOf = (table: string): Promise<bigint | null> =>
  ask((admin) => admin.fetchVal<bigint>(`SELECT max(id) FROM ${table}`));

const last = Number(await maxOf('events'));
while (!seen.has(last) && (await recovered()));
const lost: number[] = [];
const committed = await each('events', (id) => {
  if (!seen.has(id)) lost.push(id);
});
if (lost.length > 0) violations.push(`${lost.length} changes are lost, ${lost[0]} for one`);
const phantoms = seen.size - (committed - lost.length);
if (phantoms > 0) violations.push(`${phantoms} changes came that are not in the table`);

// The consumer that was killed has all of them once: it is waited for as long as it comes on.
let arrived = -1;
let since = performance.now();
while (arrived < last && performance.now() - since < STANDSTILL) {
  const now = Number(await maxOf('target'));
  if (now > arrived) since = performance.now();
  arrived = Math.max(arrived, now);
  await sleep(500);
}
isOver = true;
const stored = new Seen();
const storedRows = await each('target', (id) => {
  if (!stored.add(id)) violations.push(`${id} was stored twice`);
  else if (!seen.has(id)) violations.push(`${id} was stored, and is not in the table`);
});
if (storedRows < committed) violations.push(`${committed - storedRows} rows were not stored`);
// It waits for a transaction, and there is none any more.
await ask((admin) => admin.execute("INSERT INTO events (body) VALUES ('the last')"));
await Promise.all([consuming, killing]);
await proxy.close();
await cluster.stop();

const tenth = Math.max(1, Math.floor(samples.length / 10));
const most = (some: readonly Memory[], kind: keyof Memory): number =>
  Math.max(...some.map((sample) => sample[kind]));
const [first, final] = [samples.slice(0, tenth), samples.slice(-tenth)];
if (most(final, 'inUse') > most(first, 'inUse') + ALLOWANCE) violations.push('memory has grown');

console.log(`PostgreSQL ${values.version}, seed ${seed}, ${minutes} minutes`);
console.log(`faults: ${[...faults].map(([name, count]) => `${count} × ${name}`).join(', ')}`);
console.log(JSON.stringify({ committed, distinct: seen.size, stored: storedRows, ...counts }));
for (const kind of ['inUse', 'resident'] as const) {
  const at = [first, samples, final].map((some) => `${mb(most(some, kind))} MB`);
  console.log(`${kind}: ${at[0]} in the first tenth, at most ${at[1]}, ${at[2]} in the last tenth`);
}
for (const violation of violations.slice(0, 20)) console.error(violation);
if (violations.length > 0) {
  console.error(`${violations.length} violations`);
  process.exitCode = 1;
}

function mb(bytes: number): number {
  return Math.round(bytes / 1e6);
}

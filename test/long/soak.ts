/**
 * Mixed load on a pool for as long as is wished, with a fault every ten seconds: connections are
 * cut, reset and fall silent, backends are terminated, the server is restarted and killed. Every
 * answer is checked, and every write counted in SQL.
 *
 *     npm run soak -- --minutes 60 --seed 7
 *
 * Exits with 1 on a wrong, lost or doubled answer, a call that hangs, a rejection that nobody
 * handled, a heap that grows, or anything that is left open.
 */
import { parseArgs } from 'node:util';
import { TempCluster } from '../../src/cluster/index.ts';
import { type Connection, connect, createPool, type Pool } from '../../src/index.ts';
import { sleep } from '../support/pool.ts';
import { Random } from '../support/samples/random.ts';
import { FaultProxy } from '../support/servers/fault-proxy.ts';
import { DISTURBANCES } from './soak/disturber.ts';
import { Ledger } from './soak/ledger.ts';
import { ACCOUNTS, Load } from './soak/load.ts';
import { Sequence } from './soak/sequence.ts';
import { Vitals } from './soak/vitals.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    callers: { type: 'string', default: '16' },
    every: { type: 'string', default: '10' },
  },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed);
const pause = Number(values.every) * 1000;

const NAME = 'asyncpg-soak';
const MIN_SIZE = 3;
const MAX_SIZE = 8;
/** How long the pool may take to serve callers again after a fault, in milliseconds. */
const RECOVERY = 30_000;
/** So many violations of one sort are told in full. */
const TOLD = 20;

const vitals = new Vitals();
const load = new Load();
const ledger = new Ledger();
const sequence = new Sequence();
const violations: string[] = [];
const disturbed = new Map<string, number>();

// What was committed must survive a server that is killed.
const settings = { max_connections: 60, synchronous_commit: true };
const cluster = await TempCluster.start({ settings });
const proxy = await FaultProxy.listen(cluster);
const handlesBefore = process.getActiveResourcesInfo().length;

let direct: Promise<Connection> | null = null;
/** A connection around the proxy, a new one when the server was restarted. */
async function admin(): Promise<Connection> {
  const before = direct;
  if (before === null || (await before).isClosed) {
    // Unless somebody else has noticed meanwhile.
    if (direct === before) direct = reconnect();
  }
  return direct!;
}

async function reconnect(): Promise<Connection> {
  for (const end = performance.now() + RECOVERY; ; ) {
    try {
      return await connect(cluster.dsn, { applicationName: 'asyncpg-soak-admin' });
    } catch (error) {
      if (performance.now() > end) throw error;
      await sleep(100);
    }
  }
}

async function prepare(): Promise<Pool> {
  const connection = await admin();
  await connection.execute(Ledger.SCHEMA);
  await connection.execute('CREATE INDEX ON ledger (id)');
  await connection.execute('CREATE TABLE accounts (id int4 PRIMARY KEY, balance int8 NOT NULL)');
  await connection.executeMany(
    'INSERT INTO accounts VALUES ($1, 1000)',
    Array.from({ length: ACCOUNTS }, (_, id) => [id]),
  );
  return createPool(proxy.dsn, {
    minSize: MIN_SIZE,
    maxSize: MAX_SIZE,
    maxQueries: 5000,
    timeout: 10_000,
    commandTimeout: 5_000,
    acquireTimeout: 20_000,
    applicationName: NAME,
  });
}

/** Everything that can be checked while the load goes on. */
async function audit(): Promise<void> {
  const connection = await admin();
  violations.push(...(await ledger.audit(connection)));
  const sum = await connection.fetchVal<string>('SELECT sum(balance)::text FROM accounts');
  if (sum !== String(1000 * ACCOUNTS)) violations.push(`the accounts sum up to ${sum}`);
  violations.push(...load.hanging());
}

const random = new Random(seed);

async function disturb(): Promise<void> {
  const name = random.pick(Object.keys(DISTURBANCES));
  disturbed.set(name, (disturbed.get(name) ?? 0) + 1);
  await DISTURBANCES[name]!({ proxy, cluster, admin, name: NAME }, random);
  const before = load.succeeded;
  const begun = performance.now();
  while (load.succeeded < before + 50) {
    if (performance.now() - begun > RECOVERY) {
      violations.push(`the pool does not recover from: ${name}`);
      return;
    }
    await sleep(50);
  }
}

const pool = await prepare();
const subscription = await sequence.listen(pool);
const started = performance.now();
const end = started + minutes * 60_000;
load.start(pool, ledger, new Random(seed + 1), Number(values.callers));

let telling = true;
const teller = (async () => {
  while (telling) {
    await sequence.tell(await admin());
    await sleep(50);
  }
})();

process.once('SIGINT', () => {
  process.exitCode = 130;
  void cluster.stop().then(() => process.exit());
});

let lastWord = started;
while (performance.now() < end) {
  const next = performance.now() + pause;
  await audit();
  await disturb();
  await sleep(Math.max(0, next - performance.now()));
  vitals.sample();
  if (performance.now() - lastWord >= 60_000) {
    lastWord = performance.now();
    console.log(
      `${Math.round((lastWord - started) / 60_000)} min: ${load.succeeded} calls, ${load.failed} failed, ` +
        `heap ${(vitals.lastHeap / 2 ** 20).toFixed(1)} MiB, ${process.getActiveResourcesInfo().length} handles, ` +
        `${violations.length + load.violations.length + sequence.violations.length} violations`,
    );
  }
}

// ── The end: everything settles, and nothing is left ────────────────────────────────────────

if (!(await load.stop())) violations.push(...load.hanging(), 'callers do not come to an end');
telling = false;
await teller;
await audit();
await pool.fetchVal('SELECT 1');
for (let patience = 200; pool.size < MIN_SIZE && patience > 0; patience--) await sleep(50);
const { stats } = pool;
if (stats.size < MIN_SIZE || stats.inUse + stats.waiting > 0) {
  violations.push(`the pool is not back at its floor: ${JSON.stringify(stats)}`);
}
await subscription.close();
await pool.close();
const own = await admin();
const backends = `SELECT state, wait_event, query, now() - state_change AS since
  FROM pg_stat_activity WHERE application_name = $1`;
let left = await own.fetch(backends, NAME);
for (let patience = 200; left.length > 0 && patience > 0; patience--) {
  await sleep(50);
  left = await own.fetch(backends, NAME);
}
for (const backend of left) violations.push(`a backend is left: ${JSON.stringify(backend)}`);
if (left.length > 0) violations.push(`with ${proxy.links.length} connections through the proxy`);
await own.close();
let handlesAfter = process.getActiveResourcesInfo().length;
for (let patience = 200; handlesAfter > handlesBefore && patience > 0; patience--) {
  await sleep(50);
  handlesAfter = process.getActiveResourcesInfo().filter((name) => name !== 'Timeout').length;
}
if (handlesAfter > handlesBefore) {
  violations.push(`left open: ${process.getActiveResourcesInfo().join(', ')}`);
}
const slope = vitals.heapSlope();
if (slope.tooSteep) violations.push('the heap grows');
await proxy.close();
await cluster.stop();

const all = [...violations, ...load.violations, ...sequence.violations, ...vitals.uncaught];
const count = (map: ReadonlyMap<string, number>): string =>
  [...map]
    .sort(([, a], [, b]) => b - a)
    .map(([name, n]) => `${name} ${n}`)
    .join(', ');
console.log(`
seed                 ${seed}
minutes              ${((performance.now() - started) / 60_000).toFixed(1)}
calls                ${load.succeeded} succeeded, ${load.failed} failed
by kind              ${[...load.byKind].map(([kind, [good, bad]]) => `${kind} ${good}/${good + bad}`).join(', ')}
errors               ${count(load.errors)}
faults               ${[...disturbed.values()].reduce((sum, n) => sum + n, 0)}: ${count(disturbed)}
writes audited       ${ledger.audited}; of those with unknown outcome ${ledger.unknown.kept} took effect, ${ledger.unknown.lost} did not
notifications        ${sequence.received} of ${sequence.told} received, ${sequence.gaps} gaps announced
connections          ${stats.opened} opened, ${stats.closed} closed, ${stats.failedConnects} failed; ${proxy.accepted} through the proxy
heap slope           ${(slope.bytesPerHour / 2 ** 20).toFixed(2)} MiB/h over the last ${slope.hours.toFixed(2)} h, ${(vitals.lastHeap / 2 ** 20).toFixed(1)} MiB in the end
handles              ${handlesBefore} before, ${vitals.mostHandles} at most, ${handlesAfter} after
unhandled            ${vitals.uncaught.length}
violations           ${all.length}`);
for (const violation of all.slice(0, TOLD)) console.log(`\n! ${violation}`);
process.exitCode = all.length > 0 ? 1 : 0;

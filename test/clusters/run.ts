/**
 * Faults in real clusters, and what an application sees of them: Patroni with etcd and three nodes, HAProxy
 * and PgBouncer in front; the same through pg's pool. Writes docs/clusters.md with `--update`.
 *
 *     npm run test:clusters
 *     npm run test:clusters -- --update
 *
 * Takes four minutes. Exits with 1 when an acknowledged write is not there, or one is there twice, or a client
 * does not recover. Says what it does not find and leaves that out: Debian's packages patroni, etcd-server,
 * haproxy, pgbouncer, postgresql-15.
 */
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { connect, createPool, patroniHosts } from '../../src/index.ts';
import { sleep } from '../support/pool.ts';
import { findProgram } from '../support/servers/daemon.ts';
import { type Client, Load, type Seen } from './load.ts';
import { PatroniCluster } from './patroni.ts';
import { Processes } from './processes.ts';
import { type FaultReport, updateReport } from './report.ts';

const { values } = parseArgs({ options: { update: { type: 'boolean', default: false } } });

const BIN = '/usr/lib/postgresql/15/bin';
const WRITE = 'INSERT INTO entries (id) VALUES ($1)';
const READ = 'SELECT count(*) FROM entries WHERE id = $1';
const AS = { user: 'postgres', password: 'p', database: 'postgres' } as const;
/** The same time-outs for all, in milliseconds. */
const TIMEOUT = 3_000;
/** How long a client may take until it is answered again, in milliseconds. */
const RECOVERY = 60_000;

const missing: string[] = [];
for (const name of ['patroni', 'etcd', 'haproxy', 'pgbouncer']) {
  if ((await findProgram(name)) === null) missing.push(name);
}
if (!existsSync(`${BIN}/initdb`)) missing.push('postgresql-15');
if (missing.length > 0) {
  console.log(`skipped: ${missing.join(', ')} not found`);
  process.exit(0);
}

async function clientsOf(cluster: PatroniCluster): Promise<Client[]> {
  const haproxy = await cluster.haproxy();
  const pgbouncer = await cluster.pgbouncer(haproxy);
  const limits = { timeout: TIMEOUT, commandTimeout: TIMEOUT, minSize: 2, maxSize: 8, ssl: false };
  const byPatroni = await createPool({
    ...AS,
    ...limits,
    hostProvider: patroniHosts(cluster.urls, { timeoutMs: 500 }),
    readers: { maxSize: 8 },
  });
  const hosts = cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port }));
  const fixed = await createPool({ ...AS, ...limits, hosts, targetSessionAttrs: 'primary' });
  const behind = (port: number) => ({ ...AS, ...limits, host: '127.0.0.1', port });
  const proxied = await createPool(behind(haproxy));
  const pooled = await createPool({ ...behind(pgbouncer), statementCacheSize: 0 });
  const other = new pg.Pool({
    ...AS,
    host: '127.0.0.1',
    port: haproxy,
    max: 8,
    min: 2,
    connectionTimeoutMillis: TIMEOUT,
    query_timeout: TIMEOUT,
  });
  // Without it a lost connection at rest ends the process.
  other.on('error', () => {});
  const client = (name: string, pool: typeof fixed): Client => ({
    name,
    writes: true,
    call: (id) => pool.execute(WRITE, id),
    close: async () => pool.terminate(),
  });
  return [
    client('writes, `patroniHosts`', byPatroni),
    client('writes, three fixed hosts', fixed),
    client('writes, HAProxy', proxied),
    client('writes, PgBouncer on HAProxy', pooled),
    {
      name: 'writes, HAProxy, `pg.Pool`',
      writes: true,
      call: (id) => other.query(WRITE, [id]),
      close: () => other.end(),
    },
    {
      name: 'reads, `readers` of `patroniHosts`',
      writes: false,
      call: (id) => byPatroni.with({ readOnly: true }).fetchVal(READ, id),
      close: async () => {},
    },
  ];
}

const began = performance.now();
const log = (text: string): void => {
  console.log(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${text}`);
};

const faults: Readonly<Record<string, (cluster: PatroniCluster) => Promise<() => Promise<void>>>> =
  {
    'switchover by `patronictl`': async (cluster) => {
      await cluster.switchover();
      return async () => {};
    },
    'SIGKILL of the leader’s PostgreSQL': async (cluster) => {
      await cluster.strike(await cluster.leader(), 'SIGKILL', false);
      return async () => {};
    },
    'SIGKILL of the leader’s node': async (cluster) => {
      const leader = await cluster.leader();
      await cluster.strike(leader, 'SIGKILL', true);
      return async () => cluster.startNode(leader);
    },
    'the leader’s node frozen (SIGSTOP)': async (cluster) => {
      const leader = await cluster.leader();
      await cluster.strike(leader, 'SIGSTOP', true);
      return () => cluster.strike(leader, 'SIGCONT', true);
    },
  };

async function written(cluster: PatroniCluster): Promise<Map<string, number>> {
  const { port } = await cluster.leader();
  await using connection = await connect({ ...AS, host: '127.0.0.1', port });
  const rows = await connection.fetch<{ id: string; times: number }>(
    'SELECT id::text, count(*)::int AS times FROM entries GROUP BY id',
  );
  return new Map(rows.map(({ id, times }) => [id, times]));
}

const reports: FaultReport[] = [];
let failures = 0;
{
  await using processes = await Processes.create();
  const cluster = await PatroniCluster.start(processes, BIN);
  log('Patroni has three nodes');
  const { port } = await cluster.leader();
  {
    await using connection = await connect({ ...AS, host: '127.0.0.1', port });
    await connection.execute('CREATE TABLE entries (id uuid)');
  }
  const clients = await clientsOf(cluster);
  for (const [name, strike] of Object.entries(faults)) {
    await cluster.whole();
    const loads = clients.map((client) => new Load({ ...client, close: async () => {} }));
    await sleep(1_500);
    for (const load of loads) load.begin();
    log(`fault: ${name}`);
    const struckAt = performance.now();
    const mend = await strike(cluster);
    // All are answered again, for a while.
    await sleep(2_000);
    const counts = loads.map(({ count }) => count);
    await untilAnswered(loads, counts);
    const recovered = performance.now() - struckAt;
    await sleep(1_000);
    await mend();
    await sleep(2_000);
    await Promise.all(loads.map((load) => load.end()));
    await cluster.whole();
    const there = await written(cluster);
    const seen: Seen[] = loads.map((load) => load.seen(there));
    for (const [i, each] of seen.entries()) {
      log(`  ${each.client}: ${JSON.stringify({ ...each, client: undefined })}`);
      for (const [text, times] of loads[i]!.errors) log(`      ${times} × ${text}`);
      if (each.lost > 0 || each.twice > 0) failures += 1;
    }
    log(`  all were answered again ${Math.round(recovered)} ms after it`);
    reports.push({ name, seen });
  }
  for (const client of clients) await client.close();
}

async function untilAnswered(loads: readonly Load[], counts: readonly number[]): Promise<void> {
  const from = performance.now();
  while (loads.some((load, i) => load.count < counts[i]! + 20)) {
    if (performance.now() - from > RECOVERY) {
      const mute = loads.filter((load, i) => load.count < counts[i]! + 20);
      log(`  not answered again: ${mute.map(({ client }) => client.name).join('; ')}`);
      failures += 1;
      return;
    }
    await sleep(50);
  }
}

if (values.update) await updateReport(reports);
console.log(
  failures === 0 ? 'all acknowledged writes are there, none twice' : `${failures} failures`,
);
process.exit(failures === 0 ? 0 : 1);

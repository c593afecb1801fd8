// What a stream of changes costs its client: `npm run bench:replication`. Beside pg-logical-replication and
// postgres.js, one after the other in each round. Prints Markdown, and writes bench/results/replication.md
// with --save. Options: --rounds 3, --changes 100000, --memory 1000000 (0: not measured).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { connect } from 'asyncpg';
import { TempCluster } from 'asyncpg/cluster';
import { dropSlot } from 'asyncpg/replication';
import { MACHINE } from './machine.ts';
import type { ReplicationAssignment, ReplicationMeasurement } from './replication/types.ts';
import type { ReplicationResults } from './report/parts/replication.ts';
import { writeResult } from './report/write.ts';
import { median } from './statistics.ts';

const CHILD = fileURLToPath(new URL('replication/child.ts', import.meta.url));

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    changes: { type: 'string', default: '100000' },
    memory: { type: 'string', default: '1000000' },
    save: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
const changes = Number(values.changes);
const inMemory = Number(values.memory);

type Client = ReplicationAssignment['client'];
const CLIENTS: readonly Client[] = ['asyncpg', 'pg-logical-replication', 'postgres.js'];

await using cluster = await TempCluster.start({
  settings: { wal_level: 'logical', max_wal_size: '4GB', max_replication_slots: 20 },
});
await using admin = await connect(cluster.dsn);
await admin.execute(`CREATE TABLE events
  (id int, body text, amount numeric, at timestamptz, data jsonb, big int8)`);
await admin.execute('CREATE PUBLICATION events FOR TABLE events');

const ROW = `i, 'event ' || i, i + 0.25, now(), '{"a": [1, 2], "b": "c"}', i::int8 * 1000000000`;
const IN_ONE = (count: number): string =>
  `INSERT INTO events SELECT ${ROW} FROM generate_series(1, ${count}) i`;
const IN_MANY = (count: number): string =>
  `DO $$ BEGIN FOR i IN 1..${count} LOOP INSERT INTO events VALUES (${ROW}); COMMIT; END LOOP; END $$`;

let slots = 0;

/** A slot that is at the place of another. */
async function copyOf(slot: string): Promise<string> {
  slots += 1;
  const name = `copy_${slots}`;
  await admin.execute(`SELECT pg_copy_logical_replication_slot('${slot}', '${name}')`);
  return name;
}

async function measure(
  client: Client,
  base: string,
  write: string,
  count: number,
  pauseEvery: number,
): Promise<ReplicationMeasurement> {
  const slot = await copyOf(base);
  const assignment: ReplicationAssignment = { client, dsn: cluster.dsn, slot, count, pauseEvery };
  const child = spawn(process.execPath, [CHILD, JSON.stringify(assignment)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  let measured: ReplicationMeasurement | null = null;
  for await (const line of createInterface(child.stdout)) {
    if (line === 'ready') await admin.execute(write);
    else measured = JSON.parse(line) as ReplicationMeasurement;
  }
  await closed;
  await dropSlot(admin, slot, { force: true });
  if (measured === null) throw new Error(`${client} has not come to its end`);
  return measured;
}

type Speed = ReplicationResults['speeds'][number];
type Memory = ReplicationResults['memory'][number];

async function measureSpeed(title: string, write: string): Promise<Speed[]> {
  await admin.execute("SELECT pg_create_logical_replication_slot('base', 'pgoutput')");
  await admin.execute(write);
  const found = new Map<Client, ReplicationMeasurement[]>(CLIENTS.map((client) => [client, []]));
  for (let round = 0; round < rounds; round++) {
    for (const client of CLIENTS) {
      found.get(client)!.push(await measure(client, 'base', write, changes, 0));
    }
  }
  await admin.execute("SELECT pg_drop_replication_slot('base')");
  return CLIENTS.map((client) => {
    const all = found.get(client)!.map((one) => one.microsecondsPerChange);
    const perSecond = median(found.get(client)!.map((one) => one.changesPerSecond));
    return { title, client, micros: [median(all), Math.min(...all), Math.max(...all)], perSecond };
  });
}

async function measureMemory(): Promise<Memory[]> {
  await admin.execute("SELECT pg_create_logical_replication_slot('base', 'pgoutput')");
  const write = IN_ONE(inMemory);
  await admin.execute(write);
  const found: Memory[] = [];
  for (const [client, pauseEvery, title] of [
    ['asyncpg', 0, 'asyncpg'],
    ['asyncpg', 10_000, 'asyncpg, its consumer pausing 50 ms per 10,000'],
    ['pg-logical-replication', 0, 'pg-logical-replication'],
  ] as const) {
    const measured = await measure(client, 'base', write, inMemory, pauseEvery);
    const { baseMegabytes, peakMegabytes } = measured;
    found.push({ title, client, baseMegabytes, peakMegabytes });
  }
  await admin.execute("SELECT pg_drop_replication_slot('base')");
  return found;
}

function speedLine({ title, client, micros, perSecond }: Speed): string {
  const [middle, least, most] = micros.map((value) => value.toFixed(1));
  const own = speeds.find((each) => each.title === title)!.micros[0];
  const ratio = (micros[0] / own).toFixed(1);
  return `| ${title} | ${client} | ${middle} (${least}–${most}) | ${ratio} × | ${Math.round(perSecond).toLocaleString('en')} |`;
}

function memoryLine({ title, baseMegabytes, peakMegabytes }: Memory): string {
  const figures = [baseMegabytes, peakMegabytes, peakMegabytes - baseMegabytes].map(Math.round);
  return `| ${title} | ${figures.join(' | ')} |`;
}

const speeds = [
  ...(await measureSpeed('in one transaction', IN_ONE(changes))),
  ...(await measureSpeed('in a transaction each', IN_MANY(changes))),
];
const memory = inMemory > 0 ? await measureMemory() : [];
const text = `# Change streams: what they cost the client

${MACHINE}, PostgreSQL 18. ${changes.toLocaleString('en')} rows of six columns (int4, text, numeric, timestamptz, jsonb,
int8), medians of ${rounds} rounds; in brackets the least and the most. \`npm run bench:replication -- --save\`.

| rows | client | CPU per change, µs | of asyncpg | changes per second |
| --- | --- | --- | --- | --- |
${speeds.map(speedLine).join('\n')}

One transaction of ${inMemory.toLocaleString('en')} rows: resident memory in MB, when 20,000 of them have come and at most.

| client | then | at most | grown |
| --- | --- | --- | --- |
${memory.map(memoryLine).join('\n')}
`;
console.log(text);
if (values.save) {
  const date = new Date().toISOString().slice(0, 10);
  const results: ReplicationResults = {
    date,
    machine: MACHINE,
    changes,
    rounds,
    speeds,
    inMemory,
    memory,
  };
  writeResult('replication.md', text);
  writeResult('replication.json', results);
}

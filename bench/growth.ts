// What grows with what: cost for each row, connection, query in flight and distinct text, memory
// of rows that are held, and how long the event loop stands still meanwhile. `npm run bench:growth`,
// or `npm run bench:growth -- depth` for one part. Each figure comes from a process of its own.
import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { type ConnectOptions, connect, createPool } from 'asyncpg';
import { TempCluster } from 'asyncpg/cluster';
import pg from 'pg';
import postgres from 'postgres';
import { cpuTime, MACHINE } from './machine.ts';

const RESULT = new URL('results/growth.md', import.meta.url);
const rowsQuery = (rows: number): string =>
  `SELECT i AS id, 'name ' || i AS name, i * 1.5::float8 AS ratio FROM generate_series(1, ${rows}) AS i`;
const LOOKUP = 'SELECT $1::int + 1 AS next';
const MIB = 1024 ** 2;

/** Client CPU in nanoseconds for each of `count` of something, after a warm-up. */
async function nanosEach(count: number, warmUp: () => Promise<void>, work: () => Promise<void>) {
  await warmUp();
  const before = cpuTime();
  await work();
  return ((cpuTime() - before) * 1000) / count;
}

async function streamRows(dsn: string, rows: number): Promise<number> {
  await using connection = await connect(dsn);
  const run = async (n: number): Promise<void> => {
    for await (const row of connection.stream(rowsQuery(n))) void row;
  };
  return await nanosEach(
    rows,
    () => run(100_000),
    () => run(rows),
  );
}

async function overConnections(dsn: string, size: number): Promise<number> {
  const opened = await Promise.all(Array.from({ length: size }, () => connect(dsn)));
  const each = Math.ceil(60_000 / size);
  const run = async (): Promise<void> => {
    await Promise.all(
      opened.map(async (connection) => {
        for (let i = 0; i < each; i++) await connection.fetchVal(LOOKUP, i);
      }),
    );
  };
  const nanos = await nanosEach(each * size, run, run);
  await Promise.all(opened.map((connection) => connection.close()));
  return nanos;
}

async function inFlight(dsn: string, depth: number): Promise<number> {
  await using connection = await connect(dsn);
  const each = Math.ceil(100_000 / depth);
  const run = async (): Promise<void> => {
    const caller = async (): Promise<void> => {
      for (let i = 0; i < each; i++) await connection.fetchVal(LOOKUP, i);
    };
    await Promise.all(Array.from({ length: depth }, caller));
  };
  return await nanosEach(each * depth, run, run);
}

async function distinctTexts(dsn: string, texts: number, options: ConnectOptions) {
  await using connection = await connect(dsn, options);
  const rounds = Math.max(1, Math.floor(20_000 / texts));
  const run = async (): Promise<void> => {
    for (let round = 0; round < rounds; round++) {
      for (let i = 0; i < texts; i++) await connection.fetchVal(`${LOOKUP} -- ${i}`, i);
    }
  };
  return await nanosEach(rounds * texts, run, run);
}

const HELD = 1_000_000;
const HOLDERS: Readonly<Record<string, (dsn: string) => Promise<ArrayLike<unknown>>>> = {
  'asyncpg (this)': async (dsn) => {
    await using connection = await connect(dsn);
    return await connection.fetch(rowsQuery(HELD));
  },
  pg: async (dsn) => {
    const client = new pg.Client(dsn);
    await client.connect();
    const { rows } = await client.query(rowsQuery(HELD));
    await client.end();
    return rows;
  },
  postgres: async (dsn) => {
    const client = postgres(dsn, { max: 1 });
    const rows = await client.unsafe(rowsQuery(HELD));
    await client.end();
    return rows;
  },
};

/** MiB that a million rows of three columns take, once all garbage is gone. */
async function heldRows(dsn: string, driver: string): Promise<number> {
  globalThis.gc!();
  const before = process.memoryUsage();
  const rows = await HOLDERS[driver]!(dsn);
  globalThis.gc!();
  const after = process.memoryUsage();
  if (rows.length !== HELD) throw new Error(`${rows.length} rows came`);
  return (after.heapUsed + after.external - before.heapUsed - before.external) / MIB;
}

/** The 99th percentile of the event loop's delay while a million rows arrive, in milliseconds. */
async function loopDelay(dsn: string, how: 'fetch' | 'stream'): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  await using pool = await createPool(dsn, { minSize: 1, maxSize: 1 });
  await pool.fetch(rowsQuery(10_000));
  delay.enable();
  if (how === 'stream') for await (const row of pool.stream(rowsQuery(HELD))) void row;
  else await pool.fetch(rowsQuery(HELD));
  delay.disable();
  return delay.percentile(99) / 1e6;
}

interface Part {
  readonly title: string;
  readonly unit: string;
  readonly cases: readonly (number | string)[];
  measure(dsn: string, subject: string): Promise<number>;
}

const PARTS: Readonly<Record<string, Part>> = {
  rows: {
    title: 'Rows of three columns in one stream',
    unit: 'ns of CPU for each row',
    cases: [100_000, 1_000_000, 10_000_000],
    measure: (dsn, subject) => streamRows(dsn, Number(subject)),
  },
  connections: {
    title: 'Connections, one query at a time on each',
    unit: 'ns of CPU for each query',
    cases: [1, 10, 50, 100, 200],
    measure: (dsn, subject) => overConnections(dsn, Number(subject)),
  },
  depth: {
    title: 'Queries in flight on one connection',
    unit: 'ns of CPU for each query',
    cases: [1, 10, 100, 1000],
    measure: (dsn, subject) => inFlight(dsn, Number(subject)),
  },
  texts: {
    title: 'Distinct query texts in turns, 20,000 kept prepared',
    unit: 'ns of CPU for each query',
    cases: [1, 100, 10_000],
    measure: (dsn, subject) => distinctTexts(dsn, Number(subject), { statementCacheSize: 20_000 }),
  },
  evicted: {
    title: 'Distinct query texts in turns, 100 kept prepared',
    unit: 'ns of CPU for each query',
    cases: [50, 10_000],
    measure: (dsn, subject) => distinctTexts(dsn, Number(subject), {}),
  },
  held: {
    title: 'A million rows held',
    unit: 'MiB',
    cases: Object.keys(HOLDERS),
    measure: heldRows,
  },
  delay: {
    title: 'Delay of the event loop while a million rows arrive, 99th percentile',
    unit: 'ms',
    cases: ['fetch', 'stream'],
    measure: (dsn, subject) => loopDelay(dsn, subject as 'fetch' | 'stream'),
  },
};

const [mode = '', name = '', subject = '', dsn = ''] = process.argv.slice(2);
if (mode === '--child') {
  process.stdout.write(String(await PARTS[name]!.measure(dsn, subject)));
  process.exit(0);
}

await using cluster = await TempCluster.start({
  settings: { max_connections: 300, jit: false, autovacuum: false },
});
const lines = [
  `# Growth`,
  `${new Date().toISOString().slice(0, 10)}, ${MACHINE}. Written by \`npm run bench:growth\`.`,
];
for (const [key, part] of Object.entries(PARTS)) {
  if (mode !== '' && mode !== key) continue;
  const figures: string[] = [];
  for (const each of part.cases) {
    const child = [fileURLToPath(import.meta.url), '--child', key, String(each), cluster.dsn];
    const flags = ['--expose-gc', '--max-old-space-size=8192'];
    const figure = Number(
      execFileSync(process.execPath, [...flags, ...child], { encoding: 'utf8' }),
    );
    figures.push(figure < 100 ? figure.toFixed(1) : Math.round(figure).toLocaleString('en-US'));
    console.log(`${part.title}: ${each}: ${figures.at(-1)} ${part.unit}`);
  }
  const heads = part.cases.map((each) => each.toLocaleString('en-US'));
  lines.push(
    `## ${part.title}\n\nIn ${part.unit}.`,
    [heads, heads.map(() => '---:'), figures].map((row) => `| ${row.join(' | ')} |`).join('\n'),
  );
}
if (mode === '') {
  await mkdir(new URL('.', RESULT), { recursive: true });
  await writeFile(RESULT, `${lines.join('\n\n')}\n`);
}

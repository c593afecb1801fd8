// The cold start: whole processes that import a driver, connect, ask one query with an argument and
// close; and such that only import it. `npm run bench:cold`, or `npm run bench:cold -- --rounds 30
// node-20 bun-1` for other numbers and runtimes. The processes run in turns, so that what else the
// machine does strikes all alike.
import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { executable, Unavailable } from './contestants.ts';
import { MACHINE } from './machine.ts';
import type { ColdResults } from './report/parts/cold.ts';
import { writeResult } from './report/write.ts';
import { startServer } from './server.ts';
import { median } from './statistics.ts';

const RUNTIMES = ['node-24', 'node-20', 'node-26', 'bun-1'];
const DRIVERS = ['asyncpg', '@asyncpg/pg', 'pg', 'postgres'];

/** One kind of process, which each driver has a programme for in cold/. */
interface Start {
  readonly title: string;
  readonly programme: 'import' | 'query' | 'nothing';
  readonly drivers: readonly string[];
  readonly user: 'trusted' | 'password';
}

const STARTS: readonly Start[] = [
  { title: 'nothing', programme: 'nothing', drivers: [''], user: 'trusted' },
  { title: 'import', programme: 'import', drivers: DRIVERS, user: 'trusted' },
  { title: 'connect, query, close', programme: 'query', drivers: DRIVERS, user: 'trusted' },
  { title: 'the same with a password', programme: 'query', drivers: DRIVERS, user: 'password' },
];

/** What one process took: milliseconds and MiB. */
interface Usage {
  readonly cpu: number;
  readonly wall: number;
  readonly rss: number;
}

/** Where this repository's own are. */
const OWN: Readonly<Record<string, string>> = { asyncpg: '', '@asyncpg/pg': 'packages/pg' };

/** A project that has the drivers installed: here, Bun would go by tsconfig.json and read src/. */
async function makeProject(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'asyncpg-cold-'));
  await cp(new URL('cold/', import.meta.url), folder, { recursive: true });
  const root = fileURLToPath(new URL('..', import.meta.url));
  const modules = path.join(folder, 'node_modules');
  await mkdir(path.join(modules, '@asyncpg'), { recursive: true });
  for (const driver of DRIVERS) {
    const target = OWN[driver] ?? path.join('node_modules', driver);
    await symlink(path.join(root, target), path.join(modules, driver));
  }
  // The very programmes of pg.
  for (const programme of ['import', 'query']) {
    const text = await readFile(path.join(folder, `${programme}-pg.mjs`), 'utf8');
    await mkdir(path.join(folder, `${programme}-@asyncpg`));
    const copy = path.join(folder, `${programme}-@asyncpg/pg.mjs`);
    await writeFile(copy, text.replace("'pg'", "'@asyncpg/pg'"));
  }
  return folder;
}

function run(command: string, folder: string, programme: string, dsn: string): Usage {
  const began = performance.now();
  const args = ['-r', path.join(folder, 'usage.cjs'), path.join(folder, programme)];
  const env = { ...process.env, DSN: dsn };
  const { status, stdout, stderr, error } = spawnSync(command, args, { env, encoding: 'utf8' });
  const wall = performance.now() - began;
  if (status !== 0) throw new Error(`${command} ${programme}: ${error?.message ?? stderr}`);
  return { ...(JSON.parse(stdout) as Omit<Usage, 'wall'>), wall };
}

/** The median of each figure; the first round only fills the system's caches. */
function summary(usages: readonly Usage[]): Usage {
  const of = (figure: keyof Usage) => median(usages.slice(1).map((usage) => usage[figure]));
  return { cpu: of('cpu'), wall: of('wall'), rss: of('rss') };
}

function commandOf(runtime: string): string | null {
  if (runtime === `node-${process.versions.node.split('.')[0]}`) return process.execPath;
  try {
    return executable(runtime);
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    console.log(`${runtime}: ${error.message}`);
    return null;
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '12' }, dsn: { type: 'string' } },
});
const rounds = Number(values.rounds);
const folder = await makeProject();
await using server = await startServer(values.dsn ?? null);
// Some would ask for TLS first, others not; the same work for all.
const trusted = new URL(server.dsn);
trusted.searchParams.set('sslmode', 'disable');
const processes = STARTS.flatMap(({ title, programme, drivers, user }) =>
  drivers.map((driver) => ({
    title,
    driver,
    file: `${[programme, driver].filter((part) => part !== '').join('-')}.mjs`,
    dsn: user === 'trusted' ? trusted.href : server.scramDsn,
  })),
);
const date = new Date().toISOString().slice(0, 10);
const cells: ColdResults['cells'][number][] = [];
const parts = [
  '# Cold start',
  `${date}, ${MACHINE}, medians of ${rounds} whole processes in turns. Written by \`npm run bench:cold\`.`,
];
for (const runtime of positionals.length > 0 ? positionals : RUNTIMES) {
  const command = commandOf(runtime);
  if (command === null) continue;
  const usages = processes.map((): Usage[] => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [i, { file, dsn }] of processes.entries()) {
      usages[i]!.push(run(command, folder, file, dsn));
    }
  }
  const lines = processes.map(({ title, driver }, i) => {
    const usage = summary(usages[i]!);
    const { cpu, wall, rss } = usage;
    cells.push({ runtime: runtime.replace('-', ' '), title, driver, ...usage });
    const figures = [cpu, wall, rss].map((figure) => figure.toFixed(1)).join(' | ');
    return `| ${title} | ${driver} | ${figures} |`;
  });
  const heads =
    '| process | driver | CPU, ms | wall, ms | peak RSS, MiB |\n|---|---|---:|---:|---:|';
  parts.push(`## ${runtime.replace('-', ' ')}`, [heads, ...lines].join('\n'));
  console.log(parts.slice(-2).join('\n'));
}
await rm(folder, { recursive: true });
if (positionals.length === 0) {
  writeResult('cold.md', `${parts.join('\n\n')}\n`);
  writeResult('cold.json', { date, machine: MACHINE, rounds, cells } satisfies ColdResults);
}

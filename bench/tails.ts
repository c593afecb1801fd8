// How long quick queries wait for slow ones: `npm run bench:tails`. Prints Markdown and writes
// bench/results/tails.md and tails.json with --save. Options: --drivers a,b (asyncpg:/path/to/index.js
// is another build), --seconds 3, --rounds 3, --only cold_burst.
import { spawn, spawnSync } from 'node:child_process';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { MACHINE } from './machine.ts';
import { writeResult } from './report/write.ts';
import { startServer } from './server.ts';
import { median } from './statistics.ts';
import type { TailsAssignment, TailsMeasurement } from './tails-types.ts';

const CHILD = fileURLToPath(new URL('dist/tails-child.js', import.meta.url));

const SIZE = 4;
const CALLERS = 40;
/** A lookup takes about 0.05 ms; a slow query a hundred times as long. */
const SLOW_SECONDS = 0.005;

interface Workload {
  readonly name: string;
  readonly title: string;
  readonly assignment: Omit<TailsAssignment, 'dsn' | 'seconds'>;
  /** The part of what pg's pool can do that is offered; null: what the callers ask. */
  readonly load: number | null;
}

const burst = (callers: number, minSize: number, size: number): Workload => ({
  name: 'cold_burst',
  title: `${callers} queries of 300 ms at once, ${minSize} of ${size} connections open`,
  assignment: {
    kind: 'burst',
    size,
    minSize,
    callers,
    perSecond: null,
    slowShare: 1,
    slowSeconds: 0.3,
  },
  load: null,
});

const mixed = (slowShare: number, load: number | null): Workload => ({
  name: load === null ? 'mixed_closed' : 'mixed_open',
  title: `${slowShare * 100} % slow, ${load === null ? `${CALLERS} callers` : `${load * 100} % load`}`,
  assignment: {
    kind: 'mixed',
    size: SIZE,
    minSize: SIZE,
    callers: CALLERS,
    perSecond: null,
    slowShare,
    slowSeconds: SLOW_SECONDS,
  },
  load,
});

const WORKLOADS: readonly Workload[] = [
  burst(5, 0, 5),
  burst(8, 1, 4),
  ...[0.01, 0.001].flatMap((share) => [null, 0.5, 0.8, 1.2].map((load) => mixed(share, load))),
];

async function measure(id: string, assignment: TailsAssignment): Promise<TailsMeasurement> {
  const [name = '', location] = id.split(':');
  const env = location === undefined ? {} : { BENCH_LOCATION: path.resolve(location) };
  const child = spawn(process.execPath, [CHILD, name], {
    env: { ...process.env, ...env },
    timeout: 120_000,
  });
  child.stdin.end(JSON.stringify(assignment));
  const [output, complaints] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const line = output.trim().split('\n').at(-1) ?? '';
  if (!line.startsWith('{')) throw new Error(`${id}: ${complaints.trim()}`);
  return JSON.parse(line) as TailsMeasurement;
}

/** The median of the rounds, number by number. */
function middle(rounds: readonly TailsMeasurement[]): TailsMeasurement {
  const of = (pick: (one: TailsMeasurement) => number): number => median(rounds.map(pick));
  const tails = (kind: 'quick' | 'slow'): [number, number, number] => [
    of((one) => one[kind][0]),
    of((one) => one[kind][1]),
    of((one) => one[kind][2]),
  ];
  return {
    version: rounds[0]!.version,
    perSecond: of((one) => one.perSecond),
    quick: tails('quick'),
    slow: tails('slow'),
    longest: of((one) => one.longest),
  };
}

interface Cell extends TailsMeasurement {
  readonly workload: string;
  readonly title: string;
  readonly driver: string;
}

function tableLine({ workload, title, driver, ...cell }: Cell): string {
  const shown = (values: readonly number[]): string =>
    values.map((value) => (Number.isNaN(value) ? '–' : value.toFixed(1))).join(' / ');
  const [quick, slow] =
    workload === 'cold_burst'
      ? ['–', `all in ${cell.longest.toFixed(0)}`]
      : [shown(cell.quick), shown(cell.slow)];
  return `| ${workload}: ${title} | ${driver} | ${quick} | ${slow} | ${cell.perSecond.toFixed(0)} |`;
}

const HEAD = `| workload | driver | quick: p50 / p99 / p99.9, ms | slow: p50 / p99 / p99.9, ms | queries/s |
|---|---|---:|---:|---:|`;

const { values } = parseArgs({
  options: {
    drivers: { type: 'string', default: 'asyncpg,pg,postgres' },
    only: { type: 'string', default: '' },
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    save: { type: 'boolean', default: false },
  },
});
const project = fileURLToPath(new URL('tsconfig.child.json', import.meta.url));
const { status } = spawnSync('tsc', ['-p', project], { stdio: 'inherit' });
if (status !== 0) throw new Error('the programme of the children does not compile');

const drivers = values.drivers.split(',');
const seconds = Number(values.seconds);
const cells: Cell[] = [];
{
  await using server = await startServer(null);
  /** What pg's pool can do with each mixture, in queries a second. */
  const capacities = new Map<number, number>();
  const capacityOf = async ({ assignment }: Workload): Promise<number> => {
    const { slowShare } = assignment;
    const known = capacities.get(slowShare);
    if (known !== undefined) return known;
    const { perSecond } = await measure('pg', { ...assignment, dsn: server.dsn, seconds });
    capacities.set(slowShare, perSecond);
    return perSecond;
  };
  console.log(HEAD);
  for (const workload of WORKLOADS.filter(({ name }) => name.includes(values.only))) {
    const { assignment, load } = workload;
    const perSecond = load === null ? null : load * (await capacityOf(workload));
    const measured = new Map<string, TailsMeasurement[]>(drivers.map((driver) => [driver, []]));
    for (let round = 0; round < Number(values.rounds); round++) {
      // Each round begins with another driver: none always follows the same one.
      for (let i = 0; i < drivers.length; i++) {
        const driver = drivers[(i + round) % drivers.length]!;
        const one = { ...assignment, perSecond, dsn: server.dsn, seconds };
        measured.get(driver)!.push(await measure(driver, one));
      }
    }
    for (const [driver, rounds] of measured) {
      const { name, title } = workload;
      const shown = driver.replace(/:.*/, ', another build');
      cells.push({ workload: name, title, driver: shown, ...middle(rounds) });
      console.log(tableLine(cells.at(-1)!));
    }
  }
}
if (values.save) {
  const date = new Date().toISOString().slice(0, 10);
  const head = `# Tails\n\nQuick lookups beside queries of ${SLOW_SECONDS * 1000} ms, pool of ${SIZE}; load is a part of what pg's pool can do. ${date}, ${MACHINE}.\n`;
  writeResult('tails.md', `${head}\n${HEAD}\n${cells.map(tableLine).join('\n')}\n`);
  writeResult('tails.json', { date, machine: MACHINE, cells });
}

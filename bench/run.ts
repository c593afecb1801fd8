// Measures this library and others side by side; `npm run bench -- --help` tells the options.
// Each (workload, connections, driver) runs in a process of its own, the drivers in turns, so that
// what slows the machine down for a while slows all of them down.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { type Contestant, contestant, Unavailable } from './contestants.ts';
import { MACHINE } from './machine.ts';
import type { Assignment, Measurement } from './measurement.ts';
import { type BenchOptions, parseOptions } from './options.ts';
import { markdownReport } from './report/markdown.ts';
import { writeReport, writeResult } from './report/write.ts';
import { type Cell, cellOf, type Results, withoutPaths } from './results.ts';
import { type BenchServer, startServer } from './server.ts';
import type { Workload } from './workloads.ts';

/** A child that takes longer than its measurement and this, in milliseconds, hangs. */
const PATIENCE = 120_000;

/** The same keys for all drivers and all runs: a small linear congruential generator. */
const KEYS = ((): number[] => {
  let state = 20_261_122;
  return Array.from({ length: 8192 }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return 1 + (state % 100_000);
  });
})();

async function measure(
  { command, args, env }: Contestant,
  assignment: Assignment,
): Promise<Measurement | null> {
  const child = spawn(command, args, {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: PATIENCE + (assignment.warmup + assignment.seconds) * 1000,
  });
  child.stdin.end(JSON.stringify(assignment));
  const [output, complaints] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const line = output.trim().split('\n').at(-1) ?? '';
  if (!line.startsWith('{')) throw new Error(complaints.trim() || 'it printed no measurement');
  const parsed = JSON.parse(line) as Measurement | { unsupported: string };
  return 'unsupported' in parsed ? null : parsed;
}

function assignmentOf(
  { work }: Workload,
  connections: number,
  server: BenchServer,
  { warmup, seconds }: BenchOptions,
): Assignment | null {
  const dsn = work.kind !== 'connect' ? server.dsn : work.tls ? server.tlsDsn : server.scramDsn;
  return dsn === null ? null : { dsn, work, connections, warmup, seconds, keys: KEYS };
}

/** All rounds of one workload at one number of connections, the drivers in turns. */
async function measureAll(
  workload: Workload,
  connections: number,
  contestants: readonly Contestant[],
  server: BenchServer,
  options: BenchOptions,
): Promise<Map<Contestant, Measurement[]>> {
  const measurements = new Map<Contestant, Measurement[]>();
  const assignment = assignmentOf(workload, connections, server, options);
  if (assignment === null) return measurements;
  for (let round = 0; round < options.rounds; round++) {
    // Each round begins with another driver: none always follows the same one.
    const order = contestants.map((_, i) => contestants[(i + round) % contestants.length]!);
    for (const each of order) {
      await server.settle(workload.fills);
      try {
        const measured = await measure(each, assignment);
        if (measured === null) continue;
        const soFar = measurements.get(each) ?? [];
        measurements.set(each, [...soFar, measured]);
      } catch (error) {
        console.error(`${workload.name}, ${each.label}: ${(error as Error).message.slice(-2000)}`);
      }
    }
  }
  return measurements;
}

function printLine(workload: Workload, connections: number, cells: readonly Cell[]): void {
  const ours = cells[0]?.cpuMicros;
  const shown = cells.map(({ driver, cpuMicros: cpu, userMicros: user, perSecond }) => {
    const ratio =
      ours === undefined || driver === cells[0]?.driver ? '' : ` ${(cpu / ours).toFixed(2)}x`;
    const digits = cpu < 100 ? 1 : 0;
    return `${driver}${ratio} ${cpu.toFixed(digits)} µs (${user.toFixed(digits)} user), ${Math.round(perSecond)}/s`;
  });
  console.log(`${workload.name} (${connections}): ${shown.join(' · ')}`);
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}

async function run(options: BenchOptions): Promise<Results> {
  const contestants: Contestant[] = [];
  const missing: string[] = [];
  for (const id of options.contestants) {
    try {
      contestants.push(contestant(id));
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      missing.push(`${id} (${error.message})`);
      console.error(`without ${id}: ${error.message}`);
    }
  }
  await using server = await startServer(options.dsn);
  const cells: Cell[] = [];
  const drivers = new Map<Contestant, Measurement>();
  for (const workload of options.workloads) {
    const wanted = workload.connections.filter((n) => options.connections?.includes(n) ?? true);
    for (const connections of wanted) {
      const measured = await measureAll(workload, connections, contestants, server, options);
      const row: Cell[] = [];
      for (const each of contestants) {
        const rounds = measured.get(each);
        if (rounds === undefined) continue;
        drivers.set(each, rounds[0]!);
        row.push(cellOf(workload.name, connections, each.id, rounds));
      }
      printLine(workload, connections, row);
      cells.push(...row);
    }
  }
  return {
    date: new Date().toISOString(),
    commit: commit(),
    machine: MACHINE,
    server: `PostgreSQL ${server.version}`,
    rounds: options.rounds,
    seconds: options.seconds,
    drivers: contestants.flatMap((each) => {
      const one = drivers.get(each);
      if (one === undefined) return [];
      const { version, runtime } = one;
      return [{ id: each.id, label: each.label, version, runtime }];
    }),
    missing,
    cells,
  };
}

const options = parseOptions(process.argv.slice(2));
const project = fileURLToPath(new URL('tsconfig.child.json', import.meta.url));
const { status } = spawnSync('tsc', ['-p', project], { stdio: 'inherit' });
if (status !== 0) throw new Error('the programme of the children does not compile');
const results = withoutPaths(await run(options));
if (options.runtimes) {
  writeResult('runtimes.md', markdownReport(results, []));
  console.log('written to bench/results/runtimes.md');
} else if (options.facade) {
  if (options.save) writeResult('facade.json', results);
} else if (options.save) {
  const name = results.date.slice(0, 16).replaceAll(/[T:]/g, '-');
  writeResult(`${name}.json`, results);
  await writeReport(results);
  console.log(
    `written to bench/results/${name}.json, latest.md and latest.html, README.md and the guides`,
  );
}

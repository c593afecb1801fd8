// Runs one workload with pgbench, PostgreSQL's own client in C, and prints what it measured: the twin
// of ../child.ts. BENCH_LOCATION says where pgbench is.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { UnsupportedWork } from '../driver.ts';
import type { Assignment, Measurement } from '../measurement.ts';
import { quantile } from '../statistics.ts';
import { beyond, latenciesOf, type Run, runOf } from './output.ts';
import { scriptOf } from './script.ts';

const execute = promisify(execFile);
const PGBENCH = process.env['BENCH_LOCATION'] ?? 'pgbench';
/** Node.js does not tell what its children took. Bash counts in ms, others in clock ticks of 10 ms. */
const SHELL = existsSync('/bin/bash') ? '/bin/bash' : '/bin/sh';
const TIMED = '"$@" || exit; times';
const LOG = 'log';

/** Settings of libpq: a password is not for the list of processes, nor has others' work GSSAPI. */
function environment(password: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    LC_ALL: 'C',
    PGGSSENCMODE: 'disable',
    ...(password === '' ? {} : { PGPASSWORD: decodeURIComponent(password) }),
  };
}

async function versionOfPgbench(): Promise<string> {
  const { stdout } = await execute(PGBENCH, ['--version']);
  return /\d\S*/.exec(stdout)?.[0] ?? 'unknown';
}

async function measure(assignment: Assignment, folder: string): Promise<Measurement> {
  const { work, connections, warmup } = assignment;
  const script = scriptOf(work);
  const file = path.join(folder, 'script.sql');
  await writeFile(file, script.text);
  const dsn = new URL(assignment.dsn);
  const env = environment(dsn.password);
  dsn.password = '';
  const run = async (...options: string[]): Promise<Run> => {
    const args = [
      ...['--no-vacuum', `--client=${connections}`, '--jobs=1', '--random-seed=20261122'],
      ...[`--file=${file}`, ...script.options, ...options, dsn.href],
    ];
    return runOf((await execute(SHELL, ['-c', TIMED, 'sh', PGBENCH, ...args], { env })).stdout);
  };
  // Writing the log takes about a microsecond for each operation, so the run that counts has none.
  await run(`--time=${wholeSeconds(warmup)}`, '--log', `--log-prefix=${path.join(folder, LOG)}`);
  const logs = (await readdir(folder)).filter((name) => name.startsWith(LOG));
  const latencies = latenciesOf(await readFile(path.join(folder, logs[0]!), 'utf8'));
  // What comes before the measurement does not count with the others either: starting the programme,
  // connecting, preparing.
  const start = await run('--transactions=1');
  // Twice: preparing 1,000 statements on each connection may take longer this time.
  const whole = await run(`--time=${wholeSeconds(2 * start.seconds + assignment.seconds)}`);
  const measured = beyond(whole, start);
  const { operations, seconds, userMicros, systemMicros } = measured;
  if (!(Math.min(latencies.length, operations, seconds, userMicros + systemMicros) > 0)) {
    throw new Error('pgbench did next to nothing beyond its start; give it more --seconds');
  }
  return {
    version: await versionOfPgbench(),
    runtime: 'C, results left as text',
    ...measured,
    p50Micros: quantile(latencies, 0.5),
    p99Micros: quantile(latencies, 0.99),
    peakRssBytes: null,
  };
}

/** pgbench takes no parts of seconds. */
function wholeSeconds(seconds: number): number {
  return Math.max(1, Math.round(seconds));
}

const assignment = JSON.parse(await text(process.stdin)) as Assignment;
const folder = await mkdtemp(path.join(tmpdir(), 'asyncpg-pgbench-'));
try {
  console.log(JSON.stringify(await measure(assignment, folder)));
} catch (error) {
  if (!(error instanceof UnsupportedWork)) throw error;
  console.log(JSON.stringify({ unsupported: error.message }));
} finally {
  await rm(folder, { recursive: true });
}

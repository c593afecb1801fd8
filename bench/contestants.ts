import { execFileSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** A driver that takes part, and how a child process is started for it. */
export interface Contestant {
  /** As it was asked for: `pg`, `python`, `asyncpg:../other/dist/index.js`. */
  readonly id: string;
  /** How tables call it. */
  readonly label: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** A driver that was to take part and cannot. */
export class Unavailable extends Error {}

/** Those that take part unless others are asked for. The first is ours. */
export const DEFAULT_CONTESTANTS = [
  'asyncpg',
  'pg',
  'postgres',
  'effect',
  'python',
  'bun',
  'pgbench',
  'floor',
] as const;

/** This library on the runtimes that it supports, for `--runtimes`. */
export const RUNTIMES = ['asyncpg', 'asyncpg@node-20', 'asyncpg@node-26', 'asyncpg@bun-1'] as const;

/** What stands in the place of pg, and pg, for `--facade`. */
export const FACADE = ['facade', 'pg'] as const;

/** Where `npm run test:runtimes` keeps other runtimes. */
const KEPT = path.join(tmpdir(), 'asyncpg-runtimes');

const LABELS: Readonly<Record<string, string>> = {
  asyncpg: 'asyncpg (this)',
  pg: 'pg',
  facade: 'asyncpg/pg',
  postgres: 'postgres',
  effect: '@effect/sql-pg',
  python: 'asyncpg (Python)',
  bun: 'Bun.sql',
  pgbench: 'pgbench (libpq)',
  floor: 'bytes alone',
};

const CHILD = fileURLToPath(new URL('dist/child.js', import.meta.url));
const PGBENCH_CHILD = fileURLToPath(new URL('dist/pgbench/child.js', import.meta.url));
const PYTHON_CHILD = fileURLToPath(new URL('drivers/python.py', import.meta.url));

/**
 * Finds what is needed for a contestant. An id is a driver's name; behind `@` the runtime that it is
 * to run on, in place of this Node, by its path or as `node-20`; behind `:` where it is, for another build of ours or another
 * Python or pgbench. `asyncpg@/path/to/bun:/path/to/dist/index.js` has all of them.
 *
 * @throws Unavailable with what is missing
 */
export function contestant(id: string): Contestant {
  const [, name = '', runtime = '', location = ''] =
    /^([^@:]*)(?:@([^:]*))?(?::(.*))?$/.exec(id) ?? [];
  const label = LABELS[name];
  if (label === undefined) {
    throw new Unavailable(
      `there is no driver ${name}; known are ${Object.keys(LABELS).join(', ')}`,
    );
  }
  const common = { id, label };
  if (name === 'python') {
    return { ...common, command: python(location), args: [PYTHON_CHILD], env: {} };
  }
  if (name === 'bun') return { ...common, command: bun(location), args: [CHILD, name], env: {} };
  if (name === 'pgbench') {
    return {
      ...common,
      command: process.execPath,
      args: [PGBENCH_CHILD],
      env: { BENCH_LOCATION: pgbench(location) },
    };
  }
  const command = runtime === '' ? process.execPath : executable(runtime);
  return {
    ...common,
    command,
    args: [...(/bun[^/]*$/.test(command) ? [] : profiling(id)), CHILD, name],
    env: location === '' ? {} : { BENCH_LOCATION: path.resolve(location) },
  };
}

/** A path, or a runtime as it is kept: `node-20`. */
export function executable(runtime: string): string {
  if (runtime.includes('/')) return runtime;
  const [name = ''] = runtime.split('-');
  const kept = path.join(KEPT, runtime, 'node_modules', '.bin', name);
  if (existsSync(kept)) return kept;
  const wanted = runtime.replace('-', '@');
  throw new Unavailable(`no ${kept}; \`npm run test:runtimes -- ${wanted}\` brings it`);
}

/** `BENCH_CPU_PROF=folder` leaves a profile of each child there. */
function profiling(id: string): string[] {
  const folder = process.env['BENCH_CPU_PROF'];
  return folder === undefined
    ? []
    : ['--cpu-prof', `--cpu-prof-dir=${folder}/${id.replaceAll(/\W+/g, '-')}`];
}

/** A Python with asyncpg: the one given, the first in PATH, or the system's own. */
function python(location: string): string {
  const candidates = location === '' ? ['python3', '/usr/bin/python3'] : [location];
  const found = candidates.find((file) => succeeds(file, ['-c', 'import asyncpg']));
  if (found === undefined) throw new Unavailable(`no asyncpg in ${candidates.join(', ')}`);
  return found;
}

/** Bun from PATH, or from where `npm run test:runtimes` keeps it. */
function bun(location: string): string {
  const kept = path.join(KEPT, 'bun-1', 'node_modules', '.bin', 'bun');
  const candidates = location === '' ? ['bun', ...(existsSync(kept) ? [kept] : [])] : [location];
  const found = candidates.find((file) => succeeds(file, ['--version']));
  if (found === undefined) {
    throw new Unavailable(
      `no Bun in ${candidates.join(', ')}; \`npm run test:runtimes -- bun@1\` brings it`,
    );
  }
  return found;
}

/** The newest pgbench of Debian's packages, whose `pgbench` in PATH is a script, or that in PATH. */
function pgbench(location: string): string {
  const packaged = globSync('/usr/lib/postgresql/*/bin/pgbench').sort((a, b) =>
    b.localeCompare(a, 'en', { numeric: true }),
  );
  const candidates = location === '' ? [...packaged, 'pgbench'] : [location];
  const found = candidates.find((file) => succeeds(file, ['--version']));
  if (found === undefined) {
    throw new Unavailable(
      `no pgbench in ${candidates.join(', ')}; Debian's package postgresql (or postgresql-contrib) brings it`,
    );
  }
  return found;
}

function succeeds(file: string, args: readonly string[]): boolean {
  try {
    execFileSync(file, args, { stdio: 'ignore', timeout: 30_000 });
    return true;
  } catch {
    return false;
  }
}

import { parseArgs } from 'node:util';
import { DEFAULT_CONTESTANTS, FACADE, RUNTIMES } from './contestants.ts';
import { WORKLOADS, type Workload } from './workloads.ts';

export const USAGE = `npm run bench -- [options]

  --only a,b         workloads whose names contain one of these
  --drivers a,b      contestants: ${DEFAULT_CONTESTANTS.join(', ')};
                     python:/path/to/python3, pgbench:/path/to/pgbench and
                     asyncpg:/path/to/dist/index.js are others of a kind,
                     asyncpg@node-26 runs on another runtime
  --runtimes         this library alone, on each runtime; writes bench/results/runtimes.md
  --facade           asyncpg/pg beside pg, at 10 connections; writes bench/results/facade.json
                     with --save
  --connections 10   only at these numbers of connections
  --rounds 3         how often everything is measured, in turns
  --seconds 3        how long each measurement takes, after a warm-up
  --quick            1 round of 1 second, at 10 connections
  --dsn …            a server of your own, where you are superuser, in place of a temporary one
  --save             writes bench/results even if not everything was measured
`;

export interface BenchOptions {
  readonly workloads: readonly Workload[];
  readonly contestants: readonly string[];
  readonly connections: readonly number[] | null;
  readonly rounds: number;
  readonly warmup: number;
  readonly seconds: number;
  readonly dsn: string | null;
  readonly save: boolean;
  readonly runtimes: boolean;
  readonly facade: boolean;
}

export function parseOptions(argv: readonly string[]): BenchOptions {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      only: { type: 'string' },
      drivers: { type: 'string' },
      connections: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      dsn: { type: 'string' },
      save: { type: 'boolean', default: false },
      runtimes: { type: 'boolean', default: false },
      facade: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  const parts = [...(values.only?.split(',') ?? []), ...positionals];
  const workloads = WORKLOADS.filter(
    ({ name }) => parts.length === 0 || parts.some((part) => name.includes(part)),
  );
  if (workloads.length === 0) throw new Error(`no workload is called ${parts.join(' or ')}`);
  const { quick, runtimes, facade } = values;
  const whole =
    !quick &&
    !runtimes &&
    !facade &&
    workloads.length === WORKLOADS.length &&
    values.connections === undefined;
  const connections = values.connections?.split(',').map((part) => positive('connections', part));
  return {
    workloads,
    contestants:
      values.drivers?.split(',') ?? (runtimes ? RUNTIMES : facade ? FACADE : DEFAULT_CONTESTANTS),
    connections: connections ?? (quick || runtimes || facade ? [4, 10] : null),
    rounds: values.rounds === undefined ? (quick ? 1 : 3) : positive('rounds', values.rounds),
    // Compiling counts as processor time, so the engines must be done with it.
    warmup: 2,
    seconds: values.seconds === undefined ? (quick ? 1 : 3) : positive('seconds', values.seconds),
    dsn: values.dsn ?? null,
    save: values.save || whole,
    runtimes,
    facade,
  };
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name} must be a number above 0, not ${text}`);
  return value;
}

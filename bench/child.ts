// Runs one workload with one driver and prints what it measured: a process of its own for each, so
// that no driver profits or suffers from what another left behind. Started by run.ts.
import { text } from 'node:stream/consumers';
import { type Driver, type DriverConnection, UnsupportedWork } from './driver.ts';
import type { Assignment, Measurement } from './measurement.ts';
import { quantile } from './statistics.ts';

/** One operation of one caller. */
type Caller = () => Promise<void>;

interface Setup {
  readonly callers: readonly Caller[];
  readonly close: () => Promise<void>;
}

/** Hands out keys, the same to all drivers. */
class Keys {
  readonly #keys: readonly number[];
  #position: number;

  constructor(keys: readonly number[], position: number) {
    this.#keys = keys;
    this.#position = position;
  }

  next(): number {
    const key = this.#keys[this.#position]!;
    this.#position = (this.#position + 1) % this.#keys.length;
    return key;
  }
}

async function setUp(driver: Driver, assignment: Assignment): Promise<Setup> {
  const { dsn, work, connections } = assignment;
  if (work.kind === 'connect') {
    const connectOnce = async (): Promise<void> => {
      const connection = await driver.connect(dsn);
      await connection.fetch(work.text, []);
      await connection.close();
    };
    return { callers: new Array<Caller>(connections).fill(connectOnce), close: async () => {} };
  }
  if (work.kind === 'pool') {
    const pool = await driver.pool(dsn, work.size);
    const keys = new Keys(assignment.keys, 0);
    const lookUp = async (): Promise<void> => {
      await pool.fetchRow(work.text, [keys.next()]);
    };
    return {
      callers: new Array<Caller>(work.callers).fill(lookUp),
      close: async () => void (await pool.close()),
    };
  }
  if (work.kind === 'transaction') {
    const pool = await driver.pool(dsn, work.size);
    const { transaction } = pool;
    if (transaction === undefined) throw new UnsupportedWork('transactions');
    const keys = new Keys(assignment.keys, 0);
    const change = async (): Promise<void> => {
      await transaction(work.texts, [keys.next()]);
    };
    return {
      callers: new Array<Caller>(work.size).fill(change),
      close: async () => void (await pool.close()),
    };
  }
  const opened: DriverConnection[] = [];
  for (let i = 0; i < connections; i++) opened.push(await driver.connect(dsn));
  return {
    callers: opened.map((connection, i) => callerOf(connection, assignment, i)),
    close: async () => void (await Promise.all(opened.map((connection) => connection.close()))),
  };
}

function callerOf(connection: DriverConnection, assignment: Assignment, number: number): Caller {
  const { work } = assignment;
  switch (work.kind) {
    case 'fetch':
      return async () => {
        const { length } = await connection.fetch(work.text, work.args);
        if (work.rows !== null && length !== work.rows) {
          throw new Error(`${length} rows came in place of ${work.rows}`);
        }
      };
    case 'lookup': {
      const keys = new Keys(assignment.keys, (number * 997) % assignment.keys.length);
      return async () => {
        await connection.fetchRow(work.text, [keys.next()]);
      };
    }
    case 'many': {
      const sets = new Array<readonly unknown[]>(work.count).fill(work.row);
      return async () => void (await connection.many(work.text, sets));
    }
    case 'copyIn': {
      const records = new Array<readonly unknown[]>(work.count).fill(work.row);
      const { copyIn } = connection;
      if (copyIn === undefined) throw new UnsupportedWork('COPY');
      return async () => void (await copyIn(work.table, work.columns, records));
    }
    case 'copyOut': {
      const { copyOut } = connection;
      if (copyOut === undefined) throw new UnsupportedWork('COPY');
      return async () => {
        if ((await copyOut(work.text)) === 0) throw new Error('no bytes came');
      };
    }
    default:
      throw new Error(`no caller does ${work.kind}`);
  }
}

/** Has every caller repeat its operation for so long; resolves to the seconds that it took. */
async function runFor(
  callers: readonly Caller[],
  seconds: number,
  latencies: number[],
): Promise<number> {
  const began = performance.now();
  const end = began + seconds * 1000;
  await Promise.all(
    callers.map(async (call) => {
      for (let start = performance.now(); start < end; ) {
        await call();
        const now = performance.now();
        latencies.push((now - start) * 1000);
        start = now;
      }
    }),
  );
  return (performance.now() - began) / 1000;
}

async function measure(driver: Driver, assignment: Assignment): Promise<Measurement> {
  const { callers, close } = await setUp(driver, assignment);
  await runFor(callers, assignment.warmup, []);
  const latencies: number[] = [];
  const before = process.cpuUsage();
  const seconds = await runFor(callers, assignment.seconds, latencies);
  const { user, system } = process.cpuUsage(before);
  await close();
  const sorted = Float64Array.from(latencies).sort();
  const { bun } = process.versions;
  return {
    version: driver.version,
    runtime: bun === undefined ? `Node.js ${process.versions.node}` : `Bun ${bun}`,
    operations: latencies.length,
    seconds,
    userMicros: user,
    systemMicros: system,
    p50Micros: quantile(sorted, 0.5),
    p99Micros: quantile(sorted, 0.99),
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
  };
}

const { driver } = (await import(`./drivers/${process.argv[2]}.js`)) as { driver: Driver };
const assignment = JSON.parse(await text(process.stdin)) as Assignment;
try {
  console.log(JSON.stringify(await measure(driver, assignment)));
  process.exit(0);
} catch (error) {
  if (!(error instanceof UnsupportedWork)) throw error;
  console.log(JSON.stringify({ unsupported: error.message }));
  process.exit(0);
}

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { TempCluster } from '../../src/cluster/index.ts';
import { connect } from '../../src/index.ts';
import { MACHINE } from '../machine.ts';
import type { OrmsResults } from '../report/parts/orms.ts';
import { readResult, writeResult } from '../report/write.ts';
import { ALLOCATION_FLAGS, type Cost } from './measure.ts';

const run = promisify(execFile);

const TABLE = `CREATE TABLE items (id serial PRIMARY KEY, name text NOT NULL, price numeric(12, 2) NOT NULL,
    created timestamptz NOT NULL);
  INSERT INTO items (name, price, created)
    SELECT 'item ' || n, n, timestamptz '2024-01-01Z' + n * interval '1 minute' FROM generate_series(1, 1000) n;
  CREATE VIEW series AS SELECT n, 'item ' || n AS name FROM generate_series(1, 100000) n`;

type Costs = Record<string, Cost>;
/** The program that measures on one driver, and its arguments. */
type Command = (driver: string, dsn: string) => [program: string, words: string[]];

const ROUNDS = 3;

/**
 * Has each driver measured, in turns and on a database of its own each time, and prints what each operation
 * costs: the least that was measured, as others may use the machine too. With `--save` that goes into
 * bench/results/orms.json.
 *
 * @param orm whose program it is
 * @param drivers ours is called native, the facade facade
 */
export async function compare(
  orm: string,
  drivers: readonly string[],
  command: Command,
  cwd?: string,
): Promise<void> {
  await using cluster = await TempCluster.start({ settings: { fsync: false } });
  const costs = new Map<string, Costs[]>(drivers.map((driver) => [driver, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const driver of drivers) {
      const dsn = await makeTable(cluster.dsn, `bench_${nameFor(driver)}_${round}`);
      const { stdout } = await run(...command(driver, dsn), { cwd });
      costs.get(driver)!.push(JSON.parse(stdout.trim().split('\n').at(-1)!));
    }
  }
  const allocated = new Map<string, Costs>();
  for (const driver of drivers) {
    const [program, words] = command(
      driver,
      await makeTable(cluster.dsn, `bytes_${nameFor(driver)}`),
    );
    const { stdout } = await run(program, [...ALLOCATION_FLAGS, ...words], { cwd });
    allocated.set(driver, JSON.parse(stdout.trim().split('\n').at(-1)!));
  }
  const names = Object.keys(costs.get(drivers[0]!)![0]!);
  const least = (driver: string, name: string, key: 'cpu' | 'wall'): number | null => {
    const measured = costs.get(driver)!.flatMap((round) => round[name] ?? []);
    return measured.length === 0 ? null : Math.min(...measured.map((cost) => cost[key]));
  };
  console.log('Microseconds for each operation: CPU time of the client / how long it takes');
  console.log(`| | ${drivers.join(' | ')} |`);
  for (const name of names) {
    const cells = drivers.map(
      (driver) => `${least(driver, name, 'cpu') ?? '–'} / ${least(driver, name, 'wall') ?? '–'}`,
    );
    console.log(`| ${name} | ${cells.join(' | ')} |`);
  }
  const bytes = (driver: string, name: string): number | null =>
    allocated.get(driver)![name]?.allocated ?? null;
  console.log("Bytes of V8's heap that each operation allocates");
  console.log(`| | ${drivers.join(' | ')} |`);
  for (const name of names) {
    console.log(`| ${name} | ${drivers.map((driver) => bytes(driver, name) ?? '–').join(' | ')} |`);
  }
  if (!process.argv.includes('--save')) return;
  const rows = names.map((name) => ({
    name,
    cpu: Object.fromEntries(drivers.map((driver) => [driver, least(driver, name, 'cpu')])),
    bytes: Object.fromEntries(drivers.map((driver) => [driver, bytes(driver, name)])),
  }));
  const date = new Date().toISOString().slice(0, 10);
  const known = readResult<OrmsResults>('orms.json') ?? {};
  writeResult('orms.json', { ...known, [orm]: { date, machine: MACHINE, rows } });
}

function nameFor(driver: string): string {
  return driver.replace(' ', '_');
}

async function makeTable(dsn: string, database: string): Promise<string> {
  const admin = await connect(dsn);
  await admin.execute(`CREATE DATABASE ${database}`);
  await admin.close();
  const url = new URL(dsn);
  url.pathname = `/${database}`;
  const connection = await connect(url.href);
  await connection.execute(TABLE);
  await connection.close();
  return url.href;
}

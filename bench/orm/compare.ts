import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { TempCluster } from '../../src/cluster/index.ts';
import { connect } from '../../src/index.ts';
import type { Cost } from './measure.ts';

const run = promisify(execFile);

const TABLE = `CREATE TABLE items (id serial PRIMARY KEY, name text NOT NULL, price numeric(12, 2) NOT NULL,
    created timestamptz NOT NULL);
  INSERT INTO items (name, price, created)
    SELECT 'item ' || n, n, timestamptz '2024-01-01Z' + n * interval '1 minute' FROM generate_series(1, 1000) n`;

type Costs = Record<string, Cost>;
/** The program that measures on one driver, and its arguments. */
type Command = (driver: string, dsn: string) => [program: string, words: string[]];

const ROUNDS = 3;

/**
 * Has each driver measured, in turns and on a database of its own each time, and prints what each operation
 * costs: the least that was measured, as others may use the machine too.
 */
export async function compare(
  drivers: readonly string[],
  command: Command,
  cwd?: string,
): Promise<void> {
  await using cluster = await TempCluster.start({ settings: { fsync: false } });
  const costs = new Map<string, Costs[]>(drivers.map((driver) => [driver, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const driver of drivers) {
      const dsn = await makeTable(cluster.dsn, `bench_${driver}_${round}`);
      const { stdout } = await run(...command(driver, dsn), { cwd });
      costs.get(driver)!.push(JSON.parse(stdout.trim().split('\n').at(-1)!));
    }
  }
  console.log('Microseconds for each operation: CPU time of the client / how long it takes');
  console.log(`| | ${drivers.join(' | ')} |`);
  for (const name of Object.keys(costs.get(drivers[0]!)![0]!)) {
    const cells = drivers.map((driver) => {
      const measured = costs.get(driver)!.map((round) => round[name]!);
      const least = (key: keyof Cost): number => Math.min(...measured.map((cost) => cost[key]));
      return `${least('cpu')} / ${least('wall')}`;
    });
    console.log(`| ${name} | ${cells.join(' | ')} |`);
  }
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

// What one value of a type costs the client: `node bench/types.ts` prints a table of nanoseconds of
// processor time, user and system, per value of a result of 10 columns and 1000 rows, and per value
// of 500 arguments; the least of several rounds. Each cell is measured in a process of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import postgres from 'postgres';
import { TempCluster } from '../src/cluster/index.ts';
import { connect } from '../src/index.ts';

const COLUMNS = 10;
const ROWS = 1000;
// More would make the text longer than those that are kept prepared by default.
const ARGUMENTS = 500;
const ROUNDS = 8;
const MILLISECONDS = 250;

/** What the table has: a name, the type, a value as an SQL expression. */
const SUBJECTS: readonly (readonly [name: string, type: string, expression: string])[] = [
  ['int4', 'int4', '123456789 + n'],
  ['int8', 'int8', '1234567890123::int8 + n'],
  ['text, 8', 'text', "lpad(n::text, 8, 'abcdefgh')"],
  ['text, 40', 'text', "rpad(n::text, 40, 'abcdefgh')"],
  ['text, 400', 'text', "rpad(n::text, 400, 'abcdefgh')"],
  ['text, 8, not ASCII', 'text', "rpad(n::text, 8, 'äöüß')"],
  ['text, 40, not ASCII', 'text', "rpad(n::text, 40, 'äöü hello ')"],
  ['text, 400, not ASCII', 'text', "rpad(n::text, 400, 'äöü hello ')"],
  ['timestamptz', 'timestamptz', "'2024-05-06 07:08:09.123+00'::timestamptz + n * interval '1s'"],
  ['numeric', 'numeric', '12345.67 + n'],
  ['uuid', 'uuid', 'md5(n::text)::uuid'],
  [
    'jsonb',
    'jsonb',
    `jsonb_build_object('id', n, 'name', 'somebody', 'tags', '["a", "b"]'::jsonb)`,
  ],
  ['int4[] of 10', 'int4[]', 'ARRAY[n, 2, 3, 4, 5, 6, 7, 8, 9, 10]'],
];

const DRIVERS = ['this', 'pg', 'postgres', 'asyncpg'] as const;
type Driver = (typeof DRIVERS)[number];

interface Task {
  readonly dsn: string;
  readonly type: string;
  readonly results: string;
  readonly first: string;
  readonly args: string;
}

function taskOf(dsn: string, [, type, expression]: (typeof SUBJECTS)[number]): Task {
  const columns = Array.from({ length: COLUMNS }, (_, i) => `v AS c${i}`).join();
  const parameters = Array.from({ length: ARGUMENTS }, (_, i) => `$${i + 1}::${type} IS NULL`);
  return {
    dsn,
    type,
    results: `WITH t AS MATERIALIZED (SELECT ${expression} AS v FROM generate_series(1, ${ROWS}) AS n) SELECT ${columns} FROM t`,
    first: `SELECT ${expression} AS v FROM generate_series(1, 1) AS n`,
    args: `SELECT ${parameters.join(' OR ')} AS v`,
  };
}

type Query = (query: string, args?: readonly unknown[]) => Promise<readonly object[]>;

async function open(
  driver: Driver,
  dsn: string,
): Promise<[query: Query, close: () => Promise<unknown>]> {
  switch (driver) {
    case 'pg': {
      const client = new pg.Client(dsn);
      await client.connect();
      const query: Query = async (queryText, values = []) =>
        (await client.query({ name: queryText.slice(0, 60), text: queryText, values: [...values] }))
          .rows;
      return [query, () => client.end()];
    }
    case 'postgres': {
      const client = postgres(dsn, { max: 1 });
      const query: Query = (queryText, values = []) =>
        client.unsafe(queryText, values as never[], { prepare: true });
      return [query, () => client.end()];
    }
    default: {
      const db = await connect(dsn);
      return [(queryText, values = []) => db.fetch(queryText, ...values), () => db.close()];
    }
  }
}

/** The least processor time of an operation, in nanoseconds. */
async function least(operation: () => Promise<unknown>): Promise<number> {
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    const end = performance.now() + MILLISECONDS;
    let operations = 0;
    for (; performance.now() < end; operations++) await operation();
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, ((user + system) * 1000) / operations);
  }
  return best;
}

async function child(driver: Driver): Promise<void> {
  const { dsn, results, first, args } = JSON.parse(await text(process.stdin)) as Task;
  const [query, close] = await open(driver, dsn);
  const [row] = await query(first);
  const { v } = row as { v: unknown };
  const values = new Array<unknown>(ARGUMENTS).fill(v);
  const decode = (await least(() => query(results))) / (ROWS * COLUMNS);
  const encode = (await least(() => query(args, values))) / ARGUMENTS;
  console.log(JSON.stringify([decode, encode]));
  await close();
}

async function measure(driver: Driver, task: Task): Promise<[decode: string, encode: string]> {
  const program = fileURLToPath(
    new URL(driver === 'asyncpg' ? 'types-asyncpg.py' : 'types.ts', import.meta.url),
  );
  const [command, ...args] =
    driver === 'asyncpg' ? ['/usr/bin/python3', program] : [process.execPath, program, driver];
  const process_ = spawn(command!, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  process_.stdin.end(JSON.stringify(task));
  const [output, errors, [code]] = await Promise.all([
    text(process_.stdout),
    text(process_.stderr),
    once(process_, 'exit'),
  ]);
  if (code !== 0) {
    console.error(`${driver}: ${errors.trim().split('\n').at(-1)}`);
    return ['–', '–'];
  }
  const [decode, encode] = JSON.parse(output) as [number, number];
  return [decode.toFixed(0), encode.toFixed(0)];
}

async function main(): Promise<void> {
  await using cluster = await TempCluster.start({ version: 18 });
  console.log(
    `| ns of CPU per value | ${DRIVERS.flatMap((d) => [`${d}, read`, `${d}, sent`]).join(' | ')} |`,
  );
  console.log(`|---|${'---:|'.repeat(DRIVERS.length * 2)}`);
  for (const subject of SUBJECTS) {
    const cells: string[] = [];
    for (const driver of DRIVERS)
      cells.push(...(await measure(driver, taskOf(cluster.dsn, subject))));
    console.log(`| ${subject[0]} | ${cells.join(' | ')} |`);
  }
}

const [driver] = process.argv.slice(2);
await (driver === undefined ? main() : child(driver as Driver));

// How long each way to a database for a test takes to start, and to be ready for the next test: the
// medians of some rounds, in milliseconds. Run with `npm run bench:testing`.
import { PGlite } from '@electric-sql/pglite';
import { connect, createPool } from 'asyncpg';
import { TempCluster } from 'asyncpg/cluster';
import { pglite } from 'asyncpg/pglite';
import { rolledBack, testDatabase } from 'asyncpg/testing';
import { openDatabase } from '../examples/testing/database.ts';

const ROUNDS = 5;
const TABLES = 20;
const migrate = async (execute: (text: string) => Promise<unknown>): Promise<void> => {
  for (let i = 0; i < TABLES; i++) {
    await execute(`CREATE TABLE t${i} (id bigint PRIMARY KEY, name text UNIQUE, at timestamptz)`);
  }
};

/** Milliseconds that `work` takes, the middle of some rounds. */
async function median(rounds: number, work: (round: number) => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const begin = performance.now();
    await work(round);
    times.push(performance.now() - begin);
  }
  return times.sort((a, b) => a - b)[Math.floor(rounds / 2)]!;
}

const rows: { way: string; milliseconds: number }[] = [];
const note = (way: string, milliseconds: number): void => {
  rows.push({ way, milliseconds: Math.round(milliseconds * 10) / 10 });
};

const clusters: TempCluster[] = [];
note(
  'TempCluster.start()',
  await median(ROUNDS, async () => clusters.push(await TempCluster.start())),
);
const [{ dsn: server } = { dsn: '' }] = clusters;
const migrations = {
  version: 'bench',
  migrate: (connection: { execute(text: string): Promise<unknown> }) =>
    migrate((text) => connection.execute(text)),
};
note(
  'testDatabase(), which makes the template',
  await median(1, async () => {
    await (await testDatabase({ server, migrations })).close();
  }),
);
const databases: AsyncDisposable[] = [];
note(
  'testDatabase(), a clone',
  await median(4 * ROUNDS, async () => {
    databases.push(await testDatabase({ server, migrations }));
  }),
);
note('its close()', await median(4 * ROUNDS, async () => databases.pop()![Symbol.asyncDispose]()));
{
  await using connection = await connect(server);
  await migrate((text) => connection.execute(text));
  const insert = "INSERT INTO t0 VALUES (1, 'x', now())";
  await rolledBack(connection, (tx) => tx.execute(insert));
  note(
    'rolledBack(), an INSERT in it',
    await median(200, () => rolledBack(connection, (tx) => tx.execute(insert))),
  );
}
for (const cluster of clusters) await cluster.stop();

const instances: PGlite[] = [];
note('PGlite.create()', await median(ROUNDS, async () => instances.push(await PGlite.create())));
const template = instances[0]!;
await migrate((text) => template.exec(text));
const dump = await template.dumpDataDir('none');
note(
  'PGlite.create({ loadDataDir }), migrated',
  await median(ROUNDS, async () => instances.push(await PGlite.create({ loadDataDir: dump }))),
);
const schema = Array.from(
  { length: TABLES },
  (_, i) => `CREATE TABLE t${i} (id bigint PRIMARY KEY, name text UNIQUE, at timestamptz);`,
).join('\n');
const open = async (text: string): Promise<void> => {
  const { db, pool } = await openDatabase(text);
  await pool.close();
  instances.push(db);
};
note(
  'openDatabase() of examples/testing, which makes the data it keeps',
  await median(1, () => open(`${schema} -- ${Date.now()}`)),
);
await open(schema);
note('openDatabase() from kept data, with a pool', await median(ROUNDS, () => open(schema)));
note(
  'createPool({ dial: pglite(db) })',
  await median(ROUNDS, async (round) => {
    const pool = await createPool({ dial: pglite(instances[round]!), minSize: 1 });
    await pool.close();
  }),
);
for (const instance of instances) await instance.close();
console.table(rows);

/**
 * Ten million rows streamed and copied out and in, three million sets executed, a hundred thousand
 * connections opened and closed, with the memory that a part of it takes. `npm run test:memory`; a
 * few minutes. Exits with 1 when memory grows with the volume.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { TempCluster } from '../../src/cluster/index.ts';
import { connect } from '../../src/index.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const ROWS = 10_000_000;
const SETS = 3_000_000;
const CONNECTIONS = 100_000;
/** What may be in use more than at the small volume, in bytes: buffers that have grown. */
const ALLOWANCE = 16 * 1024 * 1024;
/** The same for what the process has from the system, of which the engine keeps some in store. */
const RESIDENT_ALLOWANCE = 64 * 1024 * 1024;

interface Memory {
  /** On the heap and outside of it, garbage apart. */
  readonly inUse: number;
  readonly resident: number;
}

/** The most memory that there was, whenever `work` called back. */
async function peak(work: (sample: () => void) => Promise<unknown>): Promise<Memory> {
  let inUse = 0;
  let resident = 0;
  await work(() => {
    collectGarbage();
    const { heapUsed, external, rss } = process.memoryUsage();
    inUse = Math.max(inUse, heapUsed + external);
    resident = Math.max(resident, rss);
  });
  return { inUse, resident };
}

const cluster = await TempCluster.start();
let failed = false;
try {
  await using connection = await connect(cluster.dsn);
  await connection.execute('CREATE UNLOGGED TABLE numbers (a int4, b text)');

  const stream = (rows: number) => (sample: () => void) =>
    (async () => {
      let count = 0;
      const text = "SELECT generate_series(1, $1::int4) AS a, 'some text of a row' AS b";
      for await (const _row of connection.stream(text, rows)) {
        count += 1;
        if (count % 50_000 === 0) sample();
      }
      if (count !== rows) throw new Error(`expected ${rows} rows, got ${count}`);
    })();
  const insert = (sets: number) => (sample: () => void) =>
    connection.executeMany(
      'INSERT INTO numbers VALUES ($1, $2)',
      (function* () {
        for (let i = 0; i < sets; i++) {
          if (i % 50_000 === 0) sample();
          yield [i, 'some text of a row'];
        }
      })(),
    );

  const copyOut = (rows: number) => (sample: () => void) => {
    let chunks = 0;
    return connection.copyFromQuery(
      `SELECT i, 'some text of a row' FROM generate_series(1, ${rows}) AS i`,
      {
        output: () => {
          if (chunks++ % 50 === 0) sample();
        },
      },
    );
  };
  const copyIn = (rows: number) => (sample: () => void) =>
    connection.copyRecordsToTable('numbers', {
      records: (function* () {
        for (let i = 0; i < rows; i++) {
          if (i % 50_000 === 0) sample();
          yield [i, 'some text of a row'];
        }
      })(),
    });
  const open = (connections: number) => async (sample: () => void) => {
    for (let opened = 0; opened < connections; opened += 10) {
      if (opened % 2000 === 0) sample();
      await Promise.all(
        Array.from({ length: 10 }, async () => {
          await using another = await connect(cluster.dsn);
          await another.fetchVal('SELECT 1');
        }),
      );
    }
  };

  for (const [what, work, few, many] of [
    ['rows streamed', stream, 300_000, ROWS],
    ['rows copied out', copyOut, 300_000, ROWS],
    ['rows copied in', copyIn, 300_000, ROWS],
    ['sets executed', insert, 100_000, SETS],
    ['connections opened and closed', open, 10_000, CONNECTIONS],
  ] as const) {
    const base = await peak(work(few));
    const most = await peak(work(many));
    const growth = most.inUse - base.inUse;
    const residentGrowth = most.resident - base.resident;
    const grows = growth > ALLOWANCE || residentGrowth > RESIDENT_ALLOWANCE;
    failed ||= grows;
    console.log(
      `${many} ${what}: ${grows ? 'GROWS' : 'flat'}, ${mebibytes(growth)} over ${few} (${mebibytes(most.inUse)}), ` +
        `resident ${mebibytes(residentGrowth)} (${mebibytes(most.resident)})`,
    );
    await connection.execute('TRUNCATE numbers');
  }
} finally {
  await cluster.stop();
}
process.exitCode = failed ? 1 : 0;

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}

/**
 * Ten million rows out and three million sets in, with the memory that a few thousand take.
 * `npm run test:memory`; a minute or two. Exits with 1 when memory grows with the volume.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { TempCluster } from '../../src/cluster/index.ts';
import { connect } from '../../src/index.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const ROWS = 10_000_000;
const SETS = 3_000_000;
/** What may be in use more than at the small volume, in bytes: buffers that have grown. */
const ALLOWANCE = 16 * 1024 * 1024;

/** The most memory that was in use, garbage apart, whenever `work` called back. */
async function peak(work: (sample: () => void) => Promise<void>): Promise<number> {
  let most = 0;
  await work(() => {
    collectGarbage();
    const { heapUsed, external } = process.memoryUsage();
    most = Math.max(most, heapUsed + external);
  });
  return most;
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

  for (const [what, work, few, many] of [
    ['rows streamed', stream, 300_000, ROWS],
    ['sets executed', insert, 100_000, SETS],
  ] as const) {
    const base = await peak(work(few));
    const most = await peak(work(many));
    const growth = most - base;
    const verdict = growth <= ALLOWANCE ? 'flat' : 'GROWS';
    failed ||= growth > ALLOWANCE;
    console.log(
      `${many} ${what}: ${verdict}, ${Math.round(growth / 2 ** 20)} MiB over ${few} (${Math.round(most / 2 ** 20)} MiB)`,
    );
  }
} finally {
  await cluster.stop();
}
process.exitCode = failed ? 1 : 0;

// A pool in a process that is frozen: says when it has connected, and on each line that it reads makes calls, and
// says what became of them.
import { createPool } from '../../../src/index.ts';

const pool = await createPool(process.argv[2], {
  minSize: 2,
  maxSize: 2,
  applicationName: 'frozen',
});
const pids = await Promise.all([1, 2].map(() => pool.fetchVal('SELECT pg_backend_pid()')));

/** Nothing more is to be done: says so. */
async function rest(line: string): Promise<void> {
  const last = process.env['LAST_QUERY'];
  if (last !== undefined) await Promise.all([1, 2].map(() => pool.fetch(last)));
  console.log(line);
}
await rest(JSON.stringify(pids));

async function sumOf(rows: AsyncIterable<{ n: number }>): Promise<number> {
  let sum = 0;
  for await (const { n } of rows) sum += n;
  return sum;
}

process.stdin.setEncoding('utf8').on('data', async () => {
  const calls = [
    pool.fetchVal('SELECT 1'),
    pool.transaction((tx) => tx.fetchVal('SELECT 2')),
    sumOf(pool.stream('SELECT 3 AS n')),
    pool.withConnection((connection) => connection.fetchVal('SELECT 4')),
    pool.batch(['SELECT 5 AS n']).then(([first]) => first!.rows[0]!['n']),
    pool.fetchMany('SELECT $1::int4 AS n', [[6]]).then(([row]) => row!['n']),
    pool.copyFromQuery('SELECT 7', { output: () => {} }),
    pool.executeMany('SELECT $1::int4', [[8]]).then(() => 8),
    pool.execute('SELECT 9; SELECT 9'),
  ];
  const results = await Promise.allSettled(calls);
  await rest(
    JSON.stringify(
      results.map((result) =>
        result.status === 'fulfilled' ? result.value : String(result.reason?.stack),
      ),
    ),
  );
});
process.stdin.on('end', () => pool.close());

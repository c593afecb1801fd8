// A pool in a process that is frozen: says when it has connected, and on each line that it reads makes calls, and
// says what became of them.
import { createPool } from '../../../src/index.ts';

const pool = await createPool(process.argv[2], {
  minSize: 2,
  maxSize: 2,
  applicationName: 'frozen',
});
const pids = await Promise.all([1, 2].map(() => pool.fetchVal('SELECT pg_backend_pid()')));
console.log(JSON.stringify(pids));
process.stdin.setEncoding('utf8').on('data', async () => {
  const calls = [
    pool.fetchVal('SELECT 1'),
    pool.transaction((tx) => tx.fetchVal('SELECT 2')),
    pool.fetchVal('SELECT 3'),
  ];
  const results = await Promise.allSettled(calls);
  console.log(
    JSON.stringify(
      results.map((result) =>
        result.status === 'fulfilled' ? result.value : String(result.reason?.stack),
      ),
    ),
  );
});
process.stdin.on('end', () => pool.close());

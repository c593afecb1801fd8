// Pools in processes of node:cluster: each is used and closed, and its process ends once it has left the primary.
// Says what became of them.
import cluster from 'node:cluster';
import { once } from 'node:events';
import { createPool } from '../../../src/index.ts';

if (cluster.isPrimary) {
  const workers = Array.from({ length: 2 }, () => {
    const worker = cluster.fork();
    return Promise.all([once(worker, 'message'), once(worker, 'exit')]);
  });
  const ended = (await Promise.all(workers)).map(([[message], [code]]) => ({ message, code }));
  console.log(JSON.stringify({ ended }));
} else {
  const pool = await createPool(process.argv[2], { minSize: 1, maxSize: 2 });
  const numbers = Array.from({ length: 20 }, (_, index) => index);
  const values = await Promise.all(numbers.map((n) => pool.fetchVal('SELECT $1::int4', n)));
  process.send!({ isRight: values.every((n, index) => n === index) });
  await pool.close();
  cluster.worker!.disconnect();
}

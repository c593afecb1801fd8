// Pools in threads: each is used and closed, and its thread ends by itself; a last one is ended in the middle of a
// query. Says what became of them.
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { createPool } from '../../../src/index.ts';

const THREADS = 3;

if (isMainThread) {
  const dsn = process.argv[2];
  const threads = Array.from({ length: THREADS }, (_, number) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: { dsn, number } });
    return Promise.all([once(worker, 'message'), once(worker, 'exit')]);
  });
  const ended = (await Promise.all(threads)).map(([[message], [code]]) => ({ message, code }));
  const worker = new Worker(new URL(import.meta.url), { workerData: { dsn, number: null } });
  const [pid] = await once(worker, 'message');
  await worker.terminate();
  console.log(JSON.stringify({ ended, pid }));
} else {
  const { dsn, number } = workerData as { dsn: string; number: number | null };
  const pool = await createPool(dsn, { minSize: 1, maxSize: 2, applicationName: 'thread' });
  if (number === null) {
    const connection = await pool.acquire();
    parentPort!.postMessage(connection.serverPid);
    await connection.execute('SELECT pg_sleep(600)');
  }
  const numbers = Array.from({ length: 20 }, (_, index) => index);
  const values = await Promise.all(numbers.map((n) => pool.fetchVal('SELECT $1::int4', n)));
  const plain = await pool.with({ rows: 'object' }).fetch('SELECT $1::int4 AS number', number);
  parentPort!.postMessage({ isRight: values.every((n, index) => n === index), rows: plain });
  await pool.close();
}

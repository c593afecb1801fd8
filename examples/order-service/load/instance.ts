/**
 * One instance of the service in a process of its own, so that its memory and its CPU time are its own
 * alone. Started by `startInstance` with the driver and the DSN as arguments.
 */
import { buildApp } from '../app.ts';
import { buildPgApp } from './pg-app.ts';

/** What an instance can be asked for, as a number. */
export type Figure =
  /** CPU time since it started, in milliseconds. */
  | 'cpu'
  /** Memory in use, garbage apart, in bytes. */
  | 'memory';

const [driver, dsn = ''] = process.argv.slice(2);
const app = driver === 'pg' ? await buildPgApp(dsn) : await buildApp(dsn);

function cpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function memory(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

process.on('message', async (wish: Figure | 'stop') => {
  if (wish === 'stop') {
    await app.close();
    process.disconnect();
  } else {
    process.send?.(wish === 'cpu' ? cpu() : memory());
  }
});
process.send?.(await app.listen({ port: 0, host: '127.0.0.1' }));

import type { TempCluster } from '../cluster/index.ts';
import { SERVER, startCluster } from './server.ts';

let cluster: TempCluster | null = null;

/**
 * Starts one throw-away server for all test files of a run, which finds its way to them by the environment
 * variable `ASYNCPG_TEST_SERVER`. One that is set already is used as it is. Returns what stops it.
 *
 * @example
 * // vitest: the file that `globalSetup` of vitest.config.ts names
 * export { globalSetup as default } from 'asyncpg/testing';
 * // node:test: node --test --test-global-setup=setup.js
 * export { globalSetup, globalTeardown } from 'asyncpg/testing';
 */
export async function globalSetup(): Promise<() => Promise<void>> {
  if (!process.env[SERVER]) {
    cluster = await startCluster();
    process.env[SERVER] = cluster.dsn;
  }
  return globalTeardown;
}

/** Stops what `globalSetup` has started. */
export async function globalTeardown(): Promise<void> {
  if (cluster === null) return;
  delete process.env[SERVER];
  const stopping = cluster;
  cluster = null;
  await stopping.stop();
}

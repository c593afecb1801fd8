import type { TestProject } from 'vitest/node';
import { type Connection, connect } from '../../../src/index.ts';
import { ServersOnLoan } from './kept-servers.ts';
import type { TestServer } from './server.ts';
import { TestClusters } from './test-clusters.ts';

declare module 'vitest' {
  interface ProvidedContext {
    servers: Readonly<Record<number, TestServer>>;
  }
}

/**
 * One server per version for all files of tests: those of `npm run test:servers` where they are kept,
 * else new ones, which stop in the end.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const loan = await ServersOnLoan.take();
  if (loan !== null) {
    project.provide('servers', loan.servers);
    return () => ended(loan.connections);
  }
  const clusters = await TestClusters.start();
  project.provide('servers', clusters.servers);
  return async () => {
    const connecting = Object.values(clusters.servers).map(({ dsn }) => connect(dsn));
    await ended(await Promise.all(connecting), () => clusters[Symbol.asyncDispose]());
  };
}

/** The run is over: what it has left behind is its failure, but not before everything is tidied up. */
async function ended(
  connections: readonly Connection[],
  tidyUp: () => Promise<void> = async () => {},
): Promise<void> {
  const checks = await Promise.allSettled(connections.map(checkBackends));
  await Promise.all(connections.map((connection) => connection.close()));
  await tidyUp();
  for (const check of checks) if (check.status === 'rejected') throw check.reason;
}

/** Backends of clients that are there when nobody is: how long they may take to end, in ms. */
const PATIENCE = 10_000;

/** No test leaves a backend behind: all connections are closed, and the server has seen it. */
async function checkBackends(connection: Connection): Promise<void> {
  const others = `SELECT pid, application_name, state, query FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`;
  const patienceEnds = Date.now() + PATIENCE;
  for (;;) {
    const left = await connection.fetch(others);
    if (left.length === 0) return;
    if (Date.now() > patienceEnds) {
      throw new Error(`tests left ${left.length} backends behind: ${JSON.stringify(left)}`);
    }
    await connection.execute('SELECT pg_sleep(0.05)');
  }
}

import type { TestProject } from 'vitest/node';
import { ClusterError, TempCluster } from '../../../src/cluster/index.ts';
import { connect } from '../../../src/index.ts';
import type { TestServer } from './server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    servers: Readonly<Record<number, TestServer>>;
  }
}

/** The major versions that the tests run against; the first must be there, the rest may be. */
const VERSIONS = [18, 15];

/** Starts one server per version for all files of tests, and stops them in the end. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const clusters = new Map<number, TempCluster>();
  const stop = async (): Promise<void> => {
    await Promise.all([...clusters.values()].map((cluster) => cluster.stop()));
  };
  const results = await Promise.allSettled(
    VERSIONS.map(async (version) => {
      const settings = {
        max_connections: 200,
        max_prepared_transactions: 10,
        client_connection_check_interval: 1000,
      };
      clusters.set(version, await TempCluster.start({ version, settings }));
    }),
  );
  for (const [index, result] of results.entries()) {
    if (result.status === 'fulfilled') continue;
    const notInstalled = result.reason instanceof ClusterError && result.reason.log === '';
    if (index === 0 || !notInstalled) {
      await stop();
      throw result.reason;
    }
    console.warn(`tests of PostgreSQL ${VERSIONS[index]} are skipped: ${result.reason.message}`);
  }
  const servers: Record<number, TestServer> = {};
  for (const [version, cluster] of clusters) {
    const { dsn, host, port, socketDirectory, superuser, dataDirectory, pid } = cluster;
    servers[version] = { dsn, host, port, socketDirectory, superuser, dataDirectory, pid };
  }
  project.provide('servers', servers);
  return async () => {
    const checks = await Promise.allSettled([...clusters.values()].map(checkBackends));
    await stop();
    for (const check of checks) if (check.status === 'rejected') throw check.reason;
  };
}

/** Backends of clients that are there when nobody is: how long they may take to end, in ms. */
const PATIENCE = 10_000;

/** No test leaves a backend behind: all connections are closed, and the server has seen it. */
async function checkBackends({ dsn }: TempCluster): Promise<void> {
  await using connection = await connect(dsn);
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

import type { TestProject } from 'vitest/node';
import { ClusterError, TempCluster } from '../../src/cluster/index.ts';
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
      const settings = { max_connections: 200, max_prepared_transactions: 10 };
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
  return stop;
}

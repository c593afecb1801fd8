import { ClusterError, type ServerSetting, TempCluster } from '../../../src/cluster/index.ts';
import type { TestServer } from './server.ts';

/** The major versions that the tests run against; the first must be there, the rest may be. */
export const VERSIONS: readonly number[] = [18, 15];

export const SETTINGS: Readonly<Record<string, ServerSetting>> = {
  max_connections: 200,
  max_prepared_transactions: 10,
  // A query of a client that has gone ends soon, and not when a minute of pg_sleep is over.
  client_connection_check_interval: 1000,
};

/** One throw-away server per version. */
export class TestClusters implements AsyncDisposable {
  readonly #clusters: ReadonlyMap<number, TempCluster>;

  private constructor(clusters: ReadonlyMap<number, TempCluster>) {
    this.#clusters = clusters;
  }

  static async start(): Promise<TestClusters> {
    const clusters = new Map<number, TempCluster>();
    const started = new TestClusters(clusters);
    const results = await Promise.allSettled(
      VERSIONS.map(async (version) => {
        clusters.set(version, await TempCluster.start({ version, settings: SETTINGS }));
      }),
    );
    for (const [index, result] of results.entries()) {
      if (result.status === 'fulfilled') continue;
      const notInstalled = result.reason instanceof ClusterError && result.reason.log === '';
      if (index === 0 || !notInstalled) {
        await started[Symbol.asyncDispose]();
        throw result.reason;
      }
      console.warn(`tests of PostgreSQL ${VERSIONS[index]} are skipped: ${result.reason.message}`);
    }
    return started;
  }

  /** Where they are, by version. */
  get servers(): Readonly<Record<number, TestServer>> {
    const servers: Record<number, TestServer> = {};
    for (const [version, cluster] of this.#clusters) {
      const { dsn, host, port, socketDirectory, superuser, dataDirectory, pid } = cluster;
      servers[version] = { dsn, host, port, socketDirectory, superuser, dataDirectory, pid };
    }
    return servers;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#clusters.values()].map((cluster) => cluster.stop()));
  }
}

import type { TempCluster } from '../../../src/cluster/index.ts';
import { until } from '../pool.ts';

/** Ends the server at once, as a loss of power would, and starts it again. */
export async function crash(cluster: TempCluster): Promise<void> {
  process.kill(cluster.pid, 'SIGKILL');
  await startKilled(cluster);
}

/** Starts a server that was killed. It cannot start while processes of before still hold its memory. */
export async function startKilled(cluster: TempCluster): Promise<void> {
  await until(() =>
    cluster.restart().then(
      () => true,
      () => false,
    ),
  );
}

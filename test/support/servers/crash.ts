import type { TempCluster } from '../../../src/cluster/index.ts';
import { until } from '../pool.ts';

/**
 * Ends the server at once, as a loss of power would, and starts it again. It cannot start while processes of
 * before still hold its memory.
 */
export async function crash(cluster: TempCluster): Promise<void> {
  process.kill(cluster.pid, 'SIGKILL');
  await until(() =>
    cluster.restart().then(
      () => true,
      () => false,
    ),
  );
}

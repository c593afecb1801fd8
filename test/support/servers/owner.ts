import type { TempCluster } from '../../../src/cluster/index.ts';
import { type Connection, connect } from '../../../src/index.ts';

type Reachable = Pick<TempCluster, 'socketDirectory' | 'port'>;

/** Connects the superuser through the Unix socket, where a test's access rules let him in. */
export function connectAsOwner({ socketDirectory, port }: Reachable): Promise<Connection> {
  return connect({ host: socketDirectory, port, user: 'postgres' });
}

/** Executes statements as the superuser, one after the other. */
export async function asOwner(cluster: Reachable, ...statements: readonly string[]): Promise<void> {
  await using owner = await connectAsOwner(cluster);
  for (const statement of statements) await owner.execute(statement);
}

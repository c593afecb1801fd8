import { afterAll, beforeAll, describe } from 'vitest';
import { type ServerSetting, TempCluster } from '../../../src/cluster/index.ts';
import { createPool, type Pool } from '../../../src/index.ts';
import type { Change, ChangeStream, ChangeTransaction } from '../../../src/replication/index.ts';
import { VERSIONS } from '../servers/test-clusters.ts';

/** What a server needs for logical replication. */
const LOGICAL: Readonly<Record<string, ServerSetting>> = {
  wal_level: 'logical',
  max_wal_senders: 20,
  max_replication_slots: 20,
  max_prepared_transactions: 10,
};

/** A server of one's own, and a pool on it. */
export class LogicalCluster implements AsyncDisposable {
  readonly cluster: TempCluster;
  readonly pool: Pool;

  private constructor(cluster: TempCluster, pool: Pool) {
    this.cluster = cluster;
    this.pool = pool;
  }

  static async start(
    version: number,
    settings: Readonly<Record<string, ServerSetting>> = {},
  ): Promise<LogicalCluster> {
    const cluster = await TempCluster.start({ version, settings: { ...LOGICAL, ...settings } });
    const pool = await createPool(cluster.dsn, { minSize: 0, maxSize: 5 });
    return new LogicalCluster(cluster, pool);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.pool.terminate();
    await this.cluster.stop();
  }
}

/** The server that the tests of one file share. It is there when they run. */
export interface SharedServer {
  readonly version: number;
  readonly pool: Pool;
  readonly cluster: TempCluster;
}

/** The same tests on every version. */
export function onEachVersion(name: string, tests: (version: number) => void): void {
  describe.each(VERSIONS)(`${name} on PostgreSQL %i`, tests);
}

/** The same tests on every version, each with a server that `schema` was run on. */
export function onEachServer(
  name: string,
  { schema, settings }: { schema: string; settings?: Readonly<Record<string, ServerSetting>> },
  tests: (server: SharedServer) => void,
): void {
  onEachVersion(name, (version) => {
    let server: LogicalCluster;
    beforeAll(async () => {
      server = await LogicalCluster.start(version, settings);
      await server.pool.execute(schema);
    });
    afterAll(() => server?.[Symbol.asyncDispose]());
    tests({
      version,
      get pool() {
        return server.pool;
      },
      get cluster() {
        return server.cluster;
      },
    });
  });
}

/** The changes of the next `count` transactions, each as a list; the last is not acknowledged yet. */
export async function take(
  iterator: AsyncIterator<ChangeTransaction>,
  count: number,
): Promise<Change[][]> {
  const transactions: Change[][] = [];
  while (transactions.length < count) {
    const { value, done } = await iterator.next();
    if (done) break;
    transactions.push(await (value as ChangeTransaction).toArray());
  }
  return transactions;
}

/** A stream that is closed with the test, its iterator beside it. */
export function iteratorOf(stream: ChangeStream): AsyncIterator<ChangeTransaction> {
  return stream[Symbol.asyncIterator]();
}

/** The walsender's process id of a slot that is streamed from, as soon as there is one. */
export async function walsenderOf(pool: Pool, slot: string): Promise<number> {
  let pid: unknown = null;
  await until(async () => {
    pid = await pool.fetchVal(
      'SELECT active_pid FROM pg_replication_slots WHERE slot_name = $1',
      slot,
    );
    return pid !== null;
  });
  return pid as number;
}

/** Whether that succeeds. */
export function works(work: () => Promise<unknown>): Promise<boolean> {
  return work().then(
    () => true,
    () => false,
  );
}

/** Resolves when `check` gives true; asks the server again and again. */
export async function until(check: () => Promise<boolean>): Promise<void> {
  while (!(await check())) await new Promise((resolve) => setTimeout(resolve, 20));
}

import net from 'node:net';
import {
  type Connection,
  connect,
  createPool,
  type Pool,
  type PoolOptions,
} from '../../src/index.ts';
import { serverDsn } from './servers/server.ts';

let count = 0;

/** A pool on the test server, with a name by which the server's side of it is found. */
export class TestPool implements AsyncDisposable {
  readonly pool: Pool;
  readonly name: string;
  readonly admin: Connection;

  private constructor(pool: Pool, name: string, admin: Connection) {
    this.pool = pool;
    this.name = name;
    this.admin = admin;
  }

  /** `direct`: where the server itself is, if `dsn` leads to something in front of it. */
  static async open(
    options: PoolOptions = {},
    dsn: string = serverDsn(),
    direct: string = dsn,
  ): Promise<TestPool> {
    count += 1;
    const name = `pool-${process.pid}-${count}`;
    const admin = await connect(direct);
    try {
      const pool = await createPool(dsn, { minSize: 0, ...options, applicationName: name });
      return new TestPool(pool, name, admin);
    } catch (error) {
      await admin.close();
      throw error;
    }
  }

  /** The process ids of the server's sessions of this pool, the oldest first. */
  async backends(): Promise<number[]> {
    const rows = await this.admin.fetch<{ pid: number }>(
      'SELECT pid FROM pg_stat_activity WHERE application_name = $1 ORDER BY backend_start',
      this.name,
    );
    return rows.map(({ pid }) => pid);
  }

  /** How many of the server's sessions of this pool execute a query like this. */
  async running(pattern: string): Promise<number> {
    const found = await this.admin.fetchVal<bigint>(
      "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND state = 'active' AND query LIKE $2",
      this.name,
      pattern,
    );
    return Number(found);
  }

  /** Ends sessions of this pool on the server, all of them by default. */
  async kill(pids?: readonly number[]): Promise<void> {
    for (const pid of pids ?? (await this.backends())) {
      await this.admin.execute('SELECT pg_terminate_backend($1)', pid);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.pool.terminate();
    await this.admin.close();
  }
}

/** Waits until a condition holds. A test that waits in vain fails by its own time-out. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(5);
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** How a promise ended: with a value, an error, or not yet. */
export async function stateOf(promise: Promise<unknown>): Promise<'pending' | 'done'> {
  const pending = Symbol('pending');
  const first = await Promise.race([
    promise.then(
      () => 0,
      () => 0,
    ),
    sleep(0).then(() => pending),
  ]);
  return first === pending ? 'pending' : 'done';
}

/** A port on which nobody listens. */
export async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

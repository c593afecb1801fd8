import { TempCluster } from '../../../src/cluster/index.ts';
import { createPool, type Pool } from '../../../src/index.ts';
import { LogicalCluster, until } from './logical-cluster.ts';

/** A primary of PostgreSQL 18 whose failover slots its standby keeps as well. */
export class FailoverPair implements AsyncDisposable {
  readonly #server: LogicalCluster;
  readonly standby: TempCluster;
  /** A pool on the standby. */
  readonly replica: Pool;

  private constructor(server: LogicalCluster, standby: TempCluster, replica: Pool) {
    this.#server = server;
    this.standby = standby;
    this.replica = replica;
  }

  /**
   * @param schema what is executed on the primary before it has a standby
   * @param settings what is set on the primary once it has one
   */
  static async start(
    schema: string,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<FailoverPair> {
    const server = await LogicalCluster.start(18, { hot_standby_feedback: true });
    try {
      const { pool, cluster } = server;
      await pool.execute(schema);
      await pool.execute("SELECT pg_create_physical_replication_slot('standby')");
      const standby = await TempCluster.startStandby(cluster, {
        settings: {
          primary_slot_name: 'standby',
          primary_conninfo: `host=${cluster.socketDirectory} port=${cluster.port} user=postgres dbname=postgres application_name=standby`,
          sync_replication_slots: true,
          hot_standby_feedback: true,
        },
      });
      const replica = await createPool(standby.dsn, { minSize: 0 });
      const pair = new FailoverPair(server, standby, replica);
      const all = { ...settings, synchronized_standby_slots: 'standby' };
      for (const [name, value] of Object.entries(all)) {
        await pool.execute(`ALTER SYSTEM SET ${name} = '${value}'`);
      }
      await pool.execute('SELECT pg_reload_conf()');
      return pair;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  get primary(): TempCluster {
    return this.#server.cluster;
  }

  /** A pool on the primary. */
  get pool(): Pool {
    return this.#server.pool;
  }

  /** Leads to whichever of the two is the primary. */
  get dsn(): string {
    return `postgres://postgres@127.0.0.1:${this.primary.port},127.0.0.1:${this.standby.port}/postgres?target_session_attrs=primary`;
  }

  /** Resolves when the standby has the slot, to be kept. */
  async synced(slot: string): Promise<void> {
    await until(async () => {
      const synced = await this.replica.fetchVal(
        'SELECT synced AND NOT temporary FROM pg_replication_slots WHERE slot_name = $1',
        slot,
      );
      return synced === true;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.replica.terminate();
    await this.standby.stop();
    await this.#server[Symbol.asyncDispose]();
  }
}

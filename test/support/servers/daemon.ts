import { constants } from 'node:fs';
import { access, chmod, chown, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { ServerProcess } from '../../../src/cluster/server-process.ts';
import { findServerUser } from '../../../src/cluster/server-user.ts';
import { Watchdog } from '../../../src/cluster/watchdog.ts';

/** Where Debian and others put what only an administrator runs; it may be missing in PATH. */
const ADMINISTRATORS_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin'];

/** A program's path, or null where it is not installed. */
export async function findProgram(name: string): Promise<string | null> {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter);
  for (const folder of [...folders, ...ADMINISTRATORS_FOLDERS]) {
    if (!path.isAbsolute(folder)) continue;
    const file = path.join(folder, name);
    try {
      await access(file, constants.X_OK);
      return file;
    } catch {
      // Not there.
    }
  }
  return null;
}

/**
 * Somebody else's server program, running in a temporary folder as a user who is not root. It
 * ends with the test run, even if that is killed.
 */
export class Daemon {
  readonly #watchdog: Watchdog;
  readonly #process: ServerProcess;

  private constructor(watchdog: Watchdog, process: ServerProcess) {
    this.#watchdog = watchdog;
    this.#process = process;
  }

  /**
   * Runs `file` with the arguments that `argsIn` makes of its folder, and waits until it listens.
   *
   * @param files what is put into the folder, by name
   */
  static async start(
    file: string,
    argsIn: (folder: string) => string[],
    files: Readonly<Record<string, string>>,
    port: number,
  ): Promise<Daemon> {
    const user = await findServerUser();
    const folder = await mkdtemp('/tmp/asyncpg-daemon-');
    const watchdog = new Watchdog(folder);
    try {
      await chmod(folder, 0o755);
      if (user !== null) await chown(folder, user.uid, user.gid);
      for (const [name, text] of Object.entries(files)) {
        await writeFile(path.join(folder, name), text);
      }
      const log = path.join(folder, 'log');
      const started = await ServerProcess.spawn(
        file,
        argsIn(folder),
        {
          cwd: folder,
          detached: true,
          ...(user === null ? {} : { uid: user.uid, gid: user.gid }),
        },
        log,
        (pid) => watchdog.guardGroup(pid),
      );
      while (!(await isListening(port))) {
        if (started.hasEnded) throw new Error(`${file} ended:\n${await readFile(log, 'utf8')}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      started.release();
      return new Daemon(watchdog, started);
    } catch (error) {
      await watchdog.finish();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.#process.end();
    this.#watchdog.guardNothing();
    await this.#watchdog.finish();
  }
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

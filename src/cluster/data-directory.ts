import { chown, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { formatSettings, type ServerSetting } from './configuration.ts';
import type { ServerUser } from './server-user.ts';

/** The cluster's own settings, which the main configuration file includes. */
const SETTINGS_FILE = 'temp-cluster.conf';

/** The files of a cluster, which belong to the server's user and nobody else may read. */
export class DataDirectory {
  readonly path: string;
  readonly #user: ServerUser | null;

  constructor(directory: string, user: ServerUser | null) {
    this.path = directory;
    this.#user = user;
  }

  async write(name: string, content: string | Uint8Array): Promise<void> {
    const file = path.join(this.path, name);
    await writeFile(file, content, { mode: 0o600 });
    if (this.#user !== null) await chown(file, this.#user.uid, this.#user.gid);
  }

  /** Has the cluster's own settings read after those that initdb wrote. */
  async includeSettings(): Promise<void> {
    const main = path.join(this.path, 'postgresql.conf');
    await writeFile(main, `\ninclude '${SETTINGS_FILE}'\n`, { flag: 'a' });
  }

  /** @param hba the lines of `pg_hba.conf`; undefined: as they are */
  async configure(
    settings: Readonly<Record<string, ServerSetting>>,
    hba: readonly string[] | undefined,
  ): Promise<void> {
    await this.write(SETTINGS_FILE, formatSettings(settings));
    if (hba !== undefined) await this.write('pg_hba.conf', `${hba.join('\n')}\n`);
  }

  /**
   * Whether the server with this process id accepts connections. The eighth line of the lock file
   * is the server's state, as `pg_ctl` reads it too.
   */
  async isServed(pid: number): Promise<boolean> {
    try {
      const lock = await readFile(path.join(this.path, 'postmaster.pid'), 'utf8');
      const lines = lock.split('\n');
      return lines[0]?.trim() === String(pid) && lines[7]?.trim() === 'ready';
    } catch {
      return false;
    }
  }
}

import type { SpawnOptions } from 'node:child_process';
import { lstat, readdir, rename, rm, utimes } from 'node:fs/promises';
import path from 'node:path';
import type { Binaries } from './binaries.ts';
import { ClusterError } from './cluster-error.ts';
import { runCommand } from './command.ts';
import type { ServerUser } from './server-user.ts';

/** How many data directories are kept on a machine, each of some 50 MB. */
const MOST_KEPT = 4;

/** What the name of one has that is being removed. */
const REMOVED = '.removed-';

/** The data directory of a cluster that has been stopped, kept by a name for others to begin with. */
export class KeptData {
  readonly #root: string;
  readonly #prefix: string;
  readonly #folder: string;

  constructor(root: string, { version }: Pick<Binaries, 'version'>, name: string) {
    if (!/^[\w.-]+$/.test(name)) {
      throw new ClusterError(
        `kept: ${JSON.stringify(name)} must be of letters, digits, dots and -`,
      );
    }
    this.#root = root;
    this.#prefix = `asyncpg-kept-${process.getuid?.() ?? ''}-`;
    this.#folder = path.join(root, `${this.#prefix}${version}-${name}`);
  }

  /** Copies it, by a program of the server's user. False if there is none, or it is not to be trusted. */
  async copyTo(target: string, user: ServerUser | null, options: SpawnOptions): Promise<boolean> {
    const info = await lstat(this.#folder).catch(() => null);
    const owner = user?.uid ?? process.getuid?.();
    // The folder for temporary files is everybody's: what somebody else has put there is not taken.
    if (info?.isDirectory() !== true || info.uid !== owner || (info.mode & 0o077) !== 0)
      return false;
    const { code } = await runCommand('cp', ['-Rp', this.#folder, target], options);
    const isThere = (await lstat(this.#folder).catch(() => null))?.ino === info.ino;
    if (code !== 0 || !isThere) {
      // Removed meanwhile, by another that keeps its own: what was copied may be a part.
      await rm(target, { recursive: true, force: true });
      return false;
    }
    const now = new Date();
    await utimes(this.#folder, now, now).catch(() => {});
    return true;
  }

  /** Takes the data of a cluster that has been stopped, unless there are some by this name already. */
  async take(dataDirectory: string): Promise<void> {
    await rename(dataDirectory, this.#folder).catch(() => {});
    const now = new Date();
    await utimes(this.#folder, now, now).catch(() => {});
    const names = (await readdir(this.#root)).filter((name) => name.startsWith(this.#prefix));
    const kept = await Promise.all(
      names.map(async (name) => {
        const folder = path.join(this.#root, name);
        return { folder, usedAt: (await lstat(folder).catch(() => null))?.mtimeMs ?? 0 };
      }),
    );
    kept.sort((one, other) => other.usedAt - one.usedAt);
    for (const { folder } of kept.slice(MOST_KEPT)) {
      // By another name at once: whoever copies it sees that it is gone. What is left by that name goes next time.
      const removed = folder.includes(REMOVED) ? folder : `${folder}${REMOVED}${process.pid}`;
      if (removed !== folder) await rename(folder, removed).catch(() => {});
      await rm(removed, { recursive: true, force: true });
    }
  }
}

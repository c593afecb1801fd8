import { createHash } from 'node:crypto';
import {
  chmod,
  copyFile,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  symlink,
} from 'node:fs/promises';
import path from 'node:path';
import { ClusterError } from './cluster-error.ts';
import { isOpenToAll } from './server-user.ts';

/**
 * The folder of the binaries as another user can reach it. A checkout below a folder that only root
 * may enter is closed to the server's user; its installation is then copied, once for each
 * installation, to a folder below `cacheRoot`.
 */
export async function readableBinDir(binDir: string, cacheRoot: string): Promise<string> {
  const real = await realpath(binDir);
  const prefix = path.dirname(real);
  if (
    (await isOpenToAll(path.join(real, 'postgres'))) &&
    (await isOpenToAll(path.join(real, 'initdb'))) &&
    (!(await isFolder(path.join(prefix, 'lib'))) || (await isOpenToAll(path.join(prefix, 'lib'))))
  ) {
    return binDir;
  }
  const { mtimeMs, size } = await stat(path.join(real, 'postgres'));
  const key = createHash('sha256').update(`${real}\0${mtimeMs}\0${size}`).digest('hex');
  const target = path.join(cacheRoot, `asyncpg-postgres-${key.slice(0, 16)}`);
  if (await isOurs(target)) return path.join(target, path.basename(real));

  const building = await mkdtemp(`${target}-`);
  try {
    await copyTree(prefix, building);
    await rename(building, target);
    return path.join(target, path.basename(real));
  } catch (error) {
    await rm(building, { recursive: true, force: true });
    // Somebody else finished the same copy in between: theirs is as good, if it is ours indeed.
    if (await isOurs(target)) return path.join(target, path.basename(real));
    throw new ClusterError(
      `the server's user cannot reach ${real}, and no copy can be made at ${target}: ` +
        'remove whatever is there, or put the binaries where every user may read them',
      { cause: error },
    );
  }
}

/** A folder in a place that all may write to is believed only when nobody else can have made it. */
async function isOurs(folder: string): Promise<boolean> {
  try {
    const info = await lstat(folder);
    return info.isDirectory() && info.uid === process.getuid?.() && (info.mode & 0o022) === 0;
  } catch {
    return false;
  }
}

async function isFolder(folder: string): Promise<boolean> {
  try {
    return (await stat(folder)).isDirectory();
  } catch {
    return false;
  }
}

/** Copies a tree with its links as they are, readable (and runnable) by all, writable by nobody else. */
async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await chmod(to, 0o755);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const source = path.join(from, entry.name);
    const target = path.join(to, entry.name);
    if (entry.isDirectory()) {
      await copyTree(source, target);
    } else if (entry.isSymbolicLink()) {
      await symlink(await readlink(source), target);
    } else if (entry.isFile() && !entry.name.endsWith('.a')) {
      await copyFile(source, target);
      await chmod(target, (await stat(source)).mode & 0o100 ? 0o755 : 0o644);
    }
  }
}

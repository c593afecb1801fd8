import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ClusterError } from './cluster-error.ts';
import { runCommand } from './command.ts';

/** Unix sockets have paths of at most 103 bytes on some systems; the rest is for our own names. */
const LONGEST_TEMPORARY_ROOT = 64;

/** The operating system's user that the server runs as. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Who has to run the server: `null` is the present user. PostgreSQL refuses to run as root, so root
 * gets the user `postgres`, or `nobody` where there is no such user.
 *
 * @see https://www.postgresql.org/docs/current/postgres-user.html
 */
export async function findServerUser(): Promise<ServerUser | null> {
  if (process.getuid?.() !== 0) return null;
  for (const name of ['postgres', 'nobody']) {
    const uid = await numericId('-u', name);
    const gid = await numericId('-g', name);
    if (uid !== null && gid !== null && uid !== 0) return { uid, gid };
  }
  throw new ClusterError(
    'PostgreSQL does not run as root, and this system has neither a user postgres nor a user ' +
      'nobody to run it as; add one of them or start the program as another user',
  );
}

async function numericId(flag: '-u' | '-g', name: string): Promise<number | null> {
  try {
    const { code, stdout } = await runCommand('id', [flag, name]);
    return code === 0 && /^\d+\s*$/.test(stdout) ? Number(stdout) : null;
  } catch {
    return null;
  }
}

/** Whether every user may enter (and, for the path itself, read) all that leads to a path. */
export async function isOpenToAll(target: string): Promise<boolean> {
  let needed = 0o005;
  let current = target;
  for (;;) {
    try {
      if (((await stat(current)).mode & needed) !== needed) return false;
    } catch {
      return false;
    }
    const parent = path.dirname(current);
    if (parent === current) return true;
    current = parent;
    needed = 0o001;
  }
}

/** A folder for temporary files that the server's user can enter and whose path is short enough. */
export async function temporaryRoot(user: ServerUser | null): Promise<string> {
  const root = tmpdir();
  const short = Buffer.byteLength(root) <= LONGEST_TEMPORARY_ROOT;
  return short && (user === null || (await isOpenToAll(root))) ? root : '/tmp';
}

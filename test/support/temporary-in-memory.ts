import { chmodSync, mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import path from 'node:path';

/** Where Linux keeps files in memory. */
const MEMORY = '/dev/shm';
/** The tests' clusters take an eighth of that; the rest is left to whoever else uses it. */
const ROOM = 4 * 2 ** 30;

/**
 * Puts the temporary files of this process and its children into memory, where there is plenty of it, and
 * removes them when it exits: making and dropping a database takes a quarter of the CPU there. `TMPDIR`, if
 * it is set, is left as it is.
 */
export function temporaryFilesInMemory(): void {
  if (process.env['TMPDIR'] !== undefined || !hasRoom()) return;
  const folder = mkdtempSync(path.join(MEMORY, 'asyncpg-'));
  // Servers that root starts run as another user.
  chmodSync(folder, 0o1777);
  process.env['TMPDIR'] = folder;
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
}

function hasRoom(): boolean {
  if (process.platform !== 'linux') return false;
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    // Copies of PostgreSQL's programs are put beside its data.
    const mayRun = !/ \/dev\/shm \S+ \S*noexec/.test(readFileSync('/proc/self/mounts', 'latin1'));
    return mayRun && bavail * bsize >= ROOM;
  } catch {
    return false;
  }
}

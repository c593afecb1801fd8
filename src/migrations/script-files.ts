import { isUtf8 } from 'node:buffer';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { filesBelow } from './folders.ts';
import { globPattern, splitGlob } from './glob.ts';
import { lineOf, partOf, type Script, scriptOf } from './script.ts';

/** A file of SQL and what is run of it. */
export interface ScriptFile extends Script {
  readonly file: string;
}

/** A file of SQL has psql read one that is not there, or bytes that are no text. */
export class ScriptFileError extends Error {}

/**
 * Reads files of SQL, and those that they have psql read in between: then there is one for what comes before and
 * one for what comes behind. One that is named twice is run once.
 *
 * @throws ScriptFileError
 */
export async function readScripts(files: readonly string[]): Promise<ScriptFile[]> {
  const scripts: ScriptFile[] = [];
  const seen = new Set<string>();
  const read = async (file: string, place: string | null): Promise<void> => {
    if (seen.has(file)) return;
    seen.add(file);
    const bytes = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
      if (place === null || cause.code !== 'ENOENT') throw cause;
      throw new ScriptFileError(`${place}: there is no file ${file}, which psql would read here`, {
        cause,
      });
    });
    const script = scriptOf(textOf(file, bytes));
    let from = 0;
    for (const { at, path: name, isBeside } of script.included) {
      scripts.push({ file, ...partOf(script, from, at) });
      from = at;
      const beside = isBeside ? path.dirname(file) : '.';
      await read(path.resolve(beside, name), `${file}:${lineOf(script, at)}`);
    }
    scripts.push({ file, ...partOf(script, from, script.sql.length) });
  };
  for (const file of files) await read(file, null);
  return scripts;
}

/** PowerShell writes UTF-16 where a program's output goes to a file. What is in neither would be other text than was meant. */
function textOf(file: string, bytes: Buffer): string {
  const [first, second] = bytes;
  const mark = `${first} ${second}`;
  const encoding = mark === '255 254' ? 'utf-16le' : mark === '254 255' ? 'utf-16be' : 'utf-8';
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    const where = encoding === 'utf-8' ? `:${lineThatIsNoText(bytes)}` : '';
    throw new ScriptFileError(
      `${file}${where}: there are bytes that are no ${encoding.toUpperCase()}; save the file as UTF-8`,
      { cause },
    );
  }
}

/** The number of the first line that is no UTF-8; a newline is a part of no other character. */
function lineThatIsNoText(bytes: Buffer): number {
  let line = 1;
  for (let start = 0, end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
    if (!isUtf8(bytes.subarray(start, end))) break;
    start = end + 1;
    line += 1;
  }
  return line;
}

/**
 * The files that an entry stands for: a file, a folder with all that is below it, or a glob. Those of a folder or a
 * glob are in the order of their paths, without what undoes others.
 */
export async function filesOfSql(root: string, entry: string): Promise<string[]> {
  const place = path.resolve(root, entry);
  const found = await stat(place).catch(() => null);
  if (found?.isFile() === true) return [place];
  if (found?.isDirectory() === true) {
    return migrations(place, (await filesBelow(place)).filter(isSql));
  }
  const glob = splitGlob(entry);
  if (glob.pattern === null) return [];
  const folder = path.resolve(root, glob.folder);
  const pattern = globPattern(glob.pattern);
  const files = (await filesBelow(folder)).filter((file) => pattern.test(below(folder, file)));
  // What undoes migrations is left out here as well, unless it is asked for by name.
  if (UNDOING.test(path.basename(entry))) return files;
  // A glob of whole folders has other files too.
  return migrations(folder, /\*$/.test(entry) ? files.filter(isSql) : files);
}

function isSql(file: string): boolean {
  return file.endsWith('.sql');
}

function below(folder: string, file: string): string {
  return path.relative(folder, file).split(path.sep).join('/');
}

/**
 * `1.down.sql`, `down.sql` in a folder of its own, `down/1.sql`, and as postgrator and Flyway name what undoes a
 * migration.
 */
const UNDOING =
  /(?:^|[/.])(?:down|undo|rollback|revert)(?:\.sql$|\/)|(?:^|\/)(?:\d+\.undo\.|U\d[\d._]*__)/i;

/** Files without what undoes others, and what Flyway repeats behind all. */
function migrations(folder: string, files: readonly string[]): string[] {
  const all = new Set(files);
  const isUndoing = (file: string): boolean =>
    UNDOING.test(below(folder, file)) ||
    // 1_users_down.sql, if 1_users_up.sql is there.
    (/[-_]down\.sql$/.test(file) && all.has(file.replace(/down\.sql$/, 'up.sql')));
  const isRepeated = (file: string): boolean => path.basename(file).startsWith('R__');
  const wanted = files.filter((file) => !isUndoing(file));
  return [...wanted.filter((file) => !isRepeated(file)), ...wanted.filter(isRepeated)];
}

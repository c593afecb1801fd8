import { createHash } from 'node:crypto';
import { type Dirent, readdirSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { CheckError } from './check-error.ts';
import type { LoadedConfig } from './config.ts';
import { sqlOf } from './schema-text.ts';

const NEVER = new Set(['node_modules', '.git', 'dist', '.asyncpg']);

/** A file of the schema with its text. */
export interface SchemaFile {
  readonly file: string;
  readonly text: string;
}

/**
 * The files of the schema, in the order of the configuration. Those of a folder or a glob are in the order
 * of their names, numbers in them counted as numbers: `9_users.sql` comes before `10_orders.sql`.
 */
export async function schemaFiles(config: LoadedConfig): Promise<SchemaFile[]> {
  const files: string[] = [];
  for (const entry of config.schema) {
    const found = await expand(config.root, entry);
    if (found.length === 0) throw new CheckError(`schema: there is no ${entry} in ${config.root}`);
    files.push(...found);
  }
  return await Promise.all(
    [...new Set(files)].map(async (file) => ({ file, text: sqlOf(await readFile(file, 'utf8')) })),
  );
}

/** What a database with the schema depends on. */
export function schemaKey({ extensions }: LoadedConfig, files: readonly SchemaFile[]): string {
  const hash = createHash('sha256').update(JSON.stringify(extensions ?? []));
  for (const { text } of files) hash.update(`\0${text}`);
  return hash.digest('hex').slice(0, 16);
}

/** What the generated file depends on besides the queries. */
export function schemaHash(config: LoadedConfig, files: readonly SchemaFile[]): string {
  const hash = createHash('sha256');
  const { types, codecs, columns, extensions, strict, version } = config;
  const { column } = config.transform ?? {};
  const transform = [column, column?.inverse].map(String);
  const settings = { types, codecs, columns, extensions, strict, version, transform };
  hash.update(JSON.stringify(settings));
  for (const { text } of files) hash.update(`\0${text.replaceAll('\r\n', '\n')}`);
  return hash.digest('hex').slice(0, 16);
}

/** The TypeScript files that are to be looked through, in the order of their names. */
export async function sourceFiles(config: LoadedConfig): Promise<string[]> {
  // A folder stands for all that is below it.
  const pattern = (glob: string): RegExp => globPattern(glob.replace(/\/$/, ''), '(?:/.*)?');
  const include = (config.include ?? ['**/*.{ts,tsx,mts,cts}']).map(pattern);
  const exclude = (config.exclude ?? []).map(pattern);
  const all = await filesBelow(config.root);
  const found = all.filter((file) => {
    const name = relativeName(config.root, file);
    if (!/\.[cm]?tsx?$/.test(name) || /\.d\.[cm]?ts$/.test(name)) return false;
    return include.some((each) => each.test(name)) && !exclude.some((each) => each.test(name));
  });
  if (found.length === 0 && config.include !== undefined) {
    const globs = config.include.join(', ');
    throw new CheckError(`include: there is no TypeScript file for ${globs} in ${config.root}`);
  }
  return found;
}

/** A file's path as it is told to people: below the root, with forward slashes. */
export function relativeName(root: string, file: string): string {
  return path.relative(root, file).split(path.sep).join('/');
}

async function expand(root: string, entry: string): Promise<string[]> {
  const place = path.resolve(root, entry);
  const found = await stat(place).catch(() => null);
  if (found?.isFile() === true) return [place];
  if (found?.isDirectory() === true) {
    return migrations((await filesBelow(place)).filter((file) => file.endsWith('.sql')));
  }
  if (!/[*?{]/.test(entry)) return [];
  const pattern = globPattern(entry);
  const files = (await filesBelow(root)).filter((file) => pattern.test(relativeName(root, file)));
  // What undoes migrations is left out here as well, unless it is asked for by name.
  return UNDOING.test(path.basename(entry)) ? files : migrations(files);
}

/** `1.down.sql`, `down.sql` in a folder of its own, and as postgrator and Flyway name what undoes a migration. */
const UNDOING = /(?:^|\.)(?:down|undo|rollback|revert)\.sql$|^\d+\.undo\.|^U\d[\d._]*__/i;

/** Files without what undoes others, and what Flyway repeats behind all. */
function migrations(files: readonly string[]): string[] {
  const all = new Set(files);
  const isUndoing = (file: string): boolean =>
    UNDOING.test(path.basename(file)) ||
    // 1_users_down.sql, if 1_users_up.sql is there.
    (/[-_]down\.sql$/.test(file) && all.has(file.replace(/down\.sql$/, 'up.sql')));
  const isRepeated = (file: string): boolean => path.basename(file).startsWith('R__');
  const wanted = files.filter((file) => !isUndoing(file));
  return [...wanted.filter((file) => !isRepeated(file)), ...wanted.filter(isRepeated)];
}

/** A folder and those below it that may have sources or a schema. */
export function foldersBelow(folder: string): string[] {
  let entries: Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (isNotForUs(error)) return [];
    throw error;
  }
  const inner = entries.filter((entry) => entry.isDirectory() && !NEVER.has(entry.name));
  return [folder, ...inner.flatMap(({ name }) => foldersBelow(path.join(folder, name)))];
}

async function filesBelow(folder: string): Promise<string[]> {
  const files: string[] = [];
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (isNotForUs(error)) return [];
    throw error;
  });
  entries.sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
  for (const entry of entries) {
    const file = path.join(folder, entry.name);
    if (entry.isFile()) files.push(file);
    else if (entry.isDirectory() && !NEVER.has(entry.name)) files.push(...(await filesBelow(file)));
  }
  return files;
}

/** Of a folder that another user has, as a database in a container has its data, or that has just gone. */
function isNotForUs(error: unknown): boolean {
  return ['EACCES', 'EPERM', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '');
}

/** `*` and `?` within a name, `**` over folders, `{a,b}` for one of several. */
function globPattern(glob: string, behind = ''): RegExp {
  let source = '';
  let depth = 0;
  for (let at = 0; at < glob.length; at += 1) {
    const char = glob[at]!;
    if (glob.startsWith('**/', at)) {
      source += '(?:.*/)?';
      at += 2;
    } else if (glob.startsWith('**', at)) {
      source += '.*';
      at += 1;
    } else if (char === '*') {
      source += '[^/]*';
    } else if (char === '?') {
      source += '[^/]';
    } else if (char === '{') {
      depth += 1;
      source += '(?:';
    } else if (char === '}' && depth > 0) {
      depth -= 1;
      source += ')';
    } else if (char === ',' && depth > 0) {
      source += '|';
    } else {
      source += char.replace(/[.+^$()|[\]\\{}]/, '\\$&');
    }
  }
  return new RegExp(`^${source.replace(/^\\\.\//, '')}${behind}$`);
}

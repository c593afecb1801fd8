import { createHash } from 'node:crypto';
import path from 'node:path';
import { filesBelow } from '../migrations/folders.ts';
import { globPattern } from '../migrations/glob.ts';
import {
  filesOfSql,
  readScripts,
  type ScriptFile,
  ScriptFileError,
} from '../migrations/script-files.ts';
import { CheckError } from './check-error.ts';
import type { LoadedConfig } from './config.ts';

/** The files of the schema, in the order of the configuration. */
export async function schemaFiles({ schema, root }: LoadedConfig): Promise<ScriptFile[]> {
  const files: string[] = [];
  for (const entry of schema) {
    const found = await filesOfSql(root, entry);
    if (found.length === 0)
      throw new CheckError(`schema: there is no ${entry} in ${root}, or no .sql file in it`);
    files.push(...found);
  }
  try {
    return await readScripts(files);
  } catch (error) {
    if (!(error instanceof ScriptFileError)) throw error;
    throw new CheckError(error.message, { cause: error });
  }
}

/** What a database with the schema depends on. */
export function schemaKey({ extensions }: LoadedConfig, files: readonly ScriptFile[]): string {
  const hash = createHash('sha256').update(JSON.stringify(extensions ?? []));
  for (const { sql } of files) hash.update(`\0${sql}`);
  return hash.digest('hex').slice(0, 16);
}

/** What the generated file depends on besides the queries. */
export function schemaHash(config: LoadedConfig, files: readonly ScriptFile[]): string {
  const hash = createHash('sha256');
  const { types, codecs, columns, extensions, strict, version } = config;
  const { column } = config.transform ?? {};
  const transform = [column, column?.inverse].map(String);
  const settings = { types, codecs, columns, extensions, strict, version, transform };
  hash.update(JSON.stringify(settings));
  for (const { sql } of files) hash.update(`\0${sql.replaceAll('\r\n', '\n')}`);
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

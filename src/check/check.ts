import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ScriptFile } from '../migrations/script-files.ts';
import { CheckError } from './check-error.ts';
import { Checker } from './checker.ts';
import type { LoadedConfig } from './config.ts';
import { type CheckDatabase, embeddedDatabase, existingDatabase } from './database.ts';
import { relativeName, schemaFiles, schemaHash } from './files.ts';
import { type Finding, findingAt } from './finding.ts';
import { nameTemplates } from './fix.ts';
import { isGenerated } from './generated-file.ts';
import { notFollowed } from './not-followed.ts';
import { checkOffline } from './offline.ts';
import { outputFile } from './output-file.ts';
import { passedOver } from './passed-over.ts';
import type { CheckResult } from './result.ts';
import { type Source, Sources } from './sources.ts';

/** How to check. */
export interface CheckRun {
  /** Fails, rather than writes, where the generated file would change. */
  readonly isFrozen: boolean;
  /** Looks only whether the generated file has the queries: without any database. */
  readonly isOffline: boolean;
  /** Gives names to templates that have none. */
  readonly fixes: boolean;
  /** A database that is there, in place of a throw-away one. */
  readonly database: string | undefined;
}

/** Checks a project's queries and writes its generated file. */
export async function check(config: LoadedConfig, run: CheckRun): Promise<CheckResult> {
  const sources = new Sources();
  let read = await sources.read(config);
  if (run.fixes && (await nameTemplates(read))) read = await sources.read(config);
  const files = await schemaFiles(config);
  if (run.isOffline) return await checkOffline(config, read, schemaHash(config, files));
  const opened = await openChecker(config, files, run.database);
  if ('problems' in opened) {
    return { findings: opened.problems, queries: 0, files: read.length, notFollowed: [] };
  }
  try {
    return await checkSources(opened, config, read, run.isFrozen);
  } finally {
    await opened.close();
  }
}

/** A checker and the database that it asks. */
export interface OpenChecker {
  readonly checker: Checker;
  /** What the database may lack that the schema would make elsewhere. */
  readonly warnings: readonly Finding[];
  close(): Promise<void>;
}

/** Makes or finds the database and connects to it, or tells what is wrong with the schema. */
export async function openChecker(
  config: LoadedConfig,
  files: readonly ScriptFile[],
  database: string | undefined,
): Promise<OpenChecker | { readonly problems: readonly Finding[] }> {
  const hash = schemaHash(config, files);
  const found: CheckDatabase | Finding =
    database === undefined ? await embeddedDatabase(config, files) : existingDatabase(database);
  const warnings = database === undefined ? passedOver(files) : [];
  if (!('dsn' in found)) return { problems: [found, ...warnings] };
  try {
    const checker = await Checker.open(found.dsn, config, hash);
    const close = async (): Promise<void> => {
      await checker.close();
      await found.close();
    };
    return { checker, warnings, close };
  } catch (error) {
    await found.close();
    throw error;
  }
}

export async function checkSources(
  { checker, warnings }: OpenChecker,
  config: LoadedConfig,
  sources: readonly Source[],
  isFrozen: boolean,
): Promise<CheckResult> {
  const { findings, queries, generated } = await checker.check(sources);
  const stale = await write(config, generated, isFrozen);
  return {
    findings: [...warnings, ...findings, ...(stale === null ? [] : [stale])],
    queries,
    files: sources.length,
    notFollowed: notFollowed(sources),
  };
}

/** Writes the generated file if it is another; when frozen, tells so. */
async function write(
  config: LoadedConfig,
  text: string,
  isFrozen: boolean,
): Promise<Finding | null> {
  const file = outputFile(config);
  const before = await readFile(file, 'utf8').catch(() => null);
  // A checkout may have another end of lines.
  if (before?.replaceAll('\r\n', '\n') === text) return null;
  if (isFrozen) {
    return findingAt(file, before ?? '', 0, {
      severity: 'error',
      code: 'outdated',
      message: `${relativeName(config.root, file)} is not what \`asyncpg check\` would write`,
      hint: 'Run `npx asyncpg check` and commit the file.',
    });
  }
  // A merge may have left its marks in front of the first line.
  if (before !== null && before.trim() !== '' && !isGenerated(before)) {
    throw new CheckError(
      `out: ${file} is not written, as it is there and nothing that \`asyncpg check\` has generated: remove it, or give another name`,
    );
  }
  try {
    await makeFolder(path.dirname(file));
    await writeFile(file, text);
  } catch (error) {
    throw new CheckError(`${file} cannot be written: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return null;
}

/** Node's own way to make those above as well never ends where none can be made, as below /proc. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT') throw error;
    await makeFolder(path.dirname(folder));
    await mkdir(folder);
  }
}

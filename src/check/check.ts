import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { connect } from 'asyncpg';
import { CheckError } from './check-error.ts';
import type { LoadedConfig } from './config.ts';
import { type CheckDatabase, embeddedDatabase, existingDatabase } from './database.ts';
import { Describer, isObjection } from './describe.ts';
import { relativeName, schemaFiles, schemaHash, sourceFiles } from './files.ts';
import { type Finding, findingAt } from './finding.ts';
import { type CheckedQuery, generatedFile } from './generated-file.ts';
import { type FoundQuery, findQueries, type UnknownQuery } from './sources/find-queries.ts';
import { TypeNames } from './type-names.ts';

/** What a run of the command has found. */
export interface CheckResult {
  readonly findings: readonly Finding[];
  /** How many different queries there are, and in how many files. */
  readonly queries: number;
  readonly files: number;
}

/** How to check. */
export interface CheckRun {
  /** Fails, rather than writes, where the generated file would change. */
  readonly isFrozen: boolean;
  /** A database that is there, in place of a throw-away one. */
  readonly database: string | undefined;
}

/** A source with the queries in it. */
interface Source {
  readonly file: string;
  readonly text: string;
  readonly queries: readonly FoundQuery[];
  readonly unknown: readonly UnknownQuery[];
}

/** Checks a project's queries and writes its generated file. */
export async function check(config: LoadedConfig, run: CheckRun): Promise<CheckResult> {
  const sources = await readSources(config);
  const files = await schemaFiles(config);
  const database =
    run.database === undefined
      ? await embeddedDatabase(config, files)
      : existingDatabase(run.database);
  if (!('dsn' in database)) return { findings: [database], queries: 0, files: sources.length };
  try {
    return await checkAgainst(database, config, sources, schemaHash(config, files), run.isFrozen);
  } finally {
    await database.close();
  }
}

async function checkAgainst(
  { dsn }: CheckDatabase,
  config: LoadedConfig,
  sources: readonly Source[],
  hash: string,
  isFrozen: boolean,
): Promise<CheckResult> {
  const catalogs = await open(dsn);
  try {
    const describer = await Describer.open(dsn, catalogs);
    const queries = new Map<string, CheckedQuery>();
    const findings: Finding[] = [];
    const names = new TypeNames(catalogs, config);
    for (const source of sources) {
      for (const query of source.queries) {
        const text = query.text.value;
        const name = query.tag ?? null;
        const key = name === null ? text : `sql<'${name}'>`;
        const known = queries.get(key);
        const answer = known?.text === text ? known.answer : await describer.describe(text);
        if (known !== undefined && known.text !== text) {
          findings.push(
            findingAt(source.file, source.text, query.start, {
              severity: 'error',
              code: 'same-name',
              message: `two queries have the name ${name}`,
              hint: 'Give each its own.',
            }),
          );
        }
        if (isObjection(answer)) {
          const { code, message, hint } = answer;
          const offset =
            answer.position === null ? query.start : query.text.sourceOffset(answer.position);
          findings.push(
            findingAt(source.file, source.text, offset, { severity: 'error', code, message, hint }),
          );
        } else {
          await names.load([...answer.parameters, ...answer.columns].map(({ type }) => type));
        }
        // A template without a name has no place in the file: its text is not in its type.
        if (query.tag !== null) queries.set(key, { text, name, answer });
      }
      for (const { start, reason } of source.unknown) {
        findings.push(
          findingAt(source.file, source.text, start, {
            severity: config.strict === true ? 'error' : 'warning',
            code: 'not-checked',
            message: `not checked: ${reason}`,
            hint: null,
          }),
        );
      }
    }
    const text = generatedFile([...queries.values()], names, hash, config.strict === true);
    const stale = await write(config, text, isFrozen);
    if (stale !== null) findings.push(stale);
    await describer.close();
    return { findings, queries: queries.size, files: sources.length };
  } finally {
    // With it, whatever was sent to it ends.
    await catalogs.close();
  }
}

async function open(dsn: string): ReturnType<typeof connect> {
  try {
    return await connect(dsn);
  } catch (error) {
    throw new CheckError(`the database cannot be reached: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

async function readSources(config: LoadedConfig): Promise<Source[]> {
  return await Promise.all(
    (await sourceFiles(config)).map(async (file) => {
      const text = await readFile(file, 'utf8');
      return { file, text, ...findQueries(file, text) };
    }),
  );
}

/** The path of the generated file. */
export function outputFile({ root, out }: LoadedConfig): string {
  const folder = existsSync(path.join(root, 'src')) ? 'src' : '.';
  return path.resolve(root, out ?? path.join(folder, 'queries.gen.d.ts'));
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
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, text);
  return null;
}

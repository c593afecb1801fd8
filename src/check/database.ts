import { type Connection, connect, PostgresError } from 'asyncpg';
import { TempCluster } from 'asyncpg/cluster';
import { CheckError } from './check-error.ts';
import type { LoadedConfig } from './config.ts';
import { utf16Offset } from './describe.ts';
import { relativeName, type SchemaFile, schemaKey } from './files.ts';
import { type Finding, findingAt } from './finding.ts';

/** A database that queries are checked against. */
export interface CheckDatabase {
  readonly dsn: string;
  close(): Promise<void>;
}

/** A database that is there: nothing is made in it, nothing is changed. */
export function existingDatabase(dsn: string): CheckDatabase {
  return { dsn, close: async () => {} };
}

/** A throw-away server with the tables of the schema, or what is wrong with the schema. */
export async function embeddedDatabase(
  config: LoadedConfig,
  files: readonly SchemaFile[],
): Promise<CheckDatabase | Finding> {
  let cluster: TempCluster;
  const kept = `check-${schemaKey(config, files)}`;
  try {
    cluster = await TempCluster.start({ version: config.version, kept });
  } catch (error) {
    throw new CheckError(`${(error as Error).message}\nOr give a database: --database URL`, {
      cause: error,
    });
  }
  if (cluster.beganKept) return { dsn: cluster.dsn, close: () => cluster.stop() };
  const problem = await applySchema(cluster.dsn, config, files).catch(async (error: unknown) => {
    await cluster.stop();
    throw error;
  });
  if (problem === null) {
    return { dsn: cluster.dsn, close: () => cluster.keep(kept) };
  }
  await cluster.stop();
  return problem;
}

async function applySchema(
  dsn: string,
  config: LoadedConfig,
  files: readonly SchemaFile[],
): Promise<Finding | null> {
  const connection = await connect(dsn);
  try {
    return await executeSchema(connection, config, files);
  } finally {
    await connection.close();
  }
}

async function executeSchema(
  connection: Connection,
  config: LoadedConfig,
  files: readonly SchemaFile[],
): Promise<Finding | null> {
  for (const name of config.extensions ?? []) {
    try {
      await connection.execute(
        `CREATE EXTENSION IF NOT EXISTS "${name.replaceAll('"', '""')}" CASCADE`,
      );
    } catch (error) {
      throw new CheckError(
        `extension ${name}: ${(error as Error).message}. Use a database that has it: --database URL`,
        { cause: error },
      );
    }
  }
  for (const { file, text } of files) {
    try {
      await connection.execute(withoutPsql(text));
      if (!connection.isInTransaction()) {
        await restoreSearchPath(connection);
        continue;
      }
    } catch (error) {
      if (!(error instanceof PostgresError)) throw error;
      const position = error.position === null ? 0 : utf16Offset(text, error.position - 1);
      return findingAt(file, text, position, {
        severity: 'error',
        code: error.sqlstate ?? 'XX000',
        message: error.message,
        hint: error.hint ?? `${relativeName(config.root, file)} cannot be executed as it is.`,
      });
    }
    return findingAt(file, text, text.trimEnd().length - 1, {
      severity: 'error',
      code: 'open-transaction',
      message: 'a transaction is left open here, which would undo all that follows',
      hint: 'End the file with COMMIT.',
    });
  }
  return null;
}

/** A file without the lines for psql that pg_dump writes from 2025 on; all else keeps its place. */
function withoutPsql(text: string): string {
  return text.replaceAll(/^\\(?=(?:un)?restrict\b)./gm, '--');
}

/** A file that pg_dump has written empties the search path, also for those behind it. */
async function restoreSearchPath(connection: Connection): Promise<void> {
  const path = await connection.fetchVal('SHOW search_path');
  if (path === '') await connection.execute('RESET search_path');
}

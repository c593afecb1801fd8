import { type Connection, connect } from 'asyncpg';
import { TempCluster } from 'asyncpg/cluster';
import { runScript, type ScriptFailure } from '../migrations/run-script.ts';
import type { ScriptFile } from '../migrations/script-files.ts';
import { CheckError } from './check-error.ts';
import type { LoadedConfig } from './config.ts';
import { relativeName, schemaKey } from './files.ts';
import { type Finding, findingAt } from './finding.ts';
import { variableHint } from './passed-over.ts';

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
  files: readonly ScriptFile[],
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
  files: readonly ScriptFile[],
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
  files: readonly ScriptFile[],
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
  for (const file of files) {
    const problem = await executeFile(connection, config, file);
    if (problem !== null) return problem;
  }
  return null;
}

async function executeFile(
  connection: Connection,
  config: LoadedConfig,
  script: ScriptFile,
): Promise<Finding | null> {
  const failed = await runScript(connection, script, { makesRoles: true });
  return failed && schemaFinding(config.root, script, failed);
}

/** What is told of a file of the schema that cannot be run. */
export function schemaFinding(
  root: string,
  { file, sql }: ScriptFile,
  { at, error }: ScriptFailure,
): Finding {
  const said =
    error === null
      ? {
          code: 'open-transaction',
          message: 'a transaction is left open here, which would undo all that follows',
          hint: 'End the file with COMMIT.',
        }
      : {
          code: error.sqlstate ?? 'refused',
          // That of an error of the driver's own has its hint as well.
          message: error.message.replace(/\nHINT: .*$/s, ''),
          hint: isMissingExtension(error)
            ? 'Use a database that has it: --database URL'
            : (variableHint(sql, at) ??
              error.hint ??
              `${relativeName(root, file)} cannot be executed as it is.`),
        };
  return findingAt(file, sql, at, { severity: 'error', ...said });
}

/** The server has no files of an extension: told by 58P01 before PostgreSQL 14. */
function isMissingExtension(error: NonNullable<ScriptFailure['error']>): boolean {
  const { sqlstate, serverSourceFunction } = error;
  return (
    (sqlstate === '0A000' || sqlstate === '58P01') &&
    serverSourceFunction === 'parse_extension_control_file'
  );
}

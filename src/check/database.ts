import { type Connection, connect, PostgresError } from 'asyncpg';
import { TempCluster } from 'asyncpg/cluster';
import { CheckError } from './check-error.ts';
import type { LoadedConfig } from './config.ts';
import { utf16Offset } from './describe.ts';
import { relativeName, type SchemaFile, schemaKey } from './files.ts';
import { type Finding, findingAt } from './finding.ts';
import { type Statement, statementsOf } from './schema-text.ts';

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
  for (const file of files) {
    const problem = await executeFile(connection, config, file);
    if (problem !== null) return problem;
  }
  return null;
}

async function executeFile(
  connection: Connection,
  config: LoadedConfig,
  { file, text }: SchemaFile,
): Promise<Finding | null> {
  const statements = statementsOf(text);
  const hasTransactions = statements.some((each) =>
    OWN_TRANSACTION.test(each.text.slice(ahead(each))),
  );
  let failed = await execute(connection, hasTransactions ? statements : [{ text, start: 0 }]);
  if (!hasTransactions && IN_NO_TRANSACTION.has(failed?.error.sqlstate ?? '')) {
    // As one script it is one transaction, and has left nothing.
    failed = await execute(connection, statements);
  }
  if (failed !== null) {
    const { error, statement } = failed;
    const place =
      error.position === null ? ahead(statement) : utf16Offset(statement.text, error.position - 1);
    return findingAt(file, text, statement.start + place, {
      severity: 'error',
      code: error.sqlstate ?? 'XX000',
      message: error.message,
      hint: error.hint ?? `${relativeName(config.root, file)} cannot be executed as it is.`,
    });
  }
  if (!connection.isInTransaction()) {
    await restoreSearchPath(connection);
    return null;
  }
  return findingAt(file, text, text.trimEnd().length - 1, {
    severity: 'error',
    code: 'open-transaction',
    message: 'a transaction is left open here, which would undo all that follows',
    hint: 'End the file with COMMIT.',
  });
}

/** CREATE INDEX CONCURRENTLY, VACUUM and their like; a label that the same transaction has added to an enum. */
const IN_NO_TRANSACTION = new Set(['25001', '55P04']);

const OWN_TRANSACTION = /^(?:BEGIN|START|COMMIT|END)\b/i;

/** Executes statements. A role that is not there, to which tables are given or granted, is made. */
async function execute(
  connection: Connection,
  statements: readonly Statement[],
): Promise<{ error: PostgresError; statement: Statement } | null> {
  const made = new Set<string>();
  /** The statement to go on from where a transaction was lost. */
  let first = 0;
  for (let index = 0; index < statements.length; index += 1) {
    const statement = statements[index]!;
    if (!connection.isInTransaction()) first = index;
    try {
      await connection.execute(statement.text);
    } catch (error) {
      if (!(error instanceof PostgresError)) throw error;
      const role = /^role "(.+)" does not exist$/.exec(error.message)?.[1];
      if (role === undefined || made.has(role)) return { error, statement };
      made.add(role);
      if (connection.isInTransaction()) await connection.execute('ROLLBACK');
      await connection.execute(`CREATE ROLE "${role.replaceAll('"', '""')}"`);
      index = first - 1;
    }
  }
  return null;
}

/** How much stands in front of the first word of a statement. */
function ahead({ text }: Statement): number {
  return /^(?:\s|--[^\n]*\n)*/.exec(text)![0].length;
}

/** A file that pg_dump has written empties the search path, also for those behind it. */
async function restoreSearchPath(connection: Connection): Promise<void> {
  const path = await connection.fetchVal('SHOW search_path');
  if (path === '') await connection.execute('RESET search_path');
}

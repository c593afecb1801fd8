import { createHash } from 'node:crypto';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Connection } from '../client/connection.ts';
import { ClientConfigurationError } from '../errors/client-errors.ts';
import { runScript } from '../migrations/run-script.ts';
import { lineOf } from '../migrations/script.ts';
import { filesOfSql, readScripts, type ScriptFile } from '../migrations/script-files.ts';
import { copyRows } from './copy-rows.ts';

/**
 * What makes an empty database that of the tests. Files, folders and globs of SQL are executed in their order, and
 * within a folder in that of their paths, numbers in them counted as numbers. What undoes a migration is left out:
 * `*.down.sql`, and what stands behind a mark such as `-- migrate:down`. A function may run
 * the tool that the application uses: `version` is to change whenever it would do something else.
 */
export type Migrations = string | URL | readonly (string | URL)[] | MigrationFunction;

/** Migrations that are no files of SQL. */
export interface MigrationFunction {
  /** Changes whenever `migrate` would do something else. */
  readonly version: string;
  /** Migrates an empty database. `dsn` leads to it, for tools that connect by themselves. */
  readonly migrate: (connection: Connection, dsn: string) => Promise<unknown>;
}

/** Migrations that were read. */
export interface ReadMigrations {
  /** Tells those of different projects, roles and databases that one connects to, apart. */
  readonly source: string;
  /** Changes with what they do. */
  readonly version: string;
  /** Carries them out. */
  run(connection: Connection, dsn: string): Promise<void>;
}

/** Reads migrations. Paths are relative to the working directory. */
export async function readMigrations(migrations: Migrations | undefined): Promise<ReadMigrations> {
  if (typeof migrations === 'object' && migrations !== null && 'migrate' in migrations) {
    const { version, migrate } = migrations;
    if (typeof version !== 'string' || typeof migrate !== 'function') {
      throw new ClientConfigurationError('migrations: expected a version and a function migrate');
    }
    return {
      source: digest(process.cwd()),
      version: digest(version),
      run: async (connection, dsn) => {
        await migrate(connection, dsn);
        if (connection.isClosed) return;
        // What it has not awaited comes to its end as well.
        await connection.execute('');
        if (!connection.isInTransaction()) return;
        throw new Error('migrate leaves a transaction open, which would be undone: COMMIT it');
      },
    };
  }
  const given = migrations === undefined ? [] : [migrations].flat();
  if (!given.every((place) => typeof place === 'string' || place instanceof URL)) {
    throw new ClientConfigurationError(
      'migrations: expected files and folders of SQL, or { version, migrate }',
    );
  }
  const places = given.map((place) =>
    path.resolve(place instanceof URL ? fileURLToPath(place) : place),
  );
  const scripts = await readScripts((await Promise.all(places.map(filesOf))).flat());
  scripts.forEach(refuseBeyond);
  return {
    source: digest(...places),
    version: digest(...scripts.flatMap(textsOf)),
    run: (connection) => execute(connection, scripts),
  };
}

/**
 * The same as they are run by a role, by way of a database: what one role has made, another may not be allowed to
 * read, and an advisory lock holds only for those who are connected to the same database.
 */
export function migrationsOf(
  { role, database }: { readonly role: string; readonly database: string },
  migrations: ReadMigrations,
): ReadMigrations {
  return { ...migrations, source: digest(migrations.source, role, database) };
}

async function filesOf(place: string): Promise<string[]> {
  const files = await filesOfSql(process.cwd(), place);
  if (files.length > 0) return files;
  throw new ClientConfigurationError(`migrations: there is no .sql file in ${place}`, {
    hint: 'Migrations in another language are run by a function: { version, migrate }.',
  });
}

/** What psql alone can do would be missing in the database, and nobody told. */
function refuseBeyond(script: ScriptFile): void {
  const [first] = script.beyond;
  if (first === undefined) return;
  const { at, command } = first;
  throw new ClientConfigurationError(
    `migrations: ${script.file}, line ${lineOf(script, at)}: ${command} is a command of psql's, which is not run`,
    {
      hint: 'Write the rows behind COPY … FROM STDIN, and in DO what makes statements; or have psql run by a function: { version, migrate }.',
    },
  );
}

async function execute(connection: Connection, scripts: readonly ScriptFile[]): Promise<void> {
  // Roles are those of the whole server: none is made on one whose data matter.
  const makesRoles = (await connection.fetchVal('SHOW fsync')) === 'off';
  const copy = (statement: string, rows: string): Promise<string> =>
    copyRows(connection, statement, rows);
  for (const script of scripts) {
    const failed = await runScript(connection, script, { makesRoles, copy });
    if (failed === null) continue;
    const { at, error: cause, missingRole } = failed;
    if (cause === null) {
      throw new Error(
        `the migration ${script.file} leaves a transaction open, which would be undone`,
      );
    }
    const line = lineOf(script, at);
    const isLeftOut = !makesRoles && missingRole !== null;
    const advice = isLeftOut ? '. Make it on that server, which is none to throw away' : '';
    throw new Error(
      `the migration ${script.file} failed in line ${line}: ${cause.message}${advice}`,
      { cause },
    );
  }
}

/** All that is run. */
function textsOf({ sql, statements }: ScriptFile): string[] {
  return [sql, ...statements.flatMap(({ text, rows }) => (rows === null ? [] : [text, rows]))];
}

function digest(...texts: readonly string[]): string {
  const hash = createHash('sha256');
  // Their lengths keep apart where one ends and the next begins.
  for (const text of texts) hash.update(`${text.length}:`).update(text);
  return hash.digest('hex');
}

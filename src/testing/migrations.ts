import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Connection } from '../client/connection.ts';
import { ClientConfigurationError } from '../errors/client-errors.ts';
import { comparePaths, executeScript } from './script-file.ts';

/**
 * What makes an empty database that of the tests. Files and folders of SQL are executed in their order, and
 * within a folder in that of their paths, numbers in them counted as numbers; what ends in `.down.sql` is left out. A function may run
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
  /** Tells those of different projects apart. */
  readonly source: string;
  /** Changes with what they do. */
  readonly version: string;
  /** Carries them out. */
  run(connection: Connection, dsn: string): Promise<void>;
}

interface Script {
  readonly file: string;
  readonly text: string;
}

/** Reads migrations. Paths are relative to the working directory. */
export async function readMigrations(migrations: Migrations | undefined): Promise<ReadMigrations> {
  if (typeof migrations === 'object' && 'migrate' in migrations) {
    const { version, migrate } = migrations;
    if (typeof version !== 'string' || typeof migrate !== 'function') {
      throw new ClientConfigurationError('migrations: expected a version and a function migrate');
    }
    return {
      source: digest(process.cwd()),
      version: digest(version),
      run: async (connection, dsn) => void (await migrate(connection, dsn)),
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
  const scripts = (await Promise.all(places.map(scriptsOf))).flat();
  return {
    source: digest(...places),
    version: digest(...scripts.map(({ text }) => text)),
    run: (connection) => execute(connection, scripts),
  };
}

async function scriptsOf(place: string): Promise<Script[]> {
  const isFolder = (await stat(place)).isDirectory();
  const names = isFolder ? await readdir(place, { recursive: true }) : [''];
  const wanted = names.filter((name) => !isFolder || /(?<!\.down)\.sql$/.test(name));
  wanted.sort(comparePaths);
  if (wanted.length === 0) {
    throw new ClientConfigurationError(`migrations: there is no .sql file in ${place}`, {
      hint: 'Migrations in another language are run by a function: { version, migrate }.',
    });
  }
  return Promise.all(
    wanted.map(async (name) => {
      const file = path.join(place, name);
      return { file, text: await readFile(file, 'utf8') };
    }),
  );
}

async function execute(connection: Connection, scripts: readonly Script[]): Promise<void> {
  for (const { file, text } of scripts) {
    try {
      if (await executeScript(connection, text)) continue;
    } catch (error) {
      throw new Error(`the migration ${file} failed: ${(error as Error).message}`, {
        cause: error,
      });
    }
    throw new Error(`the migration ${file} leaves a transaction open, which would be undone`);
  }
}

function digest(...texts: readonly string[]): string {
  const hash = createHash('sha256');
  // Their lengths keep apart where one ends and the next begins.
  for (const text of texts) hash.update(`${text.length}:`).update(text);
  return hash.digest('hex');
}

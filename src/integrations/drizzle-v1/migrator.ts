/**
 * asyncpg/drizzle-v1/migrator: Drizzle's migrations, where its other drivers have them.
 *
 * @module asyncpg/drizzle-v1/migrator
 */
import type { AnyRelations } from 'drizzle-orm-next';
import type { MigrationConfig, MigratorInitFailResponse } from 'drizzle-orm-next/migrator';
import { migrate as run } from 'drizzle-orm-next/pg-core';
import type { AsyncpgDatabase } from './database.ts';

/**
 * Applies the migrations of a folder that drizzle-kit has written, those that the database has not had yet.
 * All of them run in one transaction.
 *
 * @throws DrizzleQueryError with the statement that failed; nothing of the migrations stays
 * @example
 * await migrate(db, { migrationsFolder: './drizzle' });
 */
export async function migrate<TRelations extends AnyRelations>(
  db: AsyncpgDatabase<TRelations>,
  config: MigrationConfig,
  // biome-ignore lint/suspicious/noConfusingVoidType: it is Drizzle's own.
): Promise<void | MigratorInitFailResponse> {
  // It reads files, which a program that migrates elsewhere need not load.
  const { readMigrationFiles } = await import('drizzle-orm-next/migrator');
  return await run(readMigrationFiles(config), db, config);
}

/**
 * asyncpg/drizzle/migrator: Drizzle's migrations, where its other drivers have them.
 *
 * @module asyncpg/drizzle/migrator
 */
import type { MigrationConfig } from 'drizzle-orm/migrator';
import type { PgDialect, PgSession } from 'drizzle-orm/pg-core';
import type { AsyncpgDatabase } from './database.ts';

/**
 * Applies the migrations of a folder that drizzle-kit has written, those that the database has not had yet.
 * All of them run in one transaction.
 *
 * @throws DrizzleQueryError with the statement that failed; nothing of the migrations stays
 * @example
 * await migrate(db, { migrationsFolder: './drizzle' });
 */
export async function migrate<TSchema extends Record<string, unknown>>(
  db: AsyncpgDatabase<TSchema>,
  config: MigrationConfig,
): Promise<void> {
  // It reads files, which a program that migrates elsewhere need not load.
  const { readMigrationFiles } = await import('drizzle-orm/migrator');
  const { dialect, session } = db as unknown as { dialect: PgDialect; session: PgSession };
  await dialect.migrate(readMigrationFiles(config), session, config);
}

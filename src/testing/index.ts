/**
 * Databases for tests: each test file has one of its own, cloned from one that is migrated.
 *
 * @module asyncpg/testing
 */
export { globalSetup, globalTeardown } from './global-setup.ts';
export type { MigrationFunction, Migrations } from './migrations.ts';
export { rolledBack } from './rolled-back.ts';
export { type TestDatabase, type TestDatabaseOptions, testDatabase } from './test-database.ts';

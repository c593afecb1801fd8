/**
 * asyncpg/kysely: Kysely on a pool.
 *
 * @module asyncpg/kysely
 */
export { AsyncpgDialect, type AsyncpgDialectConfig } from './dialect.ts';

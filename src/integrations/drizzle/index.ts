/**
 * asyncpg/drizzle: Drizzle on a pool.
 *
 * @module asyncpg/drizzle
 */
export { type AsyncpgClient, AsyncpgDatabase, drizzle } from './database.ts';
export type { AsyncpgConnectionOptions } from './lazy-pool.ts';
export { migrate } from './migrator.ts';
export type {
  AsyncpgField,
  AsyncpgQueryResult,
  AsyncpgQueryResultHKT,
} from './query-result.ts';

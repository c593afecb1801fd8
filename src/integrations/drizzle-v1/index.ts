/**
 * asyncpg/drizzle-v1: Drizzle 1 on a pool.
 *
 * @module asyncpg/drizzle-v1
 */
export type { AsyncpgConnectionOptions } from '../drizzle/lazy-pool.ts';
export type { AsyncpgField, AsyncpgQueryResult } from '../drizzle/query-result.ts';
export { asyncpgCodecs } from './codecs.ts';
export { type AsyncpgClient, AsyncpgDatabase, drizzle } from './database.ts';
export { migrate } from './migrator.ts';
export type { AsyncpgQueryResultHKT } from './query-result.ts';

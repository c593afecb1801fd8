/**
 * The driver on PGlite: PostgreSQL as WebAssembly, in this very process.
 *
 * @module asyncpg/pglite
 */
export { pglite } from './pglite.ts';
export type { PGliteDatabase } from './pglite-database.ts';

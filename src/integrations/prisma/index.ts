/**
 * asyncpg/prisma: a driver adapter for Prisma's client.
 *
 * @module asyncpg/prisma
 */

export type {
  ArgType,
  ColumnType,
  ConnectionInfo,
  IsolationLevel,
  SqlDriverAdapter,
  SqlQuery,
  SqlQueryable,
  SqlResultSet,
  SqlTransaction,
} from './driver-adapter.ts';
export type { AdapterFailure, DriverAdapterError } from './driver-adapter-error.ts';
export { PrismaAsyncpg, type PrismaAsyncpgOptions } from './factory.ts';

import type { Connection, ConnectOptions, createPool, sql } from '../../src/index.ts';

/** One thing that must hold, with a connection of its own. */
export type Check = [name: string, check: (connection: Connection) => Promise<void>];

export function checksOf(
  asyncpg: { readonly createPool: typeof createPool; readonly sql: typeof sql },
  dsn: string | undefined,
  options?: ConnectOptions,
): Check[];

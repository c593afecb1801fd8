import type { PoolOptions } from 'asyncpg';

/** Everything that the service makes in the database is in this schema. */
export const SCHEMA = 'order_service';

/** The channel that tells of each committed order. */
export const ORDER_EVENTS = 'order_events';

/** The pool that the whole service shares. */
export const POOL: PoolOptions = {
  applicationName: 'order-service',
  minSize: 4,
  maxSize: 20,
  // Shorter than Fastify's patience with a plugin that starts, so that it is our error that is told.
  timeout: 8_000,
  commandTimeout: 15_000,
  // Rather a quick 503 than a line of clients who have long gone.
  acquireTimeout: 5_000,
  // Ids are far below 2^53, and JSON has no other numbers. A larger one would be an error.
  types: { int8: 'number' },
  serverSettings: {
    search_path: SCHEMA,
    TimeZone: 'UTC',
    DateStyle: 'ISO',
  },
};

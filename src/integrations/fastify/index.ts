/**
 * asyncpg/fastify: a pool with the life cycle of a Fastify app.
 *
 * @module asyncpg/fastify
 */
export {
  type Health,
  type HealthLog,
  type HealthReply,
  type HealthRequest,
  type HealthRouteOptions,
  healthRoute,
} from './health.ts';
export { ClientDisconnectedError, DatabaseHttpError, toHttpError } from './http-error.ts';
export { type AsyncpgPluginOptions, asyncpg, asyncpg as default } from './plugin.ts';

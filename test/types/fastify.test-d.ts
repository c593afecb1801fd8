/** What the compiler makes of `asyncpg/fastify`. Checked by `npm run check:types`. */
import asyncpg, { type AsyncpgPluginOptions, type Health, healthRoute } from 'asyncpg/fastify';
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { expectTypeOf } from 'vitest';
import type { Pool, Queryable } from '../../src/index.ts';

const app = fastify();
app.register(asyncpg, {
  dsn: 'postgres://localhost/shop',
  pool: { maxSize: 20 },
  httpErrors: true,
});
app.get('/health', healthRoute({ timeout: 1_000 }));
// Of whatever server.
const http2 = fastify({ http2: true });
http2.register(asyncpg, { cancelOnDisconnect: true });
http2.get('/health', healthRoute());
http2.get('/', (request) => request.pg.fetchVal('SELECT 1'));
const https = fastify({ https: {} });
https.get('/health', { logLevel: 'warn' }, healthRoute());
// @ts-expect-error: no option of this name
app.register(asyncpg, { poolSize: 20 });

expectTypeOf<FastifyInstance['pg']>().toEqualTypeOf<Pool>();
expectTypeOf<FastifyRequest['pg']>().toEqualTypeOf<Queryable>();
expectTypeOf<AsyncpgPluginOptions['name']>().toEqualTypeOf<string | undefined>();
expectTypeOf(healthRoute()).returns.resolves.toEqualTypeOf<Health>();

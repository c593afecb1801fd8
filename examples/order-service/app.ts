import helmet from '@fastify/helmet';
import { fastifySSE } from '@fastify/sse';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import asyncpg, { healthRoute } from 'asyncpg/fastify';
import fastify, { type FastifyServerOptions } from 'fastify';
import { type OrderFeedKind, orderFeed } from './plugins/order-feed.ts';
import { ownSql, type Persistence, repositories } from './plugins/repositories.ts';
import { orderEventRoutes } from './routes/order-events.ts';
import { orderRoutes } from './routes/orders.ts';
import { pageRoutes } from './routes/page.ts';
import { productRoutes } from './routes/products.ts';
import { userRoutes } from './routes/users.ts';
import { userCsvRoutes } from './routes/users-csv.ts';
import { migrate } from './schema.ts';
import { POOL } from './settings.ts';

export type App = ReturnType<typeof createServer>;

/** A server without any routes, as it faces the internet. */
export function createServer(options: FastifyServerOptions = {}) {
  const app = fastify({
    // Connections that no request is on are closed at once when the service stops.
    forceCloseConnections: 'idle',
    ...options,
  }).withTypeProvider<TypeBoxTypeProvider>();
  app.register(helmet, {
    // Everything comes from here. Plain HTTP is for development, where nothing can be upgraded.
    contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } },
  });
  return app;
}

export interface AppOptions extends FastifyServerOptions {
  /** How browsers are told of orders: by LISTEN, the default, or by a change stream. */
  readonly orderFeed?: OrderFeedKind;
  /** How it talks to the database: ../order-service-kysely has another way. */
  readonly persistence?: Persistence;
}

/** The whole service, ready to listen or to be injected with requests. */
export async function buildApp(
  dsn: string,
  { orderFeed: kind = 'listen', persistence = ownSql, ...options }: AppOptions = {},
): Promise<App> {
  const app = createServer(options);
  try {
    await app.register(asyncpg, {
      dsn,
      pool: POOL,
      httpErrors: true,
      cancelOnDisconnect: true,
    });
    await migrate(app.pg);
    await app.register(repositories, { persistence });
    await app.register(fastifySSE, { heartbeatInterval: 15_000 });
    await app.register(orderFeed, { kind });
    await app.register(
      async (api) => {
        api.register(userRoutes);
        api.register(userCsvRoutes);
        api.register(productRoutes);
        api.register(orderRoutes);
        api.register(orderEventRoutes);
      },
      { prefix: '/api' },
    );
    app.get('/health', { logLevel: 'warn' }, healthRoute());
    await app.register(pageRoutes);
    await app.ready();
    return app;
  } catch (error) {
    await app.close();
    throw error;
  }
}

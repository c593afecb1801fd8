import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';

export const orderEventRoutes: FastifyPluginAsyncTypebox = async (app) => {
  /**
   * Server-sent events: `order` for each committed order, `pool` each second, and `resync` when events
   * may have been missed. A browser's EventSource connects again by itself.
   */
  app.get('/order-events', { sse: 'only' }, async (_request, reply) => {
    const reader = app.orderFeed.subscribe();
    reply.sse.onClose(() => app.orderFeed.unsubscribe(reader));
    await reply.sse.send(reader);
  });
};

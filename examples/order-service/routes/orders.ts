import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { CheckViolationError, ForeignKeyViolationError } from 'asyncpg';
import { Type } from 'typebox';
import { UnknownProductError } from '../repositories/orders.ts';
import { STOCK_CONSTRAINT } from '../schema.ts';
import { found, ProblemError } from './problem.ts';
import { IdParams, NewOrder, Order, OrderList, OrderWithLines, Problem } from './schemas.ts';

export const orderRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/orders',
    { schema: { querystring: OrderList, response: { 200: Type.Array(OrderWithLines) } } },
    (request) => request.repositories.orders.latest(request.query.limit),
  );

  app.get(
    '/orders/:id',
    { schema: { params: IdParams, response: { 200: OrderWithLines, 404: Problem } } },
    async (request) => found('order', await request.repositories.orders.byId(request.params.id)),
  );

  app.post(
    '/orders',
    { schema: { body: NewOrder, response: { 201: Order, 409: Problem, 422: Problem } } },
    async (request, reply) => {
      const { userId, lines } = request.body;
      if (new Set(lines.map(({ productId }) => productId)).size < lines.length) {
        throw new ProblemError(422, 'duplicate_product', 'Name each product once.');
      }
      try {
        const order = await request.repositories.orders.place(userId, lines);
        return await reply.code(201).header('location', `/api/orders/${order.id}`).send(order);
      } catch (error) {
        throw refusal(error) ?? error;
      }
    },
  );
};

/** Why an order was refused, for those who can do something about it. */
export function refusal(error: unknown): ProblemError | null {
  const cause = { cause: error };
  if (error instanceof CheckViolationError && error.constraintName === STOCK_CONSTRAINT) {
    return new ProblemError(409, 'out_of_stock', 'There is not enough of it in stock.', cause);
  }
  if (error instanceof ForeignKeyViolationError) {
    return new ProblemError(422, 'unknown_user', 'There is no such user.', cause);
  }
  if (error instanceof UnknownProductError) {
    return new ProblemError(422, 'unknown_product', 'There is no such product.', cause);
  }
  return null;
}

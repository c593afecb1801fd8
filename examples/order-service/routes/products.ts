import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { found } from './problem.ts';
import { IdParams, Problem, Product } from './schemas.ts';

export const productRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/products', { schema: { response: { 200: Type.Array(Product) } } }, (request) =>
    request.repositories.products.list(),
  );

  app.post(
    '/products/:id/restock',
    { schema: { params: IdParams, response: { 200: Product, 404: Problem } } },
    async (request) =>
      found('product', await request.repositories.products.restock(request.params.id)),
  );
};

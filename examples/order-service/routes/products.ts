import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { ProductRepository } from '../repositories/products.ts';
import { found } from './problem.ts';
import { IdParams, Problem, Product } from './schemas.ts';

export const productRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/products', { schema: { response: { 200: Type.Array(Product) } } }, (request) =>
    new ProductRepository(request.pg).list(),
  );

  app.post(
    '/products/:id/restock',
    { schema: { params: IdParams, response: { 200: Product, 404: Problem } } },
    async (request) =>
      found('product', await new ProductRepository(request.pg).restock(request.params.id)),
  );
};

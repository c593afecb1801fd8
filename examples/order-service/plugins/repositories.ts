import type { Pool, Queryable } from 'asyncpg';
import type { FastifyInstance } from 'fastify';
import plugin from 'fastify-plugin';
import { OrderRepository } from '../repositories/orders.ts';
import { ProductRepository } from '../repositories/products.ts';
import { UserRepository } from '../repositories/users.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** What the routes know of the database. */
    readonly repositories: Repositories;
  }
}

/** All that the routes need; the classes are one way to have it. */
interface Repositories {
  readonly users: Pick<UserRepository, keyof UserRepository>;
  readonly products: Pick<ProductRepository, keyof ProductRepository>;
  readonly orders: Pick<OrderRepository, keyof OrderRepository>;
}

/** What makes the repositories of each request. */
export type Persistence = (pool: Pool) => (requestPg: Queryable) => Repositories;

/** The service's own SQL, each request with its own `request.pg`: it ends with its client. */
export const ownSql: Persistence = () => (db) => ({
  users: new UserRepository(db),
  products: new ProductRepository(db),
  orders: new OrderRepository(db),
});

export const repositories = plugin(
  async (app: FastifyInstance, { persistence }: { persistence: Persistence }) => {
    const make = persistence(app.pg);
    app.decorateRequest('repositories', {
      getter() {
        return make(this.pg);
      },
    });
  },
);

import { AsyncpgDialect } from 'asyncpg/kysely';
import { Kysely } from 'kysely';
import type { Persistence } from '../order-service/plugins/repositories.ts';
import type { Database } from './database.ts';
import { OrderRepository } from './orders.ts';
import { ProductRepository } from './products.ts';
import { KyselyUserRepository } from './users.ts';

/** The repositories on Kysely, all on the service's own pool: whoever made that closes it. */
export const onKysely: Persistence = (pool) => {
  const db = new Kysely<Database>({ dialect: new AsyncpgDialect({ pool }) });
  const repositories = {
    users: new KyselyUserRepository(db, pool),
    products: new ProductRepository(db),
    orders: new OrderRepository(db),
  };
  return () => repositories;
};

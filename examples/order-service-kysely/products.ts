import type { Kysely } from 'kysely';
import type { Product } from '../order-service/repositories/products.ts';
import type { Database } from './database.ts';

export class ProductRepository {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  list(): Promise<Product[]> {
    return this.#db.selectFrom('products').selectAll().orderBy('id').execute();
  }

  /** Fills a product's stock up, and returns it; null if there is no such product. */
  async restock(id: number): Promise<Product | null> {
    const product = await this.#db
      .updateTable('products')
      .set(({ ref }) => ({ stock: ref('capacity') }))
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirst();
    return product ?? null;
  }
}

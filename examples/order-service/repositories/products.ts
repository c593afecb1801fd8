import type { Queryable } from 'asyncpg';

/** Money is `numeric` in PostgreSQL and a string here: exact on both sides, never a float. */
export interface Product {
  readonly id: number;
  readonly name: string;
  readonly price: string;
  readonly stock: number;
  readonly capacity: number;
}

const PRODUCT = 'id, name, price, stock, capacity';

export const ALL_PRODUCTS = `SELECT ${PRODUCT} FROM products ORDER BY id`;

export class ProductRepository {
  readonly #db: Queryable;

  constructor(db: Queryable) {
    this.#db = db;
  }

  list(): Promise<Product[]> {
    return this.#db.fetch<Product>(ALL_PRODUCTS);
  }

  /** Fills a product's stock up, and returns it; null if there is no such product. */
  restock(id: number): Promise<Product | null> {
    return this.#db.fetchRow<Product>(
      `UPDATE products SET stock = capacity WHERE id = $1 RETURNING ${PRODUCT}`,
      id,
    );
  }
}

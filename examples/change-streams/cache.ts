/** A cache in this process that every commit invalidates, whoever made it. */
import type { Pool } from 'asyncpg';
import { type ChangeStream, openChangeStream } from 'asyncpg/replication';

export interface Product {
  readonly id: number;
  readonly name: string;
}

/** Products by their id. A miss is worse than a repeat, so that a gap empties it. */
export class ProductCache implements AsyncDisposable {
  readonly #pool: Pool;
  readonly #products = new Map<number, Product | null>();
  readonly #stream: ChangeStream;
  readonly #following: Promise<void>;

  private constructor(pool: Pool, stream: ChangeStream) {
    this.#pool = pool;
    this.#stream = stream;
    this.#following = this.#follow();
  }

  static async open(pool: Pool): Promise<ProductCache> {
    let cache: ProductCache | null = null;
    // The slot dies with the connection: nobody has to drop it, and it holds back no log when this is gone.
    const stream = await openChangeStream(pool, {
      slot: 'temporary',
      publication: { name: 'cached_products', tables: ['products'] },
      onGap: () => cache?.clear(),
    });
    cache = new ProductCache(pool, stream);
    return cache;
  }

  /** Of the cache, or of the database. */
  async get(id: number): Promise<Product | null> {
    const known = this.#products.get(id);
    if (known !== undefined) return known;
    const row = await this.#pool.fetchRow<Product>(
      'SELECT id, name FROM products WHERE id = $1',
      id,
    );
    this.#products.set(id, row);
    return row;
  }

  has(id: number): boolean {
    return this.#products.has(id);
  }

  clear(): void {
    this.#products.clear();
  }

  async #follow(): Promise<void> {
    for await (const transaction of this.#stream) {
      for await (const change of transaction) {
        if (change.kind === 'truncate') this.clear();
        else if ('key' in change && change.key !== null) this.#products.delete(change.key.id);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stream.close();
    await this.#following;
  }
}

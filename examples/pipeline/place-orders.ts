import { CheckViolationError, type Pool } from 'asyncpg';
import { type Order, OrderRepository } from './order-repository.ts';
import { generateLines, pick, seededRandom } from './sample-data.ts';
import { STOCK_CONSTRAINT } from './schema.ts';

/** What became of all orders. */
export interface Placed {
  readonly orders: Order[];
  /** How many were refused because something was out of stock. */
  outOfStock: number;
}

/**
 * Places many orders at a time: each caller places one after the other, and all callers share the
 * connections of the pool, waiting in line for them.
 */
export async function placeOrders(
  pool: Pool,
  callers: number,
  ordersPerCaller: number,
  onProgress?: (tried: number) => void,
): Promise<Placed> {
  const repository = new OrderRepository(pool);
  const userIds = await idsOf(pool, 'SELECT id FROM users WHERE is_active ORDER BY id LIMIT 1000');
  const productIds = await idsOf(pool, 'SELECT id FROM products ORDER BY id');
  const placed: Placed = { orders: [], outOfStock: 0 };

  const call = async (caller: number): Promise<void> => {
    const random = seededRandom(caller);
    for (let order = 0; order < ordersPerCaller; order += 1) {
      try {
        const lines = generateLines(random, productIds);
        placed.orders.push(await repository.createWithLines(pick(random, userIds), lines));
      } catch (error) {
        if (!isOutOfStock(error)) throw error;
        placed.outOfStock += 1;
      }
      onProgress?.(placed.orders.length + placed.outOfStock);
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, caller) => call(caller)));
  return placed;
}

/** There is a class for each SQLSTATE, and the error names the constraint. */
function isOutOfStock(error: unknown): boolean {
  return error instanceof CheckViolationError && error.constraintName === STOCK_CONSTRAINT;
}

async function idsOf(pool: Pool, query: string): Promise<bigint[]> {
  const rows = await pool.fetch<{ id: bigint }>(query);
  return rows.map(({ id }) => id);
}

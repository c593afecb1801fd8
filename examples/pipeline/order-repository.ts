import type { Queryable } from 'asyncpg';
import { ORDER_EVENTS } from './order-events.ts';

/** What somebody wants to buy. */
export interface NewLine {
  readonly productId: bigint;
  readonly quantity: number;
}

/** Money is `numeric` in PostgreSQL and a string here: exact on both sides, never a float. */
export interface Order {
  readonly id: bigint;
  readonly userId: bigint;
  readonly total: string;
  readonly createdAt: Date;
}

export interface OrderLine {
  readonly lineNumber: number;
  readonly sku: string;
  readonly quantity: number;
  readonly unitPrice: string;
  readonly amount: string;
}

export interface OrderWithLines extends Order {
  readonly lines: readonly OrderLine[];
}

const ORDER = `id, user_id AS "userId", total, created_at AS "createdAt"`;

/**
 * Takes the goods from the stock and writes the line, in one statement: nobody comes in between.
 * If the stock would fall below zero, the CHECK constraint of `products` refuses.
 */
const ADD_LINE = `
  WITH product AS (
    UPDATE products SET stock = stock - $4 WHERE id = $3 RETURNING id, price
  )
  INSERT INTO order_lines (order_id, line_number, product_id, quantity, unit_price)
  SELECT $1, $2, id, $4, price FROM product
  RETURNING line_number`;

const SET_TOTAL = `
  UPDATE orders
  SET total = (SELECT sum(quantity * unit_price) FROM order_lines WHERE order_id = $1)
  WHERE id = $1
  RETURNING ${ORDER}`;

const ORDER_WITH_LINES = `
  SELECT o.id, o.user_id, o.total, o.created_at, l.line_number, p.sku, l.quantity, l.unit_price,
         l.quantity * l.unit_price AS amount
  FROM orders AS o
  JOIN order_lines AS l ON l.order_id = o.id
  JOIN products AS p ON p.id = l.product_id
  WHERE o.id = $1
  ORDER BY l.line_number`;

interface OrderWithLinesRow {
  readonly id: bigint;
  readonly user_id: bigint;
  readonly total: string;
  readonly created_at: Date;
  readonly line_number: number;
  readonly sku: string;
  readonly quantity: number;
  readonly unit_price: string;
  readonly amount: string;
}

/** All that the program does with orders. */
export class OrderRepository {
  readonly #db: Queryable;

  constructor(db: Queryable) {
    this.#db = db;
  }

  /**
   * Places an order in one transaction: the order, its lines, less in stock, and the event that
   * tells of it. A line of which there is not enough in stock is a `CheckViolationError`, and then
   * nothing of all this has happened.
   */
  async createWithLines(userId: bigint, lines: readonly NewLine[]): Promise<Order> {
    if (lines.length === 0) throw new RangeError('an order needs at least one line');
    // Two orders for the same products wait for each other's row locks. If all take them in the
    // order of the products' ids, none can wait for one that waits for it: no deadlock.
    const sorted = lines.toSorted((a, b) => Number(a.productId - b.productId));

    return await this.#db.transaction(async (tx) => {
      const orderId = await tx.fetchVal<bigint>(
        'INSERT INTO orders (user_id) VALUES ($1) RETURNING id',
        userId,
      );
      // All lines in one go; the server executes them one after the other, in our order.
      const added = await tx.fetchMany(
        ADD_LINE,
        sorted.map(({ productId, quantity }, index) => [orderId, index + 1, productId, quantity]),
      );
      if (added.length !== lines.length) {
        throw new RangeError('an order has a line for a product that does not exist');
      }
      const order = await tx.fetchRow<Order>(SET_TOTAL, orderId);
      if (order === null) throw new Error('UPDATE … RETURNING returned no row');
      // The server keeps the notification back until the transaction commits, and drops it if not.
      await tx.notify(ORDER_EVENTS, String(order.id));
      return order;
    });
  }

  /**
   * An order and its lines, or null. One query, and so one moment: not an order of now with lines of
   * later. The lines come as rows and not as JSON, where an amount would become a float.
   */
  async getWithLines(orderId: bigint): Promise<OrderWithLines | null> {
    const rows = await this.#db.fetch<OrderWithLinesRow>(ORDER_WITH_LINES, orderId);
    const first = rows[0];
    if (first === undefined) return null;
    return {
      id: first.id,
      userId: first.user_id,
      total: first.total,
      createdAt: first.created_at,
      lines: rows.map((row) => ({
        lineNumber: row.line_number,
        sku: row.sku,
        quantity: row.quantity,
        unitPrice: row.unit_price,
        amount: row.amount,
      })),
    };
  }
}

import type { Queryable } from 'asyncpg';
import { ORDER_EVENTS } from '../settings.ts';

/** What somebody wants to buy: each product once. */
export interface NewLine {
  readonly productId: number;
  readonly quantity: number;
}

export interface OrderLine {
  readonly productId: number;
  readonly product: string;
  readonly quantity: number;
  /** Money is a string, exact: see products.ts. */
  readonly unitPrice: string;
}

export interface Order {
  readonly id: number;
  readonly userId: number;
  readonly userName: string;
  readonly total: string;
  readonly createdAt: Date;
}

export interface OrderWithLines extends Order {
  readonly lines: OrderLine[];
}

export const INSERT_ORDER = 'INSERT INTO orders (user_id) VALUES ($1) RETURNING id';

/**
 * Locks the products of an order. Two orders for the same products wait for each other; if all lock
 * them in the order of their ids, none waits for one that waits for it: no deadlock.
 */
export const LOCK_PRODUCTS = 'SELECT FROM products WHERE id = ANY($1) ORDER BY id FOR UPDATE';

/**
 * Takes the goods from the stock and writes the lines, in one statement. If a stock would fall below
 * zero the CHECK constraint of `products` refuses it all.
 */
export const TAKE_GOODS = `
  WITH wanted AS (
    SELECT * FROM unnest($2::bigint[], $3::integer[]) AS w (product_id, quantity)
  ), taken AS (
    UPDATE products SET stock = stock - quantity FROM wanted WHERE id = product_id
    RETURNING id, price, quantity
  )
  INSERT INTO order_lines (order_id, product_id, quantity, unit_price)
  SELECT $1, id, quantity, price FROM taken`;

/**
 * The total, and the event that tells of the order: PostgreSQL keeps the notification back until the
 * transaction commits, and drops it if it does not.
 */
export const FINISH_ORDER = `
  WITH lines AS (
    SELECT sum(quantity * unit_price) AS total, json_agg(json_build_object(
      'productId', p.id, 'product', p.name, 'quantity', quantity, 'stock', stock
    ) ORDER BY p.id) AS summary
    FROM order_lines JOIN products AS p ON p.id = product_id
    WHERE order_id = $1
  ), finished AS (
    UPDATE orders AS o SET total = lines.total FROM lines, users AS u
    WHERE o.id = $1 AND u.id = o.user_id
    RETURNING o.id, user_id AS "userId", u.name AS "userName", o.total, o.created_at AS "createdAt"
  ), told AS (
    SELECT pg_notify('${ORDER_EVENTS}', json_build_object(
      'id', id, 'userName', "userName", 'total', finished.total::text, 'createdAt', "createdAt",
      'lines', summary
    )::text)
    FROM finished, lines
  )
  SELECT finished.* FROM finished, told`;

const ORDER = `
  o.id, user_id AS "userId", u.name AS "userName", o.total, o.created_at AS "createdAt"`;

export const ORDER_BY_ID = `
  SELECT ${ORDER}, product_id AS "productId", p.name AS product, quantity, unit_price AS "unitPrice"
  FROM orders AS o
  JOIN users AS u ON u.id = o.user_id
  JOIN order_lines AS l ON l.order_id = o.id
  JOIN products AS p ON p.id = l.product_id
  WHERE o.id = $1
  ORDER BY product_id`;

/** One row for each order: a LIMIT of rows would cut one's lines. */
const LATEST_ORDERS = `
  SELECT ${ORDER}, l.lines
  FROM (SELECT * FROM orders ORDER BY id DESC LIMIT $1) AS o
  JOIN users AS u ON u.id = o.user_id
  CROSS JOIN LATERAL (
    SELECT json_agg(json_build_object(
      'productId', product_id, 'product', p.name, 'quantity', quantity, 'unitPrice', unit_price::text
    ) ORDER BY product_id) AS lines
    FROM order_lines JOIN products AS p ON p.id = product_id
    WHERE order_id = o.id
  ) AS l
  ORDER BY o.id DESC`;

/** Somebody ordered what is not there at all. */
export class UnknownProductError extends Error {
  override readonly name = 'UnknownProductError';
  constructor() {
    super('an order has a line for a product that does not exist');
  }
}

export class OrderRepository {
  readonly #db: Queryable;

  constructor(db: Queryable) {
    this.#db = db;
  }

  /**
   * Places an order, all of it or nothing. Of too little in stock it is a `CheckViolationError`, for a
   * user who does not exist a `ForeignKeyViolationError`.
   */
  place(userId: number, lines: readonly NewLine[]): Promise<Order> {
    const ids = lines.map(({ productId }) => productId);
    const quantities = lines.map(({ quantity }) => quantity);
    return this.#db.transaction(async (tx) => {
      // Neither needs the other's result: both travel in one flight, with the BEGIN ahead of them.
      const [orderId] = await Promise.all([
        tx.fetchVal<number>(INSERT_ORDER, userId),
        tx.execute(LOCK_PRODUCTS, ids),
      ]);
      const taken = await tx.execute(TAKE_GOODS, orderId, ids, quantities);
      if (taken !== `INSERT 0 ${lines.length}`) throw new UnknownProductError();
      const order = await tx.fetchRow<Order>(FINISH_ORDER, orderId);
      return order!;
    });
  }

  /** An order with its lines, or null. One query, and so one moment. */
  async byId(id: number): Promise<OrderWithLines | null> {
    const rows = await this.#db.fetch<Order & OrderLine>(ORDER_BY_ID, id);
    return toOrder(rows);
  }

  /** The latest orders with their lines, the newest first. */
  latest(limit: number): Promise<OrderWithLines[]> {
    return this.#db.fetch<OrderWithLines>(LATEST_ORDERS, limit);
  }
}

/** One order of the rows of `ORDER_BY_ID`, which has one for each line. */
export function toOrder(rows: readonly (Order & OrderLine)[]): OrderWithLines | null {
  const [first] = rows;
  if (first === undefined) return null;
  const { id, userId, userName, total, createdAt } = first;
  return { id, userId, userName, total, createdAt, lines: [...rows] };
}

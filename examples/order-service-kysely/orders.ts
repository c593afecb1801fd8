import { type Kysely, type SelectQueryBuilder, sql, type Transaction } from 'kysely';
import {
  type NewLine,
  type Order,
  type OrderLine,
  type OrderWithLines,
  toOrder,
  UnknownProductError,
} from '../order-service/repositories/orders.ts';
import { ORDER_EVENTS } from '../order-service/settings.ts';
import type { Database } from './database.ts';

const ORDER = [
  'orders.id',
  'orders.user_id as userId',
  'users.name as userName',
  'orders.total',
  'orders.created_at as createdAt',
] as const;

export class OrderRepository {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  /**
   * Places an order, all of it or nothing. Of too little in stock it is a `CheckViolationError`, for a
   * user who does not exist a `ForeignKeyViolationError`: the errors are the driver's own.
   */
  place(userId: number, lines: readonly NewLine[]): Promise<Order> {
    return this.#db.transaction().execute(async (tx) => {
      const { id } = await tx
        .insertInto('orders')
        .values({ user_id: userId })
        .returning('id')
        .executeTakeFirstOrThrow();
      // All lock their products in one order, and so none waits for one that waits for it.
      for (const line of lines.toSorted((a, b) => a.productId - b.productId)) {
        await takeGoods(tx, id, line);
      }
      const order = await finish(tx, id);
      await tell(tx, order);
      return order;
    });
  }

  /** An order with its lines, or null. One query, and so one moment. */
  async byId(id: number): Promise<OrderWithLines | null> {
    const rows: (Order & OrderLine)[] = await this.#orders()
      .innerJoin('order_lines', 'order_lines.order_id', 'orders.id')
      .innerJoin('products', 'products.id', 'order_lines.product_id')
      .select([
        'order_lines.product_id as productId',
        'products.name as product',
        'order_lines.quantity',
        'order_lines.unit_price as unitPrice',
      ])
      .where('orders.id', '=', id)
      .orderBy('order_lines.product_id')
      .execute();
    return toOrder(rows);
  }

  /** The latest orders with their lines, the newest first. */
  latest(limit: number): Promise<OrderWithLines[]> {
    return this.#orders()
      .select(({ selectFrom }) =>
        selectFrom('order_lines')
          .innerJoin('products', 'products.id', 'order_lines.product_id')
          .whereRef('order_lines.order_id', '=', 'orders.id')
          .select(
            sql<OrderLine[]>`json_agg(json_build_object(
              'productId', product_id, 'product', products.name, 'quantity', quantity,
              'unitPrice', unit_price::text
            ) ORDER BY product_id)`.as('lines'),
          )
          .as('lines'),
      )
      .orderBy('orders.id', 'desc')
      .limit(limit)
      .$narrowType<{ lines: OrderLine[] }>()
      .execute();
  }

  #orders(): SelectQueryBuilder<Database, 'orders' | 'users', Order> {
    return this.#db
      .selectFrom('orders')
      .innerJoin('users', 'users.id', 'orders.user_id')
      .select(ORDER);
  }
}

/** If the stock would fall below zero the CHECK constraint of `products` refuses it. */
async function takeGoods(
  tx: Transaction<Database>,
  orderId: number,
  { productId, quantity }: NewLine,
): Promise<void> {
  const taken = await tx
    .updateTable('products')
    .set(({ eb }) => ({ stock: eb('stock', '-', quantity) }))
    .where('id', '=', productId)
    .returning('price')
    .executeTakeFirst();
  if (taken === undefined) throw new UnknownProductError();
  await tx
    .insertInto('order_lines')
    .values({ order_id: orderId, product_id: productId, quantity, unit_price: taken.price })
    .execute();
}

/** PostgreSQL adds the money up: there is no float on the way. */
function finish(tx: Transaction<Database>, id: number): Promise<Order> {
  return tx
    .updateTable('orders')
    .from('users')
    .set(({ selectFrom }) => ({
      total: selectFrom('order_lines')
        .select(sql<string>`sum(quantity * unit_price)`.as('total'))
        .where('order_id', '=', id),
    }))
    .whereRef('users.id', '=', 'orders.user_id')
    .where('orders.id', '=', id)
    .returning(ORDER)
    .executeTakeFirstOrThrow();
}

/** PostgreSQL keeps the notification back until the transaction commits, and drops it if it does not. */
async function tell(tx: Transaction<Database>, order: Order): Promise<void> {
  const lines = await tx
    .selectFrom('order_lines')
    .innerJoin('products', 'products.id', 'product_id')
    .select(['product_id as productId', 'name as product', 'quantity', 'stock'])
    .where('order_id', '=', order.id)
    .orderBy('product_id')
    .execute();
  const { id, userName, total, createdAt } = order;
  const payload = JSON.stringify({ id, userName, total, createdAt, lines });
  await sql`SELECT pg_notify(${ORDER_EVENTS}, ${payload})`.execute(tx);
}

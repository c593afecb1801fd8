/**
 * The main routes of the service once more, on the driver `pg`, as its users write them: with the same
 * server, the same schemas and the same SQL. For comparison only.
 */
import pg from 'pg';
import { Type } from 'typebox';
import { type App, createServer } from '../app.ts';
import {
  FINISH_ORDER,
  INSERT_ORDER,
  LOCK_PRODUCTS,
  type NewLine,
  ORDER_BY_ID,
  TAKE_GOODS,
  toOrder,
  UnknownProductError,
} from '../repositories/orders.ts';
import { ALL_PRODUCTS } from '../repositories/products.ts';
import { USER_BY_ID } from '../repositories/users.ts';
import { refusal } from '../routes/orders.ts';
import { found } from '../routes/problem.ts';
import { IdParams, NewOrder, Order, OrderWithLines, Product, User } from '../routes/schemas.ts';
import { POOL, SCHEMA } from '../settings.ts';

export async function buildPgApp(dsn: string): Promise<App> {
  const pool = new pg.Pool({
    connectionString: dsn,
    max: POOL.maxSize,
    min: POOL.minSize,
    options: `-c search_path=${SCHEMA} -c TimeZone=UTC`,
    types: {
      getTypeParser: (oid: number, format?: 'text' | 'binary') =>
        oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format as 'text'),
    } as pg.CustomTypesConfig,
  });
  const app = createServer();
  app.addHook('onClose', () => pool.end());

  /** Named, so that each is prepared once for each connection. */
  const first = async <T extends object>(text: string, values: unknown[]): Promise<T | null> => {
    const { rows } = await pool.query<T>({ name: text.slice(0, 60), text, values });
    return rows[0] ?? null;
  };

  async function place(userId: number, lines: readonly NewLine[]) {
    const ids = lines.map(({ productId }) => productId);
    const quantities = lines.map(({ quantity }) => quantity);
    const client = await pool.connect();
    try {
      await client.query('BEGIN');
      const inserted = await client.query({
        name: 'insert-order',
        text: INSERT_ORDER,
        values: [userId],
      });
      const orderId = inserted.rows[0].id;
      await client.query({ name: 'lock', text: LOCK_PRODUCTS, values: [ids] });
      const values = [orderId, ids, quantities];
      const { rowCount } = await client.query({ name: 'take', text: TAKE_GOODS, values });
      if (rowCount !== lines.length) throw new UnknownProductError();
      const order = await client.query({ name: 'finish', text: FINISH_ORDER, values: [orderId] });
      await client.query('COMMIT');
      return order.rows[0];
    } catch (error) {
      await client.query('ROLLBACK');
      throw error;
    } finally {
      client.release();
    }
  }

  app.get('/api/products', { schema: { response: { 200: Type.Array(Product) } } }, async () => {
    const { rows } = await pool.query({ name: 'products', text: ALL_PRODUCTS });
    return rows;
  });
  app.get(
    '/api/users/:id',
    { schema: { params: IdParams, response: { 200: User } } },
    async (request) => found('user', await first(USER_BY_ID, [request.params.id])),
  );
  app.get(
    '/api/orders/:id',
    { schema: { params: IdParams, response: { 200: OrderWithLines } } },
    async (request) => {
      const values = [request.params.id];
      const { rows } = await pool.query({ name: 'order', text: ORDER_BY_ID, values });
      return found('order', toOrder(rows));
    },
  );
  app.post(
    '/api/orders',
    { schema: { body: NewOrder, response: { 201: Order } } },
    async (request, reply) => {
      const { userId, lines } = request.body;
      try {
        return await reply.code(201).send(await place(userId, lines));
      } catch (error) {
        throw refusal(error) ?? error;
      }
    },
  );
  await app.ready();
  return app;
}

import type { Connection } from 'asyncpg';

/** Everything the pipeline makes is in this schema; nothing else in the database is touched. */
export const SCHEMA = 'asyncpg_pipeline';

/** The constraint that an order for more than there is in stock violates. */
export const STOCK_CONSTRAINT = 'products_stock_not_negative';

/** Says that a schema of this name is ours, and may be dropped. */
const COMMENT = 'Made by the asyncpg pipeline example; dropped when it ends.';

/** Any number that nothing else in the database uses for its advisory locks. */
const LOCK = 7_208_113_514n;

const TABLES = `
  CREATE TABLE users (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email      text NOT NULL UNIQUE,
    name       text NOT NULL,
    is_active  boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
  );

  CREATE TABLE products (
    id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sku   text NOT NULL UNIQUE,
    name  text NOT NULL,
    price numeric(12, 2) NOT NULL CHECK (price >= 0),
    stock integer NOT NULL CONSTRAINT ${STOCK_CONSTRAINT} CHECK (stock >= 0)
  );

  CREATE TABLE orders (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id    bigint NOT NULL REFERENCES users,
    total      numeric(14, 2) NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE INDEX ON orders (user_id);

  CREATE TABLE order_lines (
    order_id    bigint NOT NULL REFERENCES orders ON DELETE CASCADE,
    line_number integer NOT NULL,
    product_id  bigint NOT NULL REFERENCES products,
    quantity    integer NOT NULL CHECK (quantity > 0),
    unit_price  numeric(12, 2) NOT NULL,
    PRIMARY KEY (order_id, line_number)
  );
  CREATE INDEX ON order_lines (product_id);
`;

/**
 * Makes the schema and its tables, on a connection with `CONNECT_OPTIONS`, so that the search_path
 * leads into the schema. What an earlier run left behind, because it was killed, is dropped first.
 *
 * The connection keeps a lock until it closes: one run at a time, for the channel of the order
 * events belongs to the whole database.
 */
export async function createSchema(connection: Connection): Promise<void> {
  if ((await connection.fetchVal('SELECT pg_try_advisory_lock($1)', LOCK)) !== true) {
    throw new Error('another run of the pipeline is at work in this database; wait for its end');
  }
  const existing = await connection.fetchRow<{ comment: string | null }>(
    `SELECT obj_description(oid, 'pg_namespace') AS comment
     FROM pg_namespace WHERE nspname = $1`,
    SCHEMA,
  );
  if (existing !== null && existing.comment !== COMMENT) {
    throw new Error(
      `the schema ${SCHEMA} exists and is not ours: rename it, or use another database`,
    );
  }
  // Without arguments, a text may hold many statements; they are one transaction.
  await connection.execute(`
    DROP SCHEMA IF EXISTS ${SCHEMA} CASCADE;
    CREATE SCHEMA ${SCHEMA};
    COMMENT ON SCHEMA ${SCHEMA} IS '${COMMENT}';
    ${TABLES}
  `);
}

/** Drops the schema with everything in it. */
export async function dropSchema(connection: Connection): Promise<void> {
  await connection.execute(`DROP SCHEMA ${SCHEMA} CASCADE`);
}

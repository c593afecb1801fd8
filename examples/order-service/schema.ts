import type { Pool } from 'asyncpg';
import { SCHEMA } from './settings.ts';

/** The constraint that an order for more than there is in stock violates. */
export const STOCK_CONSTRAINT = 'products_stock_not_negative';

/** Any number that nothing else in the database uses for its advisory locks. */
const LOCK = 7_208_113_515;

/** Harmless when it is all there already: every start of the service executes it. */
const TABLES = `
  CREATE SCHEMA IF NOT EXISTS ${SCHEMA};

  CREATE TABLE IF NOT EXISTS users (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email      text NOT NULL CONSTRAINT users_email_unique UNIQUE,
    name       text NOT NULL,
    is_active  boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now()
  );

  CREATE TABLE IF NOT EXISTS products (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name     text NOT NULL UNIQUE,
    price    numeric(10, 2) NOT NULL CHECK (price >= 0),
    stock    integer NOT NULL CONSTRAINT ${STOCK_CONSTRAINT} CHECK (stock >= 0),
    capacity integer NOT NULL CHECK (capacity > 0)
  );

  CREATE TABLE IF NOT EXISTS orders (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id    bigint NOT NULL REFERENCES users,
    total      numeric(12, 2) NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE INDEX IF NOT EXISTS orders_user_id ON orders (user_id);

  CREATE TABLE IF NOT EXISTS order_lines (
    order_id   bigint NOT NULL REFERENCES orders ON DELETE CASCADE,
    product_id bigint NOT NULL REFERENCES products,
    quantity   integer NOT NULL CHECK (quantity > 0),
    unit_price numeric(10, 2) NOT NULL,
    PRIMARY KEY (order_id, product_id)
  );
  CREATE INDEX IF NOT EXISTS order_lines_product_id ON order_lines (product_id);
`;

const PRODUCTS: readonly (readonly [name: string, price: string, stock: number])[] = [
  ['Espresso machine', '349.00', 40],
  ['Burr grinder', '129.90', 80],
  ['Gooseneck kettle', '74.50', 120],
  ['Pour-over set', '38.20', 200],
  ['Milk frother', '24.99', 150],
  ['Digital scale', '32.00', 90],
  ['Tasting box, 6 × 100 g', '42.60', 300],
  ['Filter papers, 100', '5.10', 500],
];

const USERS: readonly (readonly [email: string, name: string])[] = [
  ['ada@example.org', 'Ada Lovelace'],
  ['grace@example.org', 'Grace Hopper'],
  ['zoe@example.org', 'Zoë Washburne'],
  ['conan@example.org', "Conan O'Brien"],
];

/**
 * Makes the tables that are not there, and puts sample data into those that were just made. Several
 * instances may start at once: the lock lets one after the other in.
 */
export async function migrate(pool: Pool): Promise<void> {
  await pool.transaction(async (tx) => {
    await tx.execute('SELECT pg_advisory_xact_lock($1)', LOCK);
    await tx.execute(TABLES);
    if (await tx.fetchVal<boolean>('SELECT EXISTS (SELECT FROM products)')) return;
    await tx.executeMany(
      'INSERT INTO products (name, price, stock, capacity) VALUES ($1, $2, $3, $3)',
      PRODUCTS,
    );
    await tx.executeMany(
      'INSERT INTO users (email, name) VALUES ($1, $2) ON CONFLICT DO NOTHING',
      USERS,
    );
  });
}

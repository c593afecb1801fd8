import { type AsyncpgDatabase, drizzle } from 'asyncpg/drizzle-v1';
import { defineRelations, sql } from 'drizzle-orm-next';
import {
  boolean,
  type DrizzlePgConfig,
  integer,
  jsonb,
  numeric,
  pgTable,
  serial,
  text,
  timestamp,
} from 'drizzle-orm-next/pg-core';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import {
  type Connection,
  connect,
  createPool,
  type Pool,
  type PoolOptions,
} from '../../../../src/index.ts';
import { serverDsn, type TestedVersion } from '../../../support/servers/server.ts';

export const users = pgTable('users', {
  id: serial().primaryKey(),
  name: text().notNull().unique(),
  isActive: boolean('is_active').notNull().default(true),
  profile: jsonb(),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
});

export const orders = pgTable('orders', {
  id: serial().primaryKey(),
  userId: integer('user_id').references(() => users.id),
  total: numeric().notNull(),
});

const relations = defineRelations({ users, orders }, (r) => ({
  users: { orders: r.many.orders() },
  orders: { user: r.one.users({ from: r.orders.userId, to: r.users.id }) },
}));
export type Relations = typeof relations;

/** Drizzle on a pool, in a schema of its own that each test finds empty. */
export class DrizzleTest {
  readonly #schema: string;
  readonly version: TestedVersion;
  admin!: Connection;
  pool!: Pool;
  db!: AsyncpgDatabase<Relations> & { $client: Pool };
  /** What its logger was told. */
  readonly logged: { query: string; params: unknown[] }[] = [];

  constructor(name: string, version: TestedVersion = 18) {
    this.#schema = name;
    this.version = version;
    beforeAll(async () => {
      this.admin = await connect(serverDsn(version), { serverSettings: { search_path: name } });
      await this.admin.execute(`
        DROP SCHEMA IF EXISTS ${name} CASCADE;
        CREATE SCHEMA ${name};
        CREATE TABLE users (id serial PRIMARY KEY, name text NOT NULL UNIQUE,
          is_active boolean NOT NULL DEFAULT true, profile jsonb,
          created_at timestamptz NOT NULL DEFAULT now());
        CREATE TABLE orders (id serial PRIMARY KEY,
          user_id int REFERENCES users DEFERRABLE INITIALLY DEFERRED, total numeric NOT NULL)`);
    });
    afterAll(async () => {
      await this.admin.execute(`DROP SCHEMA ${name} CASCADE`);
      await this.admin.close();
    });
    beforeEach(async () => {
      await this.admin.execute('TRUNCATE users, orders RESTART IDENTITY');
      await this.open();
      return () => this.pool.close();
    });
  }

  async open(options: PoolOptions = {}, config: DrizzlePgConfig<Relations> = {}): Promise<void> {
    await this.pool?.close();
    this.pool = await createPool(serverDsn(this.version), {
      minSize: 0,
      maxSize: 3,
      serverSettings: { search_path: this.#schema },
      ...options,
    });
    this.logged.length = 0;
    const logger = {
      logQuery: (query: string, params: unknown[]) => void this.logged.push({ query, params }),
    };
    this.db = drizzle(this.pool, { relations, logger, ...config });
  }

  async names(): Promise<string[]> {
    const rows = await this.admin.fetch<{ name: string }>('SELECT name FROM users ORDER BY id');
    return rows.map(({ name }) => name);
  }
}

export const backend = sql<number>`pg_backend_pid()`;

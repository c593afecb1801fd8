// One program on Drizzle with the driver that it is told: started by bench/orm/drizzle.ts.
import { createPool } from 'asyncpg';
import { drizzle as onAsyncpg } from 'asyncpg/drizzle';
import facade from 'asyncpg/pg';
import { eq, lte } from 'drizzle-orm';
import { drizzle as onPg } from 'drizzle-orm/node-postgres';
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';
import { numeric, pgTable, serial, text, timestamp } from 'drizzle-orm/pg-core';
import { drizzle as onPostgres } from 'drizzle-orm/postgres-js';
import pg from 'pg';
import postgres from 'postgres';
import { ITEMS } from './items.ts';
import { measure } from './measure.ts';

const items = pgTable('items', {
  id: serial().primaryKey(),
  name: text().notNull(),
  price: numeric({ precision: 12, scale: 2 }).notNull(),
  created: timestamp({ withTimezone: true }).notNull(),
});

const [, , driver = '', dsn = ''] = process.argv;
const SIZE = 10;

type Db = PgDatabase<PgQueryResultHKT>;

async function open(): Promise<{ db: Db; close: () => Promise<unknown> }> {
  const options = { connectionString: dsn, max: SIZE };
  switch (driver) {
    case 'pg': {
      const pool = new pg.Pool(options);
      return { db: onPg(pool), close: () => pool.end() };
    }
    case 'facade': {
      const pool = new facade.Pool(options) as unknown as pg.Pool;
      return { db: onPg(pool), close: () => pool.end() };
    }
    case 'postgres': {
      const client = postgres(dsn, { max: SIZE });
      return { db: onPostgres(client), close: () => client.end() };
    }
    default: {
      const pool = await createPool(dsn, { maxSize: SIZE, minSize: 0 });
      return { db: onAsyncpg(pool) as unknown as Db, close: () => pool.close() };
    }
  }
}

const { db, close } = await open();
const results = await measure({
  'select of 1 row': {
    times: 2000,
    atOnce: 20,
    work: (i) =>
      db
        .select()
        .from(items)
        .where(eq(items.id, 1 + (i % 1000))),
  },
  'making its text': {
    times: 2000,
    atOnce: 1,
    work: async (i) =>
      db
        .select()
        .from(items)
        .where(eq(items.id, 1 + (i % 1000)))
        .toSQL(),
  },
  'select of 1,000 rows': {
    times: 100,
    atOnce: 4,
    work: () => db.select().from(items).where(lte(items.id, 1000)),
  },
  'insert of 100 rows': {
    times: 100,
    atOnce: 4,
    work: () => db.insert(items).values(ITEMS),
  },
  'making the text of that': {
    times: 100,
    atOnce: 1,
    work: async () => db.insert(items).values(ITEMS).toSQL(),
  },
  'transaction of 3 statements': {
    times: 500,
    atOnce: 10,
    work: (i) =>
      db.transaction(async (tx) => {
        const isIt = eq(items.id, 1 + (i % 1000));
        await tx.select({ name: items.name }).from(items).where(isIt);
        await tx.update(items).set({ price: '1.50' }).where(isIt);
        await tx.select({ price: items.price }).from(items).where(isIt);
      }),
  },
});
await close();
console.log(JSON.stringify(results));

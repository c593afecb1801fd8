// One program on Kysely with the driver that it is told: started by bench/orm/kysely.ts.
import { createPool } from 'asyncpg';
import { AsyncpgDialect } from 'asyncpg/kysely';
import facade from 'asyncpg/pg';
import { type Dialect, type Generated, Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import Cursor from 'pg-cursor';
import { ITEMS } from './items.ts';
import { measure } from './measure.ts';

interface Shop {
  items: { id: Generated<number>; name: string; price: string; created: Date };
  series: { n: number; name: string };
}

const [, , driver = '', dsn = ''] = process.argv;
const SIZE = 10;

async function dialectOf(): Promise<Dialect> {
  const options = { connectionString: dsn, max: SIZE };
  switch (driver) {
    case 'pg':
      return new PostgresDialect({ pool: new pg.Pool(options), cursor: Cursor });
    case 'facade':
      return new PostgresDialect({ pool: new facade.Pool(options), cursor: Cursor });
    default:
      return new AsyncpgDialect({ pool: await createPool(dsn, { maxSize: SIZE, minSize: 0 }) });
  }
}

const db = new Kysely<Shop>({ dialect: await dialectOf() });
const results = await measure({
  'select of 1 row': {
    times: 2000,
    atOnce: 20,
    work: (i) =>
      db
        .selectFrom('items')
        .selectAll()
        .where('id', '=', 1 + (i % 1000))
        .execute(),
  },
  'making its text': {
    times: 2000,
    atOnce: 1,
    work: async (i) =>
      db
        .selectFrom('items')
        .selectAll()
        .where('id', '=', 1 + (i % 1000))
        .compile(),
  },
  'select of 1,000 rows': {
    times: 100,
    atOnce: 4,
    work: () => db.selectFrom('items').selectAll().where('id', '<=', 1000).execute(),
  },
  'insert of 100 rows': {
    times: 100,
    atOnce: 4,
    work: () => db.insertInto('items').values(ITEMS).execute(),
  },
  'making the text of that': {
    times: 100,
    atOnce: 1,
    work: async () => db.insertInto('items').values(ITEMS).compile(),
  },
  'stream of 100,000 rows': {
    times: 4,
    atOnce: 1,
    work: async () => {
      let sum = 0;
      for await (const { n } of db.selectFrom('series').selectAll().stream(500)) sum += n;
      if (sum !== 5_000_050_000) throw new Error(`the sum is ${sum}`);
    },
  },
  'transaction of 3 statements': {
    times: 500,
    atOnce: 10,
    work: (i) =>
      db.transaction().execute(async (tx) => {
        const id = 1 + (i % 1000);
        await tx.selectFrom('items').select('name').where('id', '=', id).execute();
        await tx.updateTable('items').set({ price: '1.50' }).where('id', '=', id).execute();
        await tx.selectFrom('items').select('price').where('id', '=', id).execute();
      }),
  },
});
await db.destroy();
console.log(JSON.stringify(results));

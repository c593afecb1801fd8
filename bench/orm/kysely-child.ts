// One program on Kysely with the driver that it is told: started by bench/orm/kysely.ts.
import { createPool } from 'asyncpg';
import { AsyncpgDialect } from 'asyncpg/kysely';
import facade from 'asyncpg/pg';
import { type Dialect, type Generated, Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { measure } from './measure.ts';

interface Shop {
  items: { id: Generated<number>; name: string; price: string; created: Date };
}

const [, , driver = '', dsn = ''] = process.argv;
const SIZE = 10;

async function dialectOf(): Promise<Dialect> {
  const options = { connectionString: dsn, max: SIZE };
  switch (driver) {
    case 'pg':
      return new PostgresDialect({ pool: new pg.Pool(options) });
    case 'facade':
      return new PostgresDialect({ pool: new facade.Pool(options) });
    default:
      return new AsyncpgDialect({ pool: await createPool(dsn, { maxSize: SIZE, minSize: 0 }) });
  }
}

const db = new Kysely<Shop>({ dialect: await dialectOf() });
const rows = Array.from({ length: 100 }, (_, i) => ({
  name: `item ${i}`,
  price: '9.90',
  created: new Date(i),
}));
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
  'select of 1,000 rows': {
    times: 100,
    atOnce: 4,
    work: () => db.selectFrom('items').selectAll().where('id', '<=', 1000).execute(),
  },
  'insert of 100 rows': {
    times: 100,
    atOnce: 4,
    work: () => db.insertInto('items').values(rows).execute(),
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

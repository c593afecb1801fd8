// One program on Knex with the driver that it is told: started by bench/orm/knex.ts.
import facade from 'asyncpg/pg';
import knex from 'knex';
import { ITEMS } from './items.ts';
import { measure } from './measure.ts';

const [, , driver = '', dsn = ''] = process.argv;

const db = knex({ client: 'pg', connection: dsn, pool: { min: 0, max: 10 } });
// Knex loads pg itself; its connections are made by what is here.
if (driver === 'facade') (db.client as { driver: unknown }).driver = facade;
const results = await measure({
  'select of 1 row': {
    times: 2000,
    atOnce: 20,
    work: async (i) => db('items').where({ id: 1 + (i % 1000) }),
  },
  'making its text': {
    times: 2000,
    atOnce: 1,
    work: async (i) =>
      db('items')
        .where({ id: 1 + (i % 1000) })
        .toSQL(),
  },
  'select of 1,000 rows': {
    times: 100,
    atOnce: 4,
    work: async () => db('items').where('id', '<=', 1000),
  },
  'insert of 100 rows': {
    times: 100,
    atOnce: 4,
    work: async () => db('items').insert(ITEMS),
  },
  'making the text of that': {
    times: 100,
    atOnce: 1,
    work: async () => db('items').insert(ITEMS).toSQL(),
  },
  'transaction of 3 statements': {
    times: 500,
    atOnce: 10,
    work: (i) =>
      db.transaction(async (tx) => {
        const id = 1 + (i % 1000);
        await tx('items').select('name').where({ id });
        await tx('items').update({ price: '1.50' }).where({ id });
        await tx('items').select('price').where({ id });
      }),
  },
});
await db.destroy();
console.log(JSON.stringify(results));

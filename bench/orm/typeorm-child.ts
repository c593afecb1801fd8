// One program on TypeORM with the driver that it is told: started by bench/orm/typeorm.ts.
import facade from 'asyncpg/pg';
import pg from 'pg';
import { DataSource, EntitySchema, LessThanOrEqual } from 'typeorm';
import { ITEMS } from './items.ts';
import { measure } from './measure.ts';

interface Item {
  id: number;
  name: string;
  price: string;
  created: Date;
}

const items = new EntitySchema<Item>({
  name: 'items',
  columns: {
    id: { type: Number, primary: true, generated: true },
    name: { type: 'text' },
    price: { type: 'numeric', precision: 12, scale: 2 },
    created: { type: 'timestamptz' },
  },
});

const [, , driver = '', dsn = ''] = process.argv;
const source = await new DataSource({
  type: 'postgres',
  url: dsn,
  driver: driver === 'facade' ? facade : pg,
  poolSize: 10,
  entities: [items],
}).initialize();
const repository = source.getRepository(items);
const results = await measure({
  'select of 1 row': {
    times: 2000,
    atOnce: 20,
    work: (i) => repository.findOneBy({ id: 1 + (i % 1000) }),
  },
  'select of 1,000 rows': {
    times: 100,
    atOnce: 4,
    work: () => repository.findBy({ id: LessThanOrEqual(1000) }),
  },
  'insert of 100 rows': {
    times: 100,
    atOnce: 4,
    work: () => repository.insert(ITEMS.map((item) => ({ ...item }))),
  },
  'transaction of 3 statements': {
    times: 500,
    atOnce: 10,
    work: (i) =>
      source.transaction(async (tx) => {
        const where = { id: 1 + (i % 1000) };
        await tx.findOne(items, { select: { name: true }, where });
        await tx.update(items, where, { price: '1.50' });
        await tx.findOne(items, { select: { price: true }, where });
      }),
  },
});
await source.destroy();
console.log(JSON.stringify(results));

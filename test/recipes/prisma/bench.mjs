// What Prisma's client costs on one adapter or the other: started by bench/orm/prisma.ts.
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaAsyncpg } from 'asyncpg/prisma';
import { PrismaClient } from './client/client.ts';
import { measure } from './measure.ts';

const [, , driver, dsn] = process.argv;
const SIZE = 10;
const adapter =
  driver === 'native'
    ? new PrismaAsyncpg(`${dsn}?connection_limit=${SIZE}`)
    : new PrismaPg({ connectionString: dsn, max: SIZE });
const prisma = new PrismaClient({ adapter });

const data = Array.from({ length: 100 }, (_, i) => ({
  name: `item ${i}`,
  price: '9.90',
  created: new Date(i),
}));
const results = await measure({
  'select of 1 row': {
    times: 1000,
    atOnce: 20,
    work: (i) => prisma.item.findUnique({ where: { id: 1 + (i % 1000) } }),
  },
  'select of 1,000 rows': {
    times: 50,
    atOnce: 4,
    work: () => prisma.item.findMany({ where: { id: { lte: 1000 } } }),
  },
  'insert of 100 rows': {
    times: 50,
    atOnce: 4,
    work: () => prisma.item.createMany({ data }),
  },
  'transaction of 3 statements': {
    times: 300,
    atOnce: 10,
    work: (i) =>
      prisma.$transaction(async (tx) => {
        const where = { id: 1 + (i % 1000) };
        await tx.item.findUnique({ where });
        await tx.item.updateMany({ where, data: { price: '1.50' } });
        await tx.item.findUnique({ where });
      }),
  },
});
await prisma.$disconnect();
console.log(JSON.stringify(results));

// Does the same with a client on one adapter or the other, step by step, and prints what each step came to:
// node program.mjs pg | asyncpg DSN
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaAsyncpg } from 'asyncpg/prisma';
import { Prisma, PrismaClient } from './client/client.ts';

const [, , which, dsn] = process.argv;
const adapter = which === 'pg' ? new PrismaPg({ connectionString: dsn }) : new PrismaAsyncpg(dsn);
const prisma = new PrismaClient({ adapter });

/** As JSON, with what that would lose written out. */
function shown(value) {
  return JSON.parse(
    JSON.stringify(value ?? null, function (key, plain) {
      const own = this[key];
      if (typeof own === 'bigint') return `${own}n`;
      if (own instanceof Date)
        return `Date ${Number.isNaN(own.getTime()) ? 'Invalid' : own.toISOString()}`;
      if (Prisma.Decimal.isDecimal(own)) return `Decimal ${own.toFixed()}`;
      if (own instanceof Uint8Array) return `bytes ${Buffer.from(own).toString('hex')}`;
      if (typeof own === 'number' && !Number.isFinite(own)) return String(own);
      return plain;
    }),
  );
}

const steps = {};

async function step(name, work) {
  try {
    steps[name] = shown(await work());
  } catch (error) {
    const { driverAdapterError, timeTaken: _, ...meta } = error.meta ?? {};
    const cause = driverAdapterError?.cause ?? error.cause;
    // The last line is the message; the others show the program's text.
    const message = String(error.message).split('\n').at(-1);
    steps[name] = shown({ error: error.name, code: error.code, message, meta, cause });
  }
}

await step('createMany', () =>
  prisma.user.createMany({
    data: [
      {
        email: 'ada@x',
        name: 'Ada',
        role: 'ADMIN',
        roles: ['USER', 'ADMIN'],
        created: new Date(0),
      },
      { email: 'bob@x', created: '2024-05-06T07:08:09.123Z' },
    ],
  }),
);
await step('create nested', () =>
  prisma.user.create({
    data: {
      email: 'eve@x',
      created: new Date(1),
      profile: { create: { bio: 'ä "q" \\' } },
      posts: {
        create: [
          { title: 'one', tags: { create: [{ name: 'a' }, { name: 'b' }] } },
          { title: 'two', tags: { connect: [{ name: 'a' }] } },
        ],
      },
    },
    include: { profile: true, posts: { include: { tags: { orderBy: { name: 'asc' } } } } },
  }),
);
await step('findUnique', () => prisma.user.findUnique({ where: { email: 'ada@x' } }));
await step('findUnique of none', () => prisma.user.findUnique({ where: { email: 'no' } }));
await step('findMany with relations', () =>
  prisma.user.findMany({
    where: { OR: [{ email: { contains: 'e' } }, { role: 'ADMIN' }], created: { lt: new Date() } },
    include: {
      posts: { where: { tags: { some: { name: 'a' } } } },
      _count: { select: { posts: true } },
    },
    orderBy: [{ name: { sort: 'asc', nulls: 'last' } }, { id: 'desc' }],
  }),
);
await step('findMany by a list', () =>
  prisma.user.findMany({ where: { id: { in: [1, 2, 3, 99] }, roles: { has: 'ADMIN' } } }),
);
await step('findMany by 40000 values', () =>
  prisma.user.count({ where: { id: { in: Array.from({ length: 40_000 }, (_, i) => i) } } }),
);
await step('cursor', () =>
  prisma.post.findMany({ cursor: { id: 1 }, skip: 1, take: 1, orderBy: { id: 'asc' } }),
);
await step('update', () =>
  prisma.post.update({ where: { id: 1 }, data: { views: { increment: 5 }, title: 'uno' } }),
);
await step('updateMany', () =>
  prisma.post.updateMany({ where: { title: { startsWith: 't' } }, data: { views: 2 } }),
);
await step('updateManyAndReturn', () =>
  prisma.post.updateManyAndReturn({
    data: { views: { multiply: 2 } },
    select: { id: true, views: true },
  }),
);
for (const round of ['creates', 'updates']) {
  await step(`upsert ${round}`, () =>
    prisma.user.upsert({
      where: { email: 'up@x' },
      create: { email: 'up@x', name: 'new', created: new Date(2) },
      update: { name: 'old' },
    }),
  );
}
await step('aggregate', () =>
  prisma.post.aggregate({
    _sum: { views: true },
    _avg: { views: true },
    _count: true,
    _max: { title: true },
  }),
);
await step('groupBy', () =>
  prisma.user.groupBy({ by: ['role'], _count: { _all: true }, orderBy: { role: 'asc' } }),
);

// ── Values ──────────────────────────────────────────────────────────────────────────────────

const id = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';
const full = {
  int: -2147483648,
  small: 32767,
  big: 9223372036854775807n,
  float: 1.1,
  real: 1.5,
  decimal: '12345678901234567890.0123456789',
  money: 12.34,
  bool: true,
  text: 'ä€😀 "q" \\ {a,b} NULL',
  char: 'ab',
  xml: '<a>b</a>',
  inet: '10.0.0.1/8',
  bit: '101',
  varbit: '10101',
  oid: 42,
  json: { a: [1, 'x', null, { b: true }], s: '"' },
  jsonb: [1, 2.5, 'x', null],
  bytes: Uint8Array.from([0, 255, 92]),
  date: new Date('2024-02-29'),
  time: new Date('1970-01-01T12:34:56.789Z'),
  timetz: new Date('1970-01-01T12:34:56.789Z'),
  ts: new Date('2024-02-29T12:34:56.789Z'),
  tstz: '2024-02-29T12:34:56.789+02:00',
  role: 'ADMIN',
  ints: [1, -2],
  bigs: [1n, -9223372036854775808n],
  floats: [1.5, 1e300],
  decs: ['1.5', '-0.000000000000000000000000000001'],
  bools: [true, false],
  texts: ['a "b"', '', 'NULL', '{x}', '\\'],
  uuids: [id],
  jsons: [{ a: '"x"' }, [1], 'text'],
  blobs: [Uint8Array.from([1]), new Uint8Array()],
  dates: [new Date('2024-02-29')],
  tstzs: [new Date('2024-02-29T12:34:56.789Z')],
  roles: ['ADMIN', 'USER'],
};
await step('all types', () => prisma.value.create({ data: { id, ...full } }));
await step('all types read', () => prisma.value.findMany());
await step('all types as NULL', () => {
  const none = Object.fromEntries(
    Object.entries(full).map(([name, value]) => [
      name,
      Array.isArray(value) && name !== 'jsonb' ? [] : /^jsonb?$/.test(name) ? Prisma.DbNull : null,
    ]),
  );
  return prisma.value.create({ data: { id: id.replace(/1$/, '2'), ...none } });
});
for (const [name, where] of Object.entries({
  big: { big: full.big },
  decimal: { decimal: full.decimal },
  float: { float: full.float },
  uuid: { id },
  bytes: { bytes: full.bytes },
  date: { date: full.date },
  time: { time: full.time },
  ts: { ts: full.ts },
  tstz: { tstz: full.tstz },
  json: { jsonb: { equals: full.jsonb } },
  'json path': { jsonb: { path: ['0'], equals: 1 } },
  list: { ints: { equals: full.ints } },
  'has every': { texts: { hasEvery: ['', '\\'] } },
  enum: { role: 'ADMIN', roles: { has: 'USER' } },
})) {
  await step(`found by ${name}`, () => prisma.value.count({ where: where }));
}

// ── Raw queries ─────────────────────────────────────────────────────────────────────────────

await step('queryRaw', () => prisma.$queryRaw`SELECT * FROM "Value" WHERE id = ${id}::uuid`);
await step('queryRaw of values', () => {
  const json = { a: [1] };
  return prisma.$queryRaw`SELECT ${1}::int AS a, ${'x'} AS b, ${2n}::bigint AS c, ${1.5}::float8 AS d,
    ${true}::bool AS e, ${new Date(0)}::timestamp AS f, ${json}::jsonb AS g, ${[1, 2]}::int[] AS h,
    ${Buffer.from('x')}::bytea AS i, ${null}::text AS j, ${new Prisma.Decimal('1.50')}::numeric AS k`;
});
await step(
  'queryRaw joined',
  () => prisma.$queryRaw`SELECT id FROM "User" WHERE id IN (${Prisma.join([1, 2])}) ORDER BY id`,
);
await step(
  'queryRaw of an enum',
  () => prisma.$queryRaw`SELECT role, roles FROM "User" WHERE id = 1`,
);
await step('executeRaw', () => prisma.$executeRaw`UPDATE "Post" SET views = ${7} WHERE id < 99`);
await step('queryRawUnsafe', () => prisma.$queryRawUnsafe('SELECT $1::int + 1 AS n', 1));
await step('executeRawUnsafe', () => prisma.$executeRawUnsafe('CREATE TABLE raw (a int)'));

// ── Errors ──────────────────────────────────────────────────────────────────────────────────

await step('P2002', () => prisma.user.create({ data: { email: 'ada@x' } }));
await step('P2002 in createMany', () =>
  prisma.user.createMany({ data: [{ email: 'z@x' }, { email: 'ada@x' }] }),
);
await step('skipDuplicates', () =>
  prisma.user.createMany({ data: [{ email: 'ada@x' }], skipDuplicates: true }),
);
await step('P2003', () => prisma.post.create({ data: { title: 'x', authorId: 999 } }));
await step('P2003 of RESTRICT', () => prisma.user.delete({ where: { email: 'eve@x' } }));
await step('P2025', () => prisma.user.update({ where: { id: 999 }, data: { name: 'x' } }));
await step('P2025 of delete', () => prisma.user.delete({ where: { id: 999 } }));
await step('findUniqueOrThrow', () => prisma.user.findUniqueOrThrow({ where: { id: 999 } }));
await step('P2000', () => prisma.post.create({ data: { title: 'x'.repeat(41), authorId: 1 } }));
await step('P2020', () =>
  prisma.value.create({ data: { id: id.replace(/1$/, '3'), decimal: 1e25 } }),
);
await step('P2007', () => prisma.value.findMany({ where: { inet: 'no' } }));
await step('P2010', () => prisma.$queryRaw`SELECT 1/0`);
await step('P2010 of a type', () => prisma.$queryRaw`SELECT '(1,2)'::point AS p`);
await step('P2010 of too few', () => prisma.$queryRawUnsafe('SELECT $1::int, $2::int', 1));
await step('P2021', async () => {
  await prisma.$executeRaw`ALTER TABLE "Tag" RENAME TO "Gone"`;
  try {
    return await prisma.tag.findMany();
  } finally {
    await prisma.$executeRaw`ALTER TABLE "Gone" RENAME TO "Tag"`;
  }
});
await step('P2022', async () => {
  await prisma.$executeRaw`ALTER TABLE "Profile" RENAME bio TO gone`;
  try {
    return await prisma.profile.findMany();
  } finally {
    await prisma.$executeRaw`ALTER TABLE "Profile" RENAME gone TO bio`;
  }
});
await step('after a changed column', async () => {
  await prisma.$executeRaw`ALTER TABLE "Post" ALTER views TYPE bigint`;
  const rows = await prisma.post.findMany({ orderBy: { id: 'asc' } });
  await prisma.$executeRaw`ALTER TABLE "Post" ALTER views TYPE int`;
  return [rows, await prisma.post.findMany({ orderBy: { id: 'asc' } })];
});

// ── Transactions ────────────────────────────────────────────────────────────────────────────

await step('batch', () =>
  prisma.$transaction([
    prisma.tag.create({ data: { name: 'batch' } }),
    prisma.tag.count(),
    prisma.$queryRaw`SELECT 1 AS one`,
  ]),
);
await step('batch that fails', () =>
  prisma.$transaction([
    prisma.tag.create({ data: { name: 'undone' } }),
    prisma.tag.create({ data: { name: 'batch' } }),
  ]),
);
await step('batch undone', () => prisma.tag.count({ where: { name: 'undone' } }));
for (const isolationLevel of Object.values(Prisma.TransactionIsolationLevel)) {
  await step(`interactive ${isolationLevel}`, () =>
    prisma.$transaction(
      async (tx) => {
        await tx.tag.create({ data: { name: isolationLevel } });
        return tx.$queryRaw`SELECT current_setting('transaction_isolation') AS level`;
      },
      { isolationLevel },
    ),
  );
}
await step('interactive that throws', () =>
  prisma.$transaction(async (tx) => {
    await tx.tag.create({ data: { name: 'thrown' } });
    throw new RangeError('mine');
  }),
);
await step('interactive undone', () => prisma.tag.count({ where: { name: 'thrown' } }));
await step('interactive at once', () =>
  prisma.$transaction((tx) =>
    Promise.all([tx.tag.count(), tx.user.count(), tx.$queryRaw`SELECT 2 AS two`]),
  ),
);
await step('interactive that takes too long', () =>
  prisma
    .$transaction(
      async (tx) => {
        await tx.tag.create({ data: { name: 'late' } });
        await new Promise((resolve) => setTimeout(resolve, 300));
        return tx.tag.count();
      },
      { timeout: 100 },
    )
    .catch((error) => {
      throw Object.assign(error, { message: error.message.replaceAll(/\d+ ms/g, 'N ms') });
    }),
);
await step('write conflict', async () => {
  const level = { isolationLevel: 'Serializable' };
  let both = 0;
  const arrived = Promise.withResolvers();
  const run = (name) =>
    prisma.$transaction(async (tx) => {
      await tx.tag.count();
      if (++both === 2) arrived.resolve();
      await arrived.promise;
      await tx.tag.create({ data: { name } });
    }, level);
  const results = await Promise.allSettled([run('s1'), run('s2')]);
  return results.map(({ status }) => status).sort();
});
await step('a failure that is caught', () =>
  prisma.$transaction(async (tx) => {
    await tx.tag.create({ data: { name: 'caught' } });
    await tx.$queryRaw`SELECT 1/0`.catch(() => {});
  }),
);
await step('a failure that was caught', () => prisma.tag.count({ where: { name: 'caught' } }));
await step('many at once', async () => {
  const counts = await Promise.all(
    Array.from({ length: 300 }, (_, i) => prisma.user.count({ where: { id: { lte: i } } })),
  );
  return counts.reduce((sum, n) => sum + n, 0);
});
await step('delete', () =>
  prisma.user.delete({ where: { email: 'up@x' }, select: { email: true } }),
);
await step('deleteMany', () => prisma.value.deleteMany());

await prisma.$disconnect();
console.log(JSON.stringify(steps));

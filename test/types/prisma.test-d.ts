/** What the compiler makes of `asyncpg/prisma`. Checked by `npm run check:types`. */
import type {
  SqlDriverAdapter,
  SqlMigrationAwareDriverAdapterFactory,
  Transaction,
} from '@prisma/driver-adapter-utils';
import {
  type SqlDriverAdapter as OurAdapter,
  type SqlTransaction as OurTransaction,
  PrismaAsyncpg,
} from 'asyncpg/prisma';
import { expectTypeOf } from 'vitest';
import type { Pool } from '../../src/index.ts';

declare const pool: Pool;
declare const plain: Pool<'object'>;

expectTypeOf<PrismaAsyncpg>().toExtend<SqlMigrationAwareDriverAdapterFactory>();
expectTypeOf<OurAdapter>().toExtend<SqlDriverAdapter>();
expectTypeOf<OurTransaction>().toExtend<Transaction>();
new PrismaAsyncpg(pool, { disposeExternalPool: true });
new PrismaAsyncpg(plain, { schema: 'shop', disposeExternalPool: undefined });
new PrismaAsyncpg('postgres://localhost/shop?schema=shop', { schema: undefined });
new PrismaAsyncpg({ host: 'localhost', maxSize: 5, rows: 'array' });
// @ts-expect-error: neither a pool nor a DSN nor options
new PrismaAsyncpg(5);
// @ts-expect-error: no option of this name
new PrismaAsyncpg({ hostname: 'localhost' });
// @ts-expect-error: no option of this name
new PrismaAsyncpg(pool, { schemaName: 'shop' });

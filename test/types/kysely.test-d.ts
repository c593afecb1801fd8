/** What the compiler makes of `asyncpg/kysely`. Checked by `npm run check:types`. */
import { AsyncpgDialect, type AsyncpgDialectConfig } from 'asyncpg/kysely';
import { type Dialect, Kysely } from 'kysely';
import { expectTypeOf } from 'vitest';
import type { Pool } from '../../src/index.ts';

declare const pool: Pool;
declare const plain: Pool<'object'>;

const dialect = new AsyncpgDialect({ pool });
expectTypeOf(dialect).toExtend<Dialect>();
expectTypeOf(dialect.pool.copyRecordsToTable).toBeFunction();
new AsyncpgDialect({ pool: plain });
new AsyncpgDialect({ pool: () => pool });
new AsyncpgDialect({ pool: async () => plain });
// @ts-expect-error: a pool is needed
new AsyncpgDialect({});
// @ts-expect-error: no pool
new AsyncpgDialect({ pool: 'postgres://localhost/shop' });

interface Shop {
  users: { id: bigint; name: string };
}
const db = new Kysely<Shop>({ dialect });
expectTypeOf(db.selectFrom('users').select('id').execute()).resolves.toEqualTypeOf<
  { id: bigint }[]
>();
expectTypeOf<AsyncpgDialectConfig['pool']>().not.toBeAny();

/** What the compiler makes of `asyncpg/drizzle`. Checked by `npm run check:types`. */
import { type AsyncpgDatabase, drizzle } from 'asyncpg/drizzle';
import { expectTypeOf } from 'vitest';
import type { Connection, Pool } from '../../../src/index.ts';
import { schema } from './schema.ts';

declare const pool: Pool;
declare const plain: Pool<'object'>;
declare const connection: Connection;

const db = drizzle(pool, { schema });
expectTypeOf(db.$client).toEqualTypeOf<Pool>();
expectTypeOf(db).toExtend<AsyncpgDatabase<typeof schema>>();
expectTypeOf(drizzle({ client: plain, schema }).$client).toEqualTypeOf<Pool<'object'>>();
expectTypeOf(drizzle(connection).$client).toEqualTypeOf<Connection>();
expectTypeOf(drizzle('postgres://localhost/shop').$client).toEqualTypeOf<Pool>();
drizzle(pool.with({ timeout: 100 }));
await pool.transaction(async (tx) => {
  drizzle(tx, { schema });
});
// @ts-expect-error: no client
drizzle({ schema });
// @ts-expect-error: no client of this package
drizzle({ client: {} });
// @ts-expect-error: no option
drizzle(pool, { casing: 'kebab' });

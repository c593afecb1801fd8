/** The program of `on-node-postgres.test-d.ts`, which imports `asyncpg/drizzle` in its place. */
import {
  drizzle,
  type AsyncpgDatabase as NodePgDatabase,
  type AsyncpgQueryResult as QueryResult,
} from 'asyncpg/drizzle';
import { migrate } from 'asyncpg/drizzle/migrator';
import { and, count, eq, gt, type InferSelectModel, sql } from 'drizzle-orm';
import { expectTypeOf } from 'vitest';
import { orders, schema, users } from './schema.ts';

type User = InferSelectModel<typeof users>;
type Db = NodePgDatabase<typeof schema>;
type Transaction = Parameters<Parameters<Db['transaction']>[0]>[0];

export const db: Db = drizzle(process.env['DATABASE_URL']!, { schema, casing: 'snake_case' });
export const other = drizzle({ connection: process.env['DATABASE_URL']!, schema, logger: true });
export const third = drizzle({ connection: { connectionString: 'postgres://localhost/shop' } });
await migrate(db, { migrationsFolder: './drizzle', migrationsTable: 'log' });

async function create(tx: Db | Transaction, name: string): Promise<User> {
  const [user] = await tx.insert(users).values({ name }).returning();
  return user!;
}

export async function program(): Promise<void> {
  const found = await db
    .select({ name: users.name, total: orders.total })
    .from(users)
    .leftJoin(orders, eq(orders.userId, users.id))
    .where(and(gt(users.id, 1), eq(users.isActive, true)));
  expectTypeOf(found).toEqualTypeOf<{ name: string; total: string | null }[]>();

  const changed = await db.update(users).set({ isActive: false });
  expectTypeOf(changed.rowCount).toEqualTypeOf<number | null>();
  const result: QueryResult<Record<string, unknown>> = await db.execute(sql`select 1 as a`);
  expectTypeOf(result.rows).toEqualTypeOf<Record<string, unknown>[]>();
  const { rows, fields, command, oid } = await db.execute<{ id: number }>(
    sql`select id from users`,
  );
  expectTypeOf(rows).toEqualTypeOf<{ id: number }[]>();
  expectTypeOf([fields[0]!.name, command]).toEqualTypeOf<string[]>();
  expectTypeOf(oid).toEqualTypeOf<number>();

  const user = await db.query.users.findFirst({ with: { orders: true } });
  expectTypeOf(user!.orders[0]!.total).toEqualTypeOf<string>();

  const byId = db
    .select()
    .from(users)
    .where(eq(users.id, sql.placeholder('id')))
    .prepare('by_id');
  expectTypeOf(await byId.execute({ id: 1 })).toEqualTypeOf<User[]>();
  expectTypeOf(await db.$count(users)).toEqualTypeOf<number>();
  expectTypeOf(await db.select({ all: count() }).from(users)).toEqualTypeOf<{ all: number }[]>();

  const made = await db.transaction(
    async (tx) => {
      await tx.setTransaction({ accessMode: 'read write' });
      await tx.transaction(async (inner) => await create(inner, 'Ada'));
      if (await tx.$count(users)) tx.rollback();
      return await create(tx, 'Bob');
    },
    { isolationLevel: 'serializable', deferrable: true },
  );
  expectTypeOf(made).toEqualTypeOf<User>();
  await create(db, 'Eve');
}

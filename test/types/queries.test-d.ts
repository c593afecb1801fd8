/** What the compiler makes of queries and their results. Checked by `npm run check:types`. */
import { expectTypeOf } from 'vitest';
import {
  type BatchResult,
  type Connection,
  type Cursor,
  connect,
  createPool,
  type Pool,
  type PoolOptions,
  type PreparedStatement,
  type Query,
  type Queryable,
  type QueryObject,
  type Row,
  type RowStream,
  type SqlFragment,
  sql,
  type Transaction,
} from '../../src/index.ts';

interface User {
  id: number;
  name: string | null;
}

declare const db: Connection;
declare const pool: Pool;
declare const tx: Transaction;
declare const statement: PreparedStatement<User>;

// Connections, pools and transactions are all Queryable.
expectTypeOf(db).toExtend<Queryable>();
expectTypeOf(pool).toExtend<Queryable>();
expectTypeOf(tx).toExtend<Queryable>();

// A row has its columns by name with their types, and anything by position.
declare const user: Row<User>;
expectTypeOf(user.id).toEqualTypeOf<number>();
expectTypeOf(user.name).toEqualTypeOf<string | null>();
expectTypeOf(user[0]).toBeAny();
expectTypeOf(user.length).toBeNumber();
const [first] = user;
expectTypeOf(first).toBeUnknown();
expectTypeOf([...user]).toEqualTypeOf<unknown[]>();
expectTypeOf<Row<User>>().toExtend<User>();
// @ts-expect-error a column that the type does not have
user.nmae;
// @ts-expect-error the number of columns cannot be changed
user.length = 3;

// A spread row is its columns alone, and a column may be named length.
expectTypeOf({ ...user }).not.toHaveProperty('length');
expectTypeOf({ ...user })
  .toHaveProperty('name')
  .toEqualTypeOf<string | null>();
declare const sized: Row<{ length: string }>;
expectTypeOf(sized.length).toEqualTypeOf<string>();
expectTypeOf([...sized]).toEqualTypeOf<unknown[]>();

// An untyped row has any column.
declare const row: Row;
expectTypeOf(row['anything']).toBeAny();

// fetch, fetchRow, fetchVal: with types and without.
expectTypeOf(db.fetch<User>('SELECT')).toEqualTypeOf<Promise<Row<User>[]>>();
expectTypeOf(db.fetch('SELECT')).toEqualTypeOf<Promise<Row[]>>();
expectTypeOf(db.fetchRow<User>('SELECT', 1)).toEqualTypeOf<Promise<Row<User> | null>>();
expectTypeOf(pool.fetchVal<bigint>('SELECT')).toEqualTypeOf<Promise<bigint | null>>();
expectTypeOf(tx.fetchVal('SELECT')).resolves.toBeAny();
expectTypeOf(db.execute('SELECT')).toEqualTypeOf<Promise<string>>();
expectTypeOf(db.executeMany('INSERT', [[1]])).toEqualTypeOf<Promise<void>>();
expectTypeOf(db.fetchMany<User>('SELECT', [[1]])).toEqualTypeOf<Promise<Row<User>[]>>();
// A batch is a tuple of its queries' results.
declare const queries: Query[];
expectTypeOf(db.batch(['SELECT', sql<User>`SELECT`])).toEqualTypeOf<
  Promise<[BatchResult, BatchResult<Row<User>>]>
>();
expectTypeOf(db.batch(queries)).toEqualTypeOf<Promise<BatchResult<any>[]>>();
expectTypeOf(db.stream<User>('SELECT')).toEqualTypeOf<RowStream<User>>();
expectTypeOf(db.copyRecordsFromQuery<User>('SELECT')).toEqualTypeOf<RowStream<User>>();
expectTypeOf(db.cursor<User>('SELECT')).toEqualTypeOf<Cursor<User>>();
expectTypeOf(db.prepare<User>('SELECT')).toEqualTypeOf<Promise<PreparedStatement<User>>>();
expectTypeOf(statement.fetch()).toEqualTypeOf<Promise<Row<User>[]>>();
expectTypeOf(statement.fetchRow()).toEqualTypeOf<Promise<Row<User> | null>>();
for await (const each of db.stream<User>('SELECT')) expectTypeOf(each).toEqualTypeOf<Row<User>>();

// @ts-expect-error a query is text or an object with a text
void db.fetch(1);
// @ts-expect-error sets of arguments are arrays
void db.executeMany('INSERT', [1]);

// Query objects.
expectTypeOf<string>().toExtend<Query>();
expectTypeOf<{ text: string; args: readonly [1, 'a'] }>().toExtend<QueryObject>();
expectTypeOf<{ text: string; timeout: 5; prepare: false; column: 'name' }>().toExtend<Query>();
expectTypeOf<{ text: string; signal: AbortSignal }>().toExtend<Query>();
// What may be left out may be undefined, under exactOptionalPropertyTypes as well.
expectTypeOf<{ text: string; args: readonly unknown[] | undefined }>().toExtend<Query>();
expectTypeOf<{ args: [] }>().not.toExtend<Query>();
expectTypeOf<{ text: string; timeout: '5' }>().not.toExtend<Query>();

// The sql tag makes query objects, of values, fragments, identifiers and lists.
const ids = [1, 2];
const query = sql`SELECT * FROM ${sql.id('app', 'users')} WHERE id IN (${sql.join(ids)})`;
expectTypeOf(query).toEqualTypeOf<SqlFragment>();
expectTypeOf(query).toExtend<QueryObject>();
expectTypeOf(query.text).toBeString();
expectTypeOf(sql.raw('x')).toEqualTypeOf<SqlFragment>();
expectTypeOf(sql.join([query], ' OR ')).toEqualTypeOf<SqlFragment>();
void db.fetch<User>(query);
// @ts-expect-error names are strings
sql.id(1);

// A transaction gives what its function gives.
expectTypeOf(pool.transaction(async () => 7)).toEqualTypeOf<Promise<number>>();
expectTypeOf(
  db.transaction({ isolation: 'serializable', retries: 3 }, async (inner) => {
    expectTypeOf(inner).toEqualTypeOf<Transaction>();
    return 'x';
  }),
).toEqualTypeOf<Promise<string>>();
// @ts-expect-error there is no such isolation level
void db.transaction({ isolation: 'snapshot' }, async () => 1);
expectTypeOf(db.begin()).toEqualTypeOf<Promise<Transaction>>();

// A callback may give back anything: a promise is looked after, everything else is dropped.
const payloads: string[] = [];
void pool.listen('news', ({ payload }) => payloads.push(payload), {
  onReconnect: () => payloads.push('gap'),
});
void pool.listen('news', async () => {}, { onReconnect: async () => {} });

// The tag may tell the type of the rows, and a query object carries its own args.
expectTypeOf(db.fetch(sql<User>`SELECT`)).toEqualTypeOf<Promise<Row<User>[]>>();
expectTypeOf(db.fetchOne(sql<User>`SELECT`)).toEqualTypeOf<Promise<Row<User>>>();
expectTypeOf(tx.cursor<User>('SELECT')).toEqualTypeOf<Cursor<User>>();
declare const either: Query;
void db.fetch(either);
// @ts-expect-error a query object carries its own args
void db.fetch(sql`SELECT`, 1);
// @ts-expect-error a query object carries its own args
void db.execute(sql`UPDATE`, 1);
// @ts-expect-error a query object carries its own args
db.cursor(sql`SELECT`, 1);
// @ts-expect-error a query object carries its own args
db.stream({ text: 'SELECT' }, 1);

// What rows are made: by the pool, by with(), by the query.
const plain = await createPool('postgres://', { rows: 'object' });
expectTypeOf(plain).toEqualTypeOf<Pool<'object'>>();
expectTypeOf(plain.fetch<User>('SELECT')).toEqualTypeOf<Promise<User[]>>();
expectTypeOf(plain.fetchRow(sql<User>`SELECT`)).toEqualTypeOf<Promise<User | null>>();
expectTypeOf(plain.stream<User>('SELECT').next()).toEqualTypeOf<Promise<User | null>>();
void plain.transaction(async (inner) => {
  expectTypeOf(inner.fetchOne<User>('SELECT')).toEqualTypeOf<Promise<User>>();
  expectTypeOf(inner.connection.prepare<User>('SELECT')).resolves.toEqualTypeOf<
    PreparedStatement<User, 'object'>
  >();
});
void plain.withConnection(async (inner) => {
  expectTypeOf(inner.fetchOne<User>('SELECT')).toEqualTypeOf<Promise<User>>();
});
expectTypeOf(pool.with({ rows: 'array' }).fetch('SELECT')).toEqualTypeOf<Promise<any[]>>();
expectTypeOf(pool.with({ rows: 'array' }).fetch<[number, string]>('SELECT')).toEqualTypeOf<
  Promise<[number, string][]>
>();
expectTypeOf(pool.with({ rows: 'array' }).fetch<User>('SELECT')).toEqualTypeOf<
  Promise<unknown[][]>
>();
expectTypeOf(pool.with({ timeout: 5 }).fetch<User>('SELECT')).toEqualTypeOf<Promise<Row<User>[]>>();
expectTypeOf(db.fetch({ text: 'SELECT', rows: 'object' })).toEqualTypeOf<Promise<any[]>>();
expectTypeOf(db.fetch<User, 'object'>({ text: 'SELECT', rows: 'object' })).toEqualTypeOf<
  Promise<User[]>
>();
// A query object that says it itself is enough, in each method and in functions of one's own.
const asObject = { text: 'SELECT', rows: 'object' } as const;
expectTypeOf(db.fetch<User>(asObject)).toEqualTypeOf<Promise<User[]>>();
expectTypeOf(pool.fetchRow<User>(asObject)).toEqualTypeOf<Promise<User | null>>();
expectTypeOf(tx.fetchOne<User>(asObject)).toEqualTypeOf<Promise<User>>();
expectTypeOf(pool.stream<User>(asObject)).toEqualTypeOf<RowStream<User, 'object'>>();
expectTypeOf(pool.copyRecordsFromQuery<User>(asObject)).toEqualTypeOf<RowStream<User, 'object'>>();
expectTypeOf(db.cursor<User>(asObject)).toEqualTypeOf<Cursor<User, 'object'>>();
expectTypeOf(tx.cursor<User>(asObject)).toEqualTypeOf<Cursor<User, 'object'>>();
expectTypeOf(pool.fetch<[number, string]>({ text: 'SELECT', rows: 'array' })).toEqualTypeOf<
  Promise<[number, string][]>
>();
expectTypeOf(plain.fetch<User>({ text: 'SELECT' })).toEqualTypeOf<Promise<User[]>>();
// A query that came from elsewhere, in functions of one's own.
declare const given: QueryObject;
expectTypeOf(db.fetch<User>(given)).toEqualTypeOf<Promise<Row<User>[]>>();
expectTypeOf(db.fetch<User>(either)).toEqualTypeOf<Promise<Row<User>[]>>();
expectTypeOf(plain.fetchOne<User>(either)).toEqualTypeOf<Promise<User>>();
expectTypeOf(tx.cursor<User>(given)).toEqualTypeOf<Cursor<User>>();
expectTypeOf(pool.fetchVal<bigint>(either)).toEqualTypeOf<Promise<bigint | null>>();
export const one = <T>(query: QueryObject): Promise<T> => plain.fetchOne<T>(query);
// @ts-expect-error a form that there is not
void pool.fetch({ text: 'SELECT', rows: 'objects' });
// @ts-expect-error a form that there is not
void pool.batch([{ text: 'SELECT', rows: 'objects' }]);
export const all = <T>(text: string): Promise<T[]> => pool.fetch<T>({ text, rows: 'object' });
// @ts-expect-error an array has no names
void pool.fetch<User>({ text: 'SELECT', rows: 'array' });
// @ts-expect-error a column that the type does not have, by position
(await pool.fetchOne<User>(asObject))[0];
const options: PoolOptions = { maxSize: 2 };
expectTypeOf(createPool('postgres://', options)).toEqualTypeOf<Promise<Pool>>();
expectTypeOf(connect({ rows: 'array' })).toEqualTypeOf<Promise<Connection<'array'>>>();
// @ts-expect-error a form that there is not
void createPool({ rows: 'objects' });

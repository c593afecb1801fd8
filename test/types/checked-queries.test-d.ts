/** What the compiler makes of queries that `asyncpg check` has written down. Checked by `npm run check:types`. */
import { expectTypeOf } from 'vitest';
import {
  type Connection,
  type Cursor,
  type Pool,
  type PreparedStatement,
  type Query,
  type Row,
  type RowStream,
  type SqlFragment,
  sql,
  type Transaction,
} from '../../src/index.ts';

declare module '../../src/index.ts' {
  interface CheckedQueries {
    'SELECT id, name FROM checked WHERE id = $1': {
      args: [id: bigint];
      row: { id: bigint; name: string | null };
      first: bigint;
    };
    'SELECT count(*) FROM checked': {
      args: [];
      row: { count: bigint };
      first: bigint;
      one: true;
    };
    'SELECT nmae FROM checked': { error: 'column "nmae" does not exist' };
  }
  interface NamedQueries {
    'checked.byId': { args: [id: bigint]; row: { id: bigint }; first: bigint };
  }
}

interface Checked {
  id: bigint;
  name: string | null;
}

declare const db: Connection;
declare const pool: Pool;
declare const plain: Pool<'object'>;
declare const tx: Transaction;
const TEXT = 'SELECT id, name FROM checked WHERE id = $1';

// A text that is known has its arguments and its rows.
expectTypeOf(db.fetch(TEXT, 1n)).toEqualTypeOf<Promise<Row<Checked>[]>>();
expectTypeOf(pool.fetchRow(TEXT, 1n)).toEqualTypeOf<Promise<Row<Checked> | null>>();
expectTypeOf(tx.fetchOne(TEXT, 1n)).toEqualTypeOf<Promise<Row<Checked>>>();
expectTypeOf(tx.fetchVal(TEXT, 1n)).toEqualTypeOf<Promise<bigint | null>>();
expectTypeOf(pool.fetchMany(TEXT, [[1n]])).toEqualTypeOf<Promise<Row<Checked>[]>>();
expectTypeOf(pool.stream(TEXT, 1n)).toEqualTypeOf<RowStream<Checked>>();
expectTypeOf(pool.copyRecordsFromQuery(TEXT, 1n)).toEqualTypeOf<RowStream<Checked>>();
expectTypeOf(tx.cursor(TEXT, 1n)).toEqualTypeOf<Cursor<Checked>>();
expectTypeOf(db.prepare(TEXT)).toEqualTypeOf<Promise<PreparedStatement<Checked>>>();
expectTypeOf(plain.fetch(TEXT, 1n)).toEqualTypeOf<Promise<Checked[]>>();
const COUNT = 'SELECT count(*) FROM checked';
expectTypeOf(pool.fetchVal(COUNT)).toEqualTypeOf<Promise<bigint>>();
expectTypeOf(pool.fetchRow(COUNT)).toEqualTypeOf<Promise<Row<{ count: bigint }>>>();
expectTypeOf(pool.fetchVal<string>(COUNT)).toEqualTypeOf<Promise<string | null>>();
void pool.execute(TEXT, 1n);
void pool.executeMany(TEXT, [[1n], [2n]]);

// @ts-expect-error an argument of another type
void db.fetch(TEXT, 'x');
// @ts-expect-error an argument is missing
void db.fetchRow(TEXT);
// @ts-expect-error one argument too many
void db.fetchVal(TEXT, 1n, 2n);
// @ts-expect-error an argument of another type
void db.execute(TEXT, 'x');
// @ts-expect-error a set of another type
void db.executeMany(TEXT, [['x']]);
// @ts-expect-error the server objects to it
void db.fetch('SELECT nmae FROM checked');
// @ts-expect-error a column that it does not have
(await db.fetchOne(TEXT, 1n)).nmae;

// Given a type, it is not looked up; neither is a text that is not there.
expectTypeOf(db.fetch<{ a: 1 }>(TEXT, 'x')).toEqualTypeOf<Promise<Row<{ a: 1 }>[]>>();
expectTypeOf(db.fetch('SELECT 1', 'x')).toEqualTypeOf<Promise<Row[]>>();
declare const text: string;
expectTypeOf(db.fetchVal(text, 1)).resolves.toBeAny();

// A function of one's own may hand the type on.
export function all<T>(query: string, ...args: unknown[]): Promise<Row<T>[]> {
  return pool.fetch<T>(query, ...args);
}
export function allOf<T>(query: Query): Promise<T[]> {
  return plain.fetch<T>(query);
}
export async function eachOf<T>(
  query: Query,
): Promise<[T | null, Row<T>, Row<T> | null, Row<T>[]]> {
  const value: T | null = await pool.fetchVal<T>(query);
  const rows: Row<T>[] = [];
  for await (const row of pool.stream<T>(query)) rows.push(row);
  return [value, await pool.fetchOne<T>(query), await pool.fetchRow<T>(query), rows];
}

// A template has a name.
const byId = sql<'checked.byId'>`SELECT id FROM checked WHERE id = ${1n}`;
expectTypeOf(pool.fetchOne(byId)).toEqualTypeOf<Promise<Row<{ id: bigint }>>>();
// @ts-expect-error a value of another type
sql<'checked.byId'>`SELECT id FROM checked WHERE id = ${'x'}`;

// Templates, too, of a type parameter with or without a bound.
export const mine = <T>(id: number) => sql<T>`SELECT * FROM checked WHERE id = ${id}`;
expectTypeOf(mine<Checked>).returns.toEqualTypeOf<SqlFragment<Checked>>();
export function bounded<T extends object>(id: number): SqlFragment<T> {
  return sql<T>`SELECT * FROM checked WHERE id = ${id}`;
}
export async function rowsOf<T>(strings: TemplateStringsArray, ...values: unknown[]): Promise<T[]> {
  return plain.fetch<T>(sql<T>(strings, ...values));
}
// @ts-expect-error a value of another type does not make a name the type of a row
sql<'checked.byId'>`SELECT id FROM checked WHERE id = ${'x'}`;

import { InvalidArgumentError } from '../../errors/client-errors.ts';
import { quoteIdentifier } from '../../sql/quote.ts';
import { JsonDocument } from '../../values/json-document.ts';
import type {
  NamedArgsOf,
  NamedQueries,
  NamedRowOf,
  NamedTemplate,
  Unnamed,
} from './checked-queries.ts';
import { SqlFragment } from './sql-fragment.ts';
import { assignments, columnNames, condition, rowsOfValues, unnested } from './sql-lists.ts';

/** The `sql` tag and its helpers. */
export interface SqlTag {
  /**
   * A query whose interpolated values become its arguments; values never reach the text.
   * Fragments made by the same tag nest.
   *
   * @example
   * const active = sql`is_active AND created_at > ${since}`;
   * await pool.fetch(sql<User>`SELECT id, name FROM ${sql.id('app', 'users')} WHERE ${active}`);
   */
  <T = any>(
    strings: TemplateStringsArray & Unnamed<T>,
    ...values: readonly unknown[]
  ): SqlFragment<T>;
  /** With a name that `asyncpg check` knows, whose values and rows are then those of the query. */
  <N extends keyof NamedQueries = never>(
    strings: NamedTemplate<N>,
    ...values: NamedArgsOf<N>
  ): SqlFragment<NamedRowOf<N>>;
  /**
   * Names as a quoted, possibly qualified identifier: `sql.id('app', 'users')`.
   *
   * @example
   * await pool.fetch(sql`SELECT * FROM ${sql.id('public', 'users')} ORDER BY ${sql.id(column)}`);
   */
  id(...names: readonly string[]): SqlFragment;
  /**
   * Fragments or values, separated by `separator` (default `, `).
   *
   * @throws InvalidArgumentError when there are no parts: an empty list is no SQL.
   * @example
   * await pool.fetch(sql`SELECT * FROM users WHERE id IN (${sql.join([1n, 2n])})`);
   */
  join(parts: readonly unknown[], separator?: string | SqlFragment): SqlFragment;
  /**
   * Text that is taken into the query as it is. Never give it anything from outside.
   *
   * @example
   * await pool.fetch(sql`SELECT * FROM users ${sql.raw('FOR UPDATE')}`); // never with input of anybody
   */
  raw(text: string): SqlFragment;
  /**
   * Names of columns, quoted and separated by commas: those given, or the keys of an object.
   *
   * @throws InvalidArgumentError when there are none
   * @example
   * sql`INSERT INTO users (${sql.columns(user)}) VALUES ${sql.values([user])}`
   */
  columns(names: readonly string[] | object): SqlFragment;
  /**
   * Rows for INSERT, or for FROM: `($1, $2), ($3, $4)`. The keyword VALUES is put in front where the
   * text does not have it already. A row is an array, or an object whose values are taken in the order
   * of `columns`, by default the keys of the first. A value may be a fragment.
   *
   * @throws InvalidArgumentError no rows; a row of another length, or without a column, or with one
   *   that the first does not have
   * @example
   * const users = [{ email: 'ada@example.org', name: 'Ada' }];
   * sql`INSERT INTO users (${sql.columns(users[0])}) ${sql.values(users)}`
   */
  values(rows: readonly (readonly unknown[] | object)[], columns?: readonly string[]): SqlFragment;
  /**
   * What UPDATE sets: `"name" = $1, "age" = $2`. The keyword SET is put in front where the text does
   * not have it already. A value may be a fragment.
   *
   * @throws InvalidArgumentError an object without keys; undefined, for which leave the key out
   * @example
   * sql`UPDATE users ${sql.set({ name, changed_at: sql`now()` })} WHERE id = ${id}`
   */
  set(values: object): SqlFragment;
  /**
   * All of the conditions, in brackets.
   *
   * @throws InvalidArgumentError when there are none: say TRUE, or leave WHERE out
   * @example
   * sql`SELECT * FROM users WHERE ${sql.and([sql`is_active`, sql`age > ${18}`])}`
   */
  and(conditions: readonly SqlFragment[]): SqlFragment;
  /**
   * Any of the conditions, in brackets.
   *
   * @throws InvalidArgumentError when there are none: say FALSE
   * @example
   * await pool.fetch(sql`SELECT * FROM users WHERE ${sql.or([sql`is_active`, sql`id = ${1n}`])}`);
   */
  or(conditions: readonly SqlFragment[]): SqlFragment;
  /**
   * A JSON document, whatever the parameter's type: json, jsonb or text. `sql.json(null)` is JSON's
   * null, where `null` alone is SQL's. It may stand in a template, in a list of arguments, and in an
   * array. A codec of your own for json, jsonb or a domain over them is given the value, one for text the text.
   *
   * @throws InvalidArgumentError undefined, which is no JSON
   * @example
   * await pool.execute('UPDATE users SET settings = $1', sql.json(null));
   */
  json(value: unknown): JsonDocument;
  /**
   * Columns of values as a table, for FROM: one array for each column, whatever the number of rows, so
   * that the text stays the same and is prepared once. The table is called `unnest`, unless the text
   * behind gives it an alias.
   *
   * PostgreSQL manual, "Table Functions".
   *
   * @param columns the values of each column, arrays of one length
   * @param types the types of their elements by column, or in the same order
   * @throws InvalidArgumentError no columns; arrays of different lengths; a column without a type
   * @example
   * sql`INSERT INTO users (id, name)
   *   SELECT id, name FROM ${sql.unnest({ id: [1, 2], name: ['Ada', 'Bob'] }, { id: 'int4', name: 'text' })}`
   */
  unnest(
    columns: Readonly<Record<string, readonly unknown[]>>,
    types: Readonly<Record<string, string>> | readonly string[],
  ): SqlFragment;
}

function tag(strings: TemplateStringsArray, ...values: readonly unknown[]): SqlFragment {
  // Called as a function, it could be given text from anywhere.
  if (!Array.isArray(strings) || strings.raw === undefined) {
    throw new InvalidArgumentError('sql is a template tag: write sql`…`, or sql.raw(text)');
  }
  const isNumbered = strings.some((text) => /\$\d/.test(text));
  return new SqlFragment(strings, values, null, false, isNumbered);
}

function raw(text: string): SqlFragment {
  if (typeof text !== 'string') throw new InvalidArgumentError('sql.raw takes a string');
  return new SqlFragment([text], []);
}

/** Builds queries from template literals, safely. */
export const sql: SqlTag = Object.assign(tag, {
  raw,
  id: (...names: readonly string[]): SqlFragment => {
    if (names.length === 0) throw new InvalidArgumentError('sql.id takes at least one name');
    return raw(names.map(quoteIdentifier).join('.'));
  },
  join: (parts: readonly unknown[], separator: string | SqlFragment = ', '): SqlFragment => {
    if (parts.length === 0) throw new InvalidArgumentError('sql.join takes at least one part');
    const between = typeof separator === 'string' ? raw(separator) : separator;
    const values = [...parts].flatMap((part, index) => (index === 0 ? [part] : [between, part]));
    return new SqlFragment(new Array<string>(values.length + 1).fill(''), values);
  },
  json: (value: unknown): JsonDocument => {
    if (value === undefined)
      throw new InvalidArgumentError('sql.json takes a value: undefined is no JSON');
    return new JsonDocument(value);
  },
  columns: columnNames,
  values: rowsOfValues,
  set: assignments,
  and: (conditions: readonly SqlFragment[]): SqlFragment => condition('and', conditions),
  or: (conditions: readonly SqlFragment[]): SqlFragment => condition('or', conditions),
  unnest: unnested,
});

import { InvalidArgumentError } from '../errors/client-errors.ts';
import { quoteIdentifier } from '../sql/quote.ts';
import type { QueryObject } from './call.ts';

/**
 * A piece of a query: texts with values between them. Made by `sql` and its helpers only. Spread
 * it to say more of a call: `{ ...sql`…`, timeout: 500 }`.
 */
export class SqlFragment implements QueryObject {
  /** The text with `$1`…`$n`. */
  readonly text: string;
  /** The values of `$1`…`$n`. */
  readonly args: readonly unknown[];
  readonly #strings: readonly string[];
  readonly #values: readonly unknown[];

  constructor(strings: readonly string[], values: readonly unknown[]) {
    const args: unknown[] = [];
    this.#strings = strings;
    this.#values = values;
    this.text = this.#write(args);
    this.args = args;
  }

  /** Its text, with the values of nested fragments counted on. */
  #write(args: unknown[]): string {
    let text = this.#strings[0] ?? '';
    this.#values.forEach((value, index) => {
      if (value instanceof SqlFragment) {
        text += value.#write(args);
      } else {
        args.push(value);
        text += `$${args.length}`;
      }
      text += this.#strings[index + 1] ?? '';
    });
    return text;
  }
}

/** The `sql` tag and its helpers. */
export interface SqlTag {
  /**
   * A query whose interpolated values become its arguments; values never reach the text.
   * Fragments made by the same tag nest.
   *
   * @example
   * const active = sql`is_active AND created_at > ${since}`;
   * await pool.fetch(sql`SELECT id, name FROM ${sql.id('app', 'users')} WHERE ${active}`);
   */
  (strings: TemplateStringsArray, ...values: readonly unknown[]): SqlFragment;
  /** Names as a quoted, possibly qualified identifier: `sql.id('app', 'users')`. */
  id(...names: readonly string[]): SqlFragment;
  /**
   * Fragments or values, separated by `separator` (default `, `).
   *
   * @throws InvalidArgumentError when there are no parts: an empty list is no SQL.
   */
  join(parts: readonly unknown[], separator?: string | SqlFragment): SqlFragment;
  /** Text that is taken into the query as it is. Never give it anything from outside. */
  raw(text: string): SqlFragment;
}

function tag(strings: TemplateStringsArray, ...values: readonly unknown[]): SqlFragment {
  // Called as a function, it could be given text from anywhere.
  if (!Array.isArray(strings) || strings.raw === undefined) {
    throw new InvalidArgumentError('sql is a template tag: write sql`…`, or sql.raw(text)');
  }
  return new SqlFragment(strings, values);
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
    const values = parts.flatMap((part, index) => (index === 0 ? [part] : [between, part]));
    return new SqlFragment(new Array<string>(values.length + 1).fill(''), values);
  },
});

import { quoteIdentifier } from '../../sql/quote.ts';
import type { RowForm } from '../../values/row-form.ts';
import type { QueryObject } from '../calls/call.ts';
import { NAMED, type NamedQuery, NUMBERED, type NumberedQuery, type ROW } from './query-marks.ts';

/** The name of a column between the texts of a fragment. */
export class ColumnName {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

type Stretch = readonly [start: number, end: number];

const asItIs = (name: string): string => name;

/**
 * A piece of a query: texts with values between them. Made by `sql` and its helpers only. Spread
 * it to say more of a call: `{ ...sql`…`, timeout: 500 }`.
 */
export class SqlFragment<T = any> implements QueryObject<RowForm, T> {
  /** The type of its rows, which only the compiler sees. */
  declare readonly [ROW]?: T;
  /** The text with `$1`…`$n`. */
  readonly text: string;
  /** The values of `$1`…`$n`. */
  readonly args: readonly unknown[];
  /** @internal */
  declare readonly [NAMED]?: NamedQuery;
  /** @internal */
  declare readonly [NUMBERED]?: NumberedQuery;
  readonly #strings: readonly string[];
  readonly #values: readonly unknown[];
  readonly #keyword: string | null;
  readonly #isTable: boolean;
  readonly #isNumbered: boolean;

  /**
   * @param keyword what the fragment begins with, unless the text in front of it ends with it
   * @param isTable it is a table with a name; where the text behind gives it another, that holds
   * @param isNumbered a `$` stands before a digit in its strings, other than in text that is taken as it is
   */
  constructor(
    strings: readonly string[],
    values: readonly unknown[],
    keyword: string | null = null,
    isTable: boolean = false,
    isNumbered: boolean = false,
  ) {
    const args: unknown[] = [];
    this.#strings = strings;
    this.#values = values;
    this.#keyword = keyword;
    this.#isTable = isTable;
    this.#isNumbered = isNumbered;
    this.text = this.#write('', '', args, asItIs);
    this.args = args;
    if (isNumbered || values.some((value) => value instanceof SqlFragment && NUMBERED in value)) {
      const written = (): Stretch[] => {
        const stretches: Stretch[] = [];
        this.#write('', '', [], asItIs, stretches);
        return stretches;
      };
      this[NUMBERED] = { text: this.text, args, written };
    }
    if (this.#hasNames) {
      this[NAMED] = (rename) => {
        const renamed: unknown[] = [];
        return { text: this.#write('', '', renamed, rename), args: renamed };
      };
    }
  }

  get #hasNames(): boolean {
    return this.#values.some(
      (value) => value instanceof ColumnName || (value instanceof SqlFragment && NAMED in value),
    );
  }

  /**
   * Its text between `before` and `after`, with the values of nested fragments counted on.
   *
   * @param written is given where the strings are that have a `$` before a digit
   */
  #write(
    before: string,
    after: string,
    args: unknown[],
    rename: (name: string) => string,
    written?: Stretch[],
  ): string {
    const add = (string: string): void => {
      const start = text.length;
      text += string;
      if (this.#isNumbered) written?.push([start, text.length]);
    };
    const isNamed = this.#isTable && ALIAS.test(after);
    let text = isNamed ? `${before}(SELECT * FROM ` : before;
    if (this.#keyword !== null && !endsWith(before, this.#keyword)) text += `${this.#keyword} `;
    add(this.#strings[0] ?? '');
    this.#values.forEach((value, index) => {
      if (value instanceof SqlFragment) {
        const behind = this.#strings[index + 1] ?? '';
        const isLast = index + 1 === this.#values.length;
        text = value.#write(text, isLast ? behind + after : behind, args, rename, written);
      } else if (value instanceof ColumnName) {
        text += quoteIdentifier(rename(value.name));
      } else {
        args.push(value);
        text += `$${args.length}`;
      }
      add(this.#strings[index + 1] ?? '');
    });
    return isNamed ? `${text})` : text;
  }
}

/** A table's alias: a name with AS, or one that is no keyword that may follow a table. What is not ASCII is a letter. */
const ALIAS =
  /^\s+(?:as\b|(?!(?:where|join|left|right|inner|full|cross|natural|on|using|group|order|having|limit|offset|fetch|union|intersect|except|window|for|returning|set|tablesample|when)\b)["a-z_\u0080-\uffff])/i;

/** Whether the last word of a text is this keyword, or a list goes on that it had begun. */
function endsWith(text: string, keyword: string): boolean {
  const end = text.trimEnd();
  if (end.endsWith(',')) return true;
  const word = end.slice(-keyword.length);
  if (word.toUpperCase() !== keyword) return false;
  return (
    end.length === keyword.length || !/[\w$".\u0080-\uffff]/.test(end.at(-keyword.length - 1)!)
  );
}

import { InvalidArgumentError } from '../../errors/client-errors.ts';
import { ColumnName, SqlFragment } from './sql-fragment.ts';

/** What the lists of `sql` are made of: texts with values between them. */
class List {
  readonly #strings: string[] = [''];
  readonly #values: unknown[] = [];

  text(text: string): this {
    this.#strings[this.#strings.length - 1] += text;
    return this;
  }

  value(value: unknown): this {
    this.#values.push(value);
    this.#strings.push('');
    return this;
  }

  /** The name of a column. */
  name(name: string): this {
    return this.value(new ColumnName(name));
  }

  /** Several items, separated by a text. */
  each<T>(items: readonly T[], separator: string, add: (item: T, index: number) => void): this {
    for (const [index, item] of items.entries()) {
      if (index > 0) this.text(separator);
      add(item, index);
    }
    return this;
  }

  fragment(keyword: string | null = null, isTable: boolean = false): SqlFragment {
    return new SqlFragment(this.#strings, this.#values, keyword, isTable);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The names of columns, or an object's keys. */
function namesOf(call: string, names: unknown): readonly string[] {
  const list = isObject(names) ? Object.keys(names) : names;
  if (!Array.isArray(list)) {
    throw new InvalidArgumentError(`${call} takes names of columns, or an object that has them`);
  }
  if (list.length === 0) {
    throw new InvalidArgumentError(`${call} takes at least one column: an empty list is no SQL`);
  }
  return list as readonly string[];
}

export function columnNames(names: readonly string[] | object): SqlFragment {
  const list = new List();
  list.each(namesOf('sql.columns', names), ', ', (name) => list.name(name));
  return list.fragment();
}

export function rowsOfValues(
  rows: readonly (readonly unknown[] | object)[],
  columns?: readonly string[],
): SqlFragment {
  if (!Array.isArray(rows)) {
    const one = isObject(rows) ? { hint: 'One row is an array of one: sql.values([row]).' } : {};
    throw new InvalidArgumentError('sql.values takes an array of rows', one);
  }
  if (rows.length === 0) {
    throw new InvalidArgumentError('sql.values takes at least one row: an empty list is no SQL', {
      hint: 'Leave the statement out when there is nothing to insert, or use sql.unnest, which takes no rows as well.',
    });
  }
  const [first] = rows as readonly unknown[];
  if (typeof first !== 'object' || first === null) {
    throw new InvalidArgumentError('row 0 of sql.values must be an object or an array');
  }
  const names =
    columns === undefined && !isObject(first) ? null : namesOf('sql.values', columns ?? first);
  const width = names?.length ?? (first as readonly unknown[]).length;
  const list = new List();
  list.each(rows as readonly unknown[], ', ', (row, place) => {
    const values = Array.isArray(row) ? row : valuesOf(row, names, columns === undefined, place);
    if (values.length !== width || width === 0) {
      throw new InvalidArgumentError(
        `row ${place} of sql.values has ${values.length} values, and ${width === 0 ? 'at least one' : width} would be right`,
      );
    }
    list.text('(');
    list.each(values, ', ', (value, at) => {
      if (value === undefined) refuseUndefined(`row ${place}`, names?.[at] ?? at);
      list.value(value);
    });
    list.text(')');
  });
  return list.fragment('VALUES');
}

function valuesOf(
  row: unknown,
  names: readonly string[] | null,
  isWhole: boolean,
  place: number,
): readonly unknown[] {
  if (!isObject(row) || names === null) {
    throw new InvalidArgumentError(
      `row ${place} of sql.values must be an ${names === null ? 'array, as the first is' : 'object or an array'}`,
    );
  }
  const missing = names.find((name) => !Object.hasOwn(row, name));
  if (missing !== undefined) {
    throw new InvalidArgumentError(
      `row ${place} of sql.values has no column ${JSON.stringify(missing)}`,
      { hint: 'Write null, or sql`DEFAULT`, for a value that is not there.' },
    );
  }
  const more = isWhole ? Object.keys(row).find((name) => !names.includes(name)) : undefined;
  if (more !== undefined) {
    throw new InvalidArgumentError(
      `row ${place} of sql.values has the column ${JSON.stringify(more)}, which the first row does not have`,
      { hint: 'Name the columns to be taken in the second argument.' },
    );
  }
  return names.map((name) => row[name]);
}

function refuseUndefined(where: string, column: string | number): never {
  throw new InvalidArgumentError(
    `the value of ${JSON.stringify(column)} in ${where} is undefined`,
    { hint: 'Leave the key out, or write null.' },
  );
}

export function assignments(values: object): SqlFragment {
  if (!isObject(values)) {
    throw new InvalidArgumentError('sql.set takes an object of values by column');
  }
  const list = new List();
  list.each(namesOf('sql.set', values), ', ', (name) => {
    const value = values[name];
    if (value === undefined) refuseUndefined('sql.set', name);
    list.name(name).text(' = ').value(value);
  });
  return list.fragment('SET');
}

export function condition(word: 'and' | 'or', conditions: readonly SqlFragment[]): SqlFragment {
  if (!Array.isArray(conditions) || conditions.length === 0) {
    throw new InvalidArgumentError(`sql.${word} takes at least one condition, in an array`, {
      hint:
        word === 'and'
          ? 'Write sql`TRUE`, or leave WHERE out, where there is no condition.'
          : 'Write sql`FALSE` where there is no condition.',
    });
  }
  const list = new List().text('(');
  list.each(conditions as readonly unknown[], ` ${word.toUpperCase()} `, (part, place) => {
    if (!(part instanceof SqlFragment)) {
      throw new InvalidArgumentError(`part ${place} of sql.${word} is no fragment: write sql\`…\``);
    }
    list.text('(').value(part).text(')');
  });
  return list.text(')').fragment();
}

/**
 * A type's name as SQL writes it, e.g. `numeric(10, 2)`, `app."Mood"`, `text[]`. To PostgreSQL all that is not
 * ASCII is a letter; \p{L} would take half a millisecond of each program's start.
 */
const TYPE =
  /^(?:[A-Za-z_\u0080-\uffff][\w$ \u0080-\uffff]*|"(?:[^"\0]|"")+")(?:\.(?:[A-Za-z_\u0080-\uffff][\w$ \u0080-\uffff]*|"(?:[^"\0]|"")+"))?(?:\(\s*\d+(?:\s*,\s*-?\d+)?\s*\))?(?: (?:with|without) time zone)?$/;

/** Types of which no value is written as an array. */
const SINGLE =
  /^(?:pg_catalog\.)?(?:text|(?:var|bp)?char|character|name|citext|uuid|bool(?:ean)?|(?:small|big)?int|int[248]|integer|interval|numeric|decimal|float[48]?|real|double precision|money|date|time(?:stamp)?(?:tz)?|bytea|oid)(?![\w$])/i;

export function unnested(
  columns: Readonly<Record<string, readonly unknown[]>>,
  types: Readonly<Record<string, string>> | readonly string[],
): SqlFragment {
  if (!isObject(columns)) {
    throw new InvalidArgumentError('sql.unnest takes an object of arrays by column');
  }
  const names = namesOf('sql.unnest', columns);
  const list = new List().text('unnest(');
  let length: number | null = null;
  list.each(names, ', ', (name, place) => {
    const values: unknown = columns[name];
    const type: unknown = Array.isArray(types)
      ? types[place]
      : (types as Record<string, string>)?.[name];
    if (!Array.isArray(values)) {
      throw new InvalidArgumentError(
        `the column ${JSON.stringify(name)} of sql.unnest is no array`,
      );
    }
    length ??= values.length;
    if (values.length !== length) {
      throw new InvalidArgumentError(
        `the columns of sql.unnest must have one length: ${JSON.stringify(names[0])} has ${length} values, ${JSON.stringify(name)} has ${values.length}`,
      );
    }
    if (values.includes(undefined)) refuseUndefined('sql.unnest', name);
    if (
      typeof type === 'string' &&
      (type.endsWith(']') || (SINGLE.test(type) && values.some(Array.isArray)))
    ) {
      throw new InvalidArgumentError(
        `the column ${JSON.stringify(name)} of sql.unnest has arrays, of the type ${type}, but unnest makes rows of arrays in arrays too`,
        { hint: 'Use sql.values for columns of arrays.' },
      );
    }
    if (typeof type !== 'string' || !TYPE.test(type)) {
      throw new InvalidArgumentError(
        `sql.unnest needs the type of the column ${JSON.stringify(name)}, such as 'int4', 'text' or 'app.mood'`,
      );
    }
    list.value(values).text(`::${type}[]`);
  });
  list.text(') AS "unnest"(');
  list.each(names, ', ', (name) => list.name(name));
  return list.text(')').fragment(null, true);
}

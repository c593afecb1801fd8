import type { RowForm } from './row-form.ts';

/**
 * What the columns of rows are called, by what the server calls them. Called once for each column of a
 * statement, not for each row.
 */
export interface ColumnTransform {
  (column: string): string;
  /**
   * The way back, for the names in `sql.columns`, `sql.set` and `sql.unnest`. Without it, a name is written in
   * lower case, with underscores or without, if the function makes the name of that; others stay.
   */
  readonly inverse?: ((key: string) => string) | undefined;
}

/** How names are changed on their way: see `ConnectOptions.transform`. */
export interface TransformOptions {
  /** The names of columns, in rows and, by its inverse, in the lists of `sql`. */
  readonly column?: ColumnTransform | undefined;
}

/** What rows are made of a result. */
export interface RowStyle {
  readonly form: RowForm;
  readonly column: ColumnTransform | null;
}

export const RECORDS: RowStyle = Object.freeze({ form: 'record', column: null });

/**
 * `created_at` as `createdAt`, and back. An underscore that is not between a lower-case letter or a digit
 * and a letter stays (`line_2`, `_id`), so that every name in lower case has one way there and back.
 *
 * @example
 * const pool = await createPool(dsn, { transform: { column: camelCase } });
 * const { createdAt } = await pool.fetchOne('SELECT created_at FROM users LIMIT 1');
 */
export const camelCase: ColumnTransform = Object.assign(
  (column: string): string =>
    column.replace(/(?<=[a-z0-9])_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
  {
    inverse: (key: string): string =>
      key.replace(/(?<=[a-zA-Z0-9])[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
  },
);

/**
 * The way back of a transform: its own, or one that is derived by trying the usual names of columns.
 *
 * @example
 * inverseOf((column) => column.toUpperCase())('USER_ID') // 'user_id'
 */
export function inverseOf(column: ColumnTransform): (key: string) => string {
  return (
    column.inverse ??
    ((key) =>
      [camelCase.inverse!(key), key].map(toLower).find((name) => column(name) === key) ?? key)
  );
}

const toLower = (name: string): string => name.toLowerCase();

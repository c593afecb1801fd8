import type { Row } from './row.ts';

/**
 * What rows are made. `record`: dictionary and tuple at once. `object`: plain objects of the named columns,
 * with `Object.prototype`; of two columns of one name the last. `array`: the values alone, in the order of
 * the columns.
 */
export type RowForm = 'record' | 'object' | 'array';

export const ROW_FORMS: readonly RowForm[] = ['record', 'object', 'array'];

/** The type of a row in a form, `T` being what its columns are. */
export type RowOf<F extends RowForm, T> = F extends 'record'
  ? Row<T>
  : F extends 'object'
    ? T
    : T extends readonly unknown[]
      ? T
      : unknown[];

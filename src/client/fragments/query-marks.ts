// What only the driver's own query objects have: `sql` alone is bundled with no more than this.

/** The type of a query's rows, which only the compiler sees. */
export declare const ROW: unique symbol;

/** A fragment's way to be written with other names of columns. It is copied with the fragment. */
export const NAMED: unique symbol = Symbol('named');
/** Gives the text, and the values in its order, by what names become. */
export type NamedQuery = (rename: (key: string) => string) => {
  readonly text: string;
  readonly args: readonly unknown[];
};

/** A fragment in whose own text a `$` stands before a digit. */
export interface NumberedQuery {
  readonly text: string;
  readonly args: readonly unknown[];
  /** Where in the text strings of templates with such a `$` are, other than text that is taken as it is. */
  written(): readonly (readonly [start: number, end: number])[];
}

/** Marks such a fragment. It is copied with it. */
export const NUMBERED: unique symbol = Symbol('numbered');

/** The numbers from 1 to an argument, one by one. */
export const NUMBERS = 'SELECT g AS a FROM generate_series(1, $1::int4) g';

/** The rows of those from one to another. */
export const range = (from: number, to: number): { a: number }[] =>
  Array.from({ length: to - from + 1 }, (_, i) => ({ a: from + i }));

/**
 * How the compiler treats queries, by what is added to this interface. `strict: true`, written by `asyncpg check`,
 * makes a text that it has not checked an error. `untyped: 'unknown'` makes columns that nobody told the type of
 * `unknown` in place of `any`; `strict` has that as well.
 *
 * @example
 * declare module 'asyncpg' {
 *   interface CheckOptions {
 *     untyped: 'unknown';
 *   }
 * }
 */
// biome-ignore lint/suspicious/noEmptyInterface: to be merged with
export interface CheckOptions {}

type IsTold = { readonly strict: true } | { readonly untyped: 'unknown' };

/** The columns of a row that nobody told the type of. */
// biome-ignore lint/suspicious/noExplicitAny: unless it is chosen, an untyped query has untyped rows, as in asyncpg
export type UntoldRow = CheckOptions extends IsTold ? Record<string, unknown> : any;

/** A value that nobody told the type of. */
// biome-ignore lint/suspicious/noExplicitAny: see UntoldRow
export type UntoldValue = CheckOptions extends IsTold ? unknown : any;

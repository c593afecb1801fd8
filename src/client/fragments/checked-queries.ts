import type { RowForm, RowOf } from '../../values/row-form.ts';
import type { CheckOptions, UntoldRow, UntoldValue } from '../../values/untold.ts';
import type { Query, QueryObject } from '../calls/call.ts';
import type { ROW } from './query-marks.ts';

/**
 * What `asyncpg check` knows of queries, by their text: the file that it writes adds to this interface, and
 * calls with a text that is in it have its types. Empty without that file.
 */
// biome-ignore lint/suspicious/noEmptyInterface: to be merged with
export interface CheckedQueries {}

/** The same by the name in sql<'name'>, as the type of a template does not have its text. */
// biome-ignore lint/suspicious/noEmptyInterface: to be merged with
export interface NamedQueries {}

/** Stands in the compiler's message where a query is not, and says why. */
export interface NotChecked<Message extends string> {
  /** Why it is refused. */
  readonly notChecked: Message;
}

type Unknown<Q> = CheckOptions extends { readonly strict: true } ? NotChecked<WhyUnknown<Q>> : Q;

type WhyUnknown<Q> = string extends Q
  ? 'this text is not known to the compiler: give the type of its rows'
  : 'run `npx asyncpg check`: this text is not in its file';

/**
 * A query that a call takes: itself, or what is wrong with it. With the type of its rows given, `T`, it is not
 * looked up; `never` stands for none.
 */
export type Checked<Q, T = never> = [T] extends [never]
  ? Q extends keyof CheckedQueries
    ? CheckedQueries[Q] extends { readonly error: infer Message extends string }
      ? NotChecked<Message>
      : Q
    : Q extends string
      ? Unknown<Q>
      : Q
  : Q;

/** The arguments that follow a query: those of a checked one, any for other texts, none for an object. */
export type ArgsOf<Q, T = never> = [T] extends [never]
  ? Q extends keyof CheckedQueries
    ? CheckedQueries[Q] extends { readonly args: infer A extends readonly unknown[] }
      ? A
      : unknown[]
    : Q extends string
      ? unknown[]
      : []
  : unknown[];

/** The arguments of executions of one query, as `executeMany` takes them. */
export type SetsOf<Q, T = never> = [Q] extends [never]
  ? Sets<readonly unknown[]>
  : Sets<Readonly<ArgsOf<Q, T>>>;

type Sets<A> = Iterable<A> | AsyncIterable<A>;

/** The columns of a checked query, and untold ones for others. */
export type ColumnsOf<Q, T = never> = [T] extends [never]
  ? Q extends keyof CheckedQueries
    ? CheckedQueries[Q] extends { readonly row: infer R }
      ? R
      : UntoldRow
    : RowTypeOf<Q>
  : T;

/** The type of a query's rows, as far as the query tells. */
export type RowTypeOf<Q> = typeof ROW extends keyof Q
  ? Q extends { readonly [ROW]?: infer R }
    ? 0 extends 1 & R
      ? UntoldRow
      : R
    : UntoldRow
  : UntoldRow;

/** The first column of a checked query, and an untold one for others. */
export type FirstColumnOf<Q, T = never> = [T] extends [never]
  ? Q extends keyof CheckedQueries
    ? CheckedQueries[Q] extends { readonly first: infer V }
      ? V
      : UntoldValue
    : UntoldValue
  : T;

/** What stands for the row of a query that may have none: nothing where it is known to have one. */
export type NoRow<Q, T = never> = [T] extends [never]
  ? Q extends keyof CheckedQueries
    ? 'one' extends keyof CheckedQueries[Q]
      ? never
      : null
    : null
  : null;

/** What the rows of a query are made: as it says itself, or as where it is called. */
export type FormOf<F extends RowForm, Q> = Q extends { readonly rows: infer G extends RowForm }
  ? G
  : F;

/** A row of a query. */
export type CheckedRow<F extends RowForm, Q, T = never> = RowOf<FormOf<F, Q>, ColumnsOf<Q, T>>;

/**
 * A query of a call that says itself of which type its rows are, `T`; others are looked up. It is asked for in a
 * list, as in `Unnamed`, so that a function of one's own may hand its `T` on with a `Query`.
 */
export type Typed<T, Q extends Query, Text = string> = [...(T extends unknown ? [T] : [])] extends [
  never,
]
  ? Text & NotChecked<WhyNot<Text>>
  : Q;

/** A query that says what its rows are made, where `T` is given: plain objects of it, or arrays. */
export interface PlainQuery<T> extends QueryObject<'object' | 'array', T> {
  readonly rows: 'object' | (T extends readonly unknown[] ? 'array' : never);
}

/** What is wrong with a text that no other form of the call has taken. */
type WhyNot<Text> = Text extends keyof CheckedQueries
  ? CheckedQueries[Text] extends { readonly error: infer Message extends string }
    ? Message
    : 'these are not the arguments of this query'
  : CheckOptions extends { readonly strict: true }
    ? WhyUnknown<Text>
    : 'these are not the arguments of this query';

/**
 * Refuses the name of a checked template where the type of a row is meant. The name is asked for in a list, so
 * that a type parameter passes and a function of one's own may hand its `T` on: the compiler tries `any` in its
 * place, which makes a list of any length, and that is no list of one.
 */
export type Unnamed<T> = [...(T extends string ? [T] : [])] extends [keyof NamedQueries]
  ? never
  : unknown;

/** The texts of a template whose name is given. */
export type NamedTemplate<N> = [N] extends [never] ? never : TemplateStringsArray;

/** The values in a template that has a name. */
export type NamedArgsOf<N> = N extends keyof NamedQueries
  ? NamedQueries[N] extends { readonly args: infer A extends readonly unknown[] }
    ? A
    : readonly unknown[]
  : readonly unknown[];

/** The columns of a template that has a name. */
export type NamedRowOf<N> = N extends keyof NamedQueries
  ? NamedQueries[N] extends { readonly row: infer R }
    ? R
    : never
  : never;

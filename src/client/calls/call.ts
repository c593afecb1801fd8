import type { CallCodecs } from '../../codecs/codec-source.ts';
import { InterfaceError, InvalidArgumentError } from '../../errors/client-errors.ts';
import { checkArgumentCount } from '../../session/statements/parameter-limit.ts';
import { scanQuery } from '../../sql/placeholders.ts';
import { statementKind } from '../../sql/statement-kind.ts';
import { inverseOf, RECORDS, type RowStyle } from '../../values/column-names.ts';
import { ROW_FORMS, type RowForm } from '../../values/row-form.ts';
import {
  NAMED,
  type NamedQuery,
  NUMBERED,
  type NumberedQuery,
  type ROW,
} from '../fragments/query-marks.ts';
import { CODECS } from '../internals.ts';
import { checkBoolean, checkOptions, type OptionNames } from './known-options.ts';

/**
 * A query with its values and what holds for this one call. The `sql` tag makes such objects.
 * Of one that is only known as a query object, rows are taken to be what they are where it is called.
 */
export interface QueryObject<F extends RowForm = any, T = any> {
  /** The type of its rows, if it is known: never there at run time. */
  readonly [ROW]?: T;
  /** Writes it with other names of columns, if it has any. @internal */
  readonly [NAMED]?: NamedQuery | undefined;
  /** Its text may have a placeholder that was written by hand. @internal */
  readonly [NUMBERED]?: NumberedQuery | undefined;
  /** Writes its arguments and reads its rows, if an adapter has codecs of its own. @internal */
  readonly [CODECS]?: CallCodecs | undefined;
  /** One statement with `$1`…`$n` for its values. */
  readonly text: string;
  /** The values of `$1`…`$n`, in this order. */
  readonly args?: readonly unknown[] | undefined;
  /** For this call only, in milliseconds; overrides `commandTimeout`. 0 or less is over at once. */
  readonly timeout?: number | undefined;
  /** Aborting cancels the query on the server; the call rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined;
  /** False: an unnamed statement that is not kept, for poolers and one-off texts. */
  readonly prepare?: boolean | undefined;
  /** For `fetchVal`: which column, by position or name. Default 0. */
  readonly column?: number | string | undefined;
  /** What rows are made, for this call only: see `ConnectOptions.rows`. */
  readonly rows?: F | undefined;
}

/** Text with `$1`…`$n` and its values after it, or one object. */
export type Query<F extends RowForm = any, T = any> = string | QueryObject<F, T>;

/** What holds for one call that takes no query object. */
export interface CallOptions {
  /** In milliseconds; overrides `commandTimeout`. */
  readonly timeout?: number | undefined;
  /** Aborting cancels the call on the server; it rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined;
}

/** All options of a call that takes no query object. */
export const CALL_OPTIONS: OptionNames<CallOptions> = { timeout: true, signal: true };

/** The signal that is aborted when one of the two is. */
export function eitherSignal(
  one: AbortSignal | undefined,
  other: AbortSignal | undefined,
): AbortSignal | undefined {
  if (one === undefined || other === undefined || one === other) return one ?? other;
  return AbortSignal.any([one, other]);
}

type StringKeys = Omit<QueryObject, symbol>;

/** All that a query object may have under a name that is a string. */
const QUERY_OPTIONS: OptionNames<StringKeys> = {
  text: true,
  args: true,
  timeout: true,
  signal: true,
  prepare: true,
  column: true,
  rows: true,
};

const NO_ARGS: readonly unknown[] = Object.freeze([]);

/** The query that a call's first argument and the rest of them make. */
export function toQuery(
  query: Query,
  args: readonly unknown[],
  style: RowStyle = RECORDS,
): QueryObject {
  if (typeof query === 'string') return { text: query, args, rows: style.form };
  return checkedObject(query, args, style);
}

function checkedObject(
  query: QueryObject,
  args: readonly unknown[],
  { form, column }: RowStyle,
): QueryObject {
  if (query === null || typeof query !== 'object' || typeof query.text !== 'string') {
    throw new InvalidArgumentError('a query is a string or an object with a text', {
      hint: 'Use sql`…` or { text, args } for queries with values.',
    });
  }
  if (args.length > 0) {
    throw new InterfaceError('a query object carries its own args; none may follow it', {
      safeToRetry: true,
    });
  }
  if (query.args !== undefined && !Array.isArray(query.args)) {
    throw new InvalidArgumentError('the args of a query must be an array');
  }
  for (const name in query) {
    if ((QUERY_OPTIONS as Readonly<Record<string, unknown>>)[name] === true) continue;
    checkOptions<StringKeys>('a query', query, QUERY_OPTIONS);
    break;
  }
  if (query[NUMBERED] !== undefined) refuseWrittenPlaceholders(query, query[NUMBERED]);
  if (query.rows !== undefined) checkRowForm(query.rows);
  if (query.prepare !== undefined) checkBoolean('prepare', query.prepare);
  const names = column === null ? undefined : query[NAMED];
  if (names === undefined && (query.rows !== undefined || form === 'record')) return query;
  // Each by its name: an instance of a class has them inherited.
  return {
    ...{ text: query.text, args: query.args, timeout: query.timeout, signal: query.signal },
    ...{ prepare: query.prepare, column: query.column, [CODECS]: query[CODECS] },
    ...names?.(inverseOf(column!)),
    rows: query.rows ?? form,
  };
}

/** A `$1` in a template is another value's, or nobody's: the template counts its own. */
function refuseWrittenPlaceholders(query: QueryObject, numbered: NumberedQuery): void {
  // Of a copy with a text or values of its own, whoever gave them has counted.
  if (query.text !== numbered.text || query.args !== numbered.args) return;
  const written = numbered.written();
  // It may stand in a string, a name or a comment.
  const found = scanQuery(query.text, false).placeholders.find(({ start }) =>
    written.some(([from, to]) => from <= start && start < to),
  );
  if (found === undefined) return;
  throw new InvalidArgumentError(
    `the placeholder $${found.number} in a template of sql was written by hand`,
    { hint: 'Write ${value} in the place of $1; sql counts the placeholders.' },
  );
}

export function argsOf(query: QueryObject): readonly unknown[] {
  const args = query.args ?? NO_ARGS;
  checkArgumentCount(args.length);
  return args;
}

/** Whether a query's statement may be kept, as it is asked to be and its columns are always the same. */
export function isPrepared({ text, prepare }: QueryObject): boolean {
  return prepare !== false && !statementKind(text).parsedAnew;
}

/** Throws for what is no form of rows. */
export function checkRowForm(rows: unknown): asserts rows is RowForm {
  if (ROW_FORMS.includes(rows as RowForm)) return;
  throw new InvalidArgumentError(
    `rows must be one of ${ROW_FORMS.map((form) => `'${form}'`).join(', ')}, not ${JSON.stringify(rows)}`,
  );
}

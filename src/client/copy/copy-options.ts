import { InvalidArgumentError, UnsupportedServerFeatureError } from '../../errors/client-errors.ts';
import type { ServerVersion } from '../../session/server-version.ts';
import { quoteIdentifier, quoteLiteral } from '../../sql/quote.ts';
import { checkBoolean, type OptionNames } from '../known-options.ts';
import { warnOfRejection } from '../user-callback.ts';

/** How far a COPY has come. */
export interface CopyProgress {
  /** Bytes of COPY data that were handed on. */
  readonly bytes: number;
  /** Records that were handed on, where the client counts them. */
  readonly rows?: number;
}

export type OnProgress = ((progress: CopyProgress) => void) | undefined;

/** What `onProgress` throws fails the COPY. Its promise, if it gives one, is not waited for. */
export function tellProgress(onProgress: OnProgress, progress: CopyProgress): void {
  if (onProgress !== undefined) warnOfRejection('an onProgress callback', onProgress(progress));
}

/** What every COPY of a table takes. */
export interface CopyCommon {
  /** The columns, in this order. All of them, but for generated ones, unless given. */
  readonly columns?: readonly string[] | undefined;
  /** The table's schema; without it the search_path decides. */
  readonly schema?: string | undefined;
  /** For the whole call, in milliseconds; overrides `commandTimeout`. */
  readonly timeout?: number | undefined;
  /** Aborting stops the COPY, which then has had no effect. */
  readonly signal?: AbortSignal | undefined;
  /** Called as the COPY goes on, at most once for each 64 KiB. If it throws the COPY fails. */
  readonly onProgress?: ((progress: CopyProgress) => void) | undefined;
}

/**
 * The options of PostgreSQL's COPY, under its names. What fits with what is for the server to
 * say. PostgreSQL manual, "COPY".
 */
export interface CopyFormat {
  /** `text` unless given. */
  readonly format?: 'text' | 'csv' | 'binary' | undefined;
  /** A first line with the columns' names; `match`: on the way in it must be right (15+). */
  readonly header?: boolean | 'match' | undefined;
  /** What separates the columns: a tab in `text`, a comma in `csv` unless given. One byte. */
  readonly delimiter?: string | undefined;
  /** What stands for NULL. */
  readonly null?: string | undefined;
  /** `csv`: what values are quoted with, `"` unless given. One byte. */
  readonly quote?: string | undefined;
  /** `csv`: what stands before a quote within a value; the same as `quote` unless given. */
  readonly escape?: string | undefined;
  /** The encoding of the data, where it is not UTF-8. */
  readonly encoding?: string | undefined;
  /** Columns whose values are always quoted; true: all. */
  readonly forceQuote?: true | readonly string[] | undefined;
  /** `csv`: columns whose values are never taken for `null`, so that it is read as text. In. */
  readonly forceNotNull?: readonly string[] | undefined;
  /** `csv`: columns in which a quoted `null` is NULL as well. In. */
  readonly forceNull?: readonly string[] | undefined;
  /** Rows are frozen at once, for a table made or emptied in the same transaction. In. */
  readonly freeze?: boolean | undefined;
  /** What becomes of rows that cannot be read (17+). */
  readonly onError?: 'stop' | 'ignore' | undefined;
  /** How many rows may be ignored (18+). */
  readonly rejectLimit?: number | undefined;
  /** What `onError: 'ignore'` says of the rows that it leaves out. PostgreSQL 17; `silent` 18. */
  readonly logVerbosity?: 'default' | 'verbose' | 'silent' | undefined;
  /** What stands for the column's default on the way in (16+). */
  readonly default?: string | undefined;
}

/** All options of every COPY of a table. */
export const COMMON_OPTIONS: OptionNames<CopyCommon> = {
  columns: true,
  schema: true,
  timeout: true,
  signal: true,
  onProgress: true,
};

/** All options of PostgreSQL's COPY. */
export const FORMAT_OPTIONS: OptionNames<CopyFormat> = {
  format: true,
  header: true,
  delimiter: true,
  null: true,
  quote: true,
  escape: true,
  encoding: true,
  forceQuote: true,
  forceNotNull: true,
  forceNull: true,
  freeze: true,
  onError: true,
  rejectLimit: true,
  logVerbosity: true,
  default: true,
};

/** The name of a table with its schema, quoted. */
export function qualifiedName(table: string, schema: string | undefined): string {
  const name = quoteIdentifier(table);
  return schema === undefined ? name : `${quoteIdentifier(schema)}.${name}`;
}

/** The text of `COPY … FROM STDIN`. */
export function copyFromStdin(
  table: string,
  { columns, schema, where, ...format }: CopyFormat & CopyCommon & { where?: string | undefined },
  version: ServerVersion,
): string {
  let text = `COPY ${qualifiedName(table, schema)}${columnList(columns)} FROM STDIN`;
  text += optionList(format, version);
  if (where !== undefined) {
    if (typeof where !== 'string') {
      throw new InvalidArgumentError('the where of a COPY must be a string: an SQL condition');
    }
    requireVersion(version, 12, 'where');
    text += ` WHERE ${where}`;
  }
  return text;
}

/** The text of `COPY … TO STDOUT` for a table. */
export function copyTableToStdout(
  table: string,
  { columns, schema, ...format }: CopyFormat & CopyCommon,
  version: ServerVersion,
): string {
  const name = qualifiedName(table, schema);
  return `COPY ${name}${columnList(columns)} TO STDOUT${optionList(format, version)}`;
}

/** The text of `COPY (query) TO STDOUT`. */
export function copyQueryToStdout(
  query: string,
  format: CopyFormat,
  version: ServerVersion,
): string {
  // The line breaks keep the parentheses out of the query's comments.
  return `COPY (\n${query}\n) TO STDOUT${optionList(format, version)}`;
}

function columnList(columns: readonly string[] | undefined): string {
  if (columns === undefined) return '';
  const list = nameList('columns', columns);
  return columns.length === 0 ? '' : ` (${list})`;
}

function nameList(option: string, names: unknown): string {
  if (!Array.isArray(names)) {
    throw new InvalidArgumentError(`${option} must be an array of column names`);
  }
  return names.map(quoteIdentifier).join(', ');
}

function optionList(options: CopyFormat, version: ServerVersion): string {
  const list: string[] = [];
  const literal = (name: string, value: string | undefined): void => {
    if (value !== undefined) list.push(`${name} ${quoteLiteral(value)}`);
  };
  const names = (name: string, option: string, value: readonly string[] | undefined): void => {
    if (value === undefined) return;
    const given = nameList(option, value);
    if (given !== '') list.push(`${name} (${given})`);
  };
  const { format, header, freeze, forceQuote, onError, rejectLimit, logVerbosity } = options;

  if (format !== undefined) list.push(`FORMAT ${oneOf('format', format, FORMATS)}`);
  if (freeze !== undefined) list.push(`FREEZE ${checkBoolean('freeze', freeze)}`);
  literal('DELIMITER', options.delimiter);
  literal('NULL', options.null);
  if (options.default !== undefined) {
    requireVersion(version, 16, 'default');
    literal('DEFAULT', options.default);
  }
  if (header === 'match') {
    requireVersion(version, 15, "header: 'match'");
    list.push('HEADER MATCH');
  } else if (header !== undefined) {
    list.push(`HEADER ${checkBoolean('header', header)}`);
  }
  literal('QUOTE', options.quote);
  literal('ESCAPE', options.escape);
  if (forceQuote === true) list.push('FORCE_QUOTE *');
  else names('FORCE_QUOTE', 'forceQuote', forceQuote);
  names('FORCE_NOT_NULL', 'forceNotNull', options.forceNotNull);
  names('FORCE_NULL', 'forceNull', options.forceNull);
  if (onError !== undefined) {
    requireVersion(version, 17, 'onError');
    list.push(`ON_ERROR ${oneOf('onError', onError, ERROR_ACTIONS)}`);
  }
  if (rejectLimit !== undefined) {
    requireVersion(version, 18, 'rejectLimit');
    if (!Number.isSafeInteger(rejectLimit)) {
      throw new InvalidArgumentError('rejectLimit must be an integer');
    }
    list.push(`REJECT_LIMIT ${rejectLimit}`);
  }
  if (logVerbosity !== undefined) {
    requireVersion(version, logVerbosity === 'silent' ? 18 : 17, 'logVerbosity');
    list.push(`LOG_VERBOSITY ${oneOf('logVerbosity', logVerbosity, VERBOSITIES)}`);
  }
  literal('ENCODING', options.encoding);
  return list.length === 0 ? '' : ` WITH (${list.join(', ')})`;
}

const FORMATS = ['text', 'csv', 'binary'] as const;
const ERROR_ACTIONS = ['stop', 'ignore'] as const;
const VERBOSITIES = ['default', 'verbose', 'silent'] as const;

function oneOf(option: string, value: unknown, allowed: readonly string[]): string {
  const found = allowed.find((each) => each === value);
  if (found === undefined) {
    throw new InvalidArgumentError(`${option} must be one of ${allowed.join(', ')}`);
  }
  return found;
}

function requireVersion({ major }: ServerVersion, needed: number, option: string): void {
  if (major >= needed) return;
  throw new UnsupportedServerFeatureError(
    `the option ${option} of COPY needs PostgreSQL ${needed}, the server is version ${major}`,
    { safeToRetry: true },
  );
}

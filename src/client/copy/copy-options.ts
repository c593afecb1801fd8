import type { OptionNames } from '../calls/known-options.ts';
import { warnOfRejection } from '../calls/user-callback.ts';

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
  /**
   * The columns, in this order, by the table's own names: `transform` is not undone here, as in texts. All of them, but
   * for generated ones, unless given.
   */
  readonly columns?: readonly string[] | undefined;
  /** The table's schema; without it the search_path decides. */
  readonly schema?: string | undefined;
  /** For the whole call, in milliseconds; overrides `commandTimeout`. */
  readonly timeout?: number | undefined;
  /** Aborting stops the COPY: it has had no effect then, unless all of its data had been sent before. */
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
  /** `csv`: columns whose values are never taken for `null`, so that it is read as text; true: all (17+). In. */
  readonly forceNotNull?: true | readonly string[] | undefined;
  /** `csv`: columns in which a quoted `null` is NULL as well; true: all (17+). In. */
  readonly forceNull?: true | readonly string[] | undefined;
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

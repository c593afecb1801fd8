import type { CallCodecs } from '../../codecs/codec-source.ts';
import {
  InterfaceError,
  MultipleRowsFoundError,
  NoRowFoundError,
} from '../../errors/client-errors.ts';
import type { Deadline } from '../../transport/deadline.ts';
import { rowValue } from '../../values/row.ts';
import type { RowForm } from '../../values/row-form.ts';
import type { RequestHost } from '../request.ts';
import { complete, RowCollector } from '../statements/row-collector.ts';
import { type Statement, withRows } from '../statements/statement.ts';
import type { QueryResult } from './query-result.ts';
import { StatementRequest } from './statement-request.ts';

/** What a query's caller wants of its result; `result` is all of it, a QueryResult, `one` its only row. */
export type Wanted = 'rows' | 'row' | 'one' | 'value' | 'tag' | 'result';

export interface QueryOptions {
  readonly wanted: Wanted;
  /** For `value`: which column, by position or by name. */
  readonly column?: number | string | undefined;
  /** What rows are made; records by default. */
  readonly form?: RowForm | undefined;
  /** False: parsed anew as the unnamed statement, and not kept. */
  readonly prepare?: boolean | undefined;
  /** What arguments are written and rows are read by, in place of the session's codecs. */
  readonly codecs?: CallCodecs | undefined;
}

/**
 * One execution of one statement: Bind, Execute, Sync in one flight when the statement is
 * known; otherwise it holds the queue while the statement is prepared.
 */
export class QueryRequest extends StatementRequest<unknown> {
  override readonly args: readonly unknown[];
  /** The command tag, once there is one. */
  tag: string | null = null;
  /** Told the command tag when it comes. */
  onTag: ((tag: string) => void) | null = null;
  readonly #options: QueryOptions;
  #result: RowCollector;
  #hasRow = false;
  #hasMore = false;

  constructor(
    text: string,
    args: readonly unknown[],
    options: QueryOptions,
    deadline: Deadline | null,
    statement: Statement | null = null,
  ) {
    super(text, deadline, statement, options.prepare);
    this.args = args;
    this.#options = options;
    this.#result = new RowCollector(formOf(options));
  }

  protected override write({ writer }: RequestHost): void {
    if (this.#hasRow) {
      this.#hasRow = false;
      this.#hasMore = false;
      this.#result = new RowCollector(formOf(this.#options));
    }
    const { codecs } = this.#options;
    const statement = this.statement!.withCodecs(codecs);
    if (this.#options.column !== undefined) this.#checkColumn();
    statement.writeParseIfUnnamed(writer);
    statement.writeBind(writer, this.args);
    statement.writeDescribeIfUnnamed(writer);
    statement.writeExecuteAndSync(writer);
  }

  override dataRow(session: RequestHost, buffer: Buffer, start: number, end: number): void {
    const statement = withRows(this.statement);
    if (this.abandoned || this.error !== null) return;
    const { wanted, codecs } = this.#options;
    if (wanted !== 'rows' && wanted !== 'result' && (wanted === 'tag' || this.#hasRow)) {
      this.#hasMore = true;
      return;
    }
    this.#hasRow = true;
    const reader = statement.withCodecs(codecs);
    this.error = this.#result.add(session, reader, buffer, start, end);
  }

  protected override completed(tag: string): void {
    this.tag = tag;
    if (tag !== '') this.onTag?.(tag);
  }

  protected override succeed(session: RequestHost): void {
    if (this.#result.isIncomplete) complete(session, this, [this.#result], () => this.#deliver());
    else this.#deliver();
  }

  #deliver(): void {
    const { wanted } = this.#options;
    switch (wanted) {
      case 'rows':
        this.resolve(this.#result.rows);
        return;
      case 'tag':
        this.resolve(this.tag ?? '');
        return;
      case 'row':
        this.resolve(this.#result.rows[0] ?? null);
        return;
      case 'one':
        this.#resolveOne();
        return;
      case 'value':
        this.#resolveValue();
        return;
      case 'result': {
        const { fields } = this.statement!.description;
        const { rows } = this.#result;
        this.resolve({ rows, fields, tag: this.tag ?? '' } satisfies QueryResult);
        return;
      }
      default:
        wanted satisfies never;
    }
  }

  #resolveOne(): void {
    const row = this.#result.rows[0];
    if (row === undefined) this.fail(new NoRowFoundError('the query returned no row'));
    else if (this.#hasMore)
      this.fail(new MultipleRowsFoundError('the query returned several rows'));
    else this.resolve(row);
  }

  #resolveValue(): void {
    const row = this.#result.rows[0];
    const { column = 0, form } = this.#options;
    const columns = this.statement!.columns;
    if (row === undefined) {
      this.resolve(null);
    } else if (hasColumn(columns, column)) {
      const at =
        typeof column === 'number' ? column : columns.findLastIndex(({ name }) => name === column);
      const value = rowValue(row, at);
      const isPlain = form === 'object' || form === 'array';
      const toPlain = isPlain ? columns[at]!.codec.toPlain : undefined;
      this.resolve(toPlain === undefined ? value : toPlain(value));
    } else {
      this.fail(noSuchColumn(columns, column));
    }
  }

  /** Refuses what is wrong already, rather than find out when the statement has been executed. */
  #checkColumn(): void {
    const { wanted, column } = this.#options;
    const { columns } = this.statement!;
    if (wanted !== 'value' || column === undefined || columns.length === 0) return;
    if (!hasColumn(columns, column)) throw noSuchColumn(columns, column, true);
  }
}

type Columns = readonly { readonly name: string }[];

function hasColumn(columns: Columns, column: number | string): boolean {
  return typeof column === 'number'
    ? Number.isInteger(column) && column < columns.length && column >= 0
    : columns.some(({ name }) => name === column);
}

function noSuchColumn(
  columns: Columns,
  column: number | string,
  safeToRetry = false,
): InterfaceError {
  return new InterfaceError(
    `there is no column ${JSON.stringify(column)} in the result of ${columns.length} columns`,
    { safeToRetry },
  );
}

/** A single value is taken from a record, by its name or its place. */
function formOf({ wanted, form }: QueryOptions): RowForm | undefined {
  return wanted === 'value' ? 'record' : form;
}

import type { RowDecoder } from '../../codecs/compilers/row-decoder.ts';
import type { TextRun } from '../../codecs/text-run.ts';
import { ProtocolError } from '../../errors/client-errors.ts';
import type { UntypedResults } from '../../session/requests/untyped-results.ts';
import { type DatabaseError, databaseErrorFrom } from './database-error.ts';
import type { KeptExecution, KeptQuery, KeptStatement } from './kept-statements.ts';
import type { Query } from './query.ts';
import { type RowLayout, rowLayout } from './row-layout.ts';
import { safely } from './safely.ts';
import type { ParserSource } from './type-overrides.ts';

/** What a run needs of the client. */
export interface RunHost {
  /** What tells parsers where neither result nor query does. */
  readonly types: ParserSource;
  /** The statement can be bound by its name. */
  statementParsed(run: QueryRun): void;
  /** The query is over, with an error or null. */
  queryOver(run: QueryRun, error: unknown): void;
}

/** One execution of a Query: what comes of it goes to the query's results and listeners. */
export class QueryRun implements UntypedResults, KeptExecution {
  readonly query: Query;
  /** What it was sent with, if its statement may be kept. */
  sent: KeptQuery | null = null;
  kept: KeptStatement | null = null;
  isReused = false;
  isBound = false;
  /** It has its statement parsed under the query's name. */
  isNaming = false;
  columns: RowLayout | null = null;
  readonly #host: RunHost;
  #error: DatabaseError | null = null;
  #decode: RowDecoder<unknown> | null = null;
  #rows: unknown[] | null = null;
  #emits = false;

  constructor(host: RunHost, query: Query) {
    this.#host = host;
    this.query = query;
  }

  parsed(): void {
    this.#host.statementParsed(this);
  }

  bound(): void {
    this.isBound = true;
    // Columns that were known are not described.
    if (this.columns !== null) this.#take(this.columns);
  }

  error(buffer: Buffer, start: number, end: number): void {
    this.#error ??= databaseErrorFrom(buffer, start, end);
  }

  described(buffer: Buffer, start: number, end: number): void {
    this.columns = rowLayout(buffer, start, end);
    this.#take(this.columns);
  }

  #take(layout: RowLayout): void {
    const { query } = this;
    query._checkForMultirow();
    const result = query._result;
    result.fields = layout.fields();
    result._prebuiltEmptyResultObject = layout.emptyRow;
    const types = result._types ?? this.#host.types;
    try {
      const plan = layout.plan(types, result.rowAsArray ? 'array' : 'object');
      if (plan.parsers.length > 0) result._parsers = [...plan.parsers];
      this.#decode = plan.decode;
    } catch (error) {
      // The user's own types have thrown.
      query._canceledDueToError = error;
    }
    this.#emits = query.listenerCount('row') > 0;
    this.#rows = query.callback || !this.#emits ? result.rows : null;
  }

  row(buffer: Buffer, start: number, end: number, run: TextRun): void {
    const { query } = this;
    if (query._canceledDueToError !== false) return;
    let row: unknown;
    try {
      row = this.#decode!(buffer, start, end, run);
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      query._canceledDueToError = error;
      return;
    }
    // A listener finds the rows before this one in the result.
    if (this.#emits) safely(() => query.emit('row', row, query._result));
    this.#rows?.push(row);
  }

  completed(tag: string): void {
    const { query } = this;
    query._checkForMultirow();
    if (tag !== '') query._result.addCommandComplete({ text: tag });
  }

  settled(error: unknown): void {
    this.#host.queryOver(this, error === null ? null : (this.#error ?? error));
  }
}

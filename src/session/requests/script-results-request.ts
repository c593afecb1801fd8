import type { CallCodecs } from '../../codecs/codec-source.ts';
import type { FieldDescription } from '../../protocol/backend/result.ts';
import type { Deadline } from '../../transport/deadline.ts';
import type { RowForm } from '../../values/row-form.ts';
import type { RequestHost } from '../request.ts';
import { complete, RowCollector } from '../statements/row-collector.ts';
import { Statement, withRows } from '../statements/statement.ts';
import type { QueryResult } from './query-result.ts';
import { SimpleRequest } from './simple-request.ts';

interface Result {
  readonly rows: RowCollector;
  readonly fields: readonly FieldDescription[] | null;
  readonly tag: string;
}

/**
 * A script whose rows are kept. Resolves to the result of each statement. The rows come as text, as
 * the simple protocol has them, but for those of a binary cursor.
 */
export class ScriptResultsRequest extends SimpleRequest<QueryResult[]> {
  readonly #form: RowForm;
  readonly #codecs: CallCodecs | null;
  #results: Result[] = [];
  /** The statement whose rows come, with its columns. */
  #statement: Statement | null = null;
  #rows: RowCollector;

  /**
   * @param isSingle it is one statement, and undone as a whole when it fails
   * @param codecs what rows are read by, in place of the session's codecs
   */
  constructor(
    text: string,
    deadline: Deadline | null,
    form: RowForm = 'record',
    isSingle: boolean = false,
    codecs: CallCodecs | null = null,
  ) {
    super(text, deadline, isSingle);
    this.#form = form;
    this.#codecs = codecs;
    this.#rows = new RowCollector(form);
  }

  protected override begin(): void {
    this.#results = [];
    this.#next();
  }

  #next(): void {
    this.#statement = null;
    this.#rows = new RowCollector(this.#form);
  }

  protected override described(session: RequestHost, fields: readonly FieldDescription[]): void {
    const { registry } = session;
    const { domains } = registry;
    if (domains !== undefined && (domains.undecided.length > 0 || domains.mayBeOf(fields))) {
      this.#rows = new RowCollector(this.#form, false, true);
    }
    const description = { parameterOids: [], fields, domainsVersion: -1 };
    this.#statement = new Statement(this.text, '', description, registry, true, this.#codecs);
  }

  override dataRow(session: RequestHost, buffer: Buffer, start: number, end: number): void {
    const statement = withRows(this.#statement);
    if (this.abandoned || this.error !== null) return;
    this.error = this.#rows.add(session, statement, buffer, start, end);
  }

  protected override completed(tag: string): void {
    const fields = this.#statement?.description.fields ?? null;
    this.#results.push({ rows: this.#rows, fields, tag });
    this.#next();
  }

  protected override succeed(session: RequestHost): void {
    const collectors = this.#results.map(({ rows }) => rows);
    complete(session, this, collectors, () =>
      this.resolve(
        this.#results.map(({ rows, fields, tag }) => ({ rows: rows.rows, fields, tag })),
      ),
    );
  }
}

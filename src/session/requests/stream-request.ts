import type { CallCodecs } from '../../codecs/codec-source.ts';
import type { Deadline } from '../../transport/deadline.ts';
import type { Row } from '../../values/row.ts';
import type { RowForm } from '../../values/row-form.ts';
import type { RequestHost } from '../request.ts';
import { type Statement, withRows } from '../statements/statement.ts';
import { valueErrorOf } from '../statements/value-error.ts';
import { StatementRequest } from './statement-request.ts';

/** Takes the rows of a stream. */
export interface RowSink {
  /** Takes a row that came as so many bytes; false: that is enough for now, until `session.inbox.resume()`. */
  push(row: Row, bytes: number): boolean;
}

/** A query whose rows are handed on as they arrive. Resolves to the command tag. */
export class StreamRequest extends StatementRequest<string> {
  readonly #args: readonly unknown[];
  readonly #sink: RowSink;
  readonly #form: RowForm;
  readonly #codecs: CallCodecs | undefined;
  #rows = 0;
  #tag = '';

  constructor(
    text: string,
    args: readonly unknown[],
    sink: RowSink,
    deadline: Deadline | null,
    statement: Statement | null = null,
    prepare: boolean = true,
    form: RowForm = 'record',
    codecs: CallCodecs | undefined = undefined,
  ) {
    super(text, deadline, statement, prepare);
    this.#form = form;
    this.#codecs = codecs;
    this.#args = args;
    this.#sink = sink;
  }

  protected override write({ writer }: RequestHost): void {
    const statement = this.statement!.withCodecs(this.#codecs);
    statement.writeParseIfUnnamed(writer);
    statement.writeBind(writer, this.#args);
    statement.writeDescribeIfUnnamed(writer);
    statement.writeExecuteAndSync(writer);
  }

  override dataRow(session: RequestHost, buffer: Buffer, start: number, end: number): void {
    const statement = withRows(this.statement).withCodecs(this.#codecs);
    if (this.abandoned || this.error !== null) return;
    this.#rows += 1;
    try {
      const row = statement.decoderOf(this.#form)(buffer, start, end, session.inbox.textRun);
      if (!this.#sink.push(row as Row, end - start)) session.inbox.pause();
    } catch (error) {
      this.error = valueErrorOf(session, error);
      session.abort(this);
    }
  }

  protected override completed(tag: string): void {
    this.#tag = tag;
  }

  override get isOnce(): boolean {
    return true;
  }

  override get mayBeCancelled(): boolean {
    return true;
  }

  protected override get isRepeatable(): boolean {
    return this.#rows === 0;
  }

  override ready(session: RequestHost): void {
    session.inbox.resume();
    super.ready(session);
  }

  protected override succeed(): void {
    this.resolve(this.#tag);
  }
}

import { readCommandComplete } from '../../protocol/backend/result.ts';
import { Backend } from '../../protocol/message-type.ts';
import { MessageReader } from '../../protocol/reader.ts';
import type { Deadline } from '../../transport/deadline.ts';
import type { Row } from '../../values/row.ts';
import { isValueError } from '../row-collector.ts';
import type { Session } from '../session.ts';
import type { Statement } from '../statement.ts';
import { StatementRequest } from './statement-request.ts';

/** Takes the rows of a stream. */
export interface RowSink {
  /** Takes a row; false: that is enough for now, until `session.resumeReading()`. */
  push(row: Row): boolean;
}

/** A query whose rows are handed on as they arrive. Resolves to the command tag. */
export class StreamRequest extends StatementRequest<string> {
  readonly #args: readonly unknown[];
  readonly #sink: RowSink;
  #statement: Statement | null = null;
  #tag = '';

  constructor(
    text: string,
    args: readonly unknown[],
    sink: RowSink,
    deadline: Deadline | null,
    statement: Statement | null = null,
    prepare: boolean = true,
  ) {
    super(text, deadline, statement, prepare);
    this.#args = args;
    this.#sink = sink;
  }

  protected override execute(session: Session, statement: Statement): void {
    this.#statement = statement;
    this.send(session, () => {
      this.writeParseIfUnnamed(session, statement);
      statement.writeBind(session.writer, this.#args);
      statement.writeExecuteAndSync(session.writer);
    });
  }

  override dataRow(session: Session, buffer: Buffer, start: number, end: number): void {
    const decoder = this.#statement?.decoder ?? null;
    if (decoder === null) session.unexpected('DataRow');
    if (this.abandoned || this.error !== null) return;
    try {
      if (!this.#sink.push(decoder(buffer, start, end, session.textRun))) session.pauseReading();
    } catch (error) {
      if (!isValueError(error)) throw error;
      this.error = error;
      session.abort(this);
    }
  }

  protected override answer(
    session: Session,
    type: number,
    buffer: Buffer,
    start: number,
    end: number,
  ): void {
    switch (type) {
      case Backend.BindComplete:
      case Backend.ParseComplete:
        return;
      case Backend.CommandComplete:
        this.#tag = readCommandComplete(new MessageReader(buffer, start, end));
        return;
      case Backend.EmptyQueryResponse:
        return;
      default:
        session.unexpected(`message '${String.fromCharCode(type)}' in answer to a query`);
    }
  }

  override ready(session: Session): void {
    session.resumeReading();
    if (this.error !== null) this.fail(this.error);
    else this.resolve(this.#tag);
  }
}

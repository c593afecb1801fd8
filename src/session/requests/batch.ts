import type { PostgresError, ServerMessageFields } from '../../errors/postgres-error.ts';
import { readCommandComplete } from '../../protocol/backend/result.ts';
import { writeParse, writeSync } from '../../protocol/frontend/query.ts';
import { Backend } from '../../protocol/message-type.ts';
import { MessageReader } from '../../protocol/reader.ts';
import type { Deadline } from '../../transport/deadline.ts';
import type { Row } from '../../values/row.ts';
import { isStalePlan, statementFor } from '../preparation.ts';
import { RowCollector } from '../row-collector.ts';
import type { Session } from '../session.ts';
import type { Statement } from '../statement.ts';
import { ExtendedRequest } from './extended.ts';

/** One query of a batch. */
export interface BatchItem {
  readonly text: string;
  readonly args: readonly unknown[];
  readonly prepare: boolean;
}

/** What one query of a batch came to. */
export interface BatchResult {
  readonly rows: Row[];
  /** The command tag. */
  readonly tag: string;
}

/** Several queries in one flight under one Sync: all have an effect, or none. */
export class BatchRequest extends ExtendedRequest<BatchResult[]> {
  readonly #items: readonly BatchItem[];
  readonly #results: { readonly result: RowCollector; readonly tag: string }[] = [];
  #statements: Statement[] = [];
  #result = new RowCollector();

  constructor(items: readonly BatchItem[], deadline: Deadline | null) {
    super(deadline);
    this.#items = items;
  }

  override start(session: Session): void {
    const known = this.#items.map(({ text, prepare }) =>
      prepare && session.statements.accepts(text) ? session.statements.get(text) : undefined,
    );
    if (known.every((statement) => statement?.epoch === session.registry.epoch)) {
      this.#execute(session, known as Statement[]);
      return;
    }
    this.state = 'preparing';
    session.hold(this);
    this.#prepareAll(session).then(
      (statements) => {
        if (this.abandoned) this.state = 'done';
        else if (this.state === 'preparing') this.#execute(session, statements);
        session.release(this);
      },
      (error: unknown) => {
        this.fail(error);
        session.release(this);
      },
    );
  }

  async #prepareAll(session: Session): Promise<Statement[]> {
    const statements: Statement[] = [];
    for (const { text, prepare } of this.#items) {
      const cached = prepare && session.statements.accepts(text);
      const known = cached ? session.statements.get(text) : undefined;
      statements.push(
        known?.epoch === session.registry.epoch
          ? known
          : await statementFor(session, this, text, null, cached),
      );
    }
    // A type learnt for a later query may have changed the codecs of an earlier one.
    return statements.map((statement) =>
      statement.epoch === session.registry.epoch
        ? statement
        : statement.recompiled(session.registry),
    );
  }

  #execute(session: Session, statements: Statement[]): void {
    this.#statements = statements;
    const { writer } = session;
    this.send(session, () => {
      statements.forEach((statement, index) => {
        if (statement.name === '') {
          writeParse(writer, '', statement.text, statement.description.parameterOids);
        }
        statement.writeBind(
          writer,
          this.#items[index]!.args,
          '',
          (i) => `query argument $${i + 1} of query ${index} in the batch`,
        );
        statement.writeExecute(writer);
      });
      writeSync(writer);
    });
  }

  override dataRow(session: Session, buffer: Buffer, start: number, end: number): void {
    const statement = this.#statements[this.#results.length];
    if (statement === undefined || statement.decoder === null) session.unexpected('DataRow');
    if (this.abandoned || this.error !== null) return;
    this.error = this.#result.add(session, statement, buffer, start, end);
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
        this.#finish(readCommandComplete(new MessageReader(buffer, start, end)));
        return;
      case Backend.EmptyQueryResponse:
        this.#finish('');
        return;
      default:
        session.unexpected(`message '${String.fromCharCode(type)}' in answer to a batch`);
    }
  }

  #finish(tag: string): void {
    this.#results.push({ result: this.#result, tag });
    this.#result = new RowCollector();
  }

  override serverError(session: Session, error: PostgresError, fields: ServerMessageFields): void {
    super.serverError(session, error, fields);
    error.query = this.#items[this.#results.length]?.text ?? null;
    error.itemIndex = this.#results.length;
    if (isStalePlan(error)) session.statements.clear();
  }

  override ready(session: Session): void {
    if (this.error !== null) {
      this.fail(this.error);
      return;
    }
    const collectors = this.#results.map(({ result }) => result);
    this.whenComplete(session, collectors, () =>
      this.resolve(this.#results.map(({ result, tag }) => ({ rows: result.rows, tag }))),
    );
  }
}

import { InvalidArgumentError } from '../../errors/client-errors.ts';
import { PostgresError, type ServerMessageFields } from '../../errors/postgres-error.ts';
import { readCommandComplete } from '../../protocol/backend/result.ts';
import { writeDescribe, writeParse, writeSync } from '../../protocol/frontend/query.ts';
import { Backend } from '../../protocol/message-type.ts';
import { MessageReader } from '../../protocol/reader.ts';
import type { Deadline } from '../../transport/deadline.ts';
import type { Row } from '../../values/row.ts';
import type { Session } from '../session.ts';
import { forgetMisfit, isRepeatable, mayCommit } from '../statements/outdated.ts';
import { statementFor } from '../statements/preparation.ts';
import { RowCollector } from '../statements/row-collector.ts';
import type { Statement } from '../statements/statement.ts';
import type { StatementCache } from '../statements/statement-cache.ts';
import { RepeatableRequest } from './repeatable-request.ts';

/** One query of a batch. */
export interface BatchItem {
  readonly text: string;
  readonly args: readonly unknown[];
  readonly prepare: boolean;
}

/** What one query of a batch came to. */
export interface BatchResult {
  /** The rows; none for a statement that returns none. */
  readonly rows: Row[];
  /** The command tag. */
  readonly tag: string;
}

/**
 * Several queries in one flight under one Sync: all have an effect, or none. Those that are not
 * known yet are described first, all in one flight as well.
 */
export class BatchRequest extends RepeatableRequest<BatchResult[]> {
  readonly #items: readonly BatchItem[];
  #results: { readonly result: RowCollector; readonly tag: string }[] = [];
  #statements: Statement[] = [];
  #result = new RowCollector();

  constructor(items: readonly BatchItem[], deadline: Deadline | null) {
    super(deadline);
    this.#items = items;
  }

  override start(session: Session): void {
    const known = this.#items.map((item) => storeOf(session, item).get(item.text));
    if (known.every((statement) => statement?.epoch === session.registry.epoch)) {
      this.#execute(session, known as Statement[]);
      return;
    }
    this.state = 'preparing';
    session.queue.hold(this);
    this.#prepareAll(session).then(
      (statements) => {
        if (this.abandoned) this.state = 'done';
        else if (this.state === 'preparing') this.#execute(session, statements);
        session.queue.release(this);
      },
      (error: unknown) => {
        this.fail(error);
        session.queue.release(this);
      },
    );
  }

  async #prepareAll(session: Session): Promise<Statement[]> {
    const { registry } = session;
    const found = new Map<string, Promise<Statement>>();
    const find = (item: BatchItem): Promise<Statement> => {
      const named = storeOf(session, item) === session.statements;
      const key = `${named}:${item.text}`;
      let statement = found.get(key);
      if (statement === undefined) {
        statement = this.#find(session, item, named);
        found.set(key, statement);
      }
      return statement;
    };
    const statements = await Promise.all(this.#items.map(find));
    // A type learnt for a later query may have changed the codecs of an earlier one.
    return statements.map((statement, index) => {
      if (statement.epoch === registry.epoch) return statement;
      const recompiled = statement.recompiled(registry);
      storeOf(session, this.#items[index]!).replace(statement.text, recompiled);
      return recompiled;
    });
  }

  async #find(session: Session, { text }: BatchItem, named: boolean): Promise<Statement> {
    try {
      return await statementFor(session, this, text, null, named);
    } catch (error) {
      if (error instanceof PostgresError) error.query = text;
      throw error;
    }
  }

  #execute(session: Session, statements: Statement[]): void {
    const { writer, registry } = session;
    // One that the others have crowded out of the cache is about to be closed.
    this.#statements = statements.map((statement, index) =>
      statement.name === '' || storeOf(session, this.#items[index]!).has(statement.text, statement)
        ? statement
        : statement.unnamed(registry),
    );
    this.#results = [];
    this.#result = new RowCollector();
    this.bound = false;
    this.send(session, () => {
      this.#statements.forEach((statement, index) => {
        const isUnnamed = statement.name === '';
        if (isUnnamed) {
          writeParse(writer, '', statement.text, statement.description.parameterOids);
        }
        statement.writeBind(
          writer,
          this.#items[index]!.args,
          '',
          (i) => `query argument $${i + 1} of query ${index} in the batch`,
        );
        if (isUnnamed) writeDescribe(writer, 'P', '');
        statement.writeExecute(writer);
      });
      writeSync(writer);
    });
  }

  /** The next call asks for what may have been outdated. */
  protected override refused(session: Session, error: unknown): void {
    if (error instanceof InvalidArgumentError) {
      const { registry } = session;
      const oids = this.#statements.flatMap(({ description }) => description.parameterOids);
      if (registry.composites(oids).length > 0) registry.forget();
      for (const { text } of this.#items) session.descriptions.delete(text);
      for (const statement of this.#statements) forgetMisfit(session, statement);
    }
    super.refused(session, error);
  }

  protected get statement(): Statement | null {
    return this.#statements[this.#results.length] ?? null;
  }

  protected set statement(statement: Statement) {
    this.#statements[this.#results.length] = statement;
  }

  override dataRow(session: Session, buffer: Buffer, start: number, end: number): void {
    const { statement } = this;
    if (statement === null || statement.decoder === null) session.unexpected('DataRow');
    if (this.abandoned || this.error !== null) return;
    this.error = this.#result.add(session, statement, buffer, start, end);
  }

  protected override result(
    session: Session,
    type: number,
    buffer: Buffer,
    start: number,
    end: number,
  ): void {
    switch (type) {
      case Backend.CommandComplete:
        this.#finish(readCommandComplete(new MessageReader(buffer, start, end)));
        return;
      case Backend.EmptyQueryResponse:
        this.#finish('');
        return;
      default:
        session.unexpectedMessage(type, 'in answer to a batch');
    }
  }

  #finish(tag: string): void {
    this.bound = false;
    this.#results.push({ result: this.#result, tag });
    this.#result = new RowCollector();
  }

  override serverError(session: Session, error: PostgresError, fields: ServerMessageFields): void {
    super.serverError(session, error, fields);
    error.query = this.#items[this.#results.length]?.text ?? null;
    error.itemIndex = this.#results.length;
  }

  override ready(session: Session): void {
    const { error } = this;
    if (error !== null) {
      this.failed(session, error);
      return;
    }
    const collectors = this.#results.map(({ result }) => result);
    this.whenComplete(session, collectors, () =>
      this.resolve(this.#results.map(({ result, tag }) => ({ rows: result.rows, tag }))),
    );
  }

  /** Outside of a transaction the batch is one, and has been undone unless it was ended in it. */
  protected override get canLearnAnew(): boolean {
    return !this.#items.slice(0, this.#results.length).some(({ text }) => mayCommit(text));
  }

  protected override get isUndone(): boolean {
    return this.#items.every(({ text }) => isRepeatable(text));
  }
}

/** Where what is known of a query is kept. */
function storeOf(session: Session, { text, prepare }: BatchItem): StatementCache {
  return prepare && session.statements.accepts(text) ? session.statements : session.descriptions;
}

import { InvalidArgumentError } from '../../errors/client-errors.ts';
import type { PostgresError, ServerMessageFields } from '../../errors/postgres-error.ts';
import { readCommandComplete } from '../../protocol/backend/result.ts';
import { writeDescribe, writeParse } from '../../protocol/frontend/query.ts';
import { Backend } from '../../protocol/message-type.ts';
import { MessageReader } from '../../protocol/reader.ts';
import type { Deadline } from '../../transport/deadline.ts';
import type { Session } from '../session.ts';
import {
  forgetMisfit,
  isOutdated,
  isRepeatable,
  refreshedStatement,
} from '../statements/outdated.ts';
import { statementFor } from '../statements/preparation.ts';
import type { Statement } from '../statements/statement.ts';
import { RepeatableRequest } from './repeatable-request.ts';

/**
 * A request that executes one statement: a given one, one that the session knows, or one that
 * is prepared first, while the request holds the queue.
 *
 * What the session knows may be outdated. A named statement's server says so before it executes
 * anything; an unnamed one's portal is described along with each execution. Either way the
 * request is repeated once where that is safe, or its rows are decoded as they really are.
 */
export abstract class StatementRequest<R> extends RepeatableRequest<R> {
  readonly text: string;
  /** What is executed. Its columns are those of the rows that come. */
  protected statement: Statement | null = null;
  /** A statement of the caller's own, never replaced by another. */
  readonly #given: Statement | null;
  readonly #prepare: boolean;
  /** The statement was not prepared for this call. */
  #wasKnown = false;
  #refreshed = false;

  constructor(
    text: string,
    deadline: Deadline | null,
    given: Statement | null = null,
    prepare: boolean = true,
  ) {
    super(deadline);
    this.text = text;
    this.#given = given;
    this.#prepare = prepare;
  }

  /** The statement is ready: write the messages that execute it. */
  protected abstract execute(session: Session, statement: Statement): void;

  /** The statement has been executed. `tag`: its command tag; empty for an empty text. */
  protected completed(_tag: string): void {}

  /** Everything was answered, and nothing has failed. */
  protected abstract succeed(session: Session): void;

  /** Whether the request can be started once more, from its beginning. */
  protected get isRepeatable(): boolean {
    return true;
  }

  #isKept(session: Session): boolean {
    return this.#prepare && session.statements.accepts(this.text);
  }

  override start(session: Session): void {
    const store = this.#isKept(session) ? session.statements : session.descriptions;
    const known = this.#given ?? store.get(this.text);
    if (known !== undefined && this.#isCurrent(known, session)) {
      this.#wasKnown = true;
      this.#begin(session, known);
      return;
    }
    this.#prepareAnd(session, (kept) => statementFor(session, this, this.text, this.#given, kept));
  }

  /** A statement that the user has prepared keeps its codecs, unless its types may be others. */
  #isCurrent(statement: Statement, { registry }: Session): boolean {
    if (statement === this.#given) return statement.typesEpoch === registry.typesEpoch;
    return statement.epoch === registry.epoch;
  }

  #begin(session: Session, statement: Statement): void {
    this.statement = statement;
    this.bound = false;
    this.execute(session, statement);
  }

  /** Executes what `find` finds, while it holds the queue. */
  #prepareAnd(session: Session, find: (kept: boolean) => Promise<Statement>): void {
    this.state = 'preparing';
    session.queue.hold(this);
    find(this.#isKept(session)).then(
      (statement) => {
        if (this.abandoned) this.state = 'done';
        else if (this.state === 'preparing') {
          this.#begin(session, statement);
          this.prepared(session);
          return;
        }
        session.queue.release(this);
      },
      (error: unknown) => {
        this.attachQuery(error);
        this.fail(error);
        session.queue.release(this);
      },
    );
  }

  /** What was to be prepared is; requests that write for longer keep the queue. */
  protected prepared(session: Session): void {
    session.queue.release(this);
  }

  /** Writes Parse for an unnamed statement: that is parsed anew for each execution. */
  protected writeParseIfUnnamed(session: Session, statement: Statement): void {
    if (statement.name === '') {
      writeParse(session.writer, '', statement.text, statement.description.parameterOids);
    }
  }

  /** Writes Describe for the portal of an unnamed statement: its columns may have changed. */
  protected writeDescribeIfUnnamed(
    session: Session,
    statement: Statement,
    portal: string = '',
  ): void {
    if (statement.name === '') writeDescribe(session.writer, 'P', portal);
  }

  /** The next call asks anew for a statement that was known before this one. */
  protected forgetMisfit(session: Session): void {
    if (this.#wasKnown && this.statement !== null) forgetMisfit(session, this.statement);
  }

  /** A value does not fit its type, unless that type is no longer what it was. */
  protected override refused(session: Session, error: unknown): void {
    const { statement } = this;
    if (!this.#refreshed && statement !== null && error instanceof InvalidArgumentError) {
      // In a failed transaction the server would not say.
      if (session.transactionStatus !== 'E' && isOutdated(session, statement, error)) {
        this.#refreshed = true;
        this.state = 'preparing';
        session.queue.comeBack(this, () =>
          this.#prepareAnd(session, () => refreshedStatement(session, this, statement, error)),
        );
        return;
      }
      this.forgetMisfit(session);
    }
    super.refused(session, error);
  }

  /** One answer to the execution itself, which is its end unless the request awaits others. */
  protected override result(
    session: Session,
    type: number,
    buffer: Buffer,
    start: number,
    end: number,
  ): void {
    switch (type) {
      case Backend.CommandComplete:
        this.completed(readCommandComplete(new MessageReader(buffer, start, end)));
        return;
      case Backend.EmptyQueryResponse:
        this.completed('');
        return;
      default:
        session.unexpectedMessage(type, 'in answer to a query');
    }
  }

  override serverError(session: Session, error: PostgresError, fields: ServerMessageFields): void {
    super.serverError(session, error, fields);
    this.attachQuery(this.error);
  }

  protected attachQuery(error: unknown): void {
    if (error !== null && typeof error === 'object' && 'query' in error) error.query = this.text;
  }

  override ready(session: Session): void {
    const { error } = this;
    if (error === null) {
      this.succeed(session);
      return;
    }
    this.failed(session, error);
  }

  protected override get canLearnAnew(): boolean {
    return this.isRepeatable && this.#given === null;
  }

  protected override get isUndone(): boolean {
    return this.isRepeatable && (!this.bound || isRepeatable(this.text));
  }
}

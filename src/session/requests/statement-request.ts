import type { PostgresError, ServerMessageFields } from '../../errors/postgres-error.ts';
import { writeParse } from '../../protocol/frontend/query.ts';
import type { Deadline } from '../../transport/deadline.ts';
import { isStalePlan, statementFor } from '../preparation.ts';
import type { Session } from '../session.ts';
import type { Statement } from '../statement.ts';
import { ExtendedRequest } from './extended.ts';

/**
 * A request that executes one statement: a given one, one that the session knows, or one that
 * is prepared first, while the request holds the line.
 */
export abstract class StatementRequest<R> extends ExtendedRequest<R> {
  readonly text: string;
  /** A statement of the caller's own, never replaced by another. */
  readonly #given: Statement | null;
  readonly #prepare: boolean;

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

  /** Whether the caller prepared the statement: then nobody else may prepare it anew. */
  protected get isGiven(): boolean {
    return this.#given !== null;
  }

  override start(session: Session): void {
    const cached = this.#prepare && session.statements.accepts(this.text);
    const known = this.#given ?? (cached ? session.statements.get(this.text) : undefined);
    if (known !== undefined && known.epoch === session.registry.epoch) {
      this.execute(session, known);
      return;
    }
    this.state = 'preparing';
    session.hold(this);
    statementFor(session, this, this.text, this.#given, cached).then(
      (statement) => {
        if (this.abandoned) this.state = 'done';
        else if (this.state === 'preparing') this.execute(session, statement);
        this.prepared(session);
      },
      (error: unknown) => {
        if (isStalePlan(error)) session.statements.clear();
        this.attachQuery(error);
        this.fail(error);
        session.release(this);
      },
    );
  }

  /** What was to be prepared is; requests that write for longer keep the line. */
  protected prepared(session: Session): void {
    session.release(this);
  }

  /** An unnamed statement is parsed anew for each execution, in the same flight. */
  protected writeParseIfUnnamed(session: Session, statement: Statement): void {
    if (statement.name === '') {
      writeParse(session.writer, '', statement.text, statement.description.parameterOids);
    }
  }

  override serverError(session: Session, error: PostgresError, fields: ServerMessageFields): void {
    super.serverError(session, error, fields);
    this.attachQuery(this.error);
  }

  protected attachQuery(error: unknown): void {
    if (error !== null && typeof error === 'object' && 'query' in error) error.query = this.text;
  }
}

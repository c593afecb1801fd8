import type { PostgresError } from '../../errors/postgres-error.ts';
import { writeQuery, writeSync } from '../../protocol/frontend/query.ts';
import { Backend } from '../../protocol/message-type.ts';
import { type Opening, textOfOpenings, writeOpening } from '../preamble.ts';
import { Request, type RequestHost } from '../request.ts';
import { unexpectedMessage } from '../unexpected.ts';
import { noteOpening } from './note-opening.ts';

/**
 * The BEGIN that waits in the session, ahead of a script and in the same flight. It is a Query of
 * its own: in one text with the script, an error of syntax there would undo it unseen.
 */
export class BeginRequest extends Request<void> {
  readonly #statements: readonly Opening[];
  readonly #next: Request;
  #answered = false;

  /** @param next what follows; it fails with the error of BEGIN, not with what comes of that */
  constructor(statements: readonly Opening[], next: Request) {
    super(null);
    // What follows is rejected for the same reason.
    this.promise.catch(() => {});
    this.#statements = statements;
    this.#next = next;
  }

  override start(session: RequestHost): void {
    const { writer } = session;
    const texts = this.#statements.filter((statement) => typeof statement === 'string');
    if (texts.length === this.#statements.length) {
      writeQuery(writer, texts.join(';'));
    } else {
      for (const statement of this.#statements) writeOpening(writer, statement);
      writeSync(writer);
    }
    session.queue.sent(this);
    noteOpening(session, this, this.#statements);
  }

  override message(_session: RequestHost, type: number): void {
    switch (type) {
      case Backend.CommandComplete:
        this.#answered = true;
        return;
      case Backend.ParseComplete:
      case Backend.BindComplete:
        return;
    }
    unexpectedMessage(type, 'in answer to BEGIN');
  }

  override serverError(_session: RequestHost, error: PostgresError): void {
    this.#answered = true;
    error.query = textOfOpenings(this.#statements);
    this.#next.error ??= error;
  }

  override get isBrief(): boolean {
    return true;
  }

  override get isAnswered(): boolean {
    return this.#answered;
  }

  override ready(): void {
    this.resolve();
  }
}

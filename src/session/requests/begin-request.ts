import type { PostgresError } from '../../errors/postgres-error.ts';
import { writeQuery } from '../../protocol/frontend/query.ts';
import { Backend } from '../../protocol/message-type.ts';
import { Request, type RequestHost } from '../request.ts';
import { unexpectedMessage } from '../unexpected.ts';

/**
 * The BEGIN that waits in the session, ahead of a script and in the same flight. It is a Query of
 * its own: in one text with the script, an error of syntax there would undo it unseen.
 */
export class BeginRequest extends Request<void> {
  readonly #script: string;
  readonly #next: Request;
  #answered = false;

  /** @param next what follows; it fails with the error of BEGIN, not with what comes of that */
  constructor(statements: readonly string[], next: Request) {
    super(null);
    // What follows is rejected for the same reason.
    this.promise.catch(() => {});
    this.#script = statements.join(';');
    this.#next = next;
  }

  override start(session: RequestHost): void {
    writeQuery(session.writer, this.#script);
    session.queue.sent(this);
  }

  override message(_session: RequestHost, type: number): void {
    if (type === Backend.CommandComplete) {
      this.#answered = true;
      return;
    }
    unexpectedMessage(type, 'in answer to BEGIN');
  }

  override serverError(_session: RequestHost, error: PostgresError): void {
    this.#answered = true;
    error.query = this.#script;
    this.#next.error ??= error;
  }

  override get isAnswered(): boolean {
    return this.#answered;
  }

  override ready(): void {
    this.resolve();
  }
}

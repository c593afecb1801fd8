import type { PostgresError } from '../../errors/postgres-error.ts';
import type { TransactionStatus } from '../../protocol/backend/session.ts';
import { writeQuery } from '../../protocol/frontend/query.ts';
import { Backend } from '../../protocol/message-type.ts';
import { isInTransaction } from '../preamble.ts';
import { Request, type RequestHost } from '../request.ts';
import { unexpectedMessage } from '../unexpected.ts';

/** Whether a request that is sent now may begin a transaction for itself. */
export function mayBeginOwn(session: RequestHost): boolean {
  return session.mayBeginOwn && !isInTransaction(session);
}

/**
 * COMMIT or ROLLBACK of a transaction that a request has begun for itself. Nothing else is sent before it is over: a
 * cancel that was meant for the request may strike it, and leave a failed transaction.
 */
export class EndOwnRequest extends Request<void> {
  readonly #text: 'COMMIT' | 'ROLLBACK';
  readonly #query: string;
  #answered = false;

  /** @param query what its error has for its query, as what was done in the transaction fails with that */
  constructor(text: 'COMMIT' | 'ROLLBACK', query: string) {
    super(null);
    this.ending = 'own';
    // Who has begun it asks for this, unless he has failed by himself.
    this.promise.catch(() => {});
    this.#text = text;
    this.#query = query;
  }

  override start(session: RequestHost): void {
    writeQuery(session.writer, this.#text);
    session.queue.hold(this);
    session.queue.sent(this);
  }

  override get isInOwnTransaction(): boolean {
    return true;
  }

  override message(_session: RequestHost, type: number): void {
    if (type !== Backend.CommandComplete) unexpectedMessage(type, `in answer to ${this.#text}`);
    this.#answered = true;
  }

  override serverError(_session: RequestHost, error: PostgresError): void {
    this.#answered = true;
    error.query = this.#query;
    this.error ??= error;
  }

  override get isAnswered(): boolean {
    return this.#answered;
  }

  override ready(session: RequestHost, reported: TransactionStatus): void {
    if (reported !== 'I') session.submitInner(new EndOwnRequest('ROLLBACK', this.#query));
    session.queue.release(this);
    if (this.error === null) this.resolve();
    else this.fail(this.error);
  }
}

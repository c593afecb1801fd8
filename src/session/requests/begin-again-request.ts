import type { PostgresError } from '../../errors/postgres-error.ts';
import { writeQuery } from '../../protocol/frontend/query.ts';
import { Backend } from '../../protocol/message-type.ts';
import type { Opening } from '../preamble.ts';
import { Request, type RequestHost } from '../request.ts';
import { unexpectedMessage } from '../unexpected.ts';

/**
 * The ROLLBACK of a transaction whose first statement the server has refused before it executed anything: the
 * transaction is to be begun once more, with what comes next.
 */
export class BeginAgainRequest extends Request<void> {
  readonly #begin: readonly Opening[];
  readonly #refused: unknown;
  #answered = false;

  /**
   * @param begin what had begun it
   * @param refused what the first statement has failed with, which this fails with where the transaction is over
   */
  constructor(begin: readonly Opening[], refused: unknown) {
    super(null);
    this.ending = 'own';
    this.#begin = begin;
    this.#refused = refused;
  }

  override start(session: RequestHost): void {
    writeQuery(session.writer, 'ROLLBACK');
    session.queue.sent(this);
  }

  override message(_session: RequestHost, type: number): void {
    if (type !== Backend.CommandComplete) unexpectedMessage(type, 'in answer to ROLLBACK');
    this.#answered = true;
  }

  override serverError(_session: RequestHost, error: PostgresError): void {
    this.#answered = true;
    this.error ??= error;
  }

  override get isAnswered(): boolean {
    return this.#answered;
  }

  override get isBrief(): boolean {
    return true;
  }

  override ready(session: RequestHost): void {
    if (session.transactionStatus === 'I' && session.preamble.beginAgain(this.#begin))
      this.resolve();
    else this.fail(this.#refused);
  }
}

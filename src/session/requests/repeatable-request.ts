import { type FieldDescription, readRowDescription } from '../../protocol/backend/result.ts';
import { Backend } from '../../protocol/message-type.ts';
import { MessageReader } from '../../protocol/reader.ts';
import type { Session } from '../session.ts';
import { asDescribed } from '../statements/described-portal.ts';
import { asOutdated, forgetOutdated, givesUpNames, isOutdated } from '../statements/outdated.ts';
import type { Statement } from '../statements/statement.ts';
import { ExtendedRequest } from './extended-request.ts';

/**
 * A request that executes what the session knows, or has just been told, of statements.
 *
 * What is known may be outdated, which the server says before it executes anything, and a cancel
 * that was meant for the request before may strike this one. Neither is a failure of its own: it
 * is forgotten what was outdated, and the request repeated once where that is safe.
 */
export abstract class RepeatableRequest<R> extends ExtendedRequest<R> {
  /** Bind was answered: from there on the statement may have done something. */
  protected bound = false;
  #repeated = false;

  /** The statement whose answers come now. Its columns are those of the rows that come. */
  protected abstract statement: Statement | null;

  /** Whether it may be started once more with what the server says now of its statements. */
  protected abstract get canLearnAnew(): boolean;

  /** Whether it may be started once more after a cancel: nothing is left of what it has done. */
  protected abstract get isUndone(): boolean;

  protected override answer(
    session: Session,
    type: number,
    buffer: Buffer,
    start: number,
    end: number,
  ): void {
    switch (type) {
      case Backend.ParseComplete:
        if (this.statement?.name !== '') break;
        return;
      case Backend.BindComplete:
        this.bound = true;
        return;
      case Backend.RowDescription:
        this.#described(session, readRowDescription(new MessageReader(buffer, start, end)));
        return;
      case Backend.NoData:
        this.#described(session, null);
        return;
    }
    this.result(session, type, buffer, start, end);
  }

  /** One answer to the execution of the statement itself. */
  protected abstract result(
    session: Session,
    type: number,
    buffer: Buffer,
    start: number,
    end: number,
  ): void;

  #described(session: Session, fields: readonly FieldDescription[] | null): void {
    const { statement } = this;
    if (statement?.name !== '') session.unexpected('description of a portal');
    this.statement = asDescribed(session, statement, fields);
  }

  /** Everything was answered, and it has failed in the statement whose turn it was. */
  protected failed(session: Session, error: unknown): void {
    const { statement } = this;
    const outdated = !this.bound && isOutdated(session, statement, error);
    if (outdated) {
      forgetOutdated(session, error, statement);
      if (this.#repeated && givesUpNames(session, statement, error)) this.#repeated = false;
    }
    if (this.#mayRepeat(session, outdated)) {
      this.#repeated = true;
      session.queue.repeat(this);
    } else {
      this.fail(outdated ? asOutdated(error) : error);
    }
  }

  /** Inside a transaction it has failed that as well. */
  #mayRepeat(session: Session, outdated: boolean): boolean {
    if (this.abandoned || this.#repeated || session.transactionStatus !== 'I') return false;
    return outdated ? this.canLearnAnew : this.wasStruck && this.isUndone;
  }
}

import { InvalidArgumentError } from '../../errors/client-errors.ts';
import {
  InvalidCachedStatementError,
  InvalidSQLStatementNameError,
} from '../../errors/generated/sqlstate.ts';
import type { PostgresError, ServerMessageFields } from '../../errors/postgres-error.ts';
import {
  type FieldDescription,
  readCommandComplete,
  readRowDescription,
} from '../../protocol/backend/result.ts';
import { Backend } from '../../protocol/message-type.ts';
import { MessageReader } from '../../protocol/reader.ts';
import { setsTransaction } from '../../sql/opening.ts';
import { statementKind } from '../../sql/statement-kind.ts';
import type { Deadline } from '../../transport/deadline.ts';
import type { Opening } from '../preamble.ts';
import type { RequestHost } from '../request.ts';
import { runInner } from '../run-inner.ts';
import { learnArrayNulls } from '../statements/array-nulls.ts';
import { asDescribed } from '../statements/described-portal.ts';
import {
  asOutdated,
  forgetMisfit,
  forgetOutdated,
  givesUpNames,
  hasOldPlan,
  isOutdated,
  refreshedStatement,
} from '../statements/outdated.ts';
import { statementFor } from '../statements/preparation.ts';
import { settle } from '../statements/settle.ts';
import type { Statement } from '../statements/statement.ts';
import { afterExecution } from '../statements/value-error.ts';
import { unexpected, unexpectedMessage } from '../unexpected.ts';
import { BeginAgainRequest } from './begin-again-request.ts';
import { ExtendedRequest } from './extended-request.ts';

/**
 * A request that executes one statement: a given one, one that the session knows, or one that
 * is prepared first, while the request holds the queue. A batch executes several, one after the
 * other, and has them prepared in its own way.
 *
 * What the session knows may be outdated. A named statement's server says so before it executes
 * anything; an unnamed one's portal is described along with each execution. And a cancel that was
 * meant for the request before may strike this one. None of these is a failure of its own: what
 * was outdated is forgotten, and the request repeated once where that is safe, or its rows are
 * decoded as they really are.
 */
export abstract class StatementRequest<R> extends ExtendedRequest<R> {
  /** The text of the statement whose answers come now. */
  text: string;
  /** Its arguments, if it executes the statement once. */
  declare readonly args?: readonly unknown[];
  /** That statement. Its columns are those of the rows that come. */
  protected statement: Statement | null = null;
  /** Bind was answered: from there on the statement may have done something. */
  protected bound = false;
  /** A statement of the caller's own. */
  readonly #given: Statement | null;
  readonly #prepare: boolean;
  /** The statement was not prepared for this call. */
  #wasKnown = false;
  #refreshed = false;
  #repeated = false;
  /** It was begun anew as a new name has brought an old plan back. */
  #hasGivenUpNames = false;

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

  // ── Starting ────────────────────────────────────────────────────────────────────────────

  override start(session: RequestHost): void {
    if (session.statements.surroundings.isUnsettled && this.isToBeSettled) {
      session.queue.holdWhile(this, settle(session, this), () => this.#start(session));
    } else {
      this.#start(session);
    }
  }

  #start(session: RequestHost): void {
    const { preamble, statements } = session;
    if (preamble.isWaiting && !this.isBound) {
      const { changes } = preamble;
      if (changes.length > 0) statements.surroundings.expect(changes);
    }
    this.startSettled(session);
  }

  /** Starts it when it is certain what its texts mean. */
  protected startSettled(session: RequestHost): void {
    const given = this.#given === null ? null : this.#givenIn(session, this.#given);
    const known = given ?? session.statements.storeFor(this.text, this.#prepare).get(this.text);
    if (
      known !== undefined &&
      known.epoch === session.registry.epoch &&
      (known === given || !known.isUnconfirmed)
    ) {
      this.#wasKnown = true;
      this.#begin(session, known);
      return;
    }
    this.#prepareAnd(session, (kept) => statementFor(session, this, this.text, given, kept));
  }

  /** Whether what its texts mean has to be certain before it is started. */
  protected get isToBeSettled(): boolean {
    return !this.isBound && !setsTransaction(this.text);
  }

  /** Whether its portal is bound already, so that there is nothing to choose. */
  protected get isBound(): boolean {
    return false;
  }

  /** The caller's own statement. In other surroundings its text is executed as any other is. */
  #givenIn({ statements }: RequestHost, given: Statement): Statement | null {
    return this.isBound || statements.surroundings.isCurrent(given) ? given : null;
  }

  /** Executes what `find` finds, while it holds the queue. */
  #prepareAnd(session: RequestHost, find: (kept: boolean) => Promise<Statement>): void {
    const kept = session.statements.storeFor(this.text, this.#prepare) === session.statements.named;
    this.holdToPrepare(session, find(kept), (statement) => this.#begin(session, statement));
  }

  /**
   * The same as the queue's `holdWhile` for what prepares its statements. Behind a pooler that goes by the text a new
   * name may bring an old plan back: if its transaction is nothing but that, it is begun anew, and names are not used.
   */
  protected holdToPrepare<T>(
    session: RequestHost,
    preparing: Promise<T>,
    go: (found: T) => void,
  ): void {
    let refused: unknown = null;
    const found = preparing.catch(async (error: unknown) => {
      const isOld = error instanceof InvalidCachedStatementError && !this.#hasGivenUpNames;
      const begun = isOld && !this.abandoned ? this.#soleIn(session) : null;
      if (begun === null) throw error;
      this.#hasGivenUpNames = true;
      refused = error;
      await this.#rollBack(session, begun, error);
    });
    session.queue.holdWhile(this, found, (result) => {
      if (refused === null) return go(result as T);
      failUnlessBegun(session, refused);
      session.queue.start(this);
    });
  }

  #begin(session: RequestHost, statement: Statement): void {
    const learning = statement.sendsArrayTexts ? learnArrayNulls(session, this) : null;
    if (learning !== null) {
      session.queue.holdWhile(this, learning, () => this.#begin(session, statement));
      return;
    }
    this.statement = statement;
    this.bound = false;
    if (statement.changesTypes || session.typeChanges.isOpen) {
      session.typeChanges.starting(this, statement.text);
    }
    this.execute(session, statement);
    if (!statement.leavesStatements && this.isSent) {
      session.statements.surroundings.sent(this, [this], [statement]);
    }
  }

  /** Whether its messages were written, at least in part. */
  protected get isSent(): boolean {
    return this.state === 'sent';
  }

  /** The statement is ready: has it executed. */
  protected execute(session: RequestHost, _statement: Statement): void {
    this.send(session);
  }

  /** A value does not fit its type, unless that type is no longer what it was. */
  protected override refused(session: RequestHost, error: unknown): void {
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
    this.fail(error);
  }

  /** The next call asks anew for a statement that was known before this one. */
  protected forgetMisfit(session: RequestHost): void {
    if (this.#wasKnown && this.statement !== null) forgetMisfit(session, this.statement);
  }

  // ── Answers ─────────────────────────────────────────────────────────────────────────────

  protected override answer(
    session: RequestHost,
    type: number,
    buffer: Buffer,
    start: number,
    end: number,
  ): void {
    switch (type) {
      case Backend.BindComplete:
        this.bound = true;
        return;
      case Backend.CommandComplete: {
        const tag = readCommandComplete(new MessageReader(buffer, start, end));
        if (this.isFence) this.noteTag(tag);
        this.completed(tag);
        return;
      }
      case Backend.EmptyQueryResponse:
        this.completed('');
        return;
      case Backend.RowDescription:
        this.#described(session, readRowDescription(new MessageReader(buffer, start, end)));
        return;
      case Backend.NoData:
        this.#described(session, null);
        return;
      case Backend.ParseComplete:
        if (this.statement?.name === '') return;
    }
    unexpectedMessage(type, 'in answer to a query');
  }

  #described(session: RequestHost, fields: readonly FieldDescription[] | null): void {
    const { statement } = this;
    if (statement?.name !== '') unexpected('description of a portal');
    this.statement = asDescribed(session, statement, fields);
  }

  /** The statement has been executed. `tag`: its command tag; empty for an empty text. */
  protected completed(_tag: string): void {}

  override serverError(
    session: RequestHost,
    error: PostgresError,
    fields: ServerMessageFields,
  ): void {
    error.query = this.text;
    super.serverError(session, error, fields);
  }

  // ── The end ─────────────────────────────────────────────────────────────────────────────

  override ready(session: RequestHost): void {
    if (this.error === null) this.succeed(session);
    else this.#failed(session, this.error);
  }

  /** Everything was answered, and nothing has failed. */
  protected abstract succeed(session: RequestHost): void;

  /** Everything was answered, and it has failed in the statement whose turn it was. */
  #failed(session: RequestHost, error: unknown): void {
    const { statement } = this;
    const outdated = !this.bound && isOutdated(session, statement, error);
    if (outdated) {
      forgetOutdated(session, error, statement);
      if (this.#repeated && givesUpNames(session, statement, error)) this.#repeated = false;
    }
    const hadOldPlan = statement !== null && this.bound && hasOldPlan(error);
    if (hadOldPlan) {
      statement.scope = null;
      forgetMisfit(session, statement);
    }
    const begun = this.#soleIn(session);
    if (begun !== null && this.#mayLearnAnew(outdated, hadOldPlan)) {
      this.#repeated = true;
      this.#beginAgain(session, begun, error);
    } else if (this.#mayRepeat(session, outdated, hadOldPlan)) {
      this.#repeated = true;
      session.queue.repeat(this);
    } else if (outdated) {
      this.fail(asOutdated(error));
    } else {
      this.fail(this.isCarriedOut ? afterExecution(error) : error);
    }
  }

  /** Inside a transaction it has failed that as well. */
  #mayRepeat(session: RequestHost, outdated: boolean, hadOldPlan: boolean): boolean {
    if (this.abandoned || this.#repeated || session.transactionStatus !== 'I') return false;
    return (
      (this.wasStruck && !outdated && this.isUndone) || this.#mayLearnAnew(outdated, hadOldPlan)
    );
  }

  /** Whether it is worth another try, with what the server says now, and does nothing twice. */
  #mayLearnAnew(outdated: boolean, hadOldPlan: boolean): boolean {
    if (this.abandoned || this.#repeated) return false;
    if (!outdated) return hadOldPlan && this.isUndone;
    // Its user is told that a pooler has it in another session.
    const isElsewhere = this.error instanceof InvalidSQLStatementNameError;
    return this.canLearnAnew && !(isElsewhere && this.statement === this.#given);
  }

  /**
   * What has begun the transaction that it has failed, if it is all that the transaction was, with what was asked for
   * it: nothing else was sent behind BEGIN, nor is about to be.
   */
  #soleIn({ transactionStatus, queue }: RequestHost): readonly Opening[] | null {
    const isSole =
      transactionStatus === 'E' &&
      this.isReached &&
      queue.inFlight === 0 &&
      !queue.isHeldByOther(this);
    return isSole ? this.openings : null;
  }

  /** Has it be the first of the same transaction once more, which is begun anew. */
  #beginAgain(session: RequestHost, begun: readonly Opening[], error: unknown): void {
    this.state = 'queued';
    session.queue.comeBack(this, () => {
      session.queue.holdWhile(this, this.#rollBack(session, begun, error), () => {
        failUnlessBegun(session, error);
        this.error = null;
        this.struck = false;
        session.queue.start(this);
      });
    });
  }

  #rollBack(session: RequestHost, begun: readonly Opening[], error: unknown): Promise<void> {
    this.undone();
    return runInner(session, this, new BeginAgainRequest(begun, error));
  }

  /** The transaction that it was the first of is undone, and it is to be started once more. */
  protected undone(): void {
    this.openings = null;
  }

  /** Whether the request can be started once more, from its beginning. */
  protected get isRepeatable(): boolean {
    return true;
  }

  /** Whether it may be started once more with what the server says now of its statements. */
  protected get canLearnAnew(): boolean {
    return this.isRepeatable && !this.isBound;
  }

  /** Whether it may be started once more after a cancel: nothing is left of what it has done. */
  protected get isUndone(): boolean {
    return this.isRepeatable && (!this.bound || statementKind(this.text).repeatable);
  }
}

/** The user of a transaction that is to be begun anew may have given it up since. */
function failUnlessBegun({ preamble }: RequestHost, refused: unknown): void {
  if (!preamble.isWaiting) throw refused;
}

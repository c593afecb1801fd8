import { InterfaceError, ProtocolError, TimeoutError } from '../../errors/client-errors.ts';
import {
  ConnectionDoesNotExistError,
  InFailedSQLTransactionError,
  TransactionResolutionUnknownError,
} from '../../errors/generated/sqlstate.ts';
import { PostgresError } from '../../errors/postgres-error.ts';
import { within } from '../../transport/within.ts';
import { isError } from '../../values/builtins.ts';
import type { ClientSession } from '../client-session.ts';
import { type OpenTransaction, tellsOfEnd } from './open-transaction.ts';
import { unlessSilent } from './unless-silent.ts';

/** invalid_savepoint_specification: the server has no savepoint of that name. */
const NO_SAVEPOINT = '3B001';

/** How a transaction, or a savepoint in one, ends: what is sent for it, and what its caller is told. */
export class TransactionEnd {
  readonly #client: ClientSession;
  /** Its entry on the session's stack. */
  readonly #own: OpenTransaction;
  /** The savepoint that it is, if it is one. */
  readonly #savepoint: string | null;
  /** The answer to SAVEPOINT. */
  readonly #started: Promise<unknown> | null;

  constructor(
    client: ClientSession,
    own: OpenTransaction,
    savepoint: string | null,
    started: Promise<unknown> | null,
  ) {
    this.#client = client;
    this.#own = own;
    this.#savepoint = savepoint;
    this.#started = started;
  }

  /** @throws InFailedSQLTransactionError a statement had failed: the server rolled back instead */
  async commit(): Promise<void> {
    if (this.#savepoint !== null) {
      await this.#endBy(`RELEASE SAVEPOINT ${this.#savepoint}`, 'committed');
      return;
    }
    const tag = await this.#endBy('COMMIT', 'committed');
    if (tag === 'ROLLBACK') {
      this.#own.state = 'rolled back';
      const { failure: cause } = this.#own;
      throw new InFailedSQLTransactionError(
        'the transaction was rolled back instead of committed, because a statement in it failed',
        {},
        cause === null ? {} : { cause, isTransient: cause.isTransient },
      );
    }
  }

  async rollBack(): Promise<void> {
    await unlessSilent(this.#client.session, this.#endBy(this.#rollbackText, 'rolled back'));
  }

  /**
   * Rolls back after a failure, which is what the caller is told of. If rolling back fails as well,
   * the connection is closed, which undoes everything too. Where its savepoint was released by a statement, the
   * outermost transaction has failed with that and undoes everything at its end.
   */
  async rollBackQuietly(): Promise<void> {
    if (this.#own.state === 'ended') this.leaveEnded();
    if (this.#own.state !== 'open') return;
    try {
      await this.rollBack();
    } catch (error) {
      // There is nothing left to roll back.
      if (this.#own.wasEnded || this.#isUndone || this.#hasLostSavepoint(error)) return;
      this.#client.session.fail(isError(error) ? error : null);
    }
  }

  /** A release or reset of the connection has undone it, or is about to, while this waited for its turn. */
  get #isUndone(): boolean {
    return this.#own.state === 'rolled back' && !this.#client.transactions.includes(this.#own);
  }

  /** The server does not know its savepoint any more, and the transaction around it has failed. */
  #hasLostSavepoint(error: unknown): boolean {
    return (
      this.#savepoint !== null &&
      error instanceof PostgresError &&
      error.sqlstate === NO_SAVEPOINT &&
      this.#client.session.transactionStatus === 'E'
    );
  }

  /** Takes one that was ended by a statement off the stack: its code has been told. */
  leaveEnded(): void {
    const { gate, transactions } = this.#client;
    const at = transactions.indexOf(this.#own);
    if (at >= 0) for (const nested of transactions.splice(at)) nested.leaveEnded();
    gate.advance();
  }

  get #rollbackText(): string {
    const name = this.#savepoint;
    return name === null ? 'ROLLBACK' : `ROLLBACK TO SAVEPOINT ${name}; RELEASE SAVEPOINT ${name}`;
  }

  /** Ends it with this text, and takes it off the stack when that is over. Resolves to the tag. */
  async #endBy(text: string, state: 'committed' | 'rolled back'): Promise<string> {
    const own = this.#own;
    const { gate, transactions } = this.#client;
    // What waits at the gate for this transaction comes first; a rollback undoes it anyhow.
    const isLast = transactions.at(-1) === own;
    if (isLast && (state === 'committed' ? gate.isWaitedIn(own) : gate.isPassOf(own))) {
      const entered = gate.enter(own, null, state === 'rolled back');
      const pass = entered instanceof Promise ? await entered : entered;
      try {
        return await this.#endAdmitted(text, state);
      } finally {
        gate.leave(pass);
      }
    }
    return await this.#endAdmitted(text, state);
  }

  async #endAdmitted(text: string, state: 'committed' | 'rolled back'): Promise<string> {
    const own = this.#own;
    const { gate, transactions } = this.#client;
    if (transactions.at(-1) !== own && transactions.includes(own)) {
      if (state === 'committed') {
        throw new InterfaceError('cannot commit: a transaction nested in this one is still open');
      }
      for (const nested of transactions.splice(transactions.indexOf(own) + 1)) nested.markUndone();
    }
    own.state = state;
    try {
      return await this.#sendEnd(text, state);
    } finally {
      own.leaveEnded();
      const at = transactions.indexOf(own);
      if (at >= 0) transactions.splice(at);
      gate.advance();
    }
  }

  async #sendEnd(text: string, state: 'committed' | 'rolled back'): Promise<string> {
    const own = this.#own;
    const { session } = this.#client;
    // No statement came, nor is to come: BEGIN was never sent.
    if (this.#savepoint === null && session.isFree && session.preamble.drop()) return text;
    // A rollback undoes what has failed, perhaps by this very time-out: it is not to be given up as early.
    const timeout = state === 'committed' ? own.timeout : undefined;
    try {
      const started = this.#started;
      // A SAVEPOINT has no limit of its own: it is waited for as long as a command may take.
      if (started !== null) {
        await this.#client.inTime(timeout, (deadline) => within(deadline, started));
      }
    } catch (error) {
      own.state = 'failed';
      // Else there is no savepoint to end: it was asked for in a transaction that had failed.
      if (error instanceof TimeoutError) this.#undo(this.#client.script(this.#rollbackText));
      if (state === 'committed') throw error;
      return text;
    }
    if (own.wasEnded) throw own.refusal('end it');
    if (this.#savepoint !== null && !this.#client.transactions.includes(own)) {
      // Meanwhile the outer one was rolled back, and this one with it.
      own.state = 'rolled back';
      if (state === 'committed') throw own.refusal('commit');
      return text;
    }
    try {
      return this.#savepoint === null
        ? await this.#client.endTransaction(text, timeout)
        : await this.#client.command(text, timeout);
    } catch (error) {
      own.state = 'failed';
      // Another attempt to undo it would take as long once more.
      if (state === 'rolled back' && error instanceof TimeoutError) session.fail(error);
      if (state === 'committed' && this.#savepoint !== null && !own.wasEnded) {
        this.#undo(this.#client.script(this.#rollbackText));
      }
      throw text === 'COMMIT' ? this.#uncommitted(error) : error;
    }
  }

  /**
   * Sees to it that nothing stays of what its caller was told has failed. It is not limited in time: what comes
   * next is sent behind it. Where the server refuses it, a savepoint was released after all, and then what that was in
   * has failed.
   */
  #undo(undoing: Promise<unknown>): void {
    undoing.catch((error: unknown) => {
      if (error instanceof PostgresError || tellsOfEnd(error)) return;
      this.#client.session.fail(null);
    });
  }

  /** What a COMMIT that was not answered with success is rejected with. */
  #uncommitted(error: unknown): unknown {
    if (!(error instanceof TimeoutError)) return unknownOutcome(error);
    if (!error.safeToRetry) return unknownOutcome(error);
    // It was never sent: the transaction is still open behind the calls that it waited for.
    this.#undo(this.#client.endTransaction('ROLLBACK', Infinity));
    return error;
  }
}

/** A connection lost while the server was committing leaves open what became of it. */
function unknownOutcome(error: unknown): unknown {
  const lost =
    error instanceof ConnectionDoesNotExistError ||
    error instanceof ProtocolError ||
    error instanceof TimeoutError ||
    (error instanceof PostgresError && (error.severity === 'FATAL' || error.severity === 'PANIC'));
  if (!lost || error.safeToRetry) return error;
  return new TransactionResolutionUnknownError(
    'COMMIT was not answered: whether the transaction took effect is not known',
    {},
    { cause: error, isTransient: false },
  );
}

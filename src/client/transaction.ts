import { InterfaceError, ProtocolError, TimeoutError } from '../errors/client-errors.ts';
import {
  ConnectionDoesNotExistError,
  InFailedSQLTransactionError,
  TransactionResolutionUnknownError,
} from '../errors/generated/sqlstate.ts';
import { PostgresError } from '../errors/postgres-error.ts';
import { quoteWholeIdentifier } from '../sql/quote.ts';
import { statementKind } from '../sql/statement-kind.ts';
import type { Deadline } from '../transport/deadline.ts';
import { isError } from '../values/builtins.ts';
import type { RowStyle } from '../values/column-names.ts';
import type { RowForm } from '../values/row-form.ts';
import { eitherSignal, type Query, type QueryObject, toQuery } from './call.ts';
import { located } from './caller-stack.ts';
import type { ArgsOf, Checked, ColumnsOf, FormOf, Typed } from './checked-queries.ts';
import type { ClientSession } from './client-session.ts';
import type { Connection } from './connection.ts';
import { Cursor } from './cursor.ts';
import {
  ASKED,
  BEGIN,
  CHECK_IN,
  CHECK_OUT,
  CLIENT,
  COMMIT_NOW,
  CREATE,
  DEADLINE,
  ROLL_BACK_QUIETLY,
  SEALED,
  STYLE,
} from './internals.ts';
import type { Lease, Use } from './lease.ts';
import { endedByStatement, type OpenTransaction } from './open-transaction.ts';
import { Queryable } from './queryable.ts';
import { newSavepointName, Savepoint } from './savepoint.ts';
import { type Point, SavepointStack } from './savepoint-stack.ts';
import {
  beginStatements,
  checkNestedSettings,
  type IsolationLevel,
  nestedModes,
  type TransactionOptions,
} from './transaction-options.ts';
import type { Turn } from './transaction-queue.ts';

/** invalid_savepoint_specification: the server has no savepoint of that name. */
const NO_SAVEPOINT = '3B001';

/**
 * A transaction, or a savepoint in one. Made by `transaction(fn)`, which ends it, or by
 * `connection.begin()`, where `commit` or `rollback` does; `await using` rolls it back unless
 * it was committed.
 *
 * PostgreSQL manual, "BEGIN" and "SAVEPOINT".
 */
export class Transaction<F extends RowForm = 'record'>
  extends Queryable<F>
  implements AsyncDisposable
{
  declare protected readonly [SEALED]: true;
  readonly #client: ClientSession<Connection>;
  readonly #connection: Connection;
  readonly #managed: boolean;
  readonly #style: RowStyle;
  /** The savepoint that it is, if it is one. */
  readonly #savepoint: string | null;
  readonly #savepoints = new SavepointStack();
  /** Its own entry on the session's stack. */
  readonly #own: OpenTransaction;
  /** The answer to SAVEPOINT. */
  #started: Promise<unknown> | null = null;
  /** Why the callback was not allowed to end it, which it may have ignored. */
  #refusal: InterfaceError | null = null;

  private constructor(
    client: ClientSession<Connection>,
    own: OpenTransaction,
    managed: boolean,
    savepoint: string | null,
    style: RowStyle,
  ) {
    super();
    this.#style = style;
    this.#client = client;
    this.#connection = client.owner!;
    this.#own = own;
    this.#managed = managed;
    this.#savepoint = savepoint;
  }

  /**
   * Begins one, when no other is open but what it is nested in: the transaction that was asked, or
   * that the code which asks is inside of. BEGIN is not sent yet: it travels with the first statement.
   * @internal
   */
  static async [BEGIN]<F extends RowForm>(
    client: ClientSession<Connection>,
    own: OpenTransaction,
    asked: OpenTransaction | undefined,
    options: TransactionOptions,
    managed: boolean,
    style: RowStyle,
  ): Promise<Transaction<F>> {
    const statements = beginStatements(options);
    const { queue, session, transactions } = client;
    own.home = client;
    const outer = queue.wantedBy(asked, own.context);
    const deadline = client.deadline(Infinity, eitherSignal(outer?.signal, options.signal));
    let turn: Turn<ClientSession>;
    try {
      const entered = queue.enter(outer, deadline);
      turn = entered instanceof Promise ? await entered : entered;
    } finally {
      deadline?.dispose();
    }
    try {
      // Among the calls made already may be a BEGIN.
      while (outer === undefined && !session.isFree && !session.isEnded) await session.whenIdle();
      client.owner![CLIENT]('a method of Connection');
      if (outer !== undefined) {
        return await Transaction.#beginNested<F>(client, own, outer, options, managed, style);
      }
      if (session.transactionStatus !== 'I') {
        throw new InterfaceError(
          'cannot use Connection.transaction() in a manually started transaction',
          {
            hint: 'End the transaction that was begun with execute("BEGIN") first.',
          },
        );
      }
      session.preamble.begin(statements);
      transactions.push(own);
      return new Transaction<F>(client, own, managed, null, style);
    } finally {
      queue.leave(turn);
    }
  }

  static async #beginNested<F extends RowForm>(
    client: ClientSession<Connection>,
    own: OpenTransaction,
    outer: OpenTransaction,
    options: TransactionOptions,
    managed: boolean,
    style: RowStyle,
  ): Promise<Transaction<F>> {
    checkNestedSettings(options);
    await checkNestedIsolation(client, options.isolation);
    checkStillOpen(outer, 'transaction()');
    const name = newSavepointName();
    own.signal = eitherSignal(outer.signal, options.signal);
    const transaction = new Transaction<F>(client, own, managed, name, style);
    // Not awaited here: in a failed transaction everything that follows fails as well.
    transaction.#started = client.command(`SAVEPOINT ${name}`);
    transaction.#started.catch(() => {});
    client.transactions.push(own);
    const modes = nestedModes(options);
    if (modes !== null) await transaction.#setModes(modes);
    return transaction;
  }

  /** The server may refuse them, READ WRITE inside READ ONLY: then there is no transaction. */
  async #setModes(modes: string): Promise<void> {
    try {
      await this.#client.command(modes);
    } catch (error) {
      await this[ROLL_BACK_QUIETLY]();
      throw error;
    }
  }

  /** The connection that the transaction is on. */
  get connection(): Connection<F> {
    return this.#connection as Connection<F>;
  }

  /** Throws unless the transaction is open; `call` is named in the error. */
  #checkUsable(call: string): void {
    this.#connection[CLIENT](call, true);
    const { session } = this.#client;
    // A server that makes this up is found out next, and the connection is over.
    if (this.#own.wasEnded && session.isEnded) throw endedByStatement(session.endReason);
    checkStillOpen(this.#own, call);
  }

  /** @internal */
  override [CHECK_OUT](use: Use, deadline: Deadline | null): Lease | Promise<Lease> {
    this.#checkUsable('a method of Transaction');
    this.#client.checkOpen();
    if (use === 'transaction') return this.#client;
    const lease = this.#client.checkOut(this.#own, deadline);
    return lease instanceof Promise ? this.#afterWaiting(lease) : lease;
  }

  /** Meanwhile the transaction may have been ended. */
  async #afterWaiting(waiting: Promise<Lease>): Promise<Lease> {
    const lease = await waiting;
    try {
      this.#checkUsable('a method of Transaction');
      this.#client.checkOpen();
    } catch (error) {
      this.#client.giveBack(lease);
      throw error;
    }
    return lease;
  }

  /** @internal */
  override [CHECK_IN](lease: Lease): null {
    this.#client.giveBack(lease);
    return null;
  }

  /** @internal */
  override [ASKED](): OpenTransaction {
    return this.#own;
  }

  /**
   * A cursor over a query's result; it ends with the transaction.
   *
   * PostgreSQL manual, "Extended Query" in "Message Flow": portals.
   *
   * @example
   * await pool.transaction(async (tx) => {
   *   const cursor = tx.cursor('SELECT * FROM users ORDER BY id');
   *   for (let rows = await cursor.fetch(100); rows.length > 0; rows = await cursor.fetch(100)) {
   *     await handle(rows);
   *   }
   * });
   */
  cursor<T = never, const Q extends Query = string>(
    query: Q & Checked<Q, T>,
    ...args: ArgsOf<Q, T>
  ): Cursor<ColumnsOf<Q, T>, FormOf<F, Q>>;
  /** The same for a query object. */
  cursor<T = never, G extends RowForm = F, const Text = string>(
    query: Typed<T, Query<G, T>, Text> | QueryObject<G, T>,
  ): Cursor<T, G>;
  cursor(query: Query, ...args: unknown[]): Cursor<any, any> {
    const call = toQuery(query, args, this.#style);
    this.#checkUsable('Transaction.cursor()');
    const use = (): ClientSession => {
      this.#checkUsable('Transaction.cursor()');
      this.#client.checkOpen();
      return this.#client;
    };
    return Cursor[CREATE](use, call, null, this.#own);
  }

  /**
   * A command for a savepoint of this transaction, and not of one that is nested in it.
   *
   * @param onSend is called when it is about to be sent; the result, if the server refuses it
   */
  async #savepointCommand(text: string, onSend: () => () => void): Promise<unknown> {
    const deadline = this[DEADLINE](undefined, undefined);
    try {
      const lent = this[CHECK_OUT]('exclusive', deadline);
      const lease = lent instanceof Promise ? await lent : lent;
      try {
        const takeBack = onSend();
        try {
          return await this.#client.script(text, deadline);
        } catch (error) {
          if (error instanceof PostgresError) takeBack();
          throw error;
        }
      } finally {
        this[CHECK_IN](lease);
      }
    } finally {
      deadline?.dispose();
    }
  }

  /** @internal */
  override get [STYLE](): RowStyle {
    return this.#style;
  }

  /** @internal */
  override [DEADLINE](
    timeout: number | undefined,
    signal: AbortSignal | undefined,
  ): Deadline | null {
    return this.#client.deadline(timeout, eitherSignal(this.#own.signal, signal));
  }

  /**
   * Sets a savepoint that `rollback` returns to and `release` forgets.
   *
   * @param name default: a name that no other savepoint has
   * @example
   * const before = await tx.savepoint();
   * await tx.execute('DELETE FROM drafts');
   * await before.rollback();
   */
  savepoint(name: string = newSavepointName()): Promise<Savepoint> {
    return located(async () => {
      this.#checkUsable('Transaction.savepoint()');
      const quoted = quoteWholeIdentifier(name);
      const savepoints = this.#savepoints;
      let point!: Point;
      await this.#savepointCommand(`SAVEPOINT ${quoted}`, () => {
        point = savepoints.set(name);
        return () => savepoints.forget(point);
      });
      const run = (verb: 'RELEASE' | 'ROLLBACK TO'): Promise<unknown> => {
        this.#checkUsable(`Savepoint.${verb === 'RELEASE' ? 'release' : 'rollback'}()`);
        savepoints.check(point);
        return this.#savepointCommand(`${verb} SAVEPOINT ${quoted}`, () => {
          savepoints.check(point);
          return verb === 'RELEASE' ? savepoints.release(point) : savepoints.rollBack(point);
        });
      };
      const isSound = (): boolean => this.#own.state === 'open' && this.#isSound;
      return Savepoint[CREATE](point, {
        run,
        get isSound(): boolean {
          return isSound();
        },
      });
    });
  }

  /**
   * Commits.
   *
   * @throws InFailedSQLTransactionError a statement had failed: the server rolled back instead
   * @throws TransactionResolutionUnknownError the connection was lost before the answer came
   * @example
   * const tx = await connection.begin();
   * await tx.execute('UPDATE users SET name = $1', 'Ada');
   * await tx.commit();
   */
  commit(): Promise<void> {
    return located(async () => {
      await this.#refuseIfManaged('commit');
      await this[COMMIT_NOW]();
    });
  }

  /** No statement in it has failed, nor is one being cancelled, which makes it fail. */
  get #isSound(): boolean {
    const { session } = this.#client;
    return session.transactionStatus === 'T' && !session.isCancelling;
  }

  /**
   * Rolls back.
   *
   * @throws TimeoutError the server did not answer within `commandTimeout`: the connection was
   *   closed, which undoes everything as well
   * @example
   * const tx = await connection.begin();
   * await tx.execute('DELETE FROM users');
   * await tx.rollback();
   */
  rollback(): Promise<void> {
    return located(async () => {
      await this.#refuseIfManaged('rollback');
      await this.#endBy(this.#rollbackText, 'rolled back');
    });
  }

  /** The callback of `transaction` must not end it: that rolls it back. */
  async #refuseIfManaged(call: string): Promise<void> {
    if (!this.#managed && this.#own.state === 'ended') this.#leaveEnded();
    this.#checkUsable(`Transaction.${call}()`);
    if (!this.#managed) return;
    await this[ROLL_BACK_QUIETLY]();
    this.#refusal ??= new InterfaceError(
      `cannot call Transaction.${call}() inside the callback of transaction(): the transaction was rolled back`,
      { hint: 'Return from the callback to commit, throw to roll back.' },
    );
    throw this.#refusal;
  }

  get #rollbackText(): string {
    const name = this.#savepoint;
    return name === null ? 'ROLLBACK' : `ROLLBACK TO SAVEPOINT ${name}; RELEASE SAVEPOINT ${name}`;
  }

  /**
   * Commits, without asking who may.
   * @internal
   */
  async [COMMIT_NOW](): Promise<void> {
    if (this.#refusal !== null) throw this.#refusal;
    this.#checkUsable('Transaction.commit()');
    this.#own.signal?.throwIfAborted();
    if (this.#savepoint !== null) {
      await this.#endBy(`RELEASE SAVEPOINT ${this.#savepoint}`, 'committed');
      return;
    }
    const tag = await this.#endBy('COMMIT', 'committed');
    if (tag === 'ROLLBACK') {
      this.#own.state = 'rolled back';
      throw new InFailedSQLTransactionError(
        'the transaction was rolled back instead of committed, because a statement in it failed',
      );
    }
  }

  /** Takes one that was ended by a statement off the stack: its code has been told. */
  #leaveEnded(): void {
    const { queue, transactions } = this.#client;
    const at = transactions.indexOf(this.#own);
    if (at >= 0) for (const nested of transactions.splice(at)) nested.leaveEnded();
    queue.advance();
  }

  /**
   * Rolls back after a failure, which is what the caller is told of. If rolling back fails as well,
   * the connection is closed, which undoes everything too. Where its savepoint was released by a statement, the
   * outermost transaction has failed with that and undoes everything at its end.
   * @internal
   */
  async [ROLL_BACK_QUIETLY](): Promise<void> {
    if (this.#own.state === 'ended') this.#leaveEnded();
    if (this.#own.state !== 'open') return;
    try {
      await this.#endBy(this.#rollbackText, 'rolled back');
    } catch (error) {
      // There is nothing left to roll back.
      if (this.#own.wasEnded || this.#hasLostSavepoint(error)) return;
      this.#client.session.destroy(isError(error) ? error : null);
    }
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

  /** Ends it with this text, and takes it off the stack when that is over. Resolves to the tag. */
  async #endBy(text: string, state: 'committed' | 'rolled back'): Promise<string> {
    const own = this.#own;
    const { queue, transactions } = this.#client;
    // What had to wait for its turn in this transaction comes first; a rollback undoes it anyhow.
    const isLast = transactions.at(-1) === own;
    if (isLast && (state === 'committed' ? queue.isWaitedIn(own) : queue.isTurnOf(own))) {
      const entered = queue.enter(own, null, state === 'rolled back');
      const turn = entered instanceof Promise ? await entered : entered;
      try {
        return await this.#endInTurn(text, state);
      } finally {
        queue.leave(turn);
      }
    }
    return await this.#endInTurn(text, state);
  }

  async #endInTurn(text: string, state: 'committed' | 'rolled back'): Promise<string> {
    const own = this.#own;
    const { queue, transactions } = this.#client;
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
      queue.advance();
    }
  }

  async #sendEnd(text: string, state: 'committed' | 'rolled back'): Promise<string> {
    const own = this.#own;
    const { session } = this.#client;
    // No statement came, nor is to come: BEGIN was never sent.
    if (this.#savepoint === null && session.isFree && session.preamble.drop()) return text;
    try {
      await this.#started;
    } catch (error) {
      // There is no savepoint to end: it was asked for in a transaction that had failed.
      own.state = 'failed';
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
        ? await this.#client.endTransaction(text)
        : await this.#client.command(text);
    } catch (error) {
      own.state = 'failed';
      // Another attempt to undo it would take as long once more.
      if (state === 'rolled back' && error instanceof TimeoutError) session.destroy(error);
      if (state === 'committed' && this.#savepoint !== null) await this.#returnToSavepoint();
      throw text === 'COMMIT' ? this.#uncommitted(error) : error;
    }
  }

  /** If it cannot be released, so that the outer transaction can go on. */
  async #returnToSavepoint(): Promise<void> {
    const { session } = this.#client;
    if (session.transactionStatus !== 'E' || session.isEnded) return;
    await this.#client.command(this.#rollbackText).catch(() => {});
  }

  /** What a COMMIT that was not answered with success is rejected with. */
  #uncommitted(error: unknown): unknown {
    if (!(error instanceof TimeoutError)) return unknownOutcome(error);
    if (!error.safeToRetry) return unknownOutcome(error);
    // It was never sent: the transaction is still open behind the calls that it waited for.
    const { session } = this.#client;
    this.#client.endTransaction('ROLLBACK').catch(() => session.destroy(null));
    return error;
  }

  /** Rolls back unless the transaction is over. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#own.isOver && !this.#client.session.isEnded) await this.rollback();
  }
}

/** Throws unless the transaction is open; `call` is named in the error. */
function checkStillOpen(transaction: OpenTransaction, call: string): void {
  if (transaction.state !== 'open') throw transaction.refusal(`call ${call}`);
}

/** A nested transaction has the isolation level of the outermost one. */
async function checkNestedIsolation(
  client: ClientSession,
  wanted: IsolationLevel | undefined,
): Promise<void> {
  if (wanted === undefined) return;
  let level: string | undefined = client.transactions[0]!.isolation;
  if (level === undefined) {
    const text = 'SHOW transaction_isolation';
    const kind = statementKind(text);
    const shown = await client.query({ text, prepare: false }, kind, 'value', null);
    level = String(shown).replace(' ', '_');
  }
  if (level !== wanted) {
    throw new InterfaceError(
      `nested transaction has a different isolation level: current ${JSON.stringify(level)}, asked for ${JSON.stringify(wanted)}`,
    );
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

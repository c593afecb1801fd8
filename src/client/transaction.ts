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
import { eitherSignal } from './call.ts';
import { located } from './caller-stack.ts';
import type { ClientSession } from './client-session.ts';
import type { Connection } from './connection.ts';
import {
  BEGIN,
  CHECK_IN,
  CHECK_OUT,
  CLIENT,
  COMMIT_NOW,
  CREATE,
  DEADLINE,
  ROLL_BACK_QUIETLY,
  SEALED,
} from './internals.ts';
import type { Lease } from './lease.ts';
import { OpenTransaction } from './open-transaction.ts';
import { Queryable } from './queryable.ts';
import { newSavepointName, Savepoint } from './savepoint.ts';
import {
  beginStatements,
  type IsolationLevel,
  nestedModes,
  type TransactionOptions,
} from './transaction-options.ts';

/**
 * A transaction, or a savepoint in one. Made by `transaction(fn)`, which ends it, or by
 * `connection.begin()`, where `commit` or `rollback` does; `await using` rolls it back unless
 * it was committed.
 *
 * PostgreSQL manual, "BEGIN" and "SAVEPOINT".
 */
export class Transaction extends Queryable implements AsyncDisposable {
  declare protected readonly [SEALED]: true;
  readonly #client: ClientSession<Connection>;
  readonly #connection: Connection;
  readonly #managed: boolean;
  /** The savepoint that it is, if it is one. */
  readonly #savepoint: string | null;
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
  ) {
    super();
    this.#client = client;
    this.#connection = client.owner!;
    this.#own = own;
    this.#managed = managed;
    this.#savepoint = savepoint;
  }

  /**
   * Begins one. BEGIN is not sent yet: it travels with the first statement.
   * @internal
   */
  static async [BEGIN](
    client: ClientSession<Connection>,
    options: TransactionOptions,
    managed: boolean,
  ): Promise<Transaction> {
    const statements = beginStatements(options);
    const { session, transactions } = client;
    // Among the calls made already may be a BEGIN; meanwhile others may begin one.
    while (transactions.length === 0 && !session.isIdle && !session.isEnded) {
      await session.whenIdle();
    }
    client.checkOpen();
    const outer = transactions.at(-1);
    if (outer !== undefined) return await Transaction.#beginNested(client, outer, options, managed);
    if (session.transactionStatus !== 'I') {
      throw new InterfaceError('cannot use a transaction in a manually started transaction', {
        hint: 'End the transaction that was begun with execute("BEGIN") first.',
      });
    }
    const own = new OpenTransaction(options.isolation, options.signal);
    session.preamble.begin(statements);
    transactions.push(own);
    return new Transaction(client, own, managed, null);
  }

  static async #beginNested(
    client: ClientSession<Connection>,
    outer: OpenTransaction,
    options: TransactionOptions,
    managed: boolean,
  ): Promise<Transaction> {
    await checkNestedIsolation(client, options.isolation);
    const name = newSavepointName();
    const own = new OpenTransaction(options.isolation, eitherSignal(outer.signal, options.signal));
    const transaction = new Transaction(client, own, managed, name);
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
  get connection(): Connection {
    return this.#connection;
  }

  /** Throws unless the transaction is open; `call` is named in the error. */
  #checkUsable(call: string): void {
    this.#connection[CLIENT](call, true);
    const { state } = this.#own;
    if (state !== 'open') {
      throw new InterfaceError(`cannot call ${call}: the transaction is already ${state}`, {
        safeToRetry: true,
      });
    }
  }

  /** @internal */
  override [CHECK_OUT](): Lease {
    this.#checkUsable('a method of Transaction');
    this.#client.checkOpen();
    return this.#client;
  }

  /** @internal */
  override [CHECK_IN](): null {
    return null;
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
   */
  savepoint(name: string = newSavepointName()): Promise<Savepoint> {
    return located(async () => {
      this.#checkUsable('Transaction.savepoint()');
      const quoted = quoteWholeIdentifier(name);
      await this.#client.command(`SAVEPOINT ${quoted}`);
      return Savepoint[CREATE](
        name,
        (verb) => {
          this.#checkUsable(`Savepoint.${verb === 'RELEASE' ? 'release' : 'rollback'}()`);
          return this.#client.command(`${verb} SAVEPOINT ${quoted}`);
        },
        () => this.#own.state === 'open' && this.#isSound,
      );
    });
  }

  /**
   * Commits.
   *
   * @throws InFailedSQLTransactionError a statement had failed: the server rolled back instead
   * @throws TransactionResolutionUnknownError the connection was lost before the answer came
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
   */
  rollback(): Promise<void> {
    return located(async () => {
      await this.#refuseIfManaged('rollback');
      await this.#endBy(this.#rollbackText, 'rolled back');
    });
  }

  /** The callback of `transaction` must not end it: that rolls it back. */
  async #refuseIfManaged(call: string): Promise<void> {
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
      await this.#releaseSavepoint();
      return;
    }
    this.#checkNotEnded();
    const tag = await this.#endBy('COMMIT', 'committed');
    if (tag === 'ROLLBACK') {
      this.#own.state = 'rolled back';
      throw new InFailedSQLTransactionError(
        'the transaction was rolled back instead of committed, because a statement in it failed',
      );
    }
  }

  /** A COMMIT or ROLLBACK that was executed as a statement leaves nothing to commit. */
  #checkNotEnded(): void {
    const { session, transactions } = this.#client;
    const isBegun = !session.preamble.isWaiting && session.isIdle && !session.isEnded;
    if (!isBegun || session.transactionStatus !== 'I') return;
    this.#own.state = 'failed';
    transactions.splice(transactions.indexOf(this.#own));
    throw new InterfaceError('the transaction was ended by a statement that was executed in it', {
      hint: 'Leave COMMIT and ROLLBACK to the transaction.',
    });
  }

  /** If that cannot be it is returned to, so that the outer transaction can go on. */
  async #releaseSavepoint(): Promise<void> {
    try {
      await this.#endBy(`RELEASE SAVEPOINT ${this.#savepoint}`, 'committed');
    } catch (error) {
      const { session } = this.#client;
      if (this.#own.state === 'failed' && session.transactionStatus === 'E' && !session.isEnded) {
        await this.#client.command(this.#rollbackText).catch(() => {});
      }
      throw error;
    }
  }

  /**
   * Rolls back after a failure, which is what the caller is told of. If rolling back fails as well,
   * the connection is closed, which undoes everything too.
   * @internal
   */
  async [ROLL_BACK_QUIETLY](): Promise<void> {
    if (this.#own.state !== 'open') return;
    try {
      await this.#endBy(this.#rollbackText, 'rolled back');
    } catch (error) {
      this.#client.session.destroy(error instanceof Error ? error : null);
    }
  }

  /** Takes it off the stack and ends it with this text. Resolves to the tag. */
  async #endBy(text: string, state: 'committed' | 'rolled back'): Promise<string> {
    const own = this.#own;
    const { session, transactions } = this.#client;
    if (transactions.at(-1) !== own && transactions.includes(own)) {
      if (state === 'committed') {
        throw new InterfaceError('cannot commit: a transaction nested in this one is still open');
      }
      for (const nested of transactions.splice(transactions.indexOf(own) + 1)) nested.markUndone();
    }
    own.state = state;
    transactions.splice(transactions.indexOf(own), 1);
    // No statement came: BEGIN was never sent.
    if (this.#savepoint === null && session.preamble.drop()) return text;
    try {
      await this.#started;
    } catch (error) {
      // There is no savepoint to end: it was asked for in a transaction that had failed.
      own.state = 'failed';
      if (state === 'committed') throw error;
      return text;
    }
    try {
      return await this.#client.command(text);
    } catch (error) {
      own.state = 'failed';
      // Another attempt to undo it would take as long once more.
      if (state === 'rolled back' && error instanceof TimeoutError) session.destroy(error);
      throw text === 'COMMIT' ? this.#uncommitted(error) : error;
    }
  }

  /** What a COMMIT that was not answered with success is rejected with. */
  #uncommitted(error: unknown): unknown {
    if (!(error instanceof TimeoutError)) return unknownOutcome(error);
    if (!error.safeToRetry) return unknownOutcome(error);
    // It was never sent: the transaction is still open behind the calls that it waited for.
    const { session } = this.#client;
    this.#client.script('ROLLBACK').catch(() => session.destroy(null));
    return error;
  }

  /** Rolls back unless the transaction is over. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#own.state === 'open' && !this.#client.session.isEnded) await this.rollback();
  }
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

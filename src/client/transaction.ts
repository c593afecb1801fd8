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
import { atCaller } from './caller-stack.ts';
import type { ClientSession } from './client-session.ts';
import type { Connection } from './connection.ts';
import { CHECK_IN, CHECK_OUT, DEADLINE } from './internals.ts';
import type { Lease } from './lease.ts';
import { Queryable } from './queryable.ts';
import { newSavepointName, Savepoint } from './savepoint.ts';
import {
  beginStatements,
  type IsolationLevel,
  nestedModes,
  type TransactionOptions,
} from './transaction-options.ts';

type State = 'open' | 'committed' | 'rolled back' | 'failed';

/**
 * A transaction, or a savepoint in one. Made by `transaction(fn)`, which ends it, or by
 * `connection.begin()`, where `commit` or `rollback` does; `await using` rolls it back unless
 * it was committed.
 *
 * PostgreSQL manual, "BEGIN" and "SAVEPOINT".
 */
export class Transaction extends Queryable implements AsyncDisposable {
  readonly #client: ClientSession;
  readonly #connection: Connection;
  readonly #managed: boolean;
  /** The savepoint that it is, if it is one. */
  readonly #savepoint: string | null;
  readonly #isolation: IsolationLevel | undefined;
  /** Ends its calls, those of transactions nested in it included. */
  readonly #signal: AbortSignal | undefined;
  #started: Promise<unknown> | null = null;
  #state: State = 'open';
  /** Why the callback was not allowed to end it, which it may have ignored. */
  #refusal: InterfaceError | null = null;

  private constructor(
    client: ClientSession,
    options: TransactionOptions,
    managed: boolean,
    savepoint: string | null,
    outerSignal?: AbortSignal,
  ) {
    super();
    this.#client = client;
    this.#connection = client.listeners.owner!;
    this.#managed = managed;
    this.#savepoint = savepoint;
    this.#isolation = options.isolation;
    this.#signal = eitherSignal(outerSignal, options.signal);
  }

  /**
   * Begins one. BEGIN is not sent yet: it travels with the first statement.
   * @internal
   */
  static async begin(
    client: ClientSession,
    options: TransactionOptions,
    managed: boolean,
  ): Promise<Transaction> {
    const statements = beginStatements(options);
    const { session } = client;
    const isFirst = (): boolean => client.transactions.length === 0;
    // Among the calls made already may be a BEGIN; meanwhile others may begin one.
    while (isFirst() && !session.isIdle && !session.isEnded) await session.whenIdle();
    client.checkOpen();
    const outer = client.transactions.at(-1);
    if (outer === undefined) {
      if (session.transactionStatus !== 'I') {
        throw new InterfaceError('cannot use a transaction in a manually started transaction', {
          hint: 'End the transaction that was begun with execute("BEGIN") first.',
        });
      }
      const transaction = new Transaction(client, options, managed, null);
      session.preamble.begin(statements);
      client.transactions.push(transaction);
      return transaction;
    }
    await outer.#checkNestedIsolation(options.isolation);
    const name = newSavepointName();
    const transaction = new Transaction(client, options, managed, name, outer.#signal);
    // Not awaited here: in a failed transaction everything that follows fails as well.
    transaction.#started = transaction.#run(`SAVEPOINT ${name}`);
    transaction.#started.catch(() => {});
    client.transactions.push(transaction);
    const modes = nestedModes(options);
    if (modes !== null) await transaction.#set(modes);
    return transaction;
  }

  /** The server may refuse it, READ WRITE inside READ ONLY: then there is no transaction. */
  async #set(modes: string): Promise<void> {
    try {
      await this.#run(modes);
    } catch (error) {
      await this.abandon();
      throw error;
    }
  }

  async #checkNestedIsolation(wanted: IsolationLevel | undefined): Promise<void> {
    if (wanted === undefined) return;
    const outermost = this.#client.transactions[0]!;
    let level: string | undefined = outermost.#isolation;
    if (level === undefined) {
      const text = 'SHOW transaction_isolation';
      const shown = await this.#client.query(
        { text, prepare: false },
        statementKind(text),
        'value',
        null,
      );
      level = String(shown).replace(' ', '_');
    }
    if (level !== wanted) {
      throw new InterfaceError(
        `nested transaction has a different isolation level: current ${JSON.stringify(level)}, asked for ${JSON.stringify(wanted)}`,
      );
    }
  }

  /** The connection that the transaction is on. */
  get connection(): Connection {
    return this.#connection;
  }

  /**
   * The connection is taken from whoever began the transaction; it has been undone.
   * @internal
   */
  forsake(): void {
    if (this.#state === 'open') this.#state = 'rolled back';
  }

  /** One of the transaction's own statements, in the time that every command has. */
  #run(text: string): Promise<string> {
    return this.#client.command(text);
  }

  #checkUsable(call: string): void {
    this.#connection.held(call);
    if (this.#state !== 'open') {
      throw new InterfaceError(`cannot call ${call}: the transaction is already ${this.#state}`, {
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
    return this.#client.deadline(timeout, eitherSignal(this.#signal, signal));
  }

  /**
   * Sets a savepoint that `rollback` returns to and `release` forgets.
   *
   * @param name default: a name that no other savepoint has
   */
  async savepoint(name: string = newSavepointName()): Promise<Savepoint> {
    try {
      this.#checkUsable('Transaction.savepoint()');
      const quoted = quoteWholeIdentifier(name);
      await this.#run(`SAVEPOINT ${quoted}`);
      return new Savepoint(
        name,
        (verb) => {
          this.#checkUsable(`Savepoint.${verb === 'RELEASE' ? 'release' : 'rollback'}()`);
          return this.#run(`${verb} SAVEPOINT ${quoted}`);
        },
        () => this.#state === 'open' && this.#isSound,
      );
    } catch (error) {
      throw atCaller(error);
    }
  }

  /**
   * Commits.
   *
   * @throws InFailedSQLTransactionError a statement had failed: the server rolled back instead
   * @throws TransactionResolutionUnknownError the connection was lost before the answer came
   */
  async commit(): Promise<void> {
    try {
      await this.#refuseManual('commit');
      await this.finish();
    } catch (error) {
      throw atCaller(error);
    }
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
  async rollback(): Promise<void> {
    try {
      await this.#refuseManual('rollback');
      await this.#end('rolled back', this.#savepoint === null ? 'ROLLBACK' : this.#undo());
    } catch (error) {
      throw atCaller(error);
    }
  }

  async #refuseManual(call: string): Promise<void> {
    this.#checkUsable(`Transaction.${call}()`);
    if (!this.#managed) return;
    await this.abandon();
    this.#refusal ??= new InterfaceError(
      `cannot call Transaction.${call}() inside the callback of transaction(): the transaction was rolled back`,
      { hint: 'Return from the callback to commit, throw to roll back.' },
    );
    throw this.#refusal;
  }

  #undo(): string {
    return `ROLLBACK TO SAVEPOINT ${this.#savepoint}; RELEASE SAVEPOINT ${this.#savepoint}`;
  }

  /**
   * Ends it with success.
   * @internal
   */
  async finish(): Promise<void> {
    if (this.#refusal !== null) throw this.#refusal;
    this.#checkUsable('Transaction.commit()');
    this.#signal?.throwIfAborted();
    if (this.#savepoint !== null) {
      await this.#release();
      return;
    }
    this.#checkNotEnded();
    const tag = await this.#end('committed', 'COMMIT');
    if (tag === 'ROLLBACK') {
      this.#state = 'rolled back';
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
    this.#state = 'failed';
    transactions.splice(transactions.indexOf(this));
    throw new InterfaceError('the transaction was ended by a statement that was executed in it', {
      hint: 'Leave COMMIT and ROLLBACK to the transaction.',
    });
  }

  /** Releases the savepoint; if that cannot be, returns to it, so that the outer one can go on. */
  async #release(): Promise<void> {
    try {
      await this.#end('committed', `RELEASE SAVEPOINT ${this.#savepoint}`);
    } catch (error) {
      const { session } = this.#client;
      if (this.#state === 'failed' && session.transactionStatus === 'E' && !session.isEnded) {
        await this.#run(this.#undo()).catch(() => {});
      }
      throw error;
    }
  }

  /**
   * Rolls back after a failure. The failure is the news: what goes wrong here ends the
   * connection, which undoes everything as well.
   * @internal
   */
  async abandon(): Promise<void> {
    if (this.#state !== 'open') return;
    try {
      await this.#end('rolled back', this.#savepoint === null ? 'ROLLBACK' : this.#undo());
    } catch (error) {
      this.#client.session.destroy(error instanceof Error ? error : null);
    }
  }

  async #end(state: 'committed' | 'rolled back', text: string): Promise<string> {
    const { session, transactions } = this.#client;
    const inner = transactions.at(-1);
    if (inner !== this && transactions.includes(this)) {
      if (state === 'committed') {
        throw new InterfaceError('cannot commit: a transaction nested in this one is still open');
      }
      for (const nested of transactions.splice(transactions.indexOf(this) + 1)) {
        nested.#state = 'rolled back';
      }
    }
    this.#state = state;
    transactions.splice(transactions.indexOf(this), 1);
    // No statement came: BEGIN was never sent.
    if (this.#savepoint === null && session.preamble.drop()) return text;
    try {
      await this.#started;
    } catch (error) {
      // There is no savepoint to end: it was asked for in a transaction that had failed.
      this.#state = 'failed';
      if (state === 'committed') throw error;
      return text;
    }
    try {
      return await this.#run(text);
    } catch (error) {
      this.#state = 'failed';
      // Nobody is left to undo it, and whoever tried would wait as long once more.
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
    if (this.#state === 'open' && !this.#client.session.isEnded) await this.rollback();
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

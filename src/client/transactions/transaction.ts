import { InterfaceError } from '../../errors/client-errors.ts';
import type { Deadline } from '../../transport/deadline.ts';
import type { RowStyle } from '../../values/column-names.ts';
import type { RowForm } from '../../values/row-form.ts';
import { Cursor } from '../bulk/cursor.ts';
import { type Query, type QueryObject, toQuery } from '../calls/call.ts';
import { located } from '../calls/caller-stack.ts';
import type { ClientSession } from '../client-session.ts';
import type { Connection } from '../connection.ts';
import type {
  ArgsOf,
  Checked,
  ColumnsOf,
  FormOf,
  PlainQuery,
  Typed,
} from '../fragments/checked-queries.ts';
import {
  ASKED,
  CHECK_IN,
  CHECK_OUT,
  CLIENT,
  COMMIT_NOW,
  CREATE,
  DEADLINE,
  ROLL_BACK_QUIETLY,
  SEALED,
  STYLE,
} from '../internals.ts';
import type { Lease, Use } from '../lease.ts';
import { Queryable } from '../queryable.ts';
import type { Begun } from './begin-admitted.ts';
import type { Beginning } from './beginning.ts';
import { endedByStatement, type OpenTransaction } from './open-transaction.ts';
import type { Savepoint } from './savepoint.ts';
import type { NewSavepoints, Savepoints } from './savepoints.ts';
import type { TransactionEnd } from './transaction-end.ts';

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
  /** Its own entry on the session's stack. */
  readonly #own: OpenTransaction;
  readonly #end: TransactionEnd;
  readonly #newSavepoints: NewSavepoints;
  /** Those that were set by its methods, once there are any. */
  #savepoints: Savepoints | null = null;
  /** Why the callback was not allowed to end it, which it may have ignored. */
  #refusal: InterfaceError | null = null;

  private constructor(
    client: ClientSession<Connection>,
    connection: Connection,
    { own, managed, style }: Beginning,
    { end, newSavepoints }: Begun,
  ) {
    super();
    this.#style = style;
    this.#client = client;
    this.#connection = connection;
    this.#own = own;
    this.#managed = managed;
    this.#end = end;
    this.#newSavepoints = newSavepoints;
  }

  /** @internal */
  static [CREATE]<F extends RowForm>(
    client: ClientSession<Connection>,
    connection: Connection,
    beginning: Beginning,
    begun: Begun,
  ): Transaction<F> {
    return new Transaction<F>(client, connection, beginning, begun);
  }

  /** The connection that the transaction is on, itself: the `rows` of `with` hold for the transaction alone. */
  get connection(): Connection<F> {
    return this.#connection as Connection<F>;
  }

  /** Throws unless the transaction is open; `call` is named in the error. */
  #checkUsable(call: string): void {
    this.#connection[CLIENT](call, true);
    const { session } = this.#client;
    // A server that makes this up is found out next, and the connection is over.
    if (this.#own.wasEnded && session.isEnded) throw endedByStatement(session.endReason);
    this.#own.checkOpen(call);
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
  cursor<T = never, const Q extends Query<RowForm> = string>(
    query: Q & Checked<Q, T>,
    ...args: ArgsOf<Q, T>
  ): Cursor<ColumnsOf<Q, T>, FormOf<F, Q>>;
  /** The same for a query object that says what its rows are made. */
  cursor<T>(query: PlainQuery<T>): Cursor<T, 'object'>;
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

  /** @internal */
  override get [STYLE](): RowStyle {
    return this.#style;
  }

  /** @internal */
  override [DEADLINE](
    timeout: number | undefined,
    signal: AbortSignal | undefined,
  ): Deadline | null {
    return this.#client.deadlineInside(timeout, signal, this.#own);
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
  savepoint(name?: string): Promise<Savepoint> {
    return located(async () => {
      this.#checkUsable('Transaction.savepoint()');
      this.#savepoints ??= this.#newSavepoints(this.#client, {
        transaction: this,
        checkUsable: (call) => this.#checkUsable(call),
        isSound: () => this.#own.state === 'open' && this.#isSound,
      });
      this.#own.savepoints = this.#savepoints;
      return await this.#savepoints.set(name);
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
   * @throws ConnectionDoesNotExistError the same, where the server said nothing for ten seconds
   * @example
   * const tx = await connection.begin();
   * await tx.execute('DELETE FROM users');
   * await tx.rollback();
   */
  rollback(): Promise<void> {
    return located(async () => {
      await this.#refuseIfManaged('rollback');
      // A commit that was called just before is on its way by now.
      this.#checkUsable('Transaction.rollback()');
      await this.#end.rollBack();
    });
  }

  /** The callback of `transaction` must not end it: that rolls it back. */
  async #refuseIfManaged(call: string): Promise<void> {
    if (!this.#managed && this.#own.state === 'ended') this.#end.leaveEnded();
    this.#checkUsable(`Transaction.${call}()`);
    if (!this.#managed) return;
    await this[ROLL_BACK_QUIETLY]();
    this.#refusal ??= new InterfaceError(
      `cannot call Transaction.${call}() inside the callback of transaction(): the transaction was rolled back`,
      { hint: 'Return from the callback to commit, throw to roll back.' },
    );
    throw this.#refusal;
  }

  /**
   * Commits, without asking who may.
   * @internal
   */
  async [COMMIT_NOW](): Promise<void> {
    if (this.#refusal !== null) throw this.#refusal;
    this.#checkUsable('Transaction.commit()');
    this.#own.signal?.throwIfAborted();
    await this.#end.commit();
  }

  /**
   * Rolls back after a failure, which is what the caller is told of.
   * @internal
   */
  async [ROLL_BACK_QUIETLY](): Promise<void> {
    await this.#end.rollBackQuietly();
  }

  /** Rolls back unless the transaction is over. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#own.isOver || this.#client.session.isEnded) return;
    await located(async () => {
      await this.#refuseIfManaged('rollback');
      if (!this.#own.isOver) await this.#end.rollBack();
    });
  }
}

import { connectionClosed } from '../session/ending.ts';
import type { ServerVersion } from '../session/server-version.ts';
import { Deadline } from '../transport/deadline.ts';
import type { RowStyle } from '../values/column-names.ts';
import type { RowForm } from '../values/row-form.ts';
import type { TypeCodec } from '../values/type-codec.ts';
import { bulkCalls } from './bulk/bulk-room.ts';
import { Cursor } from './bulk/cursor.ts';
import { PreparedStatement } from './bulk/prepared-statement.ts';
import {
  CALL_OPTIONS,
  type CallOptions,
  type Query,
  type QueryObject,
  toQuery,
} from './calls/call.ts';
import { located } from './calls/caller-stack.ts';
import { checkOptions, type OptionNames } from './calls/known-options.ts';
import type { QueryLogger } from './calls/query-log.ts';
import { traced } from './calls/tracing.ts';
import type { ClientSession } from './client-session.ts';
import { closeClient } from './close-client.ts';
import type {
  ArgsOf,
  Checked,
  ColumnsOf,
  FormOf,
  PlainQuery,
  Typed,
} from './fragments/checked-queries.ts';
import {
  CHECK_IN,
  CHECK_OUT,
  CLIENT,
  CREATE,
  DEADLINE,
  FORGET,
  SEALED,
  STYLE,
  TRANSACT,
} from './internals.ts';
import type { Lease, Use } from './lease.ts';
import { LimitedQueryable, type WithOptions } from './limited-queryable.ts';
import type {
  LogCallback,
  Notification,
  NotificationCallback,
  TerminationCallback,
} from './listening/notification.ts';
import { NotificationQueue } from './listening/notification-queue.ts';
import { Queryable } from './queryable.ts';
import type { Attempts } from './transactions/attempts.ts';
import { OpenTransaction } from './transactions/open-transaction.ts';
import type { Transaction } from './transactions/transaction.ts';
import type { TransactionOptions } from './transactions/transaction-options.ts';
import { beginTransaction, runTransaction } from './transactions/transaction-runner.ts';
import { reset } from './transactions/undoing.ts';
import { typeCodecs } from './type-codec-room.ts';

/** See Connection.prepare. */
export interface PrepareOptions extends CallOptions {
  /** The server's name for the statement; by default one that no other process uses. */
  readonly name?: string | undefined;
}

const CLOSE_OPTIONS: OptionNames<Pick<CallOptions, 'timeout'>> = { timeout: true };
const PREPARE_OPTIONS: OptionNames<PrepareOptions> = { name: true, ...CALL_OPTIONS };

/**
 * A session on a PostgreSQL server. Calls may be made at any time, also at once: they are sent
 * in order, without waiting for each other's answers, and fail each for itself.
 */
export class Connection<F extends RowForm = 'record'>
  extends Queryable<F>
  implements AsyncDisposable
{
  declare protected readonly [SEALED]: true;
  readonly #client: ClientSession<Connection>;
  #closing: Promise<void> | null = null;
  /** The close waits for a transaction, whose own calls are made all the same. */
  #waitsForCalls = false;

  /** Connections are made by `connect` and by pools. */
  protected constructor(none: never);
  /** @internal */
  protected constructor(client: ClientSession<Connection>);
  protected constructor(client: ClientSession<Connection>) {
    super();
    this.#client = client;
    client.owner = this as Connection<any>;
  }

  /** @internal */
  static [CREATE](client: ClientSession<Connection>): Connection {
    return new Connection(client);
  }

  /**
   * The session, for a call that is named in the error if it cannot be made.
   *
   * @param evenIfClosed the call makes sense on a connection that is over
   * @internal
   */
  [CLIENT](_call: string, evenIfClosed: boolean = false): ClientSession<Connection> {
    if (!evenIfClosed) {
      if (this.#closing !== null && !(this.#waitsForCalls && this.#client.isAround)) {
        throw connectionClosed(null);
      }
      this.#client.checkOpen();
    }
    return this.#client;
  }

  /** The session for the method of that name, while the connection is open. */
  #open(method: string): ClientSession<Connection> {
    return this[CLIENT](`Connection.${method}()`);
  }

  /** The same for a call that has been made while it was: a close that came behind it waits for it. */
  #stillOpen(method: string): ClientSession<Connection> {
    const client = this[CLIENT](`Connection.${method}()`, true);
    client.checkOpen();
    return client;
  }

  /** Runs the method of that name. */
  #run<R>(method: string, work: (client: ClientSession<Connection>) => Promise<R>): Promise<R> {
    return located(async () => {
      const client = this.#open(method);
      client.calls += 1;
      try {
        return await work(client);
      } finally {
        client.calls -= 1;
        client.gate.advance();
      }
    });
  }

  /** @internal */
  override [CHECK_OUT](use: Use, deadline: Deadline | null): Lease | Promise<Lease> {
    const client = this[CLIENT]('a method of Connection');
    if (use === 'transaction') return client;
    const lease = client.checkOut(undefined, deadline);
    return lease instanceof Promise ? this.#afterWaiting(lease) : lease;
  }

  /** Meanwhile the connection may have been closed, or given back to its pool. */
  async #afterWaiting(waiting: Promise<Lease>): Promise<Lease> {
    const lease = await waiting;
    try {
      this[CLIENT]('a method of Connection', true);
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
  override get [STYLE](): RowStyle {
    return this.#client.rowStyle;
  }

  /** @internal */
  override [DEADLINE](
    timeout: number | undefined,
    signal: AbortSignal | undefined,
  ): Deadline | null {
    return this.#client.deadlineInside(timeout, signal);
  }

  /**
   * Runs `fn` in a transaction, or in a savepoint of the one that was asked or is called from.
   * @internal
   */
  [TRANSACT]<R>(
    options: TransactionOptions,
    fn: (tx: Transaction<any>) => Promise<R>,
    asked: OpenTransaction | undefined,
    attempts: Attempts,
    style: RowStyle,
  ): Promise<R> {
    const client = this.#client;
    return traced(
      'transaction',
      () => ({ ...options, ...client.traits }),
      () => runTransaction(this, client, asked, options, attempts, style, fn),
    );
  }

  /**
   * The same connection, with a time-out, a signal or settings for each call that is made through what is
   * returned.
   *
   * @param limits `timeout` in milliseconds; `signal`; `settings`: each call runs in a transaction of its
   *   own with these settings of the server
   * @example
   * const notes = await connection.with({ settings: { 'app.user': id } }).fetch('SELECT * FROM notes');
   */
  with<G extends RowForm = F>(limits: WithOptions<G>): Queryable<G> {
    return new LimitedQueryable<G>(this, limits);
  }

  /**
   * Prepares a statement on the server and keeps it until it is closed.
   *
   * @param options `name`: the server's name for it; by default one that no other process uses.
   *   `timeout` in milliseconds and `signal` are for preparing it; see `PreparedStatement.with`
   * @throws PostgresError e.g. a PostgresSyntaxError
   * @example
   * await using find = await connection.prepare<User>('SELECT * FROM users WHERE id = $1');
   * const user = await find.fetchRow(1n);
   */
  prepare<T = never, const Q extends string = string>(
    query: Q & Checked<Q, T>,
    options: PrepareOptions = {},
  ): Promise<PreparedStatement<ColumnsOf<Q, T>, F>> {
    return located(async () => {
      checkOptions('prepare', options, PREPARE_OPTIONS);
      const client = this.#open('prepare');
      const statement = await client.call(options, (deadline) =>
        client.whenAdmitted(deadline, () => {
          this.#stillOpen('prepare');
          return client.with(bulkCalls, deadline, ({ prepareKept }) =>
            prepareKept(client, query, options, deadline),
          );
        }),
      );
      client.prepared.add(statement.name);
      return PreparedStatement[CREATE]<ColumnsOf<Q, T>, F>(this, statement);
    });
  }

  /**
   * Has the server forget a statement, with the next flight.
   * @internal
   */
  [FORGET](statementName: string): void {
    const client = this[CLIENT]('PreparedStatement.close()', true);
    client.prepared.delete(statementName);
    client.session.statements.close(statementName);
  }

  /**
   * A cursor over a query's result. It works inside a transaction only; see `stream`.
   *
   * @example
   * await connection.transaction(async () => {
   *   const cursor = connection.cursor('SELECT * FROM users ORDER BY id');
   *   const firstTen = await cursor.fetch(10);
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
    const call = toQuery(query, args, this[STYLE]);
    return Cursor[CREATE](() => this.#open('cursor'), call, null);
  }

  /**
   * Begins a transaction that is ended by hand, or rolled back at the end of its block. Await it
   * first: a call of the connection that is made before it has resolved is a stranger's, and waits
   * until the transaction has ended.
   *
   * @example
   * await using tx = await connection.begin();
   * await tx.execute('UPDATE …');
   * await tx.commit();
   */
  begin(options: TransactionOptions = {}): Promise<Transaction<F>> {
    const own = new OpenTransaction(options?.isolation, options?.signal);
    // Here and not in an asynchronous function: the caller goes on in the context as it is now.
    own.enterContext();
    return located(async () => {
      try {
        const transaction = await beginTransaction<F>(this.#open('begin'), {
          own,
          asked: undefined,
          options,
          managed: false,
          style: this[STYLE],
        });
        own.isEntered = true;
        return transaction;
      } catch (error) {
        own.markUndone();
        throw error;
      }
    });
  }

  /**
   * Whether a transaction is open, a failed one included.
   *
   * @example
   * if (connection.isInTransaction()) throw new Error('commit first');
   */
  isInTransaction(): boolean {
    return this.#open('isInTransaction').isInTransaction;
  }

  /**
   * Listens on a channel, until `removeListener` or the end of the connection. The same callback is
   * called once, however often it is added. `Pool.listen` outlives a lost connection.
   *
   * PostgreSQL manual, "LISTEN".
   *
   * @example
   * await connection.addListener('orders', ({ payload }) => console.log(payload));
   */
  addListener(channel: string, callback: NotificationCallback): Promise<void> {
    return this.#run('addListener', (client) =>
      client.inTime(undefined, (deadline) =>
        client.whenAdmitted(deadline, () => {
          this.#stillOpen('addListener');
          return client.listeners.add(channel, callback);
        }),
      ),
    );
  }

  /**
   * Removes a callback; with the last one of a channel the connection unlistens, in an open transaction
   * that the call is not inside of when that has ended.
   *
   * @example
   * await connection.removeListener('orders', onOrder); // the same function that was added
   */
  removeListener(channel: string, callback: NotificationCallback): Promise<void> {
    return located(async () => {
      const client = this[CLIENT]('Connection.removeListener()', true);
      if (client.listeners.remove(channel, callback)) await client.unlisten(channel);
    });
  }

  /**
   * The notifications of a channel, to be iterated; leaving the loop unlistens. At most 10,000
   * wait for a slow consumer; then the iteration fails rather than lose one unseen. It fails as
   * well when the connection is lost, and ends when that is closed.
   *
   * @example
   * for await (const { payload } of connection.notifications('jobs')) await work(payload);
   */
  notifications(channel: string): AsyncIterable<Notification> {
    return new NotificationQueue({
      listen: (callback) => this.addListener(channel, callback),
      unlisten: (callback) => this.removeListener(channel, callback),
      onEnd: (callback) => this.#open('notifications').listeners.onLeave(callback),
      endReason: () => this.#client.session.endReason,
    });
  }

  /**
   * Is told of every notice and warning of the server from now on. Those of the start-up, e.g. of a
   * login trigger, are kept for the first listener; in a pool, for one that `init` adds.
   *
   * @example
   * connection.addLogListener(({ severity, message }) => console.log(severity, message));
   */
  addLogListener(callback: LogCallback): void {
    this.#open('addLogListener').listeners.addLog(callback);
  }

  /**
   * Takes `addLogListener` back.
   *
   * @example
   * connection.removeLogListener(onNotice); // the same function that was added
   */
  removeLogListener(callback: LogCallback): void {
    this[CLIENT]('Connection.removeLogListener()', true).listeners.removeLog(callback);
  }

  /**
   * Is told once when the connection ends, from either side.
   *
   * @example
   * connection.addTerminationListener(() => console.log('closed'));
   */
  addTerminationListener(callback: TerminationCallback): void {
    this.#open('addTerminationListener').listeners.addTermination(callback);
  }

  /**
   * Takes `addTerminationListener` back.
   *
   * @example
   * connection.removeTerminationListener(onEnd); // the same function that was added
   */
  removeTerminationListener(callback: TerminationCallback): void {
    this[CLIENT]('Connection.removeTerminationListener()', true).listeners.removeTermination(
      callback,
    );
  }

  /**
   * Is told of every call after it ended, with its duration in milliseconds and its error.
   *
   * @example
   * connection.addQueryLogger(({ query, elapsed }) => console.log(query, elapsed));
   */
  addQueryLogger(logger: QueryLogger): void {
    this.#open('addQueryLogger').log.add(logger);
  }

  /**
   * Takes `addQueryLogger` back.
   *
   * @example
   * connection.removeQueryLogger(logger); // the same function that was added
   */
  removeQueryLogger(logger: QueryLogger): void {
    this[CLIENT]('Connection.removeQueryLogger()', true).log.remove(logger);
  }

  /**
   * Sets how values of a type are encoded and decoded, in arrays and composites too. For all
   * connections of a pool declare it with the option `codecs`; on one that is lent it ends with the release.
   *
   * @throws InterfaceError for a type that there is not, or that takes no codec of this format
   * @example
   * await connection.setTypeCodec('numeric', {
   *   schema: 'pg_catalog',
   *   decoder: (text) => new Decimal(text),
   *   encoder: (value) => value.toString(),
   * });
   */
  setTypeCodec(typeName: string, codec: TypeCodec): Promise<void> {
    return this.#run('setTypeCodec', async (client) => {
      const { setTypeCodec } = await typeCodecs.open();
      await setTypeCodec(client, typeName, codec, () => this.#stillOpen('setTypeCodec'));
    });
  }

  /**
   * Gives a type the codec of a built-in one or of a known extension's type.
   *
   * @throws InterfaceError for a type or a `codecName` that there is not
   * @example
   * await connection.setBuiltinTypeCodec('hstore', { codecName: 'pg_contrib.hstore' });
   */
  setBuiltinTypeCodec(
    typeName: string,
    options: { schema?: string | undefined; codecName: string },
  ): Promise<void> {
    return this.#run('setBuiltinTypeCodec', async (client) => {
      const { setBuiltinTypeCodec } = await typeCodecs.open();
      await setBuiltinTypeCodec(client, typeName, options, () =>
        this.#stillOpen('setBuiltinTypeCodec'),
      );
    });
  }

  /**
   * Gives a type its default codec back.
   *
   * @example
   * await connection.resetTypeCodec('mood');
   */
  resetTypeCodec(typeName: string, options: { schema?: string | undefined } = {}): Promise<void> {
    return this.#run('resetTypeCodec', async (client) => {
      const { resetTypeCodec } = await typeCodecs.open();
      await resetTypeCodec(client, typeName, options, () => this.#stillOpen('resetTypeCodec'));
    });
  }

  /**
   * Forgets what is known of types and statements, after a change of the schema.
   *
   * @example
   * await connection.reloadSchemaState(); // after ALTER TYPE by somebody else
   */
  async reloadSchemaState(): Promise<void> {
    const { session } = this.#open('reloadSchemaState');
    session.registry.forget();
    session.statements.forget(false);
  }

  /** The process ID of the server's backend. */
  get serverPid(): number {
    return this[CLIENT]('Connection.serverPid', true).session.processId;
  }

  /** The version that the server reports. */
  get serverVersion(): ServerVersion {
    return this[CLIENT]('Connection.serverVersion', true).session.server.version;
  }

  /** What the server reports of its settings, as they are now. */
  get settings(): Readonly<Record<string, string>> {
    const settings = Object.create(null) as Record<string, string>;
    const { session } = this[CLIENT]('Connection.settings', true);
    for (const [name, value] of session.server.settings) settings[name] = value;
    return settings;
  }

  /** Whether the connection is over, by `close`, by `terminate` or because it was lost. */
  get isClosed(): boolean {
    return this.#closing !== null || this.#client.session.isEnded;
  }

  /**
   * Rolls back, and undoes what is known to outlive transactions: settings, locks, LISTEN. It does not
   * wait for an open transaction, whoever has begun it: that is rolled back, and its calls are refused.
   *
   * @example
   * await connection.reset(); // as it was when it was opened
   */
  reset(): Promise<void> {
    return this.#run('reset', async (client) => {
      client.session.checkCaller();
      // What was called before may begin a transaction, or end one.
      const { session } = client;
      while (!session.isIdle && !session.isEnded) await session.whenIdleForCall();
      client.effects.areLasting = true;
      await reset(client);
    });
  }

  /**
   * Closes the connection after the calls already made; one of `transaction(fn)` is over when its transaction is.
   * Called inside of that function, or while a transaction is open that `begin` has made, it waits for what was sent
   * alone, and the transaction is rolled back. Idempotent.
   *
   * @param options `timeout`: milliseconds to wait for these calls; then the connection is
   *   terminated and the call rejects with a TimeoutError
   * @example
   * await connection.close({ timeout: 5_000 });
   */
  close(options: { timeout?: number | undefined } = {}): Promise<void> {
    return located(async () => {
      checkOptions('close', options, CLOSE_OPTIONS);
      const client = this[CLIENT]('Connection.close()', true);
      const { session } = client;
      // What is no time-out is refused, and the connection stays open.
      const isFirst = this.#closing === null;
      const deadline = isFirst ? Deadline.of(session.clock, options.timeout) : null;
      if ((options.timeout ?? null) === null) session.checkCaller();
      // Inside of a transaction's function it would wait for itself.
      this.#waitsForCalls = (isFirst || this.#waitsForCalls) && !client.isAround;
      if (isFirst) this.#closing = closeClient(client, deadline, () => this.#waitsForCalls);
      else client.gate.advance();
      await this.#closing;
    });
  }

  /**
   * Closes the connection at once; calls under way are rejected. Idempotent.
   *
   * @example
   * connection.terminate(); // at once, without a word to the server
   */
  terminate(): void {
    const { session } = this[CLIENT]('Connection.terminate()', true);
    this.#closing ??= Promise.resolve();
    session.destroy(null);
  }

  /**
   * Lets the process exit while this connection is open and nothing is under way on it. While a
   * call is, the process stays.
   *
   * @example
   * connection.unref(); // the process may end while nothing is under way
   */
  unref(): void {
    this.#open('unref').session.unref();
  }

  /**
   * Takes `unref` back.
   *
   * @example
   * connection.ref(); // takes unref() back
   */
  ref(): void {
    this.#open('ref').session.ref();
  }

  /** The same as `close()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

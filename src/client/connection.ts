import { InterfaceError } from '../errors/client-errors.ts';
import { prepareRequest } from '../session/requests/prepare-statement-request.ts';
import type { ServerVersion } from '../session/server-version.ts';
import type { Session } from '../session/session.ts';
import type { Deadline } from '../transport/deadline.ts';
import type { TypeCodec } from '../values/type-codec.ts';
import { CALL_OPTIONS, type CallOptions, type Query, toQuery } from './call.ts';
import { atCaller } from './caller-stack.ts';
import type { ClientSession } from './client-session.ts';
import { Cursor } from './cursor.ts';
import { CHECK_IN, CHECK_OUT, DEADLINE } from './internals.ts';
import { checkOptions, type OptionNames } from './known-options.ts';
import type { Lease } from './lease.ts';
import type {
  LogCallback,
  Notification,
  NotificationCallback,
  TerminationCallback,
} from './listeners.ts';
import { NotificationQueue } from './notification-queue.ts';
import { PreparedStatement } from './prepared-statement.ts';
import type { QueryLogger } from './query-log.ts';
import { Queryable } from './queryable.ts';
import { Transaction } from './transaction.ts';
import type { TransactionOptions } from './transaction-options.ts';
import { resetTypeCodec, setBuiltinTypeCodec, setTypeCodec } from './type-codecs.ts';

/** See Connection.prepare. */
export interface PrepareOptions extends CallOptions {
  /** The server's name for the statement; by default one that no other process uses. */
  readonly name?: string | undefined;
}

const PREPARE_OPTIONS: OptionNames<PrepareOptions> = { name: true, ...CALL_OPTIONS };

/**
 * A session on a PostgreSQL server. Calls may be made at any time, also at once: they are sent
 * in order, without waiting for each other's answers, and fail each for itself.
 */
export class Connection extends Queryable implements AsyncDisposable {
  readonly #client: ClientSession;
  #closing: Promise<void> | null = null;

  /** @internal */
  constructor(client: ClientSession) {
    super();
    this.#client = client;
    client.listeners.owner = this;
  }

  /**
   * The client, dead or alive, for a call that is named in the error if this object may not have
   * it any more.
   * @internal
   */
  held(_call: string): ClientSession {
    return this.#client;
  }

  /**
   * The client, for a call that is named in the error if the connection cannot be used.
   * @internal
   */
  client(call: string): ClientSession {
    const client = this.held(call);
    if (this.#closing !== null) {
      throw new InterfaceError('the connection is closed', { safeToRetry: true });
    }
    client.checkOpen();
    return client;
  }

  /** @internal */
  override [CHECK_OUT](): Lease {
    return this.client('a method of Connection');
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
    return this.#client.deadline(timeout, signal);
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
  async prepare<T = any>(
    query: string,
    options: PrepareOptions = {},
  ): Promise<PreparedStatement<T>> {
    try {
      checkOptions('prepare', options, PREPARE_OPTIONS);
      const client = this.client('Connection.prepare()');
      const statement = await client.call(options, (deadline) => {
        const request = prepareRequest(query, options.name, client.session, deadline);
        client.session.submit(request);
        return client.logged(request.promise, query, [], options.timeout, 'prepare');
      });
      client.prepared.add(statement.name);
      return new PreparedStatement<T>(this, statement);
    } catch (error) {
      throw atCaller(error);
    }
  }

  /**
   * Has the server forget a statement, with the next flight.
   * @internal
   */
  forget(statementName: string): void {
    const client = this.held('PreparedStatement.close()');
    client.prepared.delete(statementName);
    client.session.closeStatement(statementName);
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
  cursor<T = any>(query: Query, ...args: unknown[]): Cursor<T> {
    return new Cursor<T>(() => this.client('Connection.cursor()'), toQuery(query, args), null);
  }

  /**
   * Begins a transaction that is ended by hand, or rolled back at the end of its block:
   *
   * @example
   * await using tx = await connection.begin();
   * await tx.execute('UPDATE …');
   * await tx.commit();
   */
  async begin(options: TransactionOptions = {}): Promise<Transaction> {
    try {
      return await Transaction.begin(this.client('Connection.begin()'), options, false);
    } catch (error) {
      throw atCaller(error);
    }
  }

  /** Whether a transaction is open, a failed one included. */
  isInTransaction(): boolean {
    return this.client('Connection.isInTransaction()').isInTransaction;
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
  async addListener(channel: string, callback: NotificationCallback): Promise<void> {
    try {
      const client = this.client('Connection.addListener()');
      await client.listeners.add(channel, callback);
    } catch (error) {
      throw atCaller(error);
    }
  }

  /** Removes a callback; with the last one of a channel the connection unlistens. */
  async removeListener(channel: string, callback: NotificationCallback): Promise<void> {
    try {
      await this.held('Connection.removeListener()').listeners.remove(channel, callback);
    } catch (error) {
      throw atCaller(error);
    }
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
      onEnd: (callback) => this.client('Connection.notifications()').listeners.onLeave(callback),
      endReason: () => this.#client.session.endReason,
    });
  }

  /**
   * Is told of every notice and warning of the server from now on. Those of the start-up, e.g. of a
   * login trigger, have gone by when there is a connection to listen on.
   */
  addLogListener(callback: LogCallback): void {
    this.client('Connection.addLogListener()').listeners.addLog(callback);
  }

  /** Takes `addLogListener` back. */
  removeLogListener(callback: LogCallback): void {
    this.held('Connection.removeLogListener()').listeners.removeLog(callback);
  }

  /** Is told once when the connection ends, from either side. */
  addTerminationListener(callback: TerminationCallback): void {
    this.client('Connection.addTerminationListener()').listeners.addTermination(callback);
  }

  /** Takes `addTerminationListener` back. */
  removeTerminationListener(callback: TerminationCallback): void {
    this.held('Connection.removeTerminationListener()').listeners.removeTermination(callback);
  }

  /**
   * Is told of every call after it ended, with its duration in milliseconds and its error.
   *
   * @example
   * connection.addQueryLogger(({ query, elapsed }) => console.log(query, elapsed));
   */
  addQueryLogger(logger: QueryLogger): void {
    this.client('Connection.addQueryLogger()').log.add(logger);
  }

  /** Takes `addQueryLogger` back. */
  removeQueryLogger(logger: QueryLogger): void {
    this.held('Connection.removeQueryLogger()').log.remove(logger);
  }

  /**
   * Sets how values of a type are encoded and decoded, in arrays and composites too. For all
   * connections of a pool declare it with the option `codecs`.
   *
   * @throws InterfaceError for a type that there is not, or that takes no codec of this format
   * @example
   * await connection.setTypeCodec('numeric', {
   *   schema: 'pg_catalog',
   *   decoder: (text) => new Decimal(text),
   *   encoder: (value) => value.toString(),
   * });
   */
  async setTypeCodec(typeName: string, codec: TypeCodec): Promise<void> {
    try {
      await setTypeCodec(this.client('Connection.setTypeCodec()'), typeName, codec);
    } catch (error) {
      throw atCaller(error);
    }
  }

  /**
   * Gives a type the codec of a built-in one or of a known extension's type.
   *
   * @throws InterfaceError for a type or a `codecName` that there is not
   * @example
   * await connection.setBuiltinTypeCodec('hstore', { codecName: 'pg_contrib.hstore' });
   */
  async setBuiltinTypeCodec(
    typeName: string,
    options: { schema?: string | undefined; codecName: string },
  ): Promise<void> {
    try {
      await setBuiltinTypeCodec(this.client('Connection.setBuiltinTypeCodec()'), typeName, options);
    } catch (error) {
      throw atCaller(error);
    }
  }

  /** Gives a type its default codec back. */
  async resetTypeCodec(
    typeName: string,
    options: { schema?: string | undefined } = {},
  ): Promise<void> {
    try {
      await resetTypeCodec(this.client('Connection.resetTypeCodec()'), typeName, options);
    } catch (error) {
      throw atCaller(error);
    }
  }

  /** Forgets what is known of types and statements, after a change of the schema. */
  async reloadSchemaState(): Promise<void> {
    const { session } = this.client('Connection.reloadSchemaState()');
    session.registry.forget();
    session.statements.clear();
  }

  /** The process ID of the server's backend. */
  get serverPid(): number {
    return this.held('Connection.serverPid').session.processId;
  }

  /** The version that the server reports. */
  get serverVersion(): ServerVersion {
    return this.held('Connection.serverVersion').session.serverVersion;
  }

  /** What the server reports of its settings, as they are now. */
  get settings(): Readonly<Record<string, string>> {
    const settings = Object.create(null) as Record<string, string>;
    const { session } = this.held('Connection.settings');
    for (const [name, value] of session.settings) settings[name] = value;
    return settings;
  }

  /** Whether the connection is over, by `close`, by `terminate` or because it was lost. */
  get isClosed(): boolean {
    return this.#closing !== null || this.#client.session.isEnded;
  }

  /** Rolls back, and undoes what is known to outlive transactions: settings, locks, LISTEN. */
  async reset(): Promise<void> {
    try {
      const client = this.client('Connection.reset()');
      // What was called before may begin a transaction, or end one.
      while (!client.session.isIdle && !client.session.isEnded) await client.session.whenIdle();
      client.hasLastingEffects = true;
      await client.reset();
    } catch (error) {
      throw atCaller(error);
    }
  }

  /**
   * Closes the connection after the calls already made. Idempotent.
   *
   * @param options `timeout`: milliseconds to wait for these calls; then the connection is
   *   terminated and the call rejects with a TimeoutError
   */
  async close(options: { timeout?: number | undefined } = {}): Promise<void> {
    try {
      const client = this.held('Connection.close()');
      this.#closing ??= closeClient(client, options.timeout);
      await this.#closing;
    } catch (error) {
      throw atCaller(error);
    }
  }

  /** Closes the connection at once; calls under way are rejected. Idempotent. */
  terminate(): void {
    const { session } = this.held('Connection.terminate()');
    this.#closing ??= Promise.resolve();
    session.destroy(null);
  }

  /** Lets the process exit while this connection is open and nothing else goes on. */
  unref(): void {
    this.client('Connection.unref()').session.unref();
  }

  /** Takes `unref` back. */
  ref(): void {
    this.client('Connection.ref()').session.ref();
  }

  /** The same as `close()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Waits for what is under way, then says goodbye. */
async function closeClient(client: ClientSession, timeout: number | undefined): Promise<void> {
  const { session } = client;
  const deadline = client.closeDeadline(timeout);
  const gone = leave(session, deadline === null);
  if (deadline === null) {
    await gone;
    return;
  }
  try {
    await new Promise<void>((resolve, reject) => {
      deadline.watch((expired) => {
        session.destroy(null);
        reject(expired.reason(false));
      });
      gone.then(resolve, reject);
    });
  } finally {
    deadline.dispose();
  }
}

/** Resolves when the server has let go of the connection, or `isHasty` and it does not react. */
async function leave(session: Session, isHasty: boolean): Promise<void> {
  await session.whenIdle();
  session.terminateGracefully(isHasty ? undefined : null);
  await session.whenGone();
}

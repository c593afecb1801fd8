import { InterfaceError } from '../errors/client-errors.ts';
import type { BatchResult } from '../session/requests/batch-request.ts';
import type { Wanted } from '../session/requests/query-request.ts';
import type { QueryResult } from '../session/requests/query-result.ts';
import type { HolderNeed } from '../sql/holder-need.ts';
import { quoteLiteral, quoteWholeIdentifier } from '../sql/quote.ts';
import { hasSeveralStatements } from '../sql/several-statements.ts';
import { needOfTexts, type StatementKind, statementKind } from '../sql/statement-kind.ts';
import type { Deadline } from '../transport/deadline.ts';
import type { RowStyle } from '../values/column-names.ts';
import type { RowForm, RowOf } from '../values/row-form.ts';
import { type BatchResults, callsOf, limitsOf } from './bulk/batch.ts';
import { bulkCalls } from './bulk/bulk-room.ts';
import { fromSource, intoOutput } from './bulk/handed-stream.ts';
import { RowStream } from './bulk/row-stream.ts';
import {
  argsOf,
  CALL_OPTIONS,
  type CallOptions,
  eitherSignal,
  type Query,
  type QueryObject,
  toQuery,
} from './calls/call.ts';
import { atCaller, located } from './calls/caller-stack.ts';
import { HABITS } from './calls/habits.ts';
import { checkOptions } from './calls/known-options.ts';
import type { ClientSession } from './client-session.ts';
import type { Connection } from './connection.ts';
import type { CopyFromTableOptions } from './copy/copy-from-table.ts';
import type { CopyOutOptions } from './copy/copy-out.ts';
import type { CopyRecordsOptions } from './copy/copy-records-to-table.ts';
import { copyCalls } from './copy/copy-room.ts';
import type { CopyToTableOptions } from './copy/copy-to-table.ts';
import type {
  ArgsOf,
  Checked,
  CheckedRow,
  ColumnsOf,
  FirstColumnOf,
  FormOf,
  NoRow,
  PlainQuery,
  SetsOf,
  Typed,
} from './fragments/checked-queries.ts';
import {
  ASKED,
  CHECK_IN,
  CHECK_OUT,
  CREATE,
  DEADLINE,
  HAS_OTHERS,
  REFUSE,
  RESULT,
  RESULTS,
  SEALED,
  STYLE,
  TRANSACT,
} from './internals.ts';
import type { Lease, Use } from './lease.ts';
import { Attempts } from './transactions/attempts.ts';
import type { OpenTransaction } from './transactions/open-transaction.ts';
import type { Transaction } from './transactions/transaction.ts';
import type { TransactionOptions } from './transactions/transaction-options.ts';

/** A query that may change the session, or holds several statements, gets one of its own. */
function useOf(kind: StatementKind): Use {
  return kind.shareable ? 'shared' : 'exclusive';
}

function isScript(call: QueryObject): boolean {
  return argsOf(call).length === 0 && hasSeveralStatements(call.text);
}

/** Submits a query. Without arguments, what is executed for its tag may be a whole script. */
function send(
  client: ClientSession,
  call: QueryObject,
  kind: StatementKind,
  wanted: Wanted,
  deadline: Deadline | null,
): Promise<unknown> {
  if (wanted === 'tag' && argsOf(call).length === 0) {
    return client.script(call.text, deadline, call.timeout, kind);
  }
  if (wanted === 'result' && !kind.shareable && isScript(call)) {
    return client.with(bulkCalls, deadline, ({ scriptResult }) =>
      scriptResult(client, call, deadline, kind),
    );
  }
  return client.query(call, kind, wanted, deadline);
}

/**
 * Everything that queries can be made with: a connection, a pool, a transaction. Each method
 * is written once, here, and says what it needs. How a session is checked out and in is all that
 * the three differ in.
 */
export abstract class Queryable<F extends RowForm = 'record'> {
  static {
    Object.setPrototypeOf(Queryable.prototype, HABITS);
  }

  /**
   * What is left of its abstract members in the published declarations: it keeps others from
   * extending this class, who could not know what to implement.
   */
  protected abstract readonly [SEALED]: true;

  /** Connections, pools and transactions are Queryables; there are no others. */
  protected constructor() {
    if (typeof this[CHECK_OUT] !== 'function') {
      throw new InterfaceError(
        `${new.target.name} cannot extend Queryable: only the connections, pools and transactions of asyncpg do`,
        { hint: 'Write a class that has a Queryable instead.', safeToRetry: true },
      );
    }
  }

  /**
   * A session for one call: at once if there is one, else a promise of it.
   *
   * @param text what a call that shares a session executes, if that may take long; the same has to be
   *   told when it is over
   * @internal
   */
  abstract [CHECK_OUT](use: Use, deadline: Deadline | null, text?: string): Lease | Promise<Lease>;

  /**
   * The call is over. A promise has to be awaited by the call, null is the usual case; what it
   * rejects with is the call's own failure.
   *
   * @param failed the call is rejected already, so that this must not be
   * @param deadline what is only done behind the call is not waited for any longer
   * @internal
   */
  abstract [CHECK_IN](
    lease: Lease,
    failed: boolean,
    text: string | undefined,
    deadline: Deadline | null,
  ): Promise<void> | null;

  /**
   * What its rows are made, unless a query says otherwise.
   * @internal
   */
  abstract get [STYLE](): RowStyle;

  /**
   * The deadline of one call.
   * @internal
   */
  abstract [DEADLINE](
    timeout: number | undefined,
    signal: AbortSignal | undefined,
  ): Deadline | null;

  /**
   * The transaction that this is, if it is one.
   * @internal
   */
  [ASKED](): OpenTransaction | undefined {
    return undefined;
  }

  /**
   * Refuses a call that would be in vain, as whoever makes the next one may be in another session.
   * A connection and a transaction have one session, and refuse nothing.
   * @internal
   */
  [REFUSE](_need: HolderNeed): void {}

  #admit(text: string): void {
    const need = typeof text === 'string' ? statementKind(text).needsHolder : null;
    if (need !== null) this[REFUSE](need);
  }

  /**
   * Whether there are other connections, should the one of a call be lost.
   * @internal
   */
  [HAS_OTHERS](): boolean {
    return false;
  }

  /** A call within its time-out and its signal. */
  async #call<R>(
    use: Use,
    options: CallOptions | undefined,
    work: (client: ClientSession, deadline: Deadline | null) => Promise<R>,
  ): Promise<R> {
    const deadline = this[DEADLINE](options?.timeout, options?.signal);
    try {
      deadline?.check();
      return await this.#use(use, deadline, work);
    } finally {
      deadline?.dispose();
    }
  }

  /** Has `work` done on a session that is checked out for it. */
  async #use<R>(
    use: Use,
    deadline: Deadline | null,
    work: (client: ClientSession, deadline: Deadline | null) => Promise<R>,
  ): Promise<R> {
    const lent = this[CHECK_OUT](use, deadline);
    // What is sent at once keeps the order of the calls.
    const lease = lent instanceof Promise ? await lent : lent;
    let failed = true;
    try {
      const working = work(lease.client, deadline);
      lease.sent?.();
      const result = await working;
      failed = false;
      return result;
    } finally {
      const checkedIn = this[CHECK_IN](lease, failed, undefined, deadline);
      if (checkedIn !== null) await checkedIn;
    }
  }

  /**
   * A call of one query, the same in one function: it is the hot path of small queries. There is
   * one asynchronous function between the caller and the request's own promise, and nothing is
   * allocated or awaited for what is not needed. bench/micro/query.ts
   */
  async #query(query: Query, args: readonly unknown[], wanted: Wanted): Promise<unknown> {
    try {
      const call = toQuery(query, args, this[STYLE]);
      const deadline = this[DEADLINE](call.timeout, call.signal);
      try {
        deadline?.check();
        const kind = statementKind(call.text);
        if (kind.needsHolder !== null) this[REFUSE](kind.needsHolder);
        const lent = this[CHECK_OUT](useOf(kind), deadline, call.text);
        const lease = lent instanceof Promise ? await lent : lent;
        let failed = true;
        try {
          const sending = send(lease.client, call, kind, wanted, deadline);
          if (lent instanceof Promise) lease.sent?.();
          const result = await sending;
          failed = false;
          return result;
        } finally {
          const checkedIn = this[CHECK_IN](lease, failed, call.text, deadline);
          if (checkedIn !== null) await checkedIn;
        }
      } finally {
        deadline?.dispose();
      }
    } catch (error) {
      throw atCaller(error);
    }
  }

  /**
   * All that a query comes to, for adapters to other libraries. A text without arguments may hold several
   * statements: then it is what the last of them comes to.
   * @internal
   */
  [RESULT](query: QueryObject): Promise<QueryResult> {
    return this.#query(query, [], 'result') as Promise<QueryResult>;
  }

  /**
   * Executes a query and resolves to its command tag, e.g. `INSERT 0 1` or `UPDATE 3`.
   *
   * A string without arguments may hold several statements, separated by `;`: they run as one
   * transaction, and the tag is the last one's. With arguments it is one statement.
   *
   * @throws PostgresError what the server objects to
   * @throws InvalidArgumentError a value that does not fit its type; nothing was sent
   * @example
   * const tag = await pool.execute('UPDATE users SET name = $1 WHERE id = $2', 'Ada', 1);
   * const changed = rowsAffected(tag);
   */
  execute<const Q extends Query<RowForm>>(
    query: Q & Checked<Q>,
    ...args: ArgsOf<Q>
  ): Promise<string>;
  execute(query: Query, ...args: unknown[]): Promise<string> {
    return this.#query(query, args, 'tag') as Promise<string>;
  }

  /**
   * Executes a query once for each set of values, pipelined and atomically: if one fails none
   * has an effect. Values are taken from the iterable as they are sent. Outside a transaction
   * the whole is one; inside one, a failure leaves the transaction failed.
   *
   * @throws PostgresError, InvalidArgumentError naming the set that failed
   * @example
   * await pool.executeMany('INSERT INTO points (x, y) VALUES ($1, $2)', [[1, 2], [3, 4]]);
   */
  executeMany<const Q extends string>(
    query: Q & Checked<Q>,
    args: SetsOf<Q>,
    options: CallOptions = {},
  ): Promise<void> {
    return located(() =>
      fromSource(args, async () => {
        checkOptions('executeMany', options, CALL_OPTIONS);
        this.#admit(query);
        await this.#call('exclusive', options, (client, deadline) =>
          client.with(bulkCalls, deadline, ({ executeMany }) =>
            executeMany(client, query, args, deadline, {
              wantRows: false,
              timeout: options.timeout,
            }),
          ),
        );
      }),
    );
  }

  /**
   * Like `executeMany`, and resolves to the rows of all executions, in order.
   *
   * @throws PostgresError, InvalidArgumentError naming the set that failed
   * @example
   * const ids = await pool.fetchMany<{ id: bigint }>(
   *   'INSERT INTO users (email) VALUES ($1) RETURNING id', [['a@example.org'], ['b@example.org']]);
   */
  fetchMany<T = never, const Q extends string = string>(
    query: Q & Checked<Q, T>,
    args: SetsOf<Q, T>,
    options: CallOptions = {},
  ): Promise<CheckedRow<F, Q, T>[]> {
    return located(() =>
      fromSource(args, async () => {
        checkOptions('fetchMany', options, CALL_OPTIONS);
        this.#admit(query);
        return await this.#call(
          'exclusive',
          options,
          (client, deadline) =>
            client.with(bulkCalls, deadline, ({ executeMany }) =>
              executeMany(client, query, args, deadline, {
                wantRows: true,
                form: this[STYLE].form,
                timeout: options.timeout,
              }),
            ) as Promise<CheckedRow<F, Q, T>[]>,
        );
      }),
    );
  }

  /**
   * Resolves to all rows of a query.
   *
   * @throws PostgresError what the server objects to
   * @throws InvalidArgumentError a value that does not fit its type; nothing was sent
   * @throws TimeoutError after the call's `timeout` or the connection's `commandTimeout`
   * @example
   * const users = await pool.fetch<{ id: number; name: string }>(
   *   'SELECT id, name FROM users WHERE is_active = $1', true);
   */
  fetch<T = never, const Q extends Query<RowForm> = string>(
    query: Q & Checked<Q, T>,
    ...args: ArgsOf<Q, T>
  ): Promise<CheckedRow<F, Q, T>[]>;
  /** The same for a query object that says what its rows are made. */
  fetch<T>(query: PlainQuery<T>): Promise<T[]>;
  /** The same for a query object. */
  fetch<T = never, G extends RowForm = F, const Text = string>(
    query: Typed<T, Query<G, T>, Text> | QueryObject<G, T>,
  ): Promise<RowOf<G, T>[]>;
  fetch(query: Query, ...args: unknown[]): Promise<any> {
    return this.#query(query, args, 'rows');
  }

  /**
   * Resolves to the first row of a query, or to null if it has none. The query runs to its end.
   *
   * @throws as `fetch` does
   * @example
   * const user = await pool.fetchRow<User>('SELECT id, name FROM users WHERE id = $1', 1n);
   * if (user === null) return notFound();
   */
  fetchRow<T = never, const Q extends Query<RowForm> = string>(
    query: Q & Checked<Q, T>,
    ...args: ArgsOf<Q, T>
  ): Promise<CheckedRow<F, Q, T> | NoRow<Q, T>>;
  /** The same for a query object that says what its rows are made. */
  fetchRow<T>(query: PlainQuery<T>): Promise<T | null>;
  /** The same for a query object. */
  fetchRow<T = never, G extends RowForm = F, const Text = string>(
    query: Typed<T, Query<G, T>, Text> | QueryObject<G, T>,
  ): Promise<RowOf<G, T> | null>;
  fetchRow(query: Query, ...args: unknown[]): Promise<any> {
    return this.#query(query, args, 'row');
  }

  /**
   * Resolves to the only row of a query. The query runs to its end, and what it did it has done: in a
   * transaction, the error undoes that with the rest.
   *
   * @throws NoRowFoundError, MultipleRowsFoundError; as `fetch` does
   * @example
   * const { id } = await pool.fetchOne<{ id: bigint }>(
   *   'INSERT INTO users (email) VALUES ($1) RETURNING id', 'ada@example.org');
   */
  fetchOne<T = never, const Q extends Query<RowForm> = string>(
    query: Q & Checked<Q, T>,
    ...args: ArgsOf<Q, T>
  ): Promise<CheckedRow<F, Q, T>>;
  /** The same for a query object that says what its rows are made. */
  fetchOne<T>(query: PlainQuery<T>): Promise<T>;
  /** The same for a query object. */
  fetchOne<T = never, G extends RowForm = F, const Text = string>(
    query: Typed<T, Query<G, T>, Text> | QueryObject<G, T>,
  ): Promise<RowOf<G, T>>;
  fetchOne(query: Query, ...args: unknown[]): Promise<any> {
    return this.#query(query, args, 'one');
  }

  /**
   * Resolves to one value of a query's first row: the first column's, or the one that the
   * query object's `column` names. Null if there is no row.
   *
   * @throws as `fetch` does; InterfaceError for a column that the result does not have
   * @example
   * const count = await pool.fetchVal<bigint>('SELECT count(*) FROM users');
   */
  fetchVal<V = never, const Q extends Query<RowForm> = string>(
    query: Q & Checked<Q, V>,
    ...args: ArgsOf<Q, V>
  ): Promise<FirstColumnOf<Q, V> | NoRow<Q, V>>;
  /** The same for a query object. */
  fetchVal<V = never, const Text = string>(query: Typed<V, Query, Text>): Promise<V | null>;
  fetchVal(query: Query, ...args: unknown[]): Promise<any> {
    return this.#query(query, args, 'value');
  }

  /**
   * Executes several queries in one round trip and one implicit transaction: if one fails,
   * none has an effect. Resolves to `{ rows, tag }` of each.
   *
   * The batch is one call: of the queries' time-outs the shortest holds for all of it, and each
   * of their signals ends it.
   *
   * @throws as `fetch` does; a PostgresError has the query's place, from 0, in `itemIndex`
   * @example
   * const [, { rows }] = await pool.batch([
   *   sql`INSERT INTO visits (page) VALUES (${page})`,
   *   sql`SELECT count(*) FROM visits WHERE page = ${page}`,
   * ]);
   */
  batch<const Q extends readonly Query<RowForm>[]>(queries: Q): Promise<BatchResults<F, Q>> {
    return this.#batch(queries, false) as Promise<unknown> as Promise<BatchResults<F, Q>>;
  }

  /**
   * All that each query of a batch comes to, for adapters to other libraries.
   * @internal
   */
  [RESULTS](queries: readonly QueryObject[]): Promise<QueryResult[]> {
    return this.#batch(queries, true) as Promise<unknown> as Promise<QueryResult[]>;
  }

  #batch(queries: readonly Query[], hasFields: boolean): Promise<BatchResult[]> {
    return located(() => {
      const calls = callsOf(queries, this[STYLE]);
      const need = needOfTexts(calls.map(({ text }) => text));
      if (need !== null) this[REFUSE](need);
      return this.#call('exclusive', limitsOf(calls), (client, deadline) =>
        client.with(bulkCalls, deadline, ({ runBatch }) =>
          runBatch(client, calls, deadline, hasFields),
        ),
      );
    });
  }

  /**
   * The rows of a query as they arrive, with backpressure down to the server. No transaction
   * is needed. Leaving the loop cancels the query. Errors are thrown by the loop, as `fetch` would
   * reject with them.
   *
   * @example
   * for await (const row of pool.stream('SELECT * FROM big_table')) await handle(row);
   */
  stream<T = never, const Q extends Query<RowForm> = string>(
    query: Q & Checked<Q, T>,
    ...args: ArgsOf<Q, T>
  ): RowStream<ColumnsOf<Q, T>, FormOf<F, Q>>;
  /** The same for a query object that says what its rows are made. */
  stream<T>(query: PlainQuery<T>): RowStream<T, 'object'>;
  /** The same for a query object. */
  stream<T = never, G extends RowForm = F, const Text = string>(
    query: Typed<T, Query<G, T>, Text> | QueryObject<G, T>,
  ): RowStream<T, G>;
  stream(query: Query, ...args: unknown[]): RowStream<any, any> {
    const call = toQuery(query, args, this[STYLE]);
    return RowStream[CREATE](async (sink) => {
      this.#admit(call.text);
      await this.#call('exclusive', call, (client, deadline) =>
        client.with(bulkCalls, deadline, ({ streamQuery }) =>
          streamQuery(client, call, sink, deadline),
        ),
      );
    });
  }

  /**
   * Runs `fn` in a transaction: committed when it resolves, rolled back when it rejects.
   * Inside of another one on the same connection it is a savepoint in that; from elsewhere it waits
   * until the other has ended.
   *
   * @throws what `fn` throws, once the transaction is rolled back
   * @throws InFailedSQLTransactionError a statement had failed: the server rolled back instead
   * @throws TransactionResolutionUnknownError the connection was lost before COMMIT was answered
   * @example
   * await pool.transaction({ isolation: 'serializable', retries: 3 }, async (tx) => {
   *   await tx.execute('UPDATE accounts SET balance = balance - $1 WHERE id = $2', '10.00', 1);
   * });
   */
  transaction<R>(fn: (tx: Transaction<F>) => Promise<R>): Promise<R>;
  /** The same, with an isolation level, retries and other options. */
  transaction<R>(options: TransactionOptions, fn: (tx: Transaction<F>) => Promise<R>): Promise<R>;
  transaction<R>(
    first: TransactionOptions | ((tx: Transaction<F>) => Promise<R>),
    second?: (tx: Transaction<F>) => Promise<R>,
  ): Promise<R> {
    return located(async () => {
      const [options, fn] = typeof first === 'function' ? [{}, first] : [first ?? {}, second];
      if (typeof fn !== 'function') {
        throw new InterfaceError('a transaction takes a function to run in it', {
          safeToRetry: true,
        });
      }
      const attempts = new Attempts(options.retries);
      const work = (client: ClientSession<Connection>): Promise<R> =>
        client.owner![TRANSACT](options, fn, this[ASKED](), attempts, this[STYLE]);
      const { signal } = options;
      for (;;) {
        try {
          if (signal === undefined) return await this.#use('transaction', null, work);
          // Here the signal ends the wait for a connection; then it is the transaction's.
          return await this.#call('transaction', { timeout: Infinity, signal }, work);
        } catch (error) {
          if (!this[HAS_OTHERS]() || !attempts.isPending(error)) throw error;
        }
      }
    });
  }

  /**
   * Copies a table to a file, a stream or a function. Resolves to the tag, e.g. `COPY 42`.
   *
   * PostgreSQL manual, "COPY".
   *
   * @throws TypeError an `output` that is none of these; PostgresError; what the output fails with
   * @example
   * await pool.copyFromTable('users', { output: 'users.csv', format: 'csv', header: true });
   */
  copyFromTable(table: string, options: CopyFromTableOptions): Promise<string> {
    return located(() =>
      intoOutput(options?.output, () =>
        this.#call('exclusive', options, (client, deadline) =>
          client.with(copyCalls, deadline, ({ copyFromTable }) =>
            copyFromTable(client, table, options, deadline),
          ),
        ),
      ),
    );
  }

  /**
   * Copies the result of a query to a file, a stream or a function. Resolves to the tag. COPY takes
   * no parameters: the server quotes the query's values into its text.
   *
   * @throws as `copyFromTable` does; InvalidArgumentError
   * @example
   * await pool.copyFromQuery(sql`SELECT * FROM users WHERE id > ${100n}`, {
   *   output: response, // a Writable
   *   format: 'csv',
   * });
   */
  copyFromQuery(query: Query, options: CopyOutOptions): Promise<string> {
    return located(() =>
      intoOutput(options?.output, async () => {
        const call = toQuery(query, [], this[STYLE]);
        this.#admit(call.text);
        const limits = {
          timeout: options?.timeout ?? call.timeout,
          signal: eitherSignal(options?.signal, call.signal),
        };
        return await this.#call('exclusive', limits, (client, deadline) =>
          client.with(copyCalls, deadline, ({ copyFromQuery }) =>
            copyFromQuery(client, call, options, deadline),
          ),
        );
      }),
    );
  }

  /**
   * Copies a file, a stream or anything iterable in COPY's own formats into a table. Resolves to the
   * tag. Atomic: if it fails, the table is as it was.
   *
   * @throws TypeError a `source` that is none of these; PostgresError; what the source fails with
   * @example
   * await pool.copyToTable('users', {
   *   source: 'users.csv', // a path
   *   columns: ['email', 'name'],
   *   format: 'csv',
   *   header: true,
   * });
   */
  copyToTable(table: string, options: CopyToTableOptions): Promise<string> {
    return located(() =>
      fromSource(options?.source, () =>
        this.#call('exclusive', options, (client, deadline) =>
          client.with(copyCalls, deadline, ({ copyToTable }) =>
            copyToTable(client, table, options, deadline),
          ),
        ),
      ),
    );
  }

  /**
   * Copies records into a table by binary COPY, the fastest way in. Atomic: a record that
   * fails, named with its column in the error, leaves the table as it was. Resolves to the tag.
   *
   * @throws InvalidArgumentError naming the record, counted from 0, and the column
   * @throws TypeError for `records` that are not iterable; PostgresError; what the records throw
   * @throws InterfaceError, transient, if another session has altered the table meanwhile
   * @example
   * await pool.copyRecordsToTable('users', {
   *   columns: ['email', 'name'],
   *   records: [['ada@example.org', 'Ada'], { email: 'bob@example.org', name: 'Bob' }],
   * });
   */
  copyRecordsToTable(table: string, options: CopyRecordsOptions): Promise<string> {
    return located(() =>
      fromSource(options?.records, () =>
        this.#call('exclusive', options, (client, deadline) =>
          client.with(copyCalls, deadline, ({ copyRecordsToTable }) =>
            copyRecordsToTable(client, table, options, deadline),
          ),
        ),
      ),
    );
  }

  /**
   * The rows of a query by binary COPY, decoded. Leaving the loop ends the COPY by a cancel; inside a
   * transaction a savepoint goes ahead of it, so that leaving the loop leaves that as it is.
   *
   * @example
   * for await (const { id } of pool.copyRecordsFromQuery('SELECT id FROM users')) seen.add(id);
   */
  copyRecordsFromQuery<T = never, const Q extends Query<RowForm> = string>(
    query: Q & Checked<Q, T>,
    ...args: ArgsOf<Q, T>
  ): RowStream<ColumnsOf<Q, T>, FormOf<F, Q>>;
  /** The same for a query object that says what its rows are made. */
  copyRecordsFromQuery<T>(query: PlainQuery<T>): RowStream<T, 'object'>;
  /** The same for a query object. */
  copyRecordsFromQuery<T = never, G extends RowForm = F, const Text = string>(
    query: Typed<T, Query<G, T>, Text> | QueryObject<G, T>,
  ): RowStream<T, G>;
  copyRecordsFromQuery(query: Query, ...args: unknown[]): RowStream<any, any> {
    const call = toQuery(query, args, this[STYLE]);
    return RowStream[CREATE](async (sink) => {
      this.#admit(call.text);
      await this.#call('exclusive', call, (client, deadline) =>
        client.with(copyCalls, deadline, ({ streamBinaryCopy }) =>
          streamBinaryCopy(client, call, sink, deadline),
        ),
      );
    });
  }

  /**
   * Sends a notification; inside a transaction it is delivered when that commits.
   *
   * PostgreSQL manual, "NOTIFY".
   *
   * @param channel at most 63 bytes
   * @param payload at most 7,999 bytes
   * @throws InvalidArgumentError a name that is too long; InvalidParameterValueError a payload
   * @example
   * await pool.notify('orders', '42');
   */
  notify(channel: string, payload?: string): Promise<void> {
    return located(async () => {
      const text =
        payload === undefined
          ? `NOTIFY ${quoteWholeIdentifier(channel)}`
          : `NOTIFY ${quoteWholeIdentifier(channel)}, ${quoteLiteral(payload)}`;
      await this.#call('shared', undefined, (client, deadline) => client.script(text, deadline));
    });
  }
}

import type { PgType } from '../../codecs/codec.ts';
import { type CallCodecs, type CodecSource, isReady } from '../../codecs/codec-source.ts';
import { TEXT } from '../../codecs/oids.ts';
import { InterfaceError } from '../../errors/client-errors.ts';
import type { Wanted } from '../../session/requests/query-request.ts';
import { type Attribute, type Statement, typesOf } from '../../session/statements/statement.ts';
import { statementKind } from '../../sql/statement-kind.ts';
import type { Row } from '../../values/row.ts';
import type { RowForm, RowOf } from '../../values/row-form.ts';
import { CALL_OPTIONS, type CallOptions } from '../calls/call.ts';
import { atCaller, located } from '../calls/caller-stack.ts';
import { checkOptions, type OptionNames } from '../calls/known-options.ts';
import type { ClientSession } from '../client-session.ts';
import { CLIENT, CODECS, CREATE, FORGET } from '../internals.ts';
import { bulkCalls } from './bulk-room.ts';
import { Cursor } from './cursor.ts';
import { fromSource } from './handed-stream.ts';
import { RowStream } from './row-stream.ts';

/** What `explain` may be told. */
export interface ExplainOptions {
  /** Executes the statement to measure it; whatever it does is rolled back. */
  readonly analyze?: boolean | undefined;
  /** The values of `$1`…`$n`. */
  readonly args?: readonly unknown[] | undefined;
}

const EXPLAIN_OPTIONS: OptionNames<ExplainOptions> = { analyze: true, args: true };

/** What a statement needs of its connection. */
export interface StatementHost {
  [CLIENT](call: string): ClientSession;
  [FORGET](statementName: string): void;
  transaction<R>(fn: () => Promise<R>): Promise<R>;
}

/** A statement prepared on one connection. It ends with the connection, or with `close`. */
export class PreparedStatement<T = any, F extends RowForm = 'record'> implements AsyncDisposable {
  readonly #connection: StatementHost;
  #statement: Statement;
  readonly #options: CallOptions;
  /** Shared with the copies that `with` makes. */
  readonly #shared: { closed: boolean; status: string | null };

  private constructor(
    connection: StatementHost,
    statement: Statement,
    options: CallOptions = {},
    shared: { closed: boolean; status: string | null } = { closed: false, status: null },
  ) {
    this.#connection = connection;
    this.#statement = statement;
    this.#options = options;
    this.#shared = shared;
  }

  /** @internal */
  static [CREATE]<T, F extends RowForm>(
    connection: StatementHost,
    statement: Statement,
  ): PreparedStatement<T, F> {
    return new PreparedStatement<T, F>(connection, statement);
  }

  /** The text. */
  get query(): string {
    return this.#statement.text;
  }

  /** The server's name for it. */
  get name(): string {
    return this.#statement.name;
  }

  /** The types of `$1`…`$n`. */
  get parameters(): readonly PgType[] {
    return this.#statement.parameters.map((codec) => codec.type);
  }

  /**
   * The columns of the result, as they were when it was prepared: rows have those of tables that were altered since.
   * None when the statement returns no rows.
   */
  get attributes(): readonly Attribute[] {
    return this.#statement.attributes;
  }

  /** The command tag of the last execution, or null before the first. */
  get statusMessage(): string | null {
    return this.#shared.status;
  }

  /**
   * The same statement with a time-out or a signal for its calls.
   *
   * @example
   * const quick = statement.with({ timeout: 500 });
   */
  with(options: CallOptions): PreparedStatement<T, F> {
    checkOptions('with', options, CALL_OPTIONS);
    return new PreparedStatement<T, F>(
      this.#connection,
      this.#statement,
      {
        timeout: options.timeout ?? this.#options.timeout,
        signal: options.signal ?? this.#options.signal,
      },
      this.#shared,
    );
  }

  #client(call: string): ClientSession {
    const client = this.#connection[CLIENT](`PreparedStatement.${call}()`);
    if (this.#shared.closed) {
      throw new InterfaceError(
        `cannot call PreparedStatement.${call}(): the prepared statement is closed`,
        { safeToRetry: true },
      );
    }
    const { registry } = client.session;
    const statement = this.#statement;
    // What is known of a type may have changed since; codecs that were set since do not count.
    if (
      statement.typeChanges !== registry.typeChanges &&
      isReady(registry, typesOf(statement.description))
    ) {
      this.#statement = statement.recompiled(registry);
    }
    return client;
  }

  async #run(call: string, wanted: Wanted, args: readonly unknown[]): Promise<unknown> {
    try {
      const client = this.#client(call);
      const { timeout, signal } = this.#options;
      const deadline = client.deadlineInside(timeout, signal);
      try {
        const query = { text: this.query, args, timeout, rows: client.rowStyle.form };
        const kind = statementKind(query.text);
        const lent = client.checkOut(undefined, deadline);
        const lease = lent instanceof Promise ? await lent : lent;
        try {
          if (lease !== client) this.#client(call);
          const sending = client.query(query, kind, wanted, deadline, this.#statement, (tag) => {
            this.#shared.status = tag;
          });
          if (lease !== client) lease.sent?.();
          return await sending;
        } finally {
          client.giveBack(lease);
        }
      } finally {
        deadline?.dispose();
      }
    } catch (error) {
      throw atCaller(error);
    }
  }

  /**
   * Resolves to all rows.
   *
   * @example
   * const users = await statement.fetch(true);
   */
  async fetch(...args: unknown[]): Promise<RowOf<F, T>[]> {
    return (await this.#run('fetch', 'rows', args)) as RowOf<F, T>[];
  }

  /**
   * Resolves to the first row, or null.
   *
   * @example
   * const user = await statement.fetchRow(1n); // or null
   */
  async fetchRow(...args: unknown[]): Promise<RowOf<F, T> | null> {
    return (await this.#run('fetchRow', 'row', args)) as RowOf<F, T> | null;
  }

  /**
   * Resolves to the only row.
   *
   * @throws NoRowFoundError, MultipleRowsFoundError
   * @example
   * const { name } = await statement.fetchOne(1n);
   */
  async fetchOne(...args: unknown[]): Promise<RowOf<F, T>> {
    return (await this.#run('fetchOne', 'one', args)) as RowOf<F, T>;
  }

  /**
   * Resolves to the first column of the first row, or null.
   *
   * @example
   * const name = await statement.fetchVal(1n);
   */
  async fetchVal(...args: unknown[]): Promise<any> {
    return await this.#run('fetchVal', 'value', args);
  }

  /**
   * Resolves to the command tag.
   *
   * @example
   * const tag = await statement.execute('Ada', 1n);
   */
  async execute(...args: unknown[]): Promise<string> {
    return (await this.#run('execute', 'tag', args)) as string;
  }

  #many(
    call: string,
    args: Iterable<readonly unknown[]> | AsyncIterable<readonly unknown[]>,
    wantRows: boolean,
  ): Promise<Row[]> {
    return located(() =>
      fromSource(args, async () => {
        const client = this.#client(call);
        return await client.call(this.#options, (deadline) =>
          client.whenAdmitted(deadline, () => {
            this.#client(call);
            const { query } = this;
            const statement = this.#statement;
            const { form } = client.rowStyle;
            const { timeout } = this.#options;
            return client.with(bulkCalls, deadline, ({ executeMany }) =>
              executeMany(client, query, args, deadline, { wantRows, form, statement, timeout }),
            );
          }),
        );
      }),
    );
  }

  /**
   * Executes it once for each set of values, pipelined and atomically.
   *
   * @example
   * await statement.executeMany([['Ada', 1n], ['Grace', 2n]]);
   */
  async executeMany(
    args: Iterable<readonly unknown[]> | AsyncIterable<readonly unknown[]>,
  ): Promise<void> {
    await this.#many('executeMany', args, false);
  }

  /**
   * Like `executeMany`, and resolves to the rows of all executions.
   *
   * @example
   * const rows = await statement.fetchMany([[1n], [2n]]);
   */
  async fetchMany(
    args: Iterable<readonly unknown[]> | AsyncIterable<readonly unknown[]>,
  ): Promise<RowOf<F, T>[]> {
    return (await this.#many('fetchMany', args, true)) as RowOf<F, T>[];
  }

  /**
   * A cursor over the result; inside a transaction only.
   *
   * @example
   * await connection.transaction(async () => {
   *   for await (const row of statement.cursor(1n)) console.log(row);
   * });
   */
  cursor(...args: unknown[]): Cursor<T, F> {
    const { rowStyle } = this.#client('cursor');
    return Cursor[CREATE]<T, F>(
      () => this.#client('cursor'),
      { text: this.query, args, rows: rowStyle.form, ...this.#options },
      this.#statement,
    );
  }

  /**
   * The rows as they arrive, with backpressure.
   *
   * @example
   * for await (const row of statement.stream(1n)) console.log(row);
   */
  stream(...args: unknown[]): RowStream<T, F> {
    this.#client('stream');
    return RowStream[CREATE]<T, F>(async (sink) => {
      const client = this.#client('stream');
      await client.call(this.#options, (deadline) =>
        client.whenAdmitted(deadline, () => {
          this.#client('stream');
          const { timeout } = this.#options;
          const query = { text: this.query, args, rows: client.rowStyle.form, timeout };
          const statement = this.#statement;
          return client.with(bulkCalls, deadline, ({ streamQuery }) =>
            streamQuery(client, query, sink, deadline, statement),
          );
        }),
      );
    });
  }

  /**
   * The server's plan, as EXPLAIN (FORMAT JSON, VERBOSE) gives it. With `analyze` the statement
   * is executed inside a transaction that is rolled back.
   *
   * @example
   * const plan = await statement.explain({ args: [1n], analyze: true });
   */
  explain(options: ExplainOptions = {}): Promise<unknown> {
    return located(async () => {
      checkOptions('explain', options, EXPLAIN_OPTIONS);
      const client = this.#client('explain');
      const query = {
        text: `EXPLAIN (FORMAT JSON, VERBOSE${options.analyze === true ? ', ANALYZE' : ''}) ${this.query}`,
        args: options.args ?? [],
        prepare: false,
        [CODECS]: planAsText(client.session.catalogCodecs),
      };
      const kind = statementKind(query.text);
      return await client.call(this.#options, async (deadline) => {
        deadline?.check();
        const plan = (): Promise<unknown> => client.query(query, kind, 'value', deadline);
        if (options.analyze !== true) return readPlan(await client.whenAdmitted(deadline, plan));
        return readPlan(await this.#undone(plan));
      });
    });
  }

  /** What `work` comes to in a transaction that is rolled back. */
  async #undone(work: () => Promise<unknown>): Promise<unknown> {
    const undo = new Error('rolled back');
    let result: unknown;
    const tried = this.#connection.transaction(async () => {
      result = await work();
      throw undo;
    });
    await tried.catch((error: unknown) => {
      if (error !== undo) throw error;
    });
    return result;
  }

  /**
   * Frees it on the server, with the next flight. Idempotent.
   *
   * @example
   * await statement.close(); // or `await using statement = …`
   */
  async close(): Promise<void> {
    if (this.#shared.closed) return;
    this.#shared.closed = true;
    this.#connection[FORGET](this.#statement.name);
  }

  /** The same as `close()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** The plan is the server's: it is no value for a codec of the user's. */
function planAsText(source: CodecSource): CallCodecs {
  return { codec: () => undefined, columnCodec: () => source.codec(TEXT) };
}

function readPlan(text: unknown): unknown {
  return JSON.parse(text as string);
}

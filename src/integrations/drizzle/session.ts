import {
  DrizzleQueryError,
  entityKind,
  type Logger,
  NoopLogger,
  type Query,
  type RelationalSchemaConfig,
  type SQL,
  type TablesRelationalConfig,
} from 'drizzle-orm';
import { type Cache, NoopCache } from 'drizzle-orm/cache/core';
import type { WithCacheConfig } from 'drizzle-orm/cache/core/types';
import {
  type PgDialect,
  type PgPreparedQuery,
  PgSession,
  PgTransaction,
  type PgTransactionConfig,
  type PreparedQueryConfig,
  type SelectedFieldsOrdered,
} from 'drizzle-orm/pg-core';
import { RESULTS } from '../../client/internals.ts';
import type { Queryable } from '../../client/queryable.ts';
import type { TransactionOptions } from '../../client/transactions/transaction-options.ts';
import { loggedTransaction, savepointTexts, type TransactionTexts } from './logged-transaction.ts';
import { AsyncpgPreparedQuery, type QueryMetadata, type ResultMapper } from './prepared-query.ts';
import type { AsyncpgQueryResult, AsyncpgQueryResultHKT } from './query-result.ts';
import { modesOf, optionsOf } from './transaction-modes.ts';

/** What a session takes from the options of `drizzle`. */
interface AsyncpgSessionOptions {
  /** Told every query. */
  readonly logger?: Logger | undefined;
  /** Asked for results first. */
  readonly cache?: Cache | undefined;
}

/** What a batch asks a query of Drizzle's for: of `db.execute` it is the query itself. */
interface Preparable {
  _prepare(): { getQuery(): Query };
}

/** Drizzle's session on a pool, a connection or a transaction. */
export class AsyncpgSession<
  TFullSchema extends Record<string, unknown>,
  TSchema extends TablesRelationalConfig,
> extends PgSession<AsyncpgQueryResultHKT, TFullSchema, TSchema> {
  static override readonly [entityKind]: string = 'AsyncpgSession';
  /** What its queries are made with. @internal */
  readonly client: Queryable<any>;
  readonly #schema: RelationalSchemaConfig<TSchema> | undefined;
  readonly #options: AsyncpgSessionOptions;
  readonly #logger: Logger;
  readonly #cache: Cache;

  constructor(
    client: Queryable<any>,
    dialect: PgDialect,
    schema: RelationalSchemaConfig<TSchema> | undefined,
    options: AsyncpgSessionOptions = {},
  ) {
    super(dialect);
    this.client = client;
    this.#schema = schema;
    this.#options = options;
    this.#logger = options.logger ?? new NoopLogger();
    this.#cache = options.cache ?? new NoopCache();
  }

  /** For Drizzle. The name makes no difference: the driver knows a statement by its text. */
  override prepareQuery<T extends PreparedQueryConfig = PreparedQueryConfig>(
    query: Query,
    fields: SelectedFieldsOrdered | undefined,
    _name: string | undefined,
    isResponseInArrayMode: boolean,
    customResultMapper?: (rows: unknown[][]) => T['execute'],
    queryMetadata?: QueryMetadata,
    cacheConfig?: WithCacheConfig,
  ): PgPreparedQuery<T> {
    return new AsyncpgPreparedQuery<T>(
      this.client,
      query,
      this.#logger,
      this.#cache,
      fields,
      isResponseInArrayMode,
      customResultMapper as ResultMapper | undefined,
      queryMetadata,
      cacheConfig,
    );
  }

  /** Several queries in one flight, all or none. */
  async batch(queries: readonly unknown[]): Promise<unknown[]> {
    const prepared = (queries as readonly Preparable[]).map((query) => query._prepare());
    const calls = prepared.map((query) => AsyncpgPreparedQuery.callOf(query.getQuery(), query));
    for (const { text, args } of calls) this.#logger.logQuery(text, args);
    const results = await this.client[RESULTS](calls).catch((error: unknown) => {
      const failed = calls[(error as { itemIndex?: number }).itemIndex ?? 0];
      if (failed === undefined) throw error;
      throw new DrizzleQueryError(failed.text, failed.args, error as Error);
    });
    return results.map((result, i) => AsyncpgPreparedQuery.fromBatch(result, prepared[i]));
  }

  /** A transaction on a connection of its own, or a savepoint in one. */
  override async transaction<T>(
    transaction: (tx: AsyncpgTransaction<TFullSchema, TSchema>) => Promise<T>,
    config?: PgTransactionConfig,
  ): Promise<T> {
    return await this.begin(transaction, 0, optionsOf(config ?? {}), {
      begin: `begin${modesOf(config ?? {})}`,
      commit: 'commit',
      rollback: 'rollback',
    });
  }

  /** The same with what the logger is told. @internal */
  async begin<T>(
    transaction: (tx: AsyncpgTransaction<TFullSchema, TSchema>) => Promise<T>,
    nestedIndex: number,
    options: TransactionOptions,
    texts: TransactionTexts,
  ): Promise<T> {
    const { client, dialect } = this;
    const ofCommit = (text: string, cause: Error) => new DrizzleQueryError(text, [], cause);
    return await loggedTransaction(client, options, texts, this.#logger, ofCommit, (inner) => {
      const session = new AsyncpgSession<TFullSchema, TSchema>(
        inner,
        dialect,
        this.#schema,
        this.#options,
      );
      return transaction(new AsyncpgTransaction(dialect, session, this.#schema, nestedIndex));
    });
  }

  override async count(query: SQL): Promise<number> {
    const { rows } = await this.execute<AsyncpgQueryResult<{ count: string }>>(query);
    return Number(rows[0]!.count);
  }
}

/** A transaction of Drizzle's; those inside of it are savepoints. */
class AsyncpgTransaction<
  TFullSchema extends Record<string, unknown>,
  TSchema extends TablesRelationalConfig,
> extends PgTransaction<AsyncpgQueryResultHKT, TFullSchema, TSchema> {
  static override readonly [entityKind]: string = 'AsyncpgTransaction';
  readonly #session: AsyncpgSession<TFullSchema, TSchema>;

  constructor(
    dialect: PgDialect,
    session: AsyncpgSession<TFullSchema, TSchema>,
    schema: RelationalSchemaConfig<TSchema> | undefined,
    nestedIndex: number = 0,
  ) {
    super(dialect, session, schema, nestedIndex);
    this.#session = session;
  }

  override async transaction<T>(
    transaction: (tx: AsyncpgTransaction<TFullSchema, TSchema>) => Promise<T>,
  ): Promise<T> {
    const index = this.nestedIndex + 1;
    return await this.#session.begin(transaction, index, {}, savepointTexts(index));
  }
}

import {
  type AnyRelations,
  DrizzleQueryError,
  entityKind,
  is,
  type Logger,
  NoopLogger,
  type Query,
} from 'drizzle-orm-next';
import { type Cache, NoopCache } from 'drizzle-orm-next/cache/core';
import type { QueryMetadata, WithCacheConfig } from 'drizzle-orm-next/cache/core/types';
import {
  PgAsyncPreparedQuery,
  PgAsyncSession,
  PgAsyncTransaction,
  type PgDialect,
  type PgTransactionConfig,
  type PreparedQueryConfig,
} from 'drizzle-orm-next/pg-core';
import { CODECS, RESULT, RESULTS } from '../../client/internals.ts';
import type { Queryable } from '../../client/queryable.ts';
import type { TransactionOptions } from '../../client/transactions/transaction-options.ts';
import { type DriverCodecs, PLAIN } from '../drizzle/driver-codecs.ts';
import {
  loggedTransaction,
  savepointTexts,
  type TransactionTexts,
} from '../drizzle/logged-transaction.ts';
import { queryResult } from '../drizzle/query-result.ts';
import { modesOf, optionsOf } from '../drizzle/transaction-modes.ts';
import { codecsFor, type Mapper } from './dialect.ts';
import type { AsyncpgQueryResultHKT } from './query-result.ts';

/** What becomes of the rows: values in arrays, objects, or objects in node-postgres's result. */
type Mode = 'arrays' | 'objects' | 'raw';

/** What a session takes from the options of `drizzle`. */
interface AsyncpgSessionOptions {
  /** Told every query. */
  readonly logger?: Logger | undefined;
  /** Asked for results first. */
  readonly cache?: Cache | undefined;
  /** Whether errors have the parameters of their query. */
  readonly paramsInErrors?: boolean | undefined;
}

/** A query of Drizzle's: its text, and what becomes of its rows. */
class AsyncpgPreparedQuery<T extends PreparedQueryConfig> extends PgAsyncPreparedQuery<T> {
  static override readonly [entityKind]: string = 'AsyncpgPreparedQuery';
  /** What makes objects of its rows. */
  readonly rowMapper: Mapper | undefined;
  /** What its rows are read by. */
  readonly codecs: DriverCodecs;

  constructor(
    client: Queryable<any>,
    query: Query,
    mode: Mode,
    mapper: Mapper | undefined,
    logger: Logger,
    cache: Cache,
    metadata: QueryMetadata | undefined,
    cacheConfig: WithCacheConfig | undefined,
    paramsInErrors: boolean | undefined,
  ) {
    const isCached = metadata !== undefined && !is(cache, NoopCache);
    const exact = codecsFor(mapper) ?? PLAIN;
    const codecs = isCached ? exact.forCache : exact;
    const text = query.sql;
    const rows = mode === 'arrays' ? 'array' : 'object';
    const execute = (args: unknown[] = []): Promise<unknown> => {
      const asked = client[RESULT]({ text, args, rows, [CODECS]: codecs });
      return mode === 'raw' ? asked.then(queryResult) : asked.then(rowsOf);
    };
    super(execute, query, mapper, mode, logger, cache, metadata, cacheConfig, paramsInErrors);
    this.rowMapper = mapper;
    this.codecs = codecs;
  }
}

function rowsOf({ rows }: { readonly rows: readonly unknown[] }): readonly unknown[] {
  return rows;
}

/** What a batch asks a query of Drizzle's for. */
interface Preparable {
  _prepare(): AsyncpgPreparedQuery<PreparedQueryConfig>;
}

/** Drizzle's session on a pool, a connection or a transaction. */
export class AsyncpgSession<TRelations extends AnyRelations> extends PgAsyncSession<
  AsyncpgQueryResultHKT,
  TRelations
> {
  static override readonly [entityKind]: string = 'AsyncpgSession';
  readonly #client: Queryable<any>;
  readonly #relations: TRelations;
  readonly #options: AsyncpgSessionOptions;
  readonly #logger: Logger;
  readonly #cache: Cache;

  constructor(
    client: Queryable<any>,
    dialect: PgDialect,
    relations: TRelations,
    options: AsyncpgSessionOptions,
  ) {
    super(dialect);
    this.#client = client;
    this.#relations = relations;
    this.#options = options;
    this.#logger = options.logger ?? new NoopLogger();
    this.#cache = options.cache ?? new NoopCache();
  }

  /** For Drizzle. The name makes no difference: the driver knows a statement by its text. */
  override prepareQuery<T extends PreparedQueryConfig = PreparedQueryConfig>(
    query: Query,
    mode: Mode,
    _name: string | boolean,
    mapper?: Mapper,
    queryMetadata?: QueryMetadata,
    cacheConfig?: WithCacheConfig,
  ): PgAsyncPreparedQuery<T> {
    return new AsyncpgPreparedQuery<T>(
      this.#client,
      query,
      mode,
      mapper,
      this.#logger,
      this.#cache,
      queryMetadata,
      cacheConfig,
      this.#options.paramsInErrors,
    );
  }

  /** Several queries in one flight, all or none. */
  async batch(queries: readonly unknown[]): Promise<unknown[]> {
    const prepared = (queries as readonly Preparable[]).map((query) => query._prepare());
    const calls = prepared.map((query) => {
      const { sql, params } = query.getQuery();
      this.#logger.logQuery(sql, params);
      return {
        text: sql,
        args: params,
        rows: query.mode === 'arrays' ? 'array' : 'object',
        [CODECS]: query.codecs,
      } as const;
    });
    const results = await this.#client[RESULTS](calls).catch((error: unknown) => {
      const failed = calls[(error as { itemIndex?: number }).itemIndex ?? 0];
      if (failed === undefined) throw error;
      const params = this.#options.paramsInErrors ? [...failed.args] : undefined;
      throw new DrizzleQueryError(failed.text, params, error as Error);
    });
    return results.map((result, i) => {
      const { rowMapper, mode } = prepared[i]!;
      if (rowMapper !== undefined) return rowMapper(result.rows as unknown[]);
      return mode === 'raw' ? queryResult(result) : result.rows;
    });
  }

  /** A transaction on a connection of its own, or a savepoint in one. */
  override async transaction<T>(
    transaction: (tx: AsyncpgTransaction<TRelations>) => Promise<T>,
    config: PgTransactionConfig = {},
  ): Promise<T> {
    const modes = { begin: `begin${modesOf(config)}`, commit: 'commit', rollback: 'rollback' };
    return await this.begin(
      async (tx) => {
        const { snapshot } = config;
        if (typeof snapshot === 'string') await tx.setTransaction({ snapshot });
        return await transaction(tx);
      },
      0,
      optionsOf(config),
      modes,
    );
  }

  /** The same with what the logger is told. @internal */
  async begin<T>(
    transaction: (tx: AsyncpgTransaction<TRelations>) => Promise<T>,
    nestedIndex: number,
    options: TransactionOptions,
    texts: TransactionTexts,
  ): Promise<T> {
    const { dialect } = this;
    const relations = this.#relations;
    const params = this.#options.paramsInErrors ? [] : undefined;
    const ofCommit = (text: string, cause: Error) => new DrizzleQueryError(text, params, cause);
    return await loggedTransaction(
      this.#client,
      options,
      texts,
      this.#logger,
      ofCommit,
      (inner) => {
        const session = new AsyncpgSession<TRelations>(inner, dialect, relations, this.#options);
        return transaction(new AsyncpgTransaction(dialect, session, relations, nestedIndex, false));
      },
    );
  }
}

/** A transaction of Drizzle's; those inside of it are savepoints. */
class AsyncpgTransaction<TRelations extends AnyRelations> extends PgAsyncTransaction<
  AsyncpgQueryResultHKT,
  TRelations
> {
  static override readonly [entityKind]: string = 'AsyncpgTransaction';

  override async transaction<T>(
    transaction: (tx: AsyncpgTransaction<TRelations>) => Promise<T>,
  ): Promise<T> {
    const index = this.nestedIndex + 1;
    const session = this._.session as unknown as AsyncpgSession<TRelations>;
    return await session.begin(transaction, index, {}, savepointTexts(index));
  }
}

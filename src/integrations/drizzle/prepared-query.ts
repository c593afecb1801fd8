import {
  DrizzleQueryError,
  entityKind,
  fillPlaceholders,
  is,
  type Logger,
  Param,
  Placeholder,
  type Query,
} from 'drizzle-orm';
import { type Cache, NoopCache } from 'drizzle-orm/cache/core';
import type { WithCacheConfig } from 'drizzle-orm/cache/core/types';
import {
  PgPreparedQuery,
  type PreparedQueryConfig,
  type SelectedFieldsOrdered,
} from 'drizzle-orm/pg-core';
import type { QueryObject } from '../../client/calls/call.ts';
import { CODECS, RESULT } from '../../client/internals.ts';
import type { Queryable } from '../../client/queryable.ts';
import type { QueryResult } from '../../session/requests/query-result.ts';
import { DriverCodecs, PLAIN } from './driver-codecs.ts';
import { queryResult } from './query-result.ts';
import { type JoinedTables, RowMapper, readingsOf } from './row-mapper.ts';

/** The tables of a query, for the cache. */
export interface QueryMetadata {
  type: 'select' | 'update' | 'delete' | 'insert';
  tables: string[];
}

/** What Drizzle makes of the rows of a relational query. */
export type ResultMapper = (rows: unknown[][]) => unknown;

/** A query of a batch. */
export type BatchCall = QueryObject & { readonly args: unknown[] };

/** What Drizzle's own class has that its declarations leave out. */
interface Inherited {
  queryWithCache<R>(text: string, params: unknown[], query: () => Promise<R>): Promise<R>;
  readonly joinsNotNullableMap?: JoinedTables;
  readonly cacheConfig?: WithCacheConfig;
}

/** A query of Drizzle's: its text, and what becomes of its rows. */
export class AsyncpgPreparedQuery<T extends PreparedQueryConfig> extends PgPreparedQuery<T> {
  static override readonly [entityKind]: string = 'AsyncpgPreparedQuery';
  readonly #client: Queryable<any>;
  readonly #logger: Logger;
  readonly #fields: SelectedFieldsOrdered | undefined;
  readonly #isArrayMode: boolean;
  readonly #mapResult: ResultMapper | undefined;
  readonly #hasPlaceholders: boolean;
  readonly #isCached: boolean;
  /** What the values of its rows are read as. */
  readonly #codecs: DriverCodecs;
  #mapper: RowMapper | null = null;

  constructor(
    client: Queryable<any>,
    query: Query,
    logger: Logger,
    cache: Cache,
    fields: SelectedFieldsOrdered | undefined,
    isArrayMode: boolean,
    mapResult: ResultMapper | undefined,
    metadata: QueryMetadata | undefined,
    cacheConfig: WithCacheConfig | undefined,
  ) {
    super(query, cache, metadata, cacheConfig);
    this.#client = client;
    this.#logger = logger;
    this.#fields = fields;
    this.#isArrayMode = isArrayMode;
    this.#mapResult = mapResult;
    this.#hasPlaceholders = query.params.some(isPlaceholder);
    this.#isCached = metadata !== undefined && !is(cache, NoopCache);
    const codecs = fields === undefined ? PLAIN : DriverCodecs.of(readingsOf(fields));
    this.#codecs = this.#isCached ? codecs.forCache : codecs;
  }

  /** What a batch asks for, of this query or of one without a selection. */
  static callOf({ sql, params }: Query, prepared: unknown): BatchCall {
    if (!(prepared instanceof AsyncpgPreparedQuery) || prepared.#isRaw) {
      return { text: sql, args: params, rows: 'object', [CODECS]: PLAIN };
    }
    return { text: sql, args: params, rows: 'array', [CODECS]: prepared.#codecs };
  }

  /** What the query comes to if this is what it has come to in a batch. */
  static fromBatch(result: QueryResult, prepared: unknown): unknown {
    if (!(prepared instanceof AsyncpgPreparedQuery) || prepared.#isRaw) return queryResult(result);
    return prepared.#mapped(result.rows as unknown[][]);
  }

  /** Whether it has no selection. */
  get #isRaw(): boolean {
    return this.#fields === undefined && this.#mapResult === undefined;
  }

  override async execute(values: Record<string, unknown> = {}): Promise<T['execute']> {
    const params = this.#paramsOf(values);
    if (this.#isRaw) return this.#query(params, this.#askForObjects);
    const { rows } = await this.#query(params, this.#askForArrays);
    return this.#mapped(rows as unknown[][]);
  }

  #mapped(rows: unknown[][]): unknown {
    if (this.#mapResult !== undefined) return this.#mapResult(rows);
    const { joinsNotNullableMap } = this as unknown as Inherited;
    this.#mapper ??= new RowMapper(this.#fields!, joinsNotNullableMap);
    return this.#mapper.map(rows);
  }

  /** The rows as they are, of a query that has no selection. */
  async all(values: Record<string, unknown> = {}): Promise<T['all']> {
    const { rows } = await this.#query(this.#paramsOf(values), this.#askForObjects);
    return rows;
  }

  /** For Drizzle. */
  isResponseInArrayMode(): boolean {
    return this.#isArrayMode;
  }

  #paramsOf(values: Record<string, unknown>): unknown[] {
    const { sql, params } = this.query;
    const filled = this.#hasPlaceholders ? fillPlaceholders(params, values) : params;
    this.#logger.logQuery(sql, filled);
    return filled;
  }

  /** Asks the cache first if there is one. Errors have Drizzle's around them. */
  async #query<R>(params: unknown[], ask: (params: unknown[]) => Promise<R>): Promise<R> {
    const { sql } = this.query;
    if (this.#isCached) {
      const inherited = this as unknown as Inherited;
      return await inherited.queryWithCache(sql, params, () => ask(params));
    }
    try {
      return await ask(params);
    } catch (error) {
      throw new DrizzleQueryError(sql, params, error as Error);
    }
  }

  readonly #askForArrays = (args: unknown[]): Promise<QueryResult> =>
    this.#client[RESULT]({
      text: this.query.sql,
      args,
      rows: 'array',
      [CODECS]: this.#codecs,
    });

  readonly #askForObjects = async (args: unknown[]): Promise<ReturnType<typeof queryResult>> =>
    queryResult(
      await this.#client[RESULT]({
        text: this.query.sql,
        args,
        rows: 'object',
        [CODECS]: PLAIN,
      }),
    );
}

function isPlaceholder(param: unknown): boolean {
  if (typeof param !== 'object' || param === null) return false;
  return is(param, Placeholder) || (is(param, Param) && is(param.value, Placeholder));
}

import {
  createTableRelationsHelpers,
  DefaultLogger,
  type DrizzleConfig,
  entityKind,
  extractTablesRelationalConfig,
  type Logger,
  type RelationalSchemaConfig,
  type TablesRelationalConfig,
} from 'drizzle-orm';
import type { BatchItem, BatchResponse } from 'drizzle-orm/batch';
import { PgDatabase, PgDialect } from 'drizzle-orm/pg-core';
import type { Queryable } from '../../client/queryable.ts';
import type { Pool } from '../../pool/pool.ts';
import { givenClient } from './given-client.ts';
import type { AsyncpgConnectionOptions } from './lazy-pool.ts';
import type { AsyncpgQueryResultHKT } from './query-result.ts';
import { AsyncpgSession } from './session.ts';

/** What Drizzle's queries can be made with: a pool, a connection, a transaction, or what `with` makes. */
export type AsyncpgClient = Queryable<any>;

/** Drizzle's database on this package's driver. */
export class AsyncpgDatabase<
  TSchema extends Record<string, unknown> = Record<string, never>,
> extends PgDatabase<AsyncpgQueryResultHKT, TSchema> {
  /** For Drizzle. */
  static override readonly [entityKind]: string = 'AsyncpgDatabase';

  /**
   * Several queries in one flight on the wire and one implicit transaction: if one fails, none has an effect.
   * Resolves to what each of them comes to, in order. A cache is not asked, and not told either.
   *
   * @throws DrizzleQueryError with the statement that failed
   * @example
   * const [, rows] = await db.batch([
   *   db.insert(visits).values({ page }),
   *   db.select().from(visits).where(eq(visits.page, page)),
   * ]);
   */
  async batch<U extends BatchItem<'pg'>, T extends Readonly<[U, ...U[]]>>(
    queries: T,
  ): Promise<BatchResponse<T>> {
    const { session } = this as unknown as { session: AsyncpgSession<never, never> };
    return (await session.batch(queries)) as BatchResponse<T>;
  }
}

/**
 * Drizzle on a pool: `drizzle(pool, config)` or `drizzle({ client: pool, … })`. Queries outside of a
 * transaction go through the pool one by one: many at once travel together, on few connections. Given a
 * DSN, or the options of a connection, it makes a pool whose connections are opened when they are wanted.
 *
 * @throws InvalidArgumentError for a client that is none of this package's
 * @throws ClientConfigurationError for options of a connection that make no sense
 * @example
 * const db = drizzle(await createPool(process.env.DATABASE_URL), { schema });
 * const rows = await db.select().from(users).where(eq(users.name, 'Ada'));
 */
export function drizzle<
  TSchema extends Record<string, unknown> = Record<string, never>,
  TClient extends AsyncpgClient = Pool,
>(
  ...params:
    | [TClient | string]
    | [TClient | string, DrizzleConfig<TSchema>]
    | [
        DrizzleConfig<TSchema> &
          ({ client: TClient } | { connection: string | AsyncpgConnectionOptions }),
      ]
): AsyncpgDatabase<TSchema> & {
  /** What its queries are made with. */
  $client: AsyncpgClient extends TClient ? Pool : TClient;
} {
  const { client, config } = givenClient<DrizzleConfig<TSchema>>(params);
  return construct<TSchema>(client, config) as never;
}

function construct<TSchema extends Record<string, unknown>>(
  client: Queryable<any>,
  config: DrizzleConfig<TSchema> = {},
): AsyncpgDatabase<TSchema> & { $client: Queryable<any> } {
  const dialect = new PgDialect(config.casing === undefined ? {} : { casing: config.casing });
  const schema = schemaOf(config.schema);
  const options = { logger: loggerOf(config.logger), cache: config.cache };
  const session = new AsyncpgSession(client, dialect, schema, options);
  const db = new AsyncpgDatabase<TSchema>(dialect, session, schema as never);
  const $cache: object | undefined = config.cache;
  if ($cache !== undefined) Object.assign($cache, { invalidate: config.cache!.onMutate });
  return Object.assign(db, { $client: client, $cache: $cache as never });
}

function loggerOf(logger: boolean | Logger | undefined): Logger | undefined {
  if (logger === true) return new DefaultLogger();
  return logger === false ? undefined : logger;
}

function schemaOf(
  fullSchema: Record<string, unknown> | undefined,
): RelationalSchemaConfig<TablesRelationalConfig> | undefined {
  if (fullSchema === undefined) return undefined;
  const { tables, tableNamesMap } = extractTablesRelationalConfig(
    fullSchema,
    createTableRelationsHelpers,
  );
  return { fullSchema, schema: tables, tableNamesMap };
}

/** A database without a client, for texts of queries alone: `drizzle.mock({ schema })`. */
drizzle.mock = <TSchema extends Record<string, unknown> = Record<string, never>>(
  config?: DrizzleConfig<TSchema>,
): AsyncpgDatabase<TSchema> & {
  /** There is none. */
  $client: '$client is not available on drizzle.mock()';
} => construct<TSchema>({} as Queryable<any>, config) as never;

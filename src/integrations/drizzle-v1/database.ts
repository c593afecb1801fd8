import {
  type AnyRelations,
  DefaultLogger,
  type EmptyRelations,
  entityKind,
  type Logger,
} from 'drizzle-orm-next';
import type { BatchItem, BatchResponse } from 'drizzle-orm-next/batch';
import { type DrizzlePgConfig, PgAsyncDatabase } from 'drizzle-orm-next/pg-core';
import type { Queryable } from '../../client/queryable.ts';
import type { Pool } from '../../pool/pool.ts';
import { givenClient } from '../drizzle/given-client.ts';
import type { AsyncpgConnectionOptions } from '../drizzle/lazy-pool.ts';
import { asyncpgCodecs } from './codecs.ts';
import { AsyncpgDialect } from './dialect.ts';
import type { AsyncpgQueryResultHKT } from './query-result.ts';
import { AsyncpgSession } from './session.ts';

/** What Drizzle's queries can be made with: a pool, a connection, a transaction, or what `with` makes. */
export type AsyncpgClient = Queryable<any>;

/** Drizzle's database on this package's driver. */
export class AsyncpgDatabase<
  TRelations extends AnyRelations = EmptyRelations,
> extends PgAsyncDatabase<AsyncpgQueryResultHKT, TRelations> {
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
    const session = this._.session as unknown as AsyncpgSession<TRelations>;
    return (await session.batch(queries)) as BatchResponse<T>;
  }
}

/**
 * Drizzle 1 on a pool: `drizzle(pool, config)` or `drizzle({ client: pool, … })`. Queries outside of a
 * transaction go through the pool one by one: many at once travel together, on few connections. Given a
 * DSN, or the options of a connection, it makes a pool whose connections are opened when they are wanted.
 *
 * @throws InvalidArgumentError for a client that is none of this package's
 * @throws ClientConfigurationError for options of a connection that make no sense
 * @example
 * const db = drizzle(await createPool(process.env.DATABASE_URL), { relations });
 * const rows = await db.select().from(users).where(eq(users.name, 'Ada'));
 */
export function drizzle<
  TRelations extends AnyRelations = EmptyRelations,
  TClient extends AsyncpgClient = Pool,
>(
  ...params:
    | [TClient | string]
    | [TClient | string, DrizzlePgConfig<TRelations>]
    | [
        DrizzlePgConfig<TRelations> &
          ({ client: TClient } | { connection: string | AsyncpgConnectionOptions }),
      ]
): AsyncpgDatabase<TRelations> & {
  /** What its queries are made with. */
  $client: AsyncpgClient extends TClient ? Pool : TClient;
} {
  const { client, config } = givenClient<DrizzlePgConfig<TRelations>>(params);
  return construct<TRelations>(client, config) as never;
}

function construct<TRelations extends AnyRelations>(
  client: Queryable<any>,
  config: DrizzlePgConfig<TRelations> = {},
): AsyncpgDatabase<TRelations> & { $client: Queryable<any> } {
  const dialect = new AsyncpgDialect(config.codecs ?? asyncpgCodecs, config.jit === true);
  const relations = (config.relations ?? {}) as TRelations;
  const { cache, paramsInErrors } = config;
  const options = { logger: loggerOf(config.logger), cache, paramsInErrors };
  const session = new AsyncpgSession(client, dialect, relations, options);
  const db = new AsyncpgDatabase<TRelations>(dialect, session, relations);
  const $cache: object | undefined = cache;
  if ($cache !== undefined) Object.assign($cache, { invalidate: cache!.onMutate });
  return Object.assign(db, { $client: client, $cache: $cache as never });
}

function loggerOf(logger: boolean | Logger | undefined): Logger | undefined {
  if (logger === true) return new DefaultLogger();
  return logger === false ? undefined : logger;
}

/** A database without a client, for texts of queries alone: `drizzle.mock({ relations })`. */
drizzle.mock = <TRelations extends AnyRelations = EmptyRelations>(
  config?: DrizzlePgConfig<TRelations>,
): AsyncpgDatabase<TRelations> & {
  /** There is none. */
  $client: '$client is not available on drizzle.mock()';
} => construct<TRelations>({} as Queryable<any>, config) as never;

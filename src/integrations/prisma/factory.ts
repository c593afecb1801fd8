import { configFor } from '../../client/connect.ts';
import { CONTEXT, CREATE } from '../../client/internals.ts';
import type { ConnectConfig } from '../../config/connect-config.ts';
import { InvalidArgumentError } from '../../errors/client-errors.ts';
import { checkedPoolOptions } from '../../pool/checked-pool-options.ts';
import { createPool } from '../../pool/create-pool.ts';
import type { Pool } from '../../pool/pool.ts';
import type { PoolOptions } from '../../pool/pool-options.ts';
import { isThenable } from '../../values/builtins.ts';
import { checkOptions } from '../check-options.ts';
import { isPool } from '../is-pool.ts';
import type { SqlDriverAdapter } from './driver-adapter.ts';
import { adapterError, type Place } from './mapped-error.ts';
import { PrismaAdapter } from './prisma-adapter.ts';
import { splitDsn } from './prisma-dsn.ts';
import { NAME } from './prisma-queryable.ts';

/** What a `PrismaAsyncpg` may be told besides its pool. */
export interface PrismaAsyncpgOptions {
  /** The schema that Prisma's queries name. Default: that of the DSN's `schema`, else the client's. */
  readonly schema?: string | undefined;
  /** Whether `$disconnect` closes a pool that was given. Default false: who made it closes it. */
  readonly disposeExternalPool?: boolean | undefined;
}

/**
 * Prisma's driver adapter on a pool. Queries outside of transactions go through the pool: many at once
 * travel together, on few connections, and their statements are prepared once. A transaction has a
 * connection to itself, and its BEGIN travels with its first statement.
 *
 * Values, types and errors are those that Prisma's client expects, whatever the pool's `types` and `codecs`
 * are. The driver's own error is in `error.meta.driverAdapterError.driverError`.
 *
 * @example
 * const adapter = new PrismaAsyncpg(process.env.DATABASE_URL!);
 * const prisma = new PrismaClient({ adapter });
 * const users = await prisma.user.findMany();
 */
export class PrismaAsyncpg {
  /** For Prisma. */
  readonly provider = 'postgres' as const;
  /** For Prisma. */
  readonly adapterName: string = NAME;
  readonly #pool: Pool<any> | null;
  readonly #dsn: string | undefined;
  readonly #poolOptions: PoolOptions<any>;
  readonly #schema: string | undefined;
  readonly #closesPool: boolean;

  /**
   * @param poolOrOptions a Pool; a DSN, which may have Prisma's parameters `schema`, `connection_limit`,
   *   `pool_timeout`, `socket_timeout`, `max_connection_lifetime`, `max_idle_connection_lifetime`,
   *   `statement_cache_size` and `pgbouncer`; or the options of a pool. Of the latter two a
   *   pool is made with `$connect`, or the first query, and closed with `$disconnect`
   * @throws InvalidArgumentError for anything else
   * @throws ClientConfigurationError for unknown options, such as those of Prisma's own adapter, and for a parameter of
   *   Prisma's with a value that it cannot have
   */
  constructor(
    poolOrOptions: Pool<any> | PoolOptions<any> | string,
    options: PrismaAsyncpgOptions = {},
  ) {
    checkOptions('PrismaAsyncpg', options, { schema: 'string', disposeExternalPool: 'boolean' });
    const isDsn = typeof poolOrOptions === 'string';
    const split = isDsn ? splitDsn(poolOrOptions) : null;
    if (!isDsn && !isPool(poolOrOptions) && !mayBeOptions(poolOrOptions)) {
      throw new InvalidArgumentError('PrismaAsyncpg takes a Pool, a DSN or the options of a pool', {
        hint: 'Make a pool with createPool of this package, and await it.',
      });
    }
    this.#pool = isPool(poolOrOptions) ? poolOrOptions : null;
    this.#dsn = split?.dsn;
    this.#poolOptions =
      split?.options ?? (this.#pool === null ? (poolOrOptions as PoolOptions) : {});
    this.#schema = options.schema ?? split?.schema;
    this.#closesPool = this.#pool === null || options.disposeExternalPool === true;
  }

  /** For Prisma. */
  async connect(): Promise<SqlDriverAdapter> {
    const pool = this.#pool ?? (await this.#createPool());
    return new PrismaAdapter(pool, placeOf(pool), this.#schema, async () => {
      if (this.#closesPool) await pool.close();
    });
  }

  /** No connection is opened here, unless the options ask for it: a failure is the first query's. */
  async #createPool(): Promise<Pool<any>> {
    const options = { minSize: 0, ...this.#poolOptions };
    const creating = this.#dsn === undefined ? createPool(options) : createPool(this.#dsn, options);
    return await creating.catch((error: unknown) => {
      throw adapterError(error, NOWHERE);
    });
  }

  /** For Prisma: a database of its own beside the one that is configured, dropped with its end. */
  async connectToShadowDb(): Promise<SqlDriverAdapter> {
    const database = `prisma_migrate_shadow_db_${crypto.randomUUID()}`;
    const admin = await this.connect();
    let pool: Pool<any> | undefined;
    try {
      pool = await this.#poolOf(database);
      await admin.executeScript(`CREATE DATABASE "${database}"`);
    } catch (error) {
      await Promise.all([pool?.close(), admin.dispose()]);
      throw error;
    }
    return new PrismaAdapter(pool, placeOf(pool), this.#schema, async () => {
      try {
        await pool.close();
        await admin.executeScript(`DROP DATABASE "${database}"`);
      } finally {
        await admin.dispose();
      }
    });
  }

  /** A pool without connections so far. */
  async #poolOf(database: string): Promise<Pool<any>> {
    const { Pool } = await import('../../pool/pool.ts');
    const [settings, connectOptions] = checkedPoolOptions({ ...this.#poolOptions, minSize: 0 });
    const config = this.#pool?.[CONTEXT].config ?? (await configFor(this.#dsn, connectOptions));
    const startupParameters = new Map(config.startupParameters).set('database', database);
    return Pool[CREATE]({ ...config, database, startupParameters }, settings);
  }
}

/** A pool of pg's, or what `createPool` returns before it is awaited, would be options without any. */
function mayBeOptions(given: unknown): boolean {
  if (typeof given !== 'object' || given === null || isThenable(given)) return false;
  return typeof (given as { query?: unknown }).query !== 'function';
}

const NOWHERE: Place = { host: undefined, port: undefined, database: undefined, user: undefined };

function placeOf(pool: Pool<any>): Place {
  const { hosts, database, user }: ConnectConfig = pool[CONTEXT].config;
  return { host: hosts[0]?.host, port: hosts[0]?.port, database, user };
}

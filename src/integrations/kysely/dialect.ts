import {
  type DatabaseIntrospector,
  type Dialect,
  type DialectAdapter,
  type Driver,
  type Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  type QueryCompiler,
} from 'kysely';
import { InterfaceError, InvalidArgumentError } from '../../errors/client-errors.ts';
import type { Pool } from '../../pool/pool.ts';
import { checkOptions } from '../check-options.ts';
import { isPool } from '../is-pool.ts';
import { NotingCompiler, OneShots } from './one-shots.ts';
import { PoolDriver } from './pool-driver.ts';

/** What an `AsyncpgDialect` is made of. */
export interface AsyncpgDialectConfig {
  /**
   * The pool, or what makes it, called before the first query. `db.destroy()` closes it. Its options
   * `types` and `codecs` say what values are in JavaScript; its options `rows` and `transform` are of no
   * matter: rows are plain objects here, with the names of Kysely's types.
   */
  readonly pool: Pool<any> | (() => Pool<any> | Promise<Pool<any>>);
}

/** What Kysely's own dialect has. */
function hintFor(name: string): string | undefined {
  if (name === 'onCreateConnection') return 'The option "init" of createPool is called with each.';
  if (name === 'onReserveConnection')
    return 'The option "setup" of createPool is called each time.';
  return name === 'cursor' ? 'Streams need none.' : undefined;
}

/**
 * Kysely's dialect on a pool. Queries outside of a transaction go through the pool one by one: many at
 * once travel together, on few connections. Transactions, `db.connection()` and streams have a
 * connection to themselves. Errors are the driver's own.
 *
 * @example
 * const pool = await createPool(process.env.DATABASE_URL);
 * const db = new Kysely<Database>({ dialect: new AsyncpgDialect({ pool }) });
 * const users = await db.selectFrom('users').selectAll().execute();
 */
export class AsyncpgDialect implements Dialect {
  readonly #make: () => Pool<any> | Promise<Pool<any>>;
  readonly #oneShots = new OneShots();
  #pool: Pool<any> | null = null;

  /**
   * @throws InvalidArgumentError for a `pool` that is neither a Pool nor a function
   * @throws ClientConfigurationError for unknown options, such as those of Kysely's own dialect
   */
  constructor(config: AsyncpgDialectConfig) {
    const pool = config?.pool;
    if (pool !== undefined) checkOptions('AsyncpgDialect', config, { pool: 'any' }, hintFor);
    if (typeof pool === 'function') {
      this.#make = pool;
      return;
    }
    const made = checkPool(pool);
    this.#pool = made;
    const make = (): Pool<any> => made;
    this.#make = make;
  }

  /**
   * The pool, for what Kysely has no words for: COPY, notifications, the pool's figures.
   *
   * @throws InterfaceError while a pool that a function makes is not there: before the first query
   * @example
   * await dialect.pool.copyRecordsToTable('events', { records });
   */
  get pool(): Pool<any> {
    if (this.#pool === null) {
      throw new InterfaceError('the pool of the dialect is not open yet', {
        hint: 'It is made for the first query. Make the pool first, and give it to the dialect, to have it at once.',
        safeToRetry: true,
      });
    }
    return this.#pool;
  }

  /** For Kysely. */
  createDriver(): Driver {
    return new PoolDriver(() => this.#open(), this.#oneShots);
  }

  /** For Kysely. */
  createQueryCompiler(): QueryCompiler {
    return new NotingCompiler(this.#oneShots);
  }

  /** For Kysely. */
  createAdapter(): DialectAdapter {
    return new PostgresAdapter();
  }

  /** For Kysely. */
  createIntrospector(db: Kysely<any>): DatabaseIntrospector {
    return new PostgresIntrospector(db);
  }

  /** A Kysely closes its pool with itself, so that each has one of its own where a function makes it. */
  async #open(): Promise<Pool<any>> {
    const pool = checkPool(await this.#make());
    this.#pool = pool;
    return pool;
  }
}

function checkPool(pool: unknown): Pool<any> {
  if (isPool(pool)) return pool;
  throw new InvalidArgumentError(
    'the pool of AsyncpgDialect is a Pool, or a function that makes one',
    {
      hint: 'Make it with createPool of this package.',
    },
  );
}

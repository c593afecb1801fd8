import { located } from '../../client/calls/caller-stack.ts';
import { contextFor } from '../../client/connect.ts';
import { OPEN } from '../../client/internals.ts';
import { LimitedQueryable, type WithOptions } from '../../client/limited-queryable.ts';
import type { Queryable } from '../../client/queryable.ts';
import type { Transaction } from '../../client/transactions/transaction.ts';
import {
  allOf,
  positionOf,
  type TransactionOptions,
} from '../../client/transactions/transaction-options.ts';
import type { ConnectConfig } from '../../config/connect-config.ts';
import type { SessionContext } from '../../connecting/open-session.ts';
import type { RowForm } from '../../values/row-form.ts';
import { LSN_QUERY, lsnOf } from '../lsn.ts';
import { Pool } from '../pool.ts';
import type { PoolSettings } from '../pool-options.ts';
import { type Readers, readRoute } from './read-route.ts';
import { ReadersAllocator } from './readers-allocator.ts';
import type { ReadersSettings } from './readers-options.ts';
import { ReplayWatch } from './replay-watch.ts';

/** What a pool of readers takes from the pool that it belongs to. */
export interface Primary {
  /** That pool. */
  readonly pool: Pool<any>;
  /** The pool's, whose hosts are the readers' too, unless they have their own. */
  readonly context: SessionContext;
}

/** What a pool of readers is made of. */
export interface ReadersParts {
  readonly config: ConnectConfig;
  readonly settings: PoolSettings;
  readonly special: ReadersSettings;
}

/** The pool of standbys of a pool. Its sessions refuse to write on whichever server they are. */
export class ReadersPool<F extends RowForm = 'record'> extends Pool<F> {
  /** What the pool that it belongs to needs of it. */
  readonly parts: Readers;
  readonly #allocator: ReadersAllocator;
  readonly #primary: Pool<any>;
  readonly #minSize: number;

  private constructor(
    context: SessionContext,
    settings: PoolSettings,
    allocator: ReadersAllocator,
    primary: Pool<any>,
  ) {
    super({ context, settings, allocator });
    this.#allocator = allocator;
    this.parts = { pool: this, allocator };
    this.#primary = primary;
    this.#minSize = settings.minSize;
  }

  static of<F extends RowForm>(
    primary: Primary,
    { config, settings, special }: ReadersParts,
  ): ReadersPool<F> {
    const own = contextFor(config, primary.context.clock, primary.context.network);
    const { clock, directory } = primary.context;
    const locate = async (timeout: number): Promise<string> =>
      lsnOf(await primary.pool.fetchOne({ ...LSN_QUERY, timeout }));
    const watch = new ReplayWatch(clock, locate, special.maxLag);
    const context: SessionContext = {
      ...own,
      directory:
        directory && config.hostProvider === directory.provider ? directory : own.directory!,
      pool: 'readers',
      ...(special.maxLag === null ? {} : { accept: (session) => watch.objectionTo(session) }),
    };
    const allocator = new ReadersAllocator(context, settings, special, watch);
    return new ReadersPool<F>(context, settings, allocator, primary.pool);
  }

  /** @internal */
  override async [OPEN](): Promise<void> {
    try {
      await this.#allocator.openFirst(Math.min(1, this.#minSize));
      await this.#allocator.openFirst(this.#minSize - this.#allocator.size);
    } catch {
      // They are opened when somebody reads: without them the primary serves.
    }
  }

  override with<G extends RowForm = F>(limits: WithOptions<G>): Queryable<G> {
    if (limits?.after === undefined) return new LimitedQueryable<G>(this, limits, true);
    const route = readRoute(this.#primary, this.parts, positionOf(limits));
    return new LimitedQueryable<G>(route, limits, true);
  }

  override transaction<R>(
    first: TransactionOptions | ((tx: Transaction<F>) => Promise<R>),
    second?: (tx: Transaction<F>) => Promise<R>,
  ): Promise<R> {
    if (typeof first === 'function') return super.transaction(first);
    if (first?.after === undefined || first.readOnly !== true) {
      return super.transaction(first, second!);
    }
    const { after: _, ...options } = allOf(first);
    return located(async () => {
      const route = readRoute<F>(this.#primary, this.parts, positionOf(first));
      return await route.transaction(options, second!);
    });
  }
}

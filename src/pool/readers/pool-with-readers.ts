import { located } from '../../client/calls/caller-stack.ts';
import { configFor, contextFor } from '../../client/connect.ts';
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
import type { RowForm } from '../../values/row-form.ts';
import { checkedPoolOptions } from '../checked-pool-options.ts';
import { Pool } from '../pool.ts';
import type { PoolOptions, PoolSettings } from '../pool-options.ts';
import { readRoute } from './read-route.ts';
import { hastened, splitReadersOptions } from './readers-options.ts';
import { type ReadersParts, ReadersPool } from './readers-pool.ts';

/** A pool of the primary that has a pool of standbys, and sends there what only reads. */
class PoolWithReaders<F extends RowForm> extends Pool<F> {
  readonly #readers: ReadersPool<F>;

  constructor(config: ConnectConfig, settings: PoolSettings, readers: ReadersParts) {
    const context = contextFor(config);
    super({ context, settings });
    this.#readers = ReadersPool.of<F>({ pool: this, context }, readers);
  }

  override async [OPEN](): Promise<void> {
    const opening = this.#readers[OPEN]();
    try {
      await super[OPEN]();
    } finally {
      await opening;
    }
  }

  override get readers(): Pool<F> {
    return this.#readers;
  }

  override with<G extends RowForm = F>(limits: WithOptions<G>): Queryable<G> {
    if (limits?.readOnly !== true) return super.with(limits);
    const route = readRoute(this, this.#readers.parts, positionOf(limits));
    return new LimitedQueryable<G>(route, limits, true);
  }

  override transaction<R>(
    first: TransactionOptions | ((tx: Transaction<F>) => Promise<R>),
    second?: (tx: Transaction<F>) => Promise<R>,
  ): Promise<R> {
    if (typeof first === 'function') return super.transaction(first);
    if (first?.readOnly !== true) return super.transaction(first, second!);
    const { after: _, ...options } = allOf(first);
    return located(async () => {
      const route = readRoute<F>(this, this.#readers.parts, positionOf(first));
      return await route.transaction(options, second!);
    });
  }

  override async expireConnections(): Promise<void> {
    await Promise.all([super.expireConnections(), this.#readers.expireConnections()]);
  }

  override async close(): Promise<void> {
    await Promise.all([this.#readers.close(), super.close()]);
  }

  override terminate(): void {
    this.#readers.terminate();
    super.terminate();
  }
}

/** Makes the pool of `createPool` where that has the option `readers`. */
export async function createPoolWithReaders(
  config: ConnectConfig,
  settings: PoolSettings,
  dsn: string | undefined,
  options: PoolOptions<any>,
): Promise<Pool<any>> {
  // Who has standbys among the hosts does not want the pool itself to be connected to one.
  const { targetSessionAttrs } = config;
  const primary = targetSessionAttrs === 'any' ? 'primary' : targetSessionAttrs;
  const own = Object.freeze({ ...config, targetSessionAttrs: primary });
  const [special, all] = splitReadersOptions(options);
  const [plain, connect] = checkedPoolOptions(all);
  const ofReaders = hastened(await configFor(dsn, connect), connect);
  const readers = { config: ofReaders, settings: plain, special };
  const pool = new PoolWithReaders<any>(own, settings, readers);
  await pool[OPEN]();
  return pool;
}

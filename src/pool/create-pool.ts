import { located } from '../client/calls/caller-stack.ts';
import { configFor, splitArguments } from '../client/connect.ts';
import type { RowForm } from '../values/row-form.ts';
import type { Pool } from './pool.ts';
import type { PoolOptions } from './pool-options.ts';
import { splitPoolOptions } from './split-pool-options.ts';

/**
 * Makes a pool and opens its `minSize` connections.
 *
 * @throws what `connect` throws, when the first connections cannot be opened
 * @example
 * await using pool = await createPool('postgres://localhost/shop', { minSize: 2, maxSize: 20 });
 * const user = await pool.fetchRow('SELECT * FROM users WHERE id = $1', 1);
 */
export function createPool<F extends RowForm = 'record'>(
  dsn?: string,
  options?: PoolOptions<F>,
): Promise<Pool<F>>;
/** The same, with the server named by the options and the environment alone. */
export function createPool<F extends RowForm = 'record'>(
  options?: PoolOptions<F>,
): Promise<Pool<F>>;
export function createPool(
  first?: string | PoolOptions<any>,
  second?: PoolOptions<any>,
): Promise<Pool<any>> {
  return located(async () => {
    const [dsn, options] = splitArguments(first, second);
    const [own, connectOptions] = splitPoolOptions(options);
    const config = configFor(dsn, connectOptions);
    // It is awaited behind the check of the pool's own options.
    config.catch(() => {});
    // Who connects without a pool need not load it.
    const { openPool } = await import('./open-pool.ts');
    return await openPool(own, config, dsn, options);
  });
}

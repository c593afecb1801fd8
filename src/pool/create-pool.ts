import { located } from '../client/caller-stack.ts';
import { loadDeclared, splitArguments } from '../client/connect.ts';
import { CREATE, OPEN } from '../client/internals.ts';
import { resolveConfig } from '../config/resolve.ts';
import type { RowForm } from '../values/row-form.ts';
import type { Pool } from './pool.ts';
import { type PoolOptions, splitPoolOptions } from './pool-options.ts';

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
    const [settings, connectOptions] = splitPoolOptions(options);
    const config = resolveConfig(dsn, connectOptions);
    await loadDeclared(config);
    if ((options.readers ?? null) !== null) {
      const { createPoolWithReaders } = await import('./readers/pool-with-readers.ts');
      return await createPoolWithReaders(config, settings, dsn, options);
    }
    // Who connects without a pool need not load it.
    const { Pool } = await import('./pool.ts');
    const pool = Pool[CREATE](config, settings);
    await pool[OPEN]();
    return pool;
  });
}

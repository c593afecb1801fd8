import { CREATE, OPEN } from '../client/internals.ts';
import type { ConnectConfig } from '../config/connect-config.ts';
import { Pool } from './pool.ts';
import { type OwnPoolOptions, type PoolOptions, poolSettings } from './pool-options.ts';

/** Makes the pool of `createPool`, and opens its connections. */
export async function openPool(
  own: OwnPoolOptions,
  configuring: Promise<ConnectConfig>,
  dsn: string | undefined,
  options: PoolOptions<any>,
): Promise<Pool<any>> {
  const settings = poolSettings(own);
  const config = await configuring;
  if ((options.readers ?? null) !== null) {
    const { createPoolWithReaders } = await import('./readers/pool-with-readers.ts');
    return await createPoolWithReaders(config, settings, dsn, options);
  }
  const pool = Pool[CREATE](config, settings);
  await pool[OPEN]();
  return pool;
}

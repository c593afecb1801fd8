import type { ConnectOptions } from '../config/options.ts';
import type { RowForm } from '../values/row-form.ts';
import { partPoolOptions } from './part-pool-options.ts';
import { type PoolOptions, type PoolSettings, poolSettings } from './pool-options.ts';

/** Parts the pool's own options, checked, from those of its connections. */
export function splitPoolOptions(
  options: PoolOptions<RowForm>,
): [settings: PoolSettings, connect: ConnectOptions<RowForm>] {
  const [own, connect] = partPoolOptions(options);
  return [poolSettings(own), connect];
}

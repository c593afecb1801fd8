import type { ConnectOptions } from '../config/options.ts';
import type { RowForm } from '../values/row-form.ts';
import { type PoolOptions, type PoolSettings, poolSettings } from './pool-options.ts';
import { splitPoolOptions } from './split-pool-options.ts';

/** Parts the pool's own options, checked, from those of its connections. */
export function checkedPoolOptions(
  options: PoolOptions<RowForm>,
): [settings: PoolSettings, connect: ConnectOptions<RowForm>] {
  const [own, connect] = splitPoolOptions(options);
  return [poolSettings(own), connect];
}

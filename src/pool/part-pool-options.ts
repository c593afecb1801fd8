import type { ConnectOptions } from '../config/options.ts';
import type { RowForm } from '../values/row-form.ts';
import type { OwnPoolOptions, PoolOptions } from './pool-options.ts';

/** Parts the pool's own options, unchecked, from those of its connections. */
export function partPoolOptions(
  options: PoolOptions<RowForm>,
): [own: OwnPoolOptions, connect: ConnectOptions<RowForm>] {
  const {
    minSize,
    maxSize,
    maxQueries,
    maxInactiveConnectionLifetime,
    maxConnectionLifetime,
    acquireTimeout,
    pipelining,
    validate,
    validateTimeout,
    leakWarning,
    allowExitOnIdle,
    resetOnRelease,
    init,
    setup,
    reset,
    readers: _,
    ...connect
  } = options;
  const own = {
    minSize,
    maxSize,
    maxQueries,
    maxInactiveConnectionLifetime,
    maxConnectionLifetime,
    acquireTimeout,
    pipelining,
    validate,
    validateTimeout,
    leakWarning,
    allowExitOnIdle,
    resetOnRelease,
    init,
    setup,
    reset,
  };
  return [own, connect];
}

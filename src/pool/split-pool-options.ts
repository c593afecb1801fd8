import type { ConnectOptions } from '../config/options.ts';
import { pick } from '../values/pick.ts';
import type { RowForm } from '../values/row-form.ts';
import type { OwnPoolOptions, PoolOptions } from './pool-options.ts';

/** The names of the pool's own options. */
const OWN: Readonly<Record<keyof OwnPoolOptions, true>> = {
  minSize: true,
  maxSize: true,
  maxQueries: true,
  maxInactiveConnectionLifetime: true,
  maxConnectionLifetime: true,
  acquireTimeout: true,
  pipelining: true,
  validate: true,
  validateTimeout: true,
  leakWarning: true,
  allowExitOnIdle: true,
  resetOnRelease: true,
  init: true,
  setup: true,
  reset: true,
};

/** Parts the pool's own options, unchecked, from those of its connections. */
export function splitPoolOptions(
  options: PoolOptions<RowForm>,
): [own: OwnPoolOptions, connect: ConnectOptions<RowForm>] {
  const names = Object.keys(OWN);
  const { readers: _, ...connect } = options;
  for (const name of names) Reflect.deleteProperty(connect, name);
  return [pick(options, names), connect];
}

import type { ResolvedTypeOptions } from '../values/type-options.ts';
import type { Codec } from './codec.ts';

const NO_TEMPORAL = {};
const shared = new WeakMap<object, Map<string, Map<number, Codec>>>();

/** Where all registries with these options keep the built-in codecs. */
export function sharedCodecs(options: ResolvedTypeOptions): Map<number, Codec> {
  const { int8, numeric, datetime, json, temporal } = options;
  const byChoices = getOrAdd(shared, temporal ?? NO_TEMPORAL, () => new Map());
  return getOrAdd(byChoices, [int8, numeric, datetime, json].join(), () => new Map());
}

function getOrAdd<K, V>(
  map: { get(key: K): V | undefined; set(key: K, value: V): unknown },
  key: K,
  make: () => V,
): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

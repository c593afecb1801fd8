import type { ResolvedTypeOptions } from '../values/type-options.ts';
import type { Codec } from './codec.ts';

const NO_TEMPORAL = {};
const shared = new WeakMap<object, Map<string, Map<number, Codec>>>();

/** Where all registries with these options keep the built-in codecs. */
export function sharedCodecs(options: ResolvedTypeOptions): Map<number, Codec> {
  const { int8, numeric, datetime, json } = options;
  const temporal = options.temporal ?? NO_TEMPORAL;
  const choices = `${int8},${numeric},${datetime},${json}`;
  const byChoices = shared.get(temporal) ?? new Map<string, Map<number, Codec>>();
  shared.set(temporal, byChoices);
  const codecs = byChoices.get(choices) ?? new Map<number, Codec>();
  byChoices.set(choices, codecs);
  return codecs;
}

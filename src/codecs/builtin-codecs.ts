import type { CodecSource } from './codec-source.ts';
import { EXACT } from './exact-options.ts';
import { TypeRegistry } from './registry.ts';

let registry: TypeRegistry | null = null;

/**
 * The codecs of PostgreSQL's own types for the driver's own queries: no option of the user's and no
 * codec that users set changes what these return.
 */
export function builtinCodecs(): CodecSource {
  registry ??= new TypeRegistry(EXACT);
  return registry;
}

import type { CodecSource } from './codec-source.ts';
import { TypeRegistry } from './registry.ts';
import { EXACT } from './replacement.ts';

/**
 * The codecs of PostgreSQL's own types for the driver's own queries: no option of the user's and no
 * codec that users set changes what these return.
 */
export const builtinCodecs: CodecSource = new TypeRegistry(EXACT);

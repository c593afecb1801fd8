import { RESULT } from '../client/internals.ts';
import type { Pool } from '../pool/pool.ts';

/** Whether a value is a pool of this package. Its class is not imported, which is loaded with the first pool. */
export function isPool(value: unknown): value is Pool<any> {
  return typeof value === 'object' && value !== null && RESULT in value && 'acquire' in value;
}

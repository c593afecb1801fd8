import * as parts from './driver.ts';

/**
 * The driver's own classes. In `@asyncpg/pg` they are a file that is loaded by the first call: reading
 * it takes longer than connecting (tools/build-pg.ts).
 */
export function driver(): typeof parts {
  return parts;
}

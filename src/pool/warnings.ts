import type { PoolStats } from './stats.ts';

/** What a pool tells its user outside of any call: process warnings, each with a name. */
function warn(name: string, message: string, detail?: string): void {
  const warning: Error & { detail?: string } = new Error(message);
  warning.name = name;
  if (detail !== undefined) warning.detail = detail;
  process.emitWarning(warning);
}

/** A connection has been lent out for long; `stack` is where. */
export function warnOfLeak(milliseconds: number, stack: string): void {
  warn(
    'AsyncpgLeakWarning',
    `a connection of a pool was not given back within ${milliseconds} ms`,
    stack.replace(/^Error/, 'It was acquired'),
  );
}

/** A connection comes back with listeners, which will hear nothing any more. */
export function warnOfListeners(count: number): void {
  if (count === 0) return;
  warn(
    'AsyncpgInterfaceWarning',
    `a connection is given back to its pool with ${count} active notification or log listeners, which are removed; use pool.listen() for lasting ones`,
  );
}

export function warnOfSlowClose({ inUse }: PoolStats): void {
  warn(
    'AsyncpgSlowCloseWarning',
    `closing a pool takes long: ${inUse} of its connections are in use; were they all given back?`,
  );
}

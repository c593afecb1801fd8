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

/** A call waits for a connection while its own transaction has one; `stack` is where. */
export function warnOfWaitInside(milliseconds: number, { size }: PoolStats, stack: string): void {
  warn(
    'AsyncpgPoolWaitWarning',
    `a call on a pool has waited ${milliseconds} ms for a connection inside a transaction of the same pool, ` +
      `whose ${size} connections are all in use: if all of them wait like this, none comes back. ` +
      'Call the transaction itself, and give acquireTimeout a value',
    stack.replace(/^Error/, 'It was called'),
  );
}

export function warnOfSlowClose({ inUse }: PoolStats): void {
  warn(
    'AsyncpgSlowCloseWarning',
    `closing a pool takes long: ${inUse} of its connections are in use; were they all given back?`,
  );
}

/** Readers are refused by what they are told, such as another role or a setting that a pooler does not know. */
export function warnOfRefusedReaders(error: Error): void {
  warn(
    'AsyncpgReadersWarning',
    `the readers of a pool cannot be opened, and the primary answers in their stead: ${error.message}`,
  );
}

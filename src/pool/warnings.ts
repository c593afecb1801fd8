import { processWarning } from '../runtime/process-warning.ts';
import type { Standstill } from '../session/session.ts';
import { messageOf } from '../values/message-of.ts';
import type { PoolStats } from './stats.ts';

// What a pool tells its user outside of any call.

/** A connection has been lent out for long; `stack` is where. */
export function warnOfLeak(milliseconds: number, stack: string): void {
  processWarning(
    'AsyncpgLeakWarning',
    `a connection of a pool was not given back within ${milliseconds} ms`,
    stack.replace(/^Error/, 'It was acquired'),
  );
}

/** A connection comes back with listeners, which will hear nothing any more. */
export function warnOfListeners(count: number): void {
  if (count === 0) return;
  processWarning(
    'AsyncpgInterfaceWarning',
    `a connection is given back to its pool with ${count} active notification or log listeners, which are removed; use pool.listen() for lasting ones`,
  );
}

/** How many connections stand still, by what they stand still for. */
export type Stall = Readonly<Record<Standstill, number>>;

/** What has a connection of the pool where another one is asked for. */
export type Inside = 'transaction' | 'source';

const INSIDE: Readonly<Record<Inside, string>> = {
  transaction: 'a transaction of the same pool',
  source: 'the source of a COPY or executeMany of the same pool',
};

const INSTEAD: Readonly<Record<Inside, string>> = {
  transaction: 'call the transaction itself',
  source: 'read what the source needs before, or from another pool',
};

/** What to say of a call that waits there. */
export function hintInside(inside: Inside): string {
  return `It was called inside ${INSIDE[inside]}: ${INSTEAD[inside]}.`;
}

/** A call waits for a connection while what it is called from has one; `stack` is where. */
export function warnOfWaitInside(
  milliseconds: number,
  inside: Inside,
  { size }: PoolStats,
  stack: string,
): void {
  const instead = INSTEAD[inside];
  processWarning(
    'AsyncpgPoolWaitWarning',
    `a call on a pool has waited ${milliseconds} ms for a connection inside ${INSIDE[inside]}, ` +
      `whose ${size} connections are all in use: if all of them wait like this, none comes back. ` +
      `${instead[0]!.toUpperCase()}${instead.slice(1)}, and give acquireTimeout a value`,
    stack.replace(/^Error/, 'It was called'),
  );
}

/** What the connections of a pool that stands still are doing. */
export function tellStall({ holder, reader, source }: Stall): string {
  const parts = [
    [holder, 'held by who asks nothing'],
    [reader, 'by a stream or COPY whose data nobody takes'],
    [source, 'by a COPY or executeMany whose source gives nothing'],
  ] as const;
  return parts
    .filter(([count]) => count > 0)
    .map(([count, what]) => `${count} ${what}`)
    .join(', ');
}

/** Calls wait for connections, and nothing happens on any of them. */
export function warnOfStall(milliseconds: number, stall: Stall): void {
  processWarning(
    'AsyncpgPoolWaitWarning',
    `a call on a pool has waited ${milliseconds} ms for a connection, while nothing happened on any: ` +
      `${tellStall(stall)}. If what has them waits for such a call, as in the loop of a stream, none comes back. ` +
      'Call the connection that is held, give the pool more, and acquireTimeout a value',
  );
}

/** The close of a pool waits for connections, and nothing happens on any of them; `stack` is where. */
export function warnOfStalledClose(
  milliseconds: number,
  stall: Stall,
  inside: Inside | null,
  stack: string,
): void {
  processWarning(
    'AsyncpgSlowCloseWarning',
    `the close of a pool has waited ${milliseconds} ms for connections in use, while nothing happened on any: ` +
      `${tellStall(stall)}. If what has them waits for the close, neither ends: ` +
      (inside === null
        ? 'close the pool where nothing of it is in use, and give back what was acquired'
        : `it was called inside ${INSIDE[inside]}, behind which the pool can be closed`),
    stack.replace(/^Error/, 'It was closed'),
  );
}

/** The close of a pool waits for so many connections in use. */
export function warnOfSlowClose(count: number): void {
  processWarning(
    'AsyncpgSlowCloseWarning',
    `closing a pool takes long: ${count} of its connections are in use; were they all given back?`,
  );
}

/** Readers are refused by what they are told, such as another role or a setting that a pooler does not know. */
export function warnOfRefusedReaders(error: Error): void {
  processWarning(
    'AsyncpgReadersWarning',
    `the readers of a pool cannot be opened, and the primary answers in their stead: ${error.message}`,
  );
}

/** Nothing arrives on the channels of a pool: their connection was lost, and another one is refused. */
export function warnOfRefusedListening(error: unknown): void {
  processWarning(
    'AsyncpgListenWarning',
    `the connection on which a pool listens was lost and cannot be opened again: ${messageOf(error)}. ` +
      'It is tried on; until then no notification comes',
  );
}

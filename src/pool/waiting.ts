import { OpenTransaction } from '../client/transactions/open-transaction.ts';
import { TimeoutError } from '../errors/client-errors.ts';
import { poolCalledBySource } from '../session/requests/feed.ts';
import type { Deadline } from '../transport/deadline.ts';
import type { PooledSession } from './pooled-session.ts';
import { stallOf } from './stall-watch.ts';
import type { PoolStats } from './stats.ts';
import { hintInside, type Inside, tellStall } from './warnings.ts';

/** The connections that a pool has, and whether it may have more. */
interface WaitedFor {
  readonly stats: PoolStats;
  /** All connections that there are. */
  readonly present: ReadonlySet<PooledSession>;
  /** The same, if there cannot be more. */
  readonly all: ReadonlySet<PooledSession> | null;
  /** By the pool's clock. */
  readonly now: number;
}

/** What the running code is inside of that has one of these connections. */
export function insideOf(sessions: ReadonlySet<PooledSession>): Inside | null {
  const isOurs = (home: object): boolean => {
    for (const { client } of sessions) if (client === home) return true;
    return false;
  };
  if (OpenTransaction.isInside(isOurs)) return 'transaction';
  for (const { client } of sessions) if (client.session.isCalledBySource) return 'source';
  return null;
}

/** The stack of a call, with its own code behind the frames of this library and of who traces it. */
export function deepStack(): string {
  const { stackTraceLimit } = Error;
  // Where nobody may set it, it stays.
  Reflect.set(Error, 'stackTraceLimit', Math.max(stackTraceLimit ?? 0, 40));
  const { stack = '' } = new Error();
  Reflect.set(Error, 'stackTraceLimit', stackTraceLimit);
  return stack;
}

/**
 * Refuses the call of a source for which all connections of the pool wait.
 *
 * @param all the connections, if there cannot be more
 */
export function refuseSource(all: ReadonlySet<PooledSession> | null): void {
  if (all === null || all.size === 0) return;
  for (const { client } of all) if (!client.session.isCalledBySource) return;
  throw poolCalledBySource();
}

/** What a call fails with that has waited for a connection in vain. */
export function waitedTooLong(deadline: Deadline, pool: WaitedFor, inside: Inside | null): unknown {
  const reason = deadline.reason(false);
  if (!(reason instanceof TimeoutError)) return reason;
  const { size, idle, inUse, connecting, waiting } = pool.stats;
  const held = [...pool.present].filter(({ state }) => state === 'leased');
  const longest = Math.max(...held.map(({ leasedAt }) => Math.round(pool.now - leasedAt)));
  const holder = held.length > 0 ? `; the longest holder has had one for ${longest} ms` : '';
  return new TimeoutError(
    `no connection became free in time: of ${size} connections ${inUse} are in use, ${idle} idle, ` +
      `${connecting} being opened; ${waiting} others wait${holder}`,
    {
      safeToRetry: true,
      ...whyNone(pool.all, inside),
    },
  );
}

/** A hint at why no connection came back, if one can be given. */
function whyNone(all: ReadonlySet<PooledSession> | null, inside: Inside | null): { hint?: string } {
  if (inside !== null) return { hint: hintInside(inside) };
  const stall = stallOf(all);
  return stall === null
    ? {}
    : {
        hint: `Nothing is under way on them: ${tellStall(stall)}. Does what has them wait for this call?`,
      };
}

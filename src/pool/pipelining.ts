import type { PooledSession } from './pooled-session.ts';

/** A shared connection that has said nothing for so many milliseconds is behind all others. */
const STALLED = 50;

/**
 * The connection that a one-shot query had best share: the one with the fewest under way, but
 * none whose queries take long if there is another. Null when none can be shared: each has
 * `pipelining` queries, is leased, is to be replaced, or has one being cancelled.
 *
 * Every query is isolated by its own Sync, and a connection in a transaction is never shared:
 * whatever becomes of one query, the others' answers are theirs.
 */
export function leastBusyShared(
  sessions: Iterable<PooledSession>,
  pipelining: number,
  now: number,
  isFit: (pooled: PooledSession) => boolean,
): PooledSession | null {
  let best: PooledSession | null = null;
  let least = Infinity;
  for (const pooled of sessions) {
    if (pooled.state !== 'shared' || pooled.users >= pipelining) continue;
    const { session } = pooled.client;
    if (session.isCancelling || session.transactionStatus !== 'I' || !isFit(pooled)) continue;
    const silence = now - Math.max(session.lastProgress, pooled.sharedSince);
    const rank = silence > STALLED ? pooled.users + pipelining : pooled.users;
    if (rank < least) {
      least = rank;
      best = pooled;
    }
  }
  return best;
}

import { BUDGET, type Expectations } from './expectations.ts';
import type { PooledSession } from './pooled-session.ts';

/** Sums of what is expected are not exact. */
const MOST = BUDGET * 1.0001;

/**
 * The connection that a one-shot query had best share: the one that will be done with what it has
 * first. Null when none can be shared, since each has `pipelining` queries, has as much to do as it
 * does within the budget, is at a query that takes longer than expected, is leased, is to be
 * replaced, or has a query that is being cancelled.
 *
 * Every query is isolated by its own Sync, and a connection in a transaction is never shared:
 * whatever becomes of one query, the others' answers are theirs.
 *
 * @param cost what is expected of the query
 */
export function leastBusyShared(
  sessions: Iterable<PooledSession>,
  pipelining: number,
  cost: number,
  expectations: Expectations,
  now: number,
  isFit: (pooled: PooledSession) => boolean,
): PooledSession | null {
  let best: PooledSession | null = null;
  let least = MOST - cost;
  for (const pooled of sessions) {
    const { line } = pooled;
    if (pooled.state !== 'shared' || line.load > least || pooled.users >= pipelining) continue;
    if (line.load === least && best !== null) continue;
    const { session } = pooled.client;
    if (session.isCancelling || session.transactionStatus !== 'I') continue;
    // What somebody has set unseen is undone as soon as nobody shares it any more.
    if (session.server.hasChanged) continue;
    if (line.hasOverrun(now, expectations) || !isFit(pooled)) continue;
    least = line.load;
    best = pooled;
  }
  return best;
}

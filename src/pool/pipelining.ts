import type { Slot } from './pooled-session.ts';

/** A shared connection that has said nothing for so many milliseconds is behind all others. */
const STALLED = 50;

/**
 * The connection that a one-shot query had best share: the one with the fewest under way, but
 * none whose queries take long if there is another. Null when none can be shared: each has
 * `pipelining` queries, is somebody's own, is to be replaced, or has one being cancelled.
 *
 * Every query is isolated by its own Sync, and a connection in a transaction is never shared:
 * whatever becomes of one query, the others' answers are theirs.
 */
export function freestShared(
  slots: Iterable<Slot>,
  pipelining: number,
  now: number,
  isFit: (slot: Slot) => boolean,
): Slot | null {
  let best: Slot | null = null;
  let least = Infinity;
  for (const slot of slots) {
    if (slot.state !== 'shared' || slot.users >= pipelining) continue;
    const { session } = slot.lane;
    if (session.isCancelling || session.transactionStatus !== 'I' || !isFit(slot)) continue;
    const silence = now - Math.max(session.lastProgress, slot.sharedSince);
    const rank = silence > STALLED ? slot.users + pipelining : slot.users;
    if (rank < least) {
      least = rank;
      best = slot;
    }
  }
  return best;
}

import type { Standstill } from '../session/session.ts';
import type { Clock } from '../transport/clock.ts';
import { StandstillWatch } from '../transport/standstill-watch.ts';
import type { PooledSession } from './pooled-session.ts';
import {
  type Inside,
  type Stall,
  warnOfSlowClose,
  warnOfStall,
  warnOfStalledClose,
} from './warnings.ts';

/** What the watch sees of its pool. */
interface WatchedPool {
  /** Of those who wait. */
  readonly firstTicket: number | null;
  /** All connections that there may be; null while one of them is coming or going. */
  readonly sessions: ReadonlySet<PooledSession> | null;
}

/** What each connection stands still for, if all of them are lent and the server has to answer none. */
export function stallOf(sessions: ReadonlySet<PooledSession> | null): Stall | null {
  if (sessions === null || sessions.size === 0) return null;
  const stall: Record<Standstill, number> = { holder: 0, reader: 0, source: 0 };
  for (const { state, client } of sessions) {
    const { standstill } = client.session;
    if (state !== 'leased' || standstill === null) return null;
    stall[standstill] += 1;
  }
  return stall;
}

/**
 * Looks, while callers wait, whether anything happens on the connections that they wait for. If not, what
 * holds those may itself wait for one, and then none comes back: that is warned of, once.
 */
export function stallWatch(pool: WatchedPool, clock: Clock): StandstillWatch {
  const watched = {
    isStill: () => stallOf(pool.sessions) !== null,
    mark: () => `${pool.firstTicket} ${activityOf(pool.sessions ?? [])}`,
    tell: (milliseconds: number) => warnOfStall(milliseconds, stallOf(pool.sessions)!),
  };
  // A connection whose rows nobody takes does not keep the process, and it would end without a word.
  return new StandstillWatch(clock, watched, true);
}

/** After how many milliseconds a close that waits for connections is told of, even if something happens on them. */
const SLOW_CLOSE = 60_000;

/**
 * Waits until a pool is closed. Meanwhile it is looked whether anything happens on the connections that are still in
 * use. What has them may itself wait for the close: that is warned of, and a close that takes long; once in all.
 *
 * @param inside what the pool is closed inside of, as far as it is known
 */
export async function watchedClose(
  closed: Promise<void>,
  sessions: ReadonlySet<PooledSession>,
  inside: Inside | null,
  clock: Clock,
): Promise<void> {
  const place = new Error();
  const slow = clock.setTimer(
    SLOW_CLOSE,
    () => {
      watch.end();
      warnOfSlowClose(sessions.size);
    },
    false,
  );
  const watched = {
    isStill: () => stallOf(sessions) !== null,
    mark: () => activityOf(sessions),
    tell: (milliseconds: number) => {
      watch.end();
      slow.cancel();
      warnOfStalledClose(milliseconds, stallOf(sessions)!, inside, place.stack ?? '');
    },
  };
  const watch = new StandstillWatch(clock, watched, true);
  try {
    await watch.during(closed);
  } finally {
    slow.cancel();
  }
}

/** Grows whenever anything is sent or comes on any connection. */
function activityOf(sessions: Iterable<PooledSession>): number {
  let sum = 0;
  for (const { client } of sessions) sum += client.session.activity;
  return sum;
}

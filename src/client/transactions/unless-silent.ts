import { unansweredRollback } from '../../session/ending.ts';
import type { Session } from '../../session/session.ts';
import type { Timer } from '../../transport/clock.ts';

/** How often the server is looked at, in milliseconds. */
const INTERVAL = 5000;
/** After so many looks without a word from it the session is ended: one may find an event loop that was blocked. */
const LOOKS = 2;

/**
 * Waits for a rollback that has no time-out of its own. The session is ended if the server says nothing for ten
 * seconds, which a pool's reset has as well, although it owes an answer that takes no time, to BEGIN, SAVEPOINT,
 * ROLLBACK or Sync: behind these a call that was ended in time cannot be cancelled, so that nothing else ends the
 * wait. A statement may take as long as it likes.
 */
export async function unlessSilent<R>(session: Session, rollback: Promise<R>): Promise<R> {
  let heard = session.lastProgress;
  let silent = 0;
  let timer: Timer;
  const look = (): void => {
    const isSilent = session.lastProgress === heard && session.queue.head?.isBrief === true;
    heard = session.lastProgress;
    silent = isSilent ? silent + 1 : 0;
    if (silent === LOOKS) session.fail(unansweredRollback());
    else timer = session.clock.setTimer(INTERVAL, look);
  };
  timer = session.clock.setTimer(INTERVAL, look);
  try {
    return await rollback;
  } finally {
    timer.cancel();
  }
}

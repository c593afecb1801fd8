import { TimeoutError } from '../errors/client-errors.ts';
import type { Session } from '../session/session.ts';
import type { Timer } from '../transport/clock.ts';

/**
 * Ends a session that falls silent, which must not hold a stream up without end. To be cancelled when the
 * answer has come.
 *
 * @param patience milliseconds; null: as long as it takes
 */
export function endIfSilent(session: Session, patience: number | null): Timer | null {
  if (patience === null) return null;
  return session.clock.setTimer(patience, () => {
    if (session.isEnded) return;
    session.destroy(new TimeoutError(`the server did not answer within ${patience} milliseconds`));
  });
}

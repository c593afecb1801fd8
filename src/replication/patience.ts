import { TimeoutError } from '../errors/client-errors.ts';
import type { Session } from '../session/session.ts';
import type { Timer } from '../transport/clock.ts';
import { Deadline } from '../transport/deadline.ts';

/**
 * Ends a session that falls silent, which must not hold a stream up without end, and at once when nobody wants its
 * answer any more. To be cancelled when the answer has come.
 *
 * @param patience milliseconds; null: as long as it takes
 * @param signal the stream is over
 */
export function endIfSilent(
  session: Session,
  patience: number | null,
  signal: AbortSignal | null = null,
): Timer | null {
  const deadline = Deadline.of(session.clock, patience, signal);
  deadline?.watch(() => {
    if (session.isEnded) return;
    const silence = `the server did not answer within ${patience} milliseconds`;
    session.destroy(signal?.aborted === true ? null : new TimeoutError(silence));
  });
  return deadline === null ? null : { cancel: () => deadline.dispose() };
}

import { Turn } from '../../session/requests/turn.ts';
import type { Session } from '../../session/session.ts';
import type { Deadline } from '../../transport/deadline.ts';

/**
 * Runs a call that looks something up first, in one turn of the session's queue.
 *
 * @param cleanUp is told why the call has failed
 */
export async function inTurn<R>(
  session: Session,
  deadline: Deadline | null,
  run: (turn: Turn) => Promise<R>,
  cleanUp: (error: unknown) => void = () => {},
): Promise<R> {
  const turn = new Turn(deadline, true);
  session.submit(turn);
  try {
    return await run(turn);
  } catch (error) {
    cleanUp(error);
    throw error;
  } finally {
    turn.leave();
  }
}

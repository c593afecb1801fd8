import type { Session } from '../session/session.ts';
import type { Deadline } from '../transport/deadline.ts';
import { within } from '../transport/within.ts';

/** Resolves when nothing is under way on the session. Rejects if the deadline passes before. */
export async function idleWithin(session: Session, deadline: Deadline | null): Promise<void> {
  try {
    await within(deadline, session.whenIdle());
  } finally {
    deadline?.watch(null);
  }
}

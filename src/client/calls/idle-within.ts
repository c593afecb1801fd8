import type { Session } from '../../session/session.ts';
import type { Deadline } from '../../transport/deadline.ts';
import { within } from '../../transport/within.ts';

/** Resolves when nothing is under way, for a call that comes next. Rejects if the deadline passes before. */
export async function idleWithin(session: Session, deadline: Deadline | null): Promise<void> {
  try {
    await within(deadline, session.whenIdleForCall());
  } finally {
    deadline?.watch(null);
  }
}

import type { Session } from '../session/session.ts';
import type { Deadline } from '../transport/deadline.ts';

/** Resolves when nothing is under way on the session. Rejects if the deadline passes before. */
export async function idleWithin(session: Session, deadline: Deadline | null): Promise<void> {
  if (deadline === null) {
    await session.whenIdle();
    return;
  }
  try {
    await new Promise<void>((resolve, reject) => {
      deadline.watch((expired) => reject(expired.reason(false)));
      session.whenIdle().then(resolve, reject);
    });
  } finally {
    deadline.watch(null);
  }
}

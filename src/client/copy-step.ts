import type { PromisedRequest } from '../session/request.ts';
import type { Deadline } from '../transport/deadline.ts';
import type { Lane } from './lane.ts';

/**
 * One step of a call that takes several, under the deadline of the whole: it stays in force
 * for the steps that follow. `giveUp` is called when it passes; nothing of the call itself
 * has been executed by then.
 */
export async function stepOf<R>(
  step: Promise<R>,
  deadline: Deadline | null,
  giveUp: () => void,
): Promise<R> {
  if (deadline === null) return step;
  try {
    return await new Promise<R>((resolve, reject) => {
      step.then(resolve, reject);
      deadline.watch(() => {
        reject(deadline.reason(false));
        giveUp();
      });
    });
  } finally {
    deadline.watch(null);
  }
}

/** A request as a step; it has no deadline of its own. */
export function requestStep<R>(
  lane: Lane,
  request: PromisedRequest<R>,
  deadline: Deadline | null,
): Promise<R> {
  deadline?.check();
  lane.session.submit(request);
  return stepOf(request.promise, deadline, () => lane.session.dismiss(request));
}

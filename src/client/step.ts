import type { Request } from '../session/request.ts';
import type { Session } from '../session/session.ts';
import type { Deadline } from '../transport/deadline.ts';

/**
 * Submits one of several requests that make up a call. It has no deadline of its own: a request
 * disposes that when it ends, and the one of the whole call stays in force.
 */
export async function submitStep<R>(
  session: Session,
  request: Request<R>,
  deadline: Deadline | null,
): Promise<R> {
  session.submit(request);
  if (deadline === null) return request.promise;
  let wasSent = false;
  deadline.watch(() => {
    wasSent = request.state !== 'queued';
    session.canceller.dismiss(request);
  });
  try {
    return await request.promise;
  } catch (error) {
    throw deadline.expired ? deadline.reason(wasSent) : error;
  } finally {
    deadline.watch(null);
  }
}

import type { Request, RequestHost } from './request.ts';

/**
 * Has `request` done on behalf of `parent`, which holds the queue. Several may be under way at once: whoever
 * ends the parent ends them all.
 */
export async function runInner<R>(
  session: RequestHost,
  parent: Request,
  request: Request<R>,
): Promise<R> {
  parent.inner ??= new Set();
  parent.inner.add(request);
  session.submitInner(request);
  try {
    return await request.promise;
  } finally {
    parent.inner.delete(request);
    parent.openings ??= request.openings;
  }
}

import { InterfaceError, ProtocolError } from '../../errors/client-errors.ts';
import { writeCopyFail } from '../../protocol/copy.ts';
import { writeSync } from '../../protocol/frontend/query.ts';
import type { Request, RequestHost } from '../request.ts';

/** What a query that turns out to be a COPY is rejected with. */
export function copyNeedsItsCall(method: string): InterfaceError {
  return new InterfaceError('a COPY from or to the client is not possible as a query', {
    hint: `Use ${method}().`,
  });
}

/** Why a query may not be a COPY FROM STDIN. */
export interface CopyInRefusal {
  /** What the server is told, and names in its error. */
  readonly reason: string;
  /** What the query is rejected with; null: the server's error. */
  readonly error: Error | null;
}

/**
 * Fails a query by which the server waits for data, and has the server go on.
 *
 * It ignores the Sync that came in place of data (`syncIsLost`), but takes any other message
 * for a broken COPY and loses it. With calls in flight behind the query it cannot be
 * told any more which answer belongs to which call, so that they end with the connection.
 */
export function refuseCopyIn(
  session: RequestHost,
  request: Request,
  syncIsLost: boolean,
  { reason, error }: CopyInRefusal = {
    reason: 'COPY FROM STDIN is not possible as a query',
    error: copyNeedsItsCall('copyToTable'),
  },
): void {
  if (session.queue.inFlight > 1) {
    request.fail(error);
    throw new ProtocolError('the server took the messages behind a COPY FROM STDIN for its data');
  }
  request.error ??= error;
  writeCopyFail(session.writer, reason);
  if (syncIsLost) writeSync(session.writer);
  session.outbox.flushSoon();
}

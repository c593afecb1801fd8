import { InterfaceError, ProtocolError } from '../../errors/client-errors.ts';
import { writeCopyFail } from '../../protocol/copy.ts';
import { writeSync } from '../../protocol/frontend/query.ts';
import { scriptEffects } from '../../sql/script-effects.ts';
import { hasBackslashes } from '../has-backslashes.ts';
import type { Request, RequestHost } from '../request.ts';

const MESSAGE = 'a COPY from or to the client is not possible as a query';
const METHODS = { 'from client': 'copyToTable', 'to client': 'copyFromTable' };

/** What a query that turns out to be a COPY is rejected with. */
export function copyNeedsItsCall(copies: 'from client' | 'to client'): InterfaceError {
  return new InterfaceError(MESSAGE, { hint: `Use ${METHODS[copies]}().` });
}

/**
 * What a text is rejected with that has a COPY from or to the client in it; null: it has none, after
 * all. Before it is sent: what comes before the COPY would be committed with it, as the server knows
 * of no failure, and what comes behind be taken for its data.
 *
 * @param index the text's place in a batch
 */
export function refusedCopy(
  text: string,
  settings: ReadonlyMap<string, string>,
  index?: number,
): InterfaceError | null {
  const { copies } = scriptEffects(text, hasBackslashes(settings));
  if (copies === null) return null;
  const place = index === undefined ? '' : `: query ${index} of the batch`;
  return new InterfaceError(`${MESSAGE}${place}`, {
    hint: `Use ${METHODS[copies]}().`,
    safeToRetry: true,
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
    error: copyNeedsItsCall('from client'),
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

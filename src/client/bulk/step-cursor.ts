import {
  type Portal,
  PortalRequest,
  type PortalRows,
  type PortalStep,
} from '../../session/requests/portal-request.ts';
import type { Statement } from '../../session/statements/statement.ts';
import { statementKind } from '../../sql/statement-kind.ts';
import type { Deadline } from '../../transport/deadline.ts';
import type { ClientSession } from '../client-session.ts';

/** One step with the portal of a cursor. `given`: the caller's own statement. */
export function stepCursor(
  client: ClientSession,
  portal: Portal,
  step: PortalStep,
  given: Statement | null,
  deadline: Deadline | null,
  timeout: number | undefined,
): Promise<PortalRows> {
  const { text, args } = portal;
  const request = new PortalRequest(portal, step, deadline, given);
  client.submit(request, text, statementKind(text));
  return client.logged(request.promise, text, args, timeout);
}

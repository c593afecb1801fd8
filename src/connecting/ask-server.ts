import { QueryRequest } from '../session/requests/query-request.ts';
import type { Session } from '../session/session.ts';

/** The one value that a query gives, while the session is not its user's yet. */
export function askServer(session: Session, text: string): Promise<unknown> {
  const request = new QueryRequest(text, [], { wanted: 'value', prepare: false }, null);
  session.submit(request);
  return request.promise;
}

import { changesOfOpenings, type Opening } from '../preamble.ts';
import type { Request, RequestHost } from '../request.ts';

/** Notes what statements set that have travelled ahead of a request, or as one. */
export function noteOpening(
  session: RequestHost,
  request: Request,
  statements: readonly Opening[],
): void {
  const changes = changesOfOpenings(statements);
  if (changes.length > 0) session.statements.surroundings.sentAhead(request, changes);
}

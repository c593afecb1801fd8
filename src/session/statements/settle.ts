import type { Request, RequestHost } from '../request.ts';

/**
 * Waits until nothing is under way that may change the session's surroundings, and asks the server
 * for what it has not told of them.
 */
export async function settle(session: RequestHost, parent: Request): Promise<void> {
  const { surroundings } = session.statements;
  await surroundings.whenAnswered();
  // In a failed transaction the server would not say.
  if (session.transactionStatus === 'E') return;
  if (!(surroundings.hasUnknownValues || surroundings.needsUserSchemas)) return;
  const { askForSurroundings } = await session.catalog.open();
  await askForSurroundings(session, parent);
}

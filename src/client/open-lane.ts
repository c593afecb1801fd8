import { connectSession } from '../session/connect-session.ts';
import type { SessionContext } from '../session/open-session.ts';
import { Lane } from './lane.ts';
import { runTransaction } from './transaction-runner.ts';

/** Connects, and gives the session what belongs to it on the client's side. */
export async function openLane(
  context: SessionContext,
  signal: AbortSignal | null = null,
): Promise<Lane> {
  const session = await connectSession(context, signal);
  return new Lane(session, context.config.commandTimeout, runTransaction);
}

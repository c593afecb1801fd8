import { connectSession } from '../connecting/connect-session.ts';
import type { SessionContext } from '../connecting/open-session.ts';
import { ClientSession } from './client-session.ts';
import { traced } from './tracing.ts';

/** Connects, and gives the session what belongs to it on the client's side. */
export async function openClientSession(
  context: SessionContext,
  signal: AbortSignal | null = null,
): Promise<ClientSession> {
  const { hosts, user, database, commandTimeout, rowStyle } = context.config;
  const session = await traced(
    'connect',
    () => ({ hosts: hosts.map(({ host, port }) => ({ host, port })), user, database }),
    () => connectSession(context, signal),
  );
  return new ClientSession(session, commandTimeout, rowStyle);
}

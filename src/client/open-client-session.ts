import type { HostConfig } from '../config/connect-config.ts';
import { connectSession } from '../connecting/connect-session.ts';
import type { SessionContext } from '../connecting/open-session.ts';
import { traced } from './calls/tracing.ts';
import { ClientSession } from './client-session.ts';

/** Hosts and ports, as the tracing channels tell them. */
export function placesOf(hosts: readonly HostConfig[]): { host: string; port: number }[] {
  return hosts.map(({ host, port }) => ({ host, port }));
}

/** Connects, and gives the session what belongs to it on the client's side. */
export async function openClientSession(
  context: SessionContext,
  signal: AbortSignal | null = null,
  isPooled = false,
): Promise<ClientSession> {
  const { hosts, user, database, commandTimeout, rowStyle } = context.config;
  const session = await traced(
    'connect',
    () => ({
      hosts: placesOf(hosts),
      user,
      database,
      isPooled,
      ...(context.pool === undefined ? {} : { pool: context.pool }),
    }),
    () => connectSession(context, signal),
  );
  return new ClientSession(session, commandTimeout, rowStyle);
}

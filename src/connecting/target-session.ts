import type { TargetSessionAttrs } from '../config/connect-config.ts';
import type { Session } from '../session/session.ts';

/** A role that one server has or has not. */
export type Role = Exclude<TargetSessionAttrs, 'prefer-standby' | 'prefer-primary'>;

/** Which role to look for, and whether a server without it is no good at all. */
export function wantedRole(wanted: TargetSessionAttrs): { role: Role; strict: boolean } {
  switch (wanted) {
    case 'prefer-standby':
      return { role: 'standby', strict: false };
    case 'prefer-primary':
      return { role: 'primary', strict: false };
    default:
      return { role: wanted, strict: true };
  }
}

/** Whether the session's server has the role. Costs a query only on servers before 14. */
export async function roleMatches(session: Session, role: Role): Promise<boolean> {
  switch (role) {
    case 'any':
      return true;
    case 'primary':
      return !(await inHotStandby(session));
    case 'standby':
      return await inHotStandby(session);
    case 'read-write':
      return !(await isReadOnly(session));
    case 'read-only':
      return await isReadOnly(session);
    default:
      return role satisfies never;
  }
}

/** Whether the session's server is a standby. Costs a query only on servers before 14. */
export async function inHotStandby(session: Session): Promise<boolean> {
  const reported = session.server.settings.get('in_hot_standby');
  if (reported !== undefined) return reported === 'on';
  return (await value(session, 'SELECT pg_catalog.pg_is_in_recovery()')) === true;
}

async function isReadOnly(session: Session): Promise<boolean> {
  const reported = session.server.settings.get('default_transaction_read_only');
  const byDefault =
    reported ??
    (await value(session, "SELECT pg_catalog.current_setting('default_transaction_read_only')"));
  return byDefault === 'on' || (await inHotStandby(session));
}

/** What a query gives; only old servers are asked, as newer ones tell by themselves. */
async function value(session: Session, text: string): Promise<unknown> {
  // With all that decodes values behind it, which asyncpg/pg has no use for.
  const { askServer } = await import('./ask-server.ts');
  return await askServer(session, text);
}

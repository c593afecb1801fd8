import type { ServerCapabilities } from '../session/capabilities.ts';

/** There are few kinds of servers, and a reset for each lease that wrote. */
const scripts = new Map<ServerCapabilities, string>();

/**
 * The statements that bring a session back to the state of a new one, as far as the server
 * has them: PostgreSQL manual, "DISCARD", whose DISCARD ALL would take the prepared statements
 * with it. Empty where there is nothing that can be undone.
 */
export function resetScript(capabilities: ServerCapabilities): string {
  let script = scripts.get(capabilities);
  if (script === undefined) {
    script = compose(capabilities);
    scripts.set(capabilities, script);
  }
  return script;
}

function compose(capabilities: ServerCapabilities): string {
  const statements: string[] = [];
  if (capabilities.advisoryLocks) statements.push('SELECT pg_catalog.pg_advisory_unlock_all()');
  if (capabilities.closeAll) statements.push('CLOSE ALL');
  if (capabilities.notifications) statements.push('UNLISTEN *');
  if (capabilities.resetAll) statements.push('RESET ALL');
  if (capabilities.discard) {
    statements.push(
      'RESET SESSION AUTHORIZATION',
      'RESET ROLE',
      'DISCARD TEMP',
      'DISCARD SEQUENCES',
    );
  }
  return statements.map((statement) => `${statement};\n`).join('');
}

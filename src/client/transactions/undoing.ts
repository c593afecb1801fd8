// What the holder of a session leaves in it, on both sides, and how that is undone.
import { InterfaceError } from '../../errors/client-errors.ts';
import { failedReset } from '../../session/ending.ts';
import { ResetRequest } from '../../session/requests/reset-request.ts';
import { ScriptRequest } from '../../session/requests/script-request.ts';
import type { Deadline } from '../../transport/deadline.ts';
import type { ClientSession } from '../client-session.ts';

/** What is there now belongs to the session from here on, and not to its present holder. */
export function keep(client: ClientSession): void {
  client.effects.clear();
  client.session.server.takeForOwn();
  client.session.registry.keepCodecs?.();
  client.prepared.clear();
  client.listeners.keep();
  client.log.keep();
}

/** Ends all by which a holder that gives the session back could still use it. */
export function dismissHolder(client: ClientSession): void {
  // They would be let into what is to be rolled back, behind the calls that are under way.
  client.gate.refuse(releasedMeanwhile);
  endTransactions(client);
  const { registry, statements } = client.session;
  for (const name of client.prepared) statements.close(name);
  client.prepared.clear();
  if (registry.restoreCodecs?.()) {
    statements.named.clear();
    statements.unnamed.clear();
  }
  client.log.clearHolder();
}

function endTransactions({ transactions, session, gate }: ClientSession): void {
  for (const transaction of transactions.splice(0)) transaction.markUndone();
  // What is under way may be about to begin it, and is in it: then it is rolled back behind that.
  if (session.isFree) session.preamble.drop();
  gate.advance();
}

function releasedMeanwhile(): InterfaceError {
  return new InterfaceError(
    'cannot make a call that waited for a transaction: the connection has been released back to the pool',
    { safeToRetry: true },
  );
}

/** Rolls back and stops listening; settings, locks and the like stay as they are. */
export async function rollBack(
  client: ClientSession,
  deadline: Deadline | null = null,
): Promise<void> {
  const listened = client.listeners.isListening;
  await undo(client, listened ? 'UNLISTEN *;' : '', deadline);
}

/** Undoes what is known to outlive transactions, and rolls back. */
export async function reset(
  client: ClientSession,
  deadline: Deadline | null = null,
): Promise<void> {
  const { effects, session } = client;
  if (!effects.areLasting) {
    await undo(client, '', deadline);
    return;
  }
  await undo(client, effects.undoing(session), deadline);
  session.server.takeForOwn();
}

/**
 * Undoes what may outlive transactions, on an idle session without one. The next user's calls may be
 * made at once: if this fails the session is ended, and they have not been executed.
 */
export async function resetAhead(client: ClientSession, deadline: Deadline): Promise<void> {
  const { effects, session } = client;
  const script = effects.undoing(session);
  endTransactions(client);
  client.listeners.clear();
  if (script === '') return;
  const request = new ResetRequest(script, deadline, (error) => session.fail(failedReset(error)));
  session.submit(request);
  await request.promise;
}

async function undo(
  client: ClientSession,
  script: string,
  deadline: Deadline | null,
): Promise<void> {
  const { session } = client;
  endTransactions(client);
  client.listeners.clear();
  const whole = session.transactionStatus === 'I' ? script : `ROLLBACK;\n${script}`;
  if (whole === '') return;
  const request = new ScriptRequest(whole, deadline);
  session.submit(request);
  await request.promise;
}

import type { ClientSession } from '../client/client-session.ts';
import type { Clock } from '../transport/clock.ts';
import { Deadline } from '../transport/deadline.ts';
import type { ExclusiveLease } from './exclusive-lease.ts';
import { runHook } from './hook.ts';
import type { PoolHook } from './pool-options.ts';

/** How long it may take until a connection that came back is fit for use, in milliseconds. */
const CLEANING_TIMEOUT = 10_000;

/**
 * Waits for what is under way on a connection that has come back, rolls back what was
 * begun and undoes what was left in the session. Nothing is sent if there is nothing to undo.
 * A connection that cannot be brought back in time is destroyed.
 */
export async function clean(client: ClientSession, clock: Clock): Promise<void> {
  await within(client, clock, (deadline) => client.reset(deadline));
}

/**
 * The same with the pool's `reset` hook in place of undoing what was left.
 *
 * @throws what the hook threw; the connection is destroyed then
 */
export async function cleanWithHook(
  lease: ExclusiveLease,
  hook: PoolHook,
  clock: Clock,
  limit: number | null,
): Promise<void> {
  const { client } = lease;
  const { session } = client;
  await within(client, clock, (deadline) => client.rollBack(deadline));
  if (session.isEnded) return;
  try {
    await runHook('reset', hook, client.owner, clock, limit);
  } catch (error) {
    session.destroy(null);
    throw error;
  } finally {
    lease.isOver = true;
  }
  client.dismissHolder();
  await within(client, clock, (deadline) => client.rollBack(deadline));
  client.hasLastingEffects = false;
}

/** Does `work` on a client once it is idle, or destroys it. */
async function within(
  client: ClientSession,
  clock: Clock,
  work: (deadline: Deadline) => Promise<void>,
): Promise<void> {
  const { session } = client;
  if (session.isEnded) return;
  const deadline = Deadline.of(clock, CLEANING_TIMEOUT)!;
  try {
    if (!session.isIdle) await settled(client, deadline);
    await work(deadline);
  } catch {
    session.destroy(null);
  } finally {
    deadline.dispose();
  }
}

/** Waits until no call is under way on the client any more. */
async function settled(client: ClientSession, deadline: Deadline): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    deadline.watch((expired) => reject(expired.reason(true)));
    client.session.whenIdle().then(resolve, reject);
  });
}

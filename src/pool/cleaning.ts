import type { ClientSession } from '../client/client-session.ts';
import { dismissHolder, reset, resetAhead, rollBack } from '../client/transactions/undoing.ts';
import { InterfaceError, TimeoutError } from '../errors/client-errors.ts';
import { failedReset } from '../session/ending.ts';
import type { Clock, Timer } from '../transport/clock.ts';
import { Deadline } from '../transport/deadline.ts';
import { within } from '../transport/within.ts';
import type { ExclusiveLease } from './exclusive-lease.ts';
import { runHook } from './hook.ts';
import type { PoolHook, ResetPolicy } from './pool-options.ts';
import type { PooledSession } from './pooled-session.ts';

/** How long it may take until a connection that came back is fit for use, in milliseconds. */
const CLEANING_TIMEOUT = 10_000;
/**
 * For how long nobody may take what a stream or a COPY on it has, or the source of a COPY or executeMany may give
 * nothing, in milliseconds: about that.
 */
const STILL_TIMEOUT = 200;

/** Whether a session must not be used by somebody else before it was cleaned. */
export function isSoiled({ session, effects, isInTransaction }: ClientSession): boolean {
  if (session.isEnded) return false;
  return !session.isIdle || isInTransaction || effects.areLasting || session.server.hasChanged;
}

/**
 * Waits for what is under way on a connection that has come back, rolls back what was
 * begun and undoes what was left in the session. Nothing is sent if there is nothing to undo.
 * A connection that cannot be brought back in time is destroyed.
 */
export async function clean(
  pooled: PooledSession,
  policy: ResetPolicy,
  clock: Clock,
): Promise<void> {
  const { client } = pooled;
  await onceIdle(client, clock, (deadline) => {
    if (policy === 'never') {
      client.effects.areLasting = false;
      return rollBack(client, deadline);
    }
    // Only now is known what the calls that were under way have done.
    if (hasToReset(pooled, policy)) client.effects.areLasting = true;
    return reset(client, deadline);
  });
}

/** How a session is cleaned that may be lent out again at once. */
export interface CleaningAhead {
  /** Resolves when nothing is left any more; never rejects. */
  readonly done: Promise<void>;
  /** Something may well have been left, such as a lock that others wait for. */
  readonly isDue: boolean;
}

const NOTHING_LEFT: CleaningAhead = { done: Promise.resolve(), isDue: false };

/**
 * Has the session cleaned ahead of whatever is sent next on it. Null where it has to be waited for
 * before anybody else gets the session.
 */
export function cleanAhead(
  pooled: PooledSession,
  policy: ResetPolicy,
  clock: Clock,
): CleaningAhead | null {
  const { client } = pooled;
  const { session } = client;
  const isAtRest = session.isIdle && !session.isEnded && session.transactionStatus === 'I';
  // One whose role is in doubt is judged by what it reports once it was reset.
  if (policy === 'never' || !isAtRest || session.server.isRoleInDoubt) return null;
  if (!hasToReset(pooled, policy)) return NOTHING_LEFT;
  const isDue = client.effects.areLasting || session.server.hasChanged;
  return { done: resetInTime(client, clock), isDue };
}

async function resetInTime(client: ClientSession, clock: Clock): Promise<void> {
  const deadline = Deadline.of(clock, CLEANING_TIMEOUT)!;
  try {
    await resetAhead(client, deadline);
  } catch (error) {
    // One whose time is up is cancelled, and tells with the answer to that what has become of what is behind it.
    if (!(error instanceof TimeoutError)) client.session.fail(failedReset(error));
  } finally {
    deadline.dispose();
  }
}

function hasToReset({ client, keepsInit }: PooledSession, policy: ResetPolicy): boolean {
  if (policy === 'always' || client.effects.areLasting || client.session.server.hasChanged)
    return true;
  // What `init` has set would be lost: such a connection is replaced, which a mere doubt is not worth.
  return client.effects.mayBeOfTriggers && !keepsInit;
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
  end: AbortSignal | null,
): Promise<void> {
  const { client } = lease;
  const { session } = client;
  await onceIdle(client, clock, (deadline) => rollBack(client, deadline));
  if (session.isEnded) return;
  // The hook has the connection until it is over.
  lease.isOver = false;
  try {
    await runHook('reset', hook, client.owner, clock, limit, null, end);
  } catch (error) {
    session.fail(null);
    throw error;
  } finally {
    lease.isOver = true;
  }
  dismissHolder(client);
  await onceIdle(client, clock, (deadline) => rollBack(client, deadline));
  client.effects.areLasting = false;
}

/** Does `work` on a client once it is idle, or destroys it. */
async function onceIdle(
  client: ClientSession,
  clock: Clock,
  work: (deadline: Deadline) => Promise<void>,
): Promise<void> {
  const { session } = client;
  if (session.isEnded) return;
  const deadline = Deadline.of(clock, CLEANING_TIMEOUT)!;
  try {
    if (!session.isIdle) await idleSoon(client, clock, deadline);
    await work(deadline);
  } catch {
    session.fail(null);
  } finally {
    deadline.dispose();
  }
}

/**
 * Waits for the calls that are under way. A stream that nobody reads any more would never end by itself, nor would
 * a COPY whose output takes nothing, or whose source gives nothing.
 */
async function idleSoon(client: ClientSession, clock: Clock, deadline: Deadline): Promise<void> {
  const { session } = client;
  let timer: Timer;
  let before: number | null = null;
  const look = (): void => {
    for (const stream of client.streams) stream.endIfUnread(releasedUnread);
    const activity = session.standstill === 'source' ? session.activity : null;
    if (activity !== null && activity === before) {
      session.canceller.dismiss(session.queue.feeding!, releasedUnfed());
    }
    before = activity;
    timer = clock.setTimer(STILL_TIMEOUT, look, false);
  };
  look();
  try {
    await within(deadline, session.whenIdle());
  } finally {
    deadline.watch(null);
    timer!.cancel();
  }
}

function releasedUnread(): InterfaceError {
  return new InterfaceError(
    'the connection of the stream or COPY was released back to the pool before it was read to its end',
  );
}

function releasedUnfed(): InterfaceError {
  return new InterfaceError(
    'the connection of the COPY or executeMany was released back to the pool before its source had ended',
  );
}

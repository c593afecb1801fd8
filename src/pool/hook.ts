import { keepLine } from '../client/calls/caller-stack.ts';
import type { Connection } from '../client/connection.ts';
import { LEASE } from '../client/internals.ts';
import { InterfaceError, TimeoutError } from '../errors/client-errors.ts';
import { connectionClosed } from '../session/ending.ts';
import type { Clock } from '../transport/clock.ts';
import { Deadline } from '../transport/deadline.ts';
import { messageOf } from '../values/message-of.ts';
import type { PoolConnection } from './pool-connection.ts';
import type { HookName, PoolHook } from './pool-options.ts';

/**
 * Runs one of the pool's hooks, which may take as long as opening a connection may, or less if
 * `deadline` says so. Its caller waits no longer than that; what the hook does later
 * fails, as its connection is destroyed.
 *
 * @param end is aborted when the pool is terminated
 */
export async function runHook(
  name: HookName,
  hook: PoolHook,
  connection: PoolConnection<any>,
  clock: Clock,
  limit: number | null,
  deadline: Deadline | null = null,
  end: AbortSignal | null = null,
): Promise<void> {
  const own = Deadline.of(clock, limit, end);
  const lease = connection[LEASE];
  lease.hook = name;
  try {
    await new Promise<void>((resolve, reject) => {
      own?.watch((expired) => reject(end?.aborted ? expired.reason(false) : tooLong(name, limit)));
      deadline?.watch((expired) => reject(expired.reason(false)));
      runAsync(hook, connection).then(resolve, reject);
    });
    // What comes back may be closed; what is about to be lent must not.
    if (name !== 'reset') checkOpen(name, connection);
  } finally {
    lease.hook = null;
    deadline?.watch(null);
    own?.dispose();
  }
}

/** Only behind the other hooks comes what the connection was wanted for. */
function tooLong(name: HookName, limit: number | null): TimeoutError {
  return new TimeoutError(`the pool's ${name} hook did not finish within ${limit} ms`, {
    safeToRetry: name !== 'reset',
  });
}

/** A call of a pool was executed, and then `reset` failed with this: what that says of itself is not true of the call. */
export function failedAfterCall(cause: unknown): never {
  throw new InterfaceError(
    `the call was executed, and then the pool's reset hook failed: ${messageOf(cause)}`,
    { cause },
  );
}

function checkOpen(name: HookName, connection: PoolConnection<any>): void {
  if (!connection.isClosed) return;
  const { endReason } = connection[LEASE].client.session;
  if (endReason !== null) throw connectionClosed(endReason);
  throw new InterfaceError(`the pool's ${name} hook has closed its connection`, {
    safeToRetry: true,
  });
}

/** Also what a hook throws instead of rejecting with it is a rejection. */
async function runAsync(hook: PoolHook, connection: Connection): Promise<void> {
  try {
    await hook(connection);
  } catch (error) {
    keepLine(error);
    throw error;
  }
}

import { vi } from 'vitest';
import { contextFor } from '../../src/client/connect.ts';
import { Connection } from '../../src/client/connection.ts';
import { CREATE } from '../../src/client/internals.ts';
import { openClientSession } from '../../src/client/open-client-session.ts';
import { resolveConfig } from '../../src/config/resolve.ts';
import { type Clock, systemClock } from '../../src/transport/clock.ts';
import { deferred } from './deferred.ts';
import { serverDsn } from './servers/server.ts';

/**
 * A clock for which the seconds of a warning are over at once.
 *
 * @param look how long a look of a StandstillWatch takes, in milliseconds
 */
export function hastyClock(look: number): Clock {
  return {
    now: systemClock.now,
    setTimer: (delay, callback, referenced) =>
      systemClock.setTimer(delay === 5000 || delay === 1000 ? look : delay, callback, referenced),
  };
}

/** A connection with such a clock. */
export async function hastyConnection(look: number): Promise<Connection> {
  const context = contextFor(resolveConfig(serverDsn(), {}), hastyClock(look));
  return Connection[CREATE](await openClientSession(context));
}

/** The next process warning. */
export function nextWarning(): Promise<Error & { detail?: string }> {
  const warned = deferred<Error & { detail?: string }>();
  vi.spyOn(process, 'emitWarning').mockImplementation((warning) => {
    warned.resolve(warning as Error);
  });
  return warned.promise;
}

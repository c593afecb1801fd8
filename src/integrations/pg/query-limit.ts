import { systemClock, type Timer } from '../../transport/clock.ts';
import { nextTick } from '../../transport/turn.ts';
import type { Connection } from './connection.ts';
import type { Queued } from './dispatcher.ts';
import type { QueryCallback } from './query.ts';
import { safely } from './safely.ts';

const nothing = (): void => {};

/** Fails a query after so many milliseconds, unless it is over by then. `giveUp`: what is done about it. */
export function limitQuery(
  query: Queued,
  timeout: number,
  connection: Connection,
  giveUp: () => void,
): void {
  const told: QueryCallback = query.callback || nothing;
  const timer: Timer = systemClock.setTimer(timeout, () => {
    const error = new Error('Query read timeout');
    nextTick(() => query.handleError?.(error, connection));
    safely(() => told(error));
    // It was told: what comes of it still is nobody's.
    query.callback = nothing;
    giveUp();
  });
  const inTime: QueryCallback = (error, result) => {
    timer.cancel();
    told(error, result);
  };
  query.callback = inTime;
}

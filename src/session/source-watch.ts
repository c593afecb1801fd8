import { processWarning } from '../runtime/process-warning.ts';
import type { Clock } from '../transport/clock.ts';
import { StandstillWatch } from '../transport/standstill-watch.ts';

/** What the watch sees of its session. */
interface WatchedSession {
  /** What it stands still for: 'source', if it is that. */
  readonly standstill: string | null;
  /** The same while nothing is written and nothing comes. */
  readonly activity: number;
  /** Calls wait until the request under way is over. */
  readonly isAwaited: boolean;
  readonly clock: Clock;
}

/**
 * Looks at the source of a COPY or executeMany while data is taken from it and calls wait behind that. A source that
 * makes such a call itself is refused where it is known by its asynchronous context (see Feed); one that works ahead, as
 * a Web stream of a Node stream does, is not, and would wait for itself without a word.
 */
export function sourceWatch(session: WatchedSession): StandstillWatch {
  const watched = {
    isStill: () => session.isAwaited && session.standstill === 'source',
    mark: () => session.activity,
    tell: warnOfSource,
  };
  return new StandstillWatch(session.clock, watched, false);
}

function warnOfSource(milliseconds: number): void {
  processWarning(
    'AsyncpgSourceWaitWarning',
    `a call on a connection waits for a COPY or executeMany, whose source has given nothing for ${milliseconds} ms: ` +
      'if the source waits for that call, neither goes on. Read what the source needs before, or on another connection',
  );
}

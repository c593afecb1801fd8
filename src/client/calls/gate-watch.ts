import { processWarning } from '../../runtime/process-warning.ts';
import type { Clock } from '../../transport/clock.ts';
import { StandstillWatch } from '../../transport/standstill-watch.ts';

/** What the watch sees of the client session whose transactions are waited for. */
interface WatchedClient {
  /** Calls wait for a transaction to end. */
  readonly isAwaited: boolean;
  readonly session: {
    readonly clock: Clock;
    /** What it stands still for; null: the server has to answer. */
    readonly standstill: string | null;
    /** The same while nothing is written and nothing comes. */
    readonly activity: number;
  };
}

/**
 * Looks at a transaction while calls wait for its end. Calls inside of its callback are known by their asynchronous
 * context; one that goes by a queue of the program's own is not. If the callback awaits that, neither ends. A source that
 * gives nothing is session/source-watch.ts's to tell of.
 */
export function gateWatch(client: WatchedClient): StandstillWatch {
  const { session } = client;
  const watched = {
    isStill: () =>
      client.isAwaited && (session.standstill === 'holder' || session.standstill === 'reader'),
    mark: () => session.activity,
    tell: warnOfTransaction,
  };
  // A connection that lets the process exit would let it end without a word.
  return new StandstillWatch(session.clock, watched, true);
}

function warnOfTransaction(milliseconds: number): void {
  processWarning(
    'AsyncpgTransactionWaitWarning',
    `a call on a connection waits for the end of a transaction, in which nothing has been asked for ${milliseconds} ms: ` +
      "if the transaction's callback waits for that call, neither ends. Make the call on the transaction, or give it a timeout",
  );
}

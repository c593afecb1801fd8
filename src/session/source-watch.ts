import type { Clock, Timer } from '../transport/clock.ts';

/** How often a source that data is taken from is looked at, in milliseconds. */
const LOOK = 1000;
/** How often it has given nothing before that is warned of. */
const LOOKS = 5;

/** What the watch sees of its session. */
interface WatchedSession {
  /** What it stands still for: 'source', if it is that. */
  readonly standstill: string | null;
  /** The same while nothing is sent and nothing comes. */
  readonly activity: number;
  /** Calls wait until the request under way is over. */
  readonly isAwaited: boolean;
  readonly clock: Clock;
}

/**
 * Looks at the source of a COPY or executeMany while calls wait behind that. A source that makes such a call
 * itself is refused where it is known by its asynchronous context (see Feed); one that works ahead, as a Web
 * stream of a Node stream does, is not, and would wait for itself without a word.
 */
export class SourceWatch {
  readonly #session: WatchedSession;
  #timer: Timer | null = null;
  #activity = 0;
  #looks = 0;

  constructor(session: WatchedSession) {
    this.#session = session;
  }

  /** Data is taken from a source that may wait. */
  begin(): void {
    this.end();
    this.#note();
    this.#lookLater();
  }

  /** All of it has been taken. */
  end(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #lookLater(): void {
    const look = (): void => {
      this.#lookLater();
      this.#look();
    };
    this.#timer = this.#session.clock.setTimer(LOOK, look, false);
  }

  #look(): void {
    const { standstill, activity, isAwaited } = this.#session;
    if (!isAwaited || standstill !== 'source' || activity !== this.#activity) {
      this.#note();
      return;
    }
    this.#looks += 1;
    if (this.#looks === LOOKS) warnOfSource(LOOK * LOOKS);
  }

  #note(): void {
    this.#activity = this.#session.activity;
    this.#looks = 0;
  }
}

function warnOfSource(milliseconds: number): void {
  const warning = new Error(
    `a call on a connection waits for a COPY or executeMany, whose source has given nothing for ${milliseconds} ms: ` +
      'if the source waits for that call, neither goes on. Read what the source needs before, or on another connection',
  );
  warning.name = 'AsyncpgSourceWaitWarning';
  process.emitWarning(warning);
}

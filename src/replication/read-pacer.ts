import type { Session } from '../session/session.ts';
import type { Clock } from '../transport/clock.ts';

/** So many reads in a millisecond are a dense flow. */
const DENSE = 16;
/** How long more is gathered in a dense flow before the next read, in milliseconds. */
const PAUSE = 1;
/** Between two pauses: with more bytes, reads are worth their price; with less, the flow is dense no more. */
const MOST = 64 * 1024;
const LEAST = 1024;

/**
 * A walsender sends each message by itself, so that a client which keeps up reads each by itself: that
 * costs it more than all the rest. Where reads follow each other so closely, the next waits a
 * millisecond, for as long as that is worth it.
 */
export class ReadPacer {
  readonly #clock: Clock;
  readonly #resume: () => void;
  /** Nothing is to be read for the moment. */
  isPausing = false;
  #isDense = false;
  /** What the reads since the last pause have brought. */
  #bytes = 0;
  /** Reads since then. */
  #reads = 0;
  #since = 0;

  /** @param resume a pause is over */
  constructor(clock: Clock, resume: () => void) {
    this.#clock = clock;
    this.#resume = resume;
  }

  /** So many bytes more were read. */
  hasRead(session: Session, length: number): void {
    this.#bytes += length;
    if (this.isPausing || !(this.#isDense || this.#becomesDense(session.lastProgress))) return;
    this.isPausing = true;
    session.inbox.pause();
    this.#clock.setTimer(PAUSE, () => {
      this.#isDense = this.#bytes >= LEAST && this.#bytes <= MOST;
      this.#bytes = 0;
      this.isPausing = false;
      this.#resume();
    });
  }

  #becomesDense(now: number): boolean {
    if (now - this.#since > 1) {
      this.#since = now;
      this.#reads = 0;
      this.#bytes = 0;
    }
    this.#reads += 1;
    return this.#reads >= DENSE && this.#bytes <= MOST;
  }
}

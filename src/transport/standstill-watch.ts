import type { Clock, Timer } from './clock.ts';

/** How often what is watched is looked at, in milliseconds. */
const LOOK = 1000;
/** How long something waits in vain before that is told, in milliseconds. */
export const LONG_WAIT = 5000;

/** What is watched: a pool whose callers wait, or a session behind whose source others do. */
export interface Watched {
  /** Whether it stands still, as far as one look can tell. */
  isStill(): boolean;
  /** Another one whenever anything has happened. */
  mark(): number | string;
  /** It has stood still for so many milliseconds. Called once each time that it does. */
  tell(milliseconds: number): void;
}

/** Looks, while somebody waits, whether anything happens on what is waited for. */
export class StandstillWatch {
  readonly #clock: Clock;
  readonly #watched: Watched;
  readonly #keepsProcess: boolean;
  #timer: Timer | null = null;
  #mark: number | string = 0;
  /** How often nothing had happened. */
  #looks = 0;

  /** @param keepsProcess the process stays until it has told: what it would end without is told by then */
  constructor(clock: Clock, watched: Watched, keepsProcess: boolean) {
    this.#clock = clock;
    this.#watched = watched;
    this.#keepsProcess = keepsProcess;
  }

  /** Somebody waits. */
  begin(): void {
    if (this.#timer !== null) return;
    this.#note();
    this.#lookLater();
  }

  /** Nobody waits any more. */
  end(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** Watches until what is waited for has come. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.begin();
    try {
      return await work;
    } finally {
      this.end();
    }
  }

  #lookLater(): void {
    const look = (): void => {
      const timer = this.#timer;
      this.#look();
      // Telling it may have ended the watch.
      if (this.#timer === timer) this.#lookLater();
    };
    const isTold = this.#looks * LOOK >= LONG_WAIT;
    this.#timer = this.#clock.setTimer(LOOK, look, this.#keepsProcess && !isTold);
  }

  #look(): void {
    if (!this.#watched.isStill() || this.#watched.mark() !== this.#mark) {
      this.#note();
      return;
    }
    this.#looks += 1;
    if (this.#looks * LOOK === LONG_WAIT) this.#watched.tell(LONG_WAIT);
  }

  #note(): void {
    this.#mark = this.#watched.mark();
    this.#looks = 0;
  }
}

import type { Clock } from '../../transport/clock.ts';
import { checkListener } from '../listening/listeners.ts';
import { callUser } from './user-callback.ts';

/** What a query logger gets after each call. Never a password, as it has no connection options. */
export interface LoggedQuery {
  /** The text of the call; of a `batch`, all of its texts. */
  readonly query: string;
  /** The values, as they were given; of `executeMany` and of a `batch`, those of each execution. */
  readonly args: readonly unknown[];
  /** The call's own time-out in milliseconds, if it had one. */
  readonly timeout: number | null;
  /** Milliseconds from the call to its end. */
  readonly elapsed: number;
  /** What the call was rejected with, or null. */
  readonly exception: unknown;
}

/** Is called after each call. What it throws or rejects with becomes a process warning. */
export type QueryLogger = (query: LoggedQuery) => void;

/** The query loggers of one connection. Without any, nothing is measured. */
export class QueryLog {
  readonly #clock: Clock;
  readonly #loggers = new Set<QueryLogger>();
  /** Those who were there when the session became its pool's: they outlast its holders. */
  #lasting: ReadonlySet<QueryLogger> = new Set();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isActive(): boolean {
    return this.#loggers.size > 0;
  }

  add(logger: QueryLogger): void {
    checkListener(logger);
    this.#loggers.add(logger);
  }

  remove(logger: QueryLogger): void {
    this.#loggers.delete(logger);
  }

  /** The loggers there are now stay for as long as the session lives. */
  keep(): void {
    this.#lasting = new Set(this.#loggers);
  }

  /** Forgets the loggers of a holder that is gone. */
  clearHolder(): void {
    for (const logger of this.#loggers) {
      if (!this.#lasting.has(logger)) this.#loggers.delete(logger);
    }
  }

  /** Follows a call to its end and tells the loggers. */
  async watch<R>(
    promise: Promise<R>,
    query: string,
    args: readonly unknown[],
    timeout: number | undefined,
  ): Promise<R> {
    const startedAt = this.#clock.now();
    let exception: unknown = null;
    try {
      return await promise;
    } catch (error) {
      exception = error;
      throw error;
    } finally {
      this.#tell({
        query,
        args,
        timeout: timeout ?? null,
        elapsed: this.#clock.now() - startedAt,
        exception,
      });
    }
  }

  #tell(logged: LoggedQuery): void {
    // One that removes itself and comes back is told of the next call.
    for (const logger of [...this.#loggers]) callUser('a query logger', () => logger(logged));
  }
}

import { TimeoutError } from '../errors/client-errors.ts';
import { PostgresError } from '../errors/postgres-error.ts';
import { IDLE_LIMITS } from '../session/ending.ts';
import type { Timer } from '../transport/clock.ts';
import type { Walsender } from './walsender.ts';

/** How long a next start waits, in milliseconds, where connecting has no limit. */
const DEFAULT_PATIENCE = 60_000;
/** PostgreSQL's settings hold no more. */
const MAX_LIMIT = 0x7fffffff;

/**
 * Has the server end a walsender's session that it hears nothing of, though it does not stream:
 * wal_sender_timeout is for those that do, and TCP may take hours to notice that a connection is lost. The next
 * start waits for its slot as long as connecting may take, so the limit is half of that.
 */
export class IdleLimit {
  readonly #sender: Walsender;
  readonly #milliseconds: number;
  #timer: Timer | null = null;
  #isStopped = false;

  private constructor(sender: Walsender, milliseconds: number) {
    this.#sender = sender;
    this.#milliseconds = milliseconds;
  }

  /**
   * Sets it, for a session that holds an exported snapshot (it is in a transaction) and for one that does not.
   * Null: the server is too old (before PostgreSQL 14).
   *
   * @param patience milliseconds that connecting may take; null: as long as it takes
   */
  static async set(sender: Walsender, patience: number | null): Promise<IdleLimit | null> {
    if (sender.session.server.version.major < 14) return null;
    const limit = Math.min(Math.ceil((patience || DEFAULT_PATIENCE) / 2), MAX_LIMIT);
    await sender.command(
      `SELECT pg_catalog.set_config('idle_session_timeout', '${limit}', false),
        pg_catalog.set_config('idle_in_transaction_session_timeout', '${limit}', false)`,
    );
    return new IdleLimit(sender, limit);
  }

  /** From here on the server hears of this side. The first time ends the snapshot that is exported. */
  keepAlive(): void {
    if (this.#isStopped) return;
    this.#timer = this.#sender.session.clock.setTimer(
      this.#milliseconds / 3,
      () => {
        this.#sender.command('SELECT 1').then(
          () => this.keepAlive(),
          (error: unknown) => this.#sender.destroy(error as Error),
        );
      },
      false,
    );
  }

  /** Other commands follow, or the session has ended. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  /** The error that the limit's end of the session is told as; null for any other. */
  errorOf(reason: Error | null): TimeoutError | null {
    if (!(reason instanceof PostgresError && IDLE_LIMITS.includes(reason.sqlstate))) return null;
    return new TimeoutError(
      `the server has heard nothing for ${this.#milliseconds} milliseconds during the snapshot`,
      { cause: reason },
    );
  }
}

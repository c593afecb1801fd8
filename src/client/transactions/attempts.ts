import { InterfaceError, OutdatedSchemaCacheError } from '../../errors/client-errors.ts';
import { InvalidCachedStatementError } from '../../errors/generated/sqlstate.ts';
import { PostgresError } from '../../errors/postgres-error.ts';
import { isWrongColumnCount } from '../../errors/server-message.ts';
import { isError } from '../../values/builtins.ts';

/** How deep the cause of an error is looked for. */
const DEPTH = 8;

/**
 * Whether a transaction failed by a conflict with others: a serialization failure, a deadlock, or a change of
 * the schema under a statement that was known. Also as the cause of what was thrown, which a library in between may have wrapped, or which has ended
 * the connection, as a standby does.
 */
function isConflict(error: unknown): boolean {
  let cause = error;
  for (let depth = 0; depth < DEPTH && isError(cause); depth++) {
    if (cause instanceof OutdatedSchemaCacheError || cause instanceof InvalidCachedStatementError) {
      return true;
    }
    if (cause instanceof PostgresError) {
      if (isWrongColumnCount(cause)) return true;
      const { sqlstate } = cause;
      if (sqlstate === '40001' || sqlstate === '40P01') return true;
      // COMMIT was sent, and nobody knows what became of it.
      if (sqlstate === '08007') return false;
    }
    cause = cause.cause;
  }
  return false;
}

/** How often a transaction may still be tried, on one connection or on several. */
export class Attempts {
  #left: number;
  #made = 0;
  #granted: unknown = null;

  constructor(retries = 0) {
    if (!Number.isSafeInteger(retries) || retries < 0) {
      throw new InterfaceError(`retries must be an integer of at least 0, not ${String(retries)}`, {
        safeToRetry: true,
      });
    }
    this.#left = retries;
  }

  /** Whether there is another attempt after this failure. */
  grant(error: unknown): boolean {
    if (this.#left === 0 || !isConflict(error)) return false;
    this.#left -= 1;
    this.#made += 1;
    this.#granted = error;
    return true;
  }

  /** Whether the attempt that was granted for this failure is still to be made. */
  isPending(error: unknown): boolean {
    return this.#granted !== null && this.#granted === error;
  }

  /** The pause before the next attempt, in milliseconds: it grows, and jitter parts the contenders. */
  get pause(): number {
    return Math.min(1000, 10 * 2 ** (this.#made - 1)) * (0.5 + Math.random() / 2);
  }
}

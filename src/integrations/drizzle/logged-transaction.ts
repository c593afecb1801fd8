import type { Queryable } from '../../client/queryable.ts';
import type { Transaction } from '../../client/transactions/transaction.ts';
import type { TransactionOptions } from '../../client/transactions/transaction-options.ts';

/** What the logger is told of a transaction: its statements, as Drizzle's own drivers write them. */
export interface TransactionTexts {
  readonly begin: string;
  readonly commit: string;
  readonly rollback: string;
}

/** What is common to the loggers of all of Drizzle's majors. */
interface Logger {
  logQuery(text: string, params: unknown[]): void;
}

/** Of a savepoint, by how deep it is. */
export function savepointTexts(index: number): TransactionTexts {
  return {
    begin: `savepoint sp${index}`,
    commit: `release savepoint sp${index}`,
    rollback: `rollback to savepoint sp${index}`,
  };
}

/**
 * A transaction of which the logger is told.
 *
 * @param ofCommit what to throw when COMMIT has failed: Drizzle's error of the statement
 */
export async function loggedTransaction<T>(
  client: Queryable<any>,
  options: TransactionOptions,
  texts: TransactionTexts,
  logger: Logger,
  ofCommit: (text: string, cause: Error) => Error,
  work: (client: Transaction<any>) => Promise<T>,
): Promise<T> {
  const state: { isCommitting: boolean } = { isCommitting: false };
  try {
    return await client.transaction(options, async (inner) => {
      logger.logQuery(texts.begin, []);
      let result: T;
      try {
        result = await work(inner);
      } catch (error) {
        logger.logQuery(texts.rollback, []);
        throw error;
      }
      logger.logQuery(texts.commit, []);
      state.isCommitting = true;
      return result;
    });
  } catch (error) {
    if (state.isCommitting) throw ofCommit(texts.commit, error as Error);
    throw error;
  }
}

import { InterfaceError } from '../errors/client-errors.ts';
import { PostgresError } from '../errors/postgres-error.ts';
import type { ClientSession } from './client-session.ts';
import { BEGIN, CLIENT, COMMIT_NOW, ROLL_BACK_QUIETLY } from './internals.ts';
import { OpenTransaction } from './open-transaction.ts';
import { Transaction } from './transaction.ts';
import type { TransactionOptions } from './transaction-options.ts';

/** The pause before another try, in milliseconds: it grows, and jitter parts the contenders. */
function pause(attempt: number): number {
  return Math.min(1000, 10 * 2 ** attempt) * (0.5 + Math.random() / 2);
}

function isSerializationConflict(error: unknown): boolean {
  return (
    error instanceof PostgresError && (error.sqlstate === '40001' || error.sqlstate === '40P01')
  );
}

/** The connection that a transaction is run on. */
export interface TransactionHost {
  /** Throws if the connection has been given back to its pool. */
  [CLIENT](call: string, evenIfClosed: boolean): unknown;
}

/**
 * Runs `fn` in a transaction of the client. Conflicts with other transactions are tried again
 * as often as `retries` says, at the outermost level only: there alone all is undone.
 */
export async function runTransaction<R>(
  connection: TransactionHost,
  client: ClientSession,
  asked: OpenTransaction | undefined,
  options: TransactionOptions,
  fn: (tx: Transaction) => Promise<R>,
): Promise<R> {
  const wanted = options.retries ?? 0;
  if (!Number.isSafeInteger(wanted) || wanted < 0) {
    throw new InterfaceError(`retries must be an integer of at least 0, not ${String(wanted)}`, {
      safeToRetry: true,
    });
  }
  const outer = client.queue.wantedBy(asked, OpenTransaction.current());
  const retries = outer === undefined ? wanted : 0;
  for (let attempt = 0; ; attempt++) {
    try {
      // Between attempts the connection may have been given back to its pool.
      connection[CLIENT]('Connection.transaction()', true);
      return await runOnce(client, asked, options, fn);
    } catch (error) {
      if (attempt >= retries || !isSerializationConflict(error)) throw error;
      await new Promise<void>((resolve) => {
        client.session.clock.setTimer(pause(attempt), resolve);
      });
    }
  }
}

async function runOnce<R>(
  client: ClientSession,
  asked: OpenTransaction | undefined,
  options: TransactionOptions,
  fn: (tx: Transaction) => Promise<R>,
): Promise<R> {
  const own = new OpenTransaction(options.isolation, options.signal);
  const transaction = await Transaction[BEGIN](client, own, asked, options, true);
  try {
    const result = await own.run(() => fn(transaction));
    await transaction[COMMIT_NOW]();
    return result;
  } catch (error) {
    // It is over already unless the failure came before COMMIT was sent.
    await transaction[ROLL_BACK_QUIETLY]();
    throw error;
  }
}

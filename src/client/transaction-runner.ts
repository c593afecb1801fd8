import type { RowStyle } from '../values/column-names.ts';
import type { Attempts } from './attempts.ts';
import { keepLine } from './caller-stack.ts';
import type { ClientSession } from './client-session.ts';
import { BEGIN, CLIENT, COMMIT_NOW, ROLL_BACK_QUIETLY } from './internals.ts';
import { endedByStatement, OpenTransaction, tellsOfEnd } from './open-transaction.ts';
import { Transaction } from './transaction.ts';
import type { TransactionOptions } from './transaction-options.ts';

/** The connection that a transaction is run on. */
export interface TransactionHost {
  /** Throws if the connection has been given back to its pool. */
  [CLIENT](call: string, evenIfClosed: boolean): unknown;
}

/**
 * Runs `fn` in a transaction of the client. Conflicts with other transactions are tried again as long
 * as there are attempts, at the outermost level only: there alone all is undone. If the connection
 * went with the conflict, the attempt is left for another one.
 */
export async function runTransaction<R>(
  connection: TransactionHost,
  client: ClientSession,
  asked: OpenTransaction | undefined,
  options: TransactionOptions,
  attempts: Attempts,
  style: RowStyle,
  fn: (tx: Transaction<any>) => Promise<R>,
): Promise<R> {
  const isOutermost = client.queue.wantedBy(asked, OpenTransaction.current()) === undefined;
  for (;;) {
    try {
      // Between attempts the connection may have been given back to its pool.
      connection[CLIENT]('Connection.transaction()', true);
      return await runOnce(client, asked, options, style, fn);
    } catch (error) {
      // What a statement has committed must not be done once more.
      if (!isOutermost || tellsOfEnd(error)) throw error;
      if (!attempts.grant(error) || client.isEnded) throw error;
      await new Promise<void>((resolve) => {
        client.session.clock.setTimer(attempts.pause, resolve);
      });
    }
  }
}

async function runOnce<R>(
  client: ClientSession,
  asked: OpenTransaction | undefined,
  options: TransactionOptions,
  style: RowStyle,
  fn: (tx: Transaction<any>) => Promise<R>,
): Promise<R> {
  const own = new OpenTransaction(options.isolation, options.signal);
  const transaction = await Transaction[BEGIN]<any>(client, own, asked, options, true, style);
  let isInside = true;
  try {
    const result = await own.run(() => fn(transaction));
    isInside = false;
    await transaction[COMMIT_NOW]();
    return result;
  } catch (error) {
    if (isInside) keepLine(error);
    // It is over already unless the failure came before COMMIT was sent.
    await transaction[ROLL_BACK_QUIETLY]();
    throw own.wasEnded && !tellsOfEnd(error) ? endedByStatement(error) : error;
  }
}

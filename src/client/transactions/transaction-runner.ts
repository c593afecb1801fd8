import type { Timer } from '../../transport/clock.ts';
import type { Deadline } from '../../transport/deadline.ts';
import { within } from '../../transport/within.ts';
import type { RowStyle } from '../../values/column-names.ts';
import type { RowForm } from '../../values/row-form.ts';
import { eitherSignal } from '../calls/call.ts';
import type { Pass } from '../calls/call-gate.ts';
import { keepLine } from '../calls/caller-stack.ts';
import { idleWithin } from '../calls/idle-within.ts';
import { checkOptions } from '../calls/known-options.ts';
import type { ClientSession } from '../client-session.ts';
import { CLIENT, COMMIT_NOW, CREATE, ROLL_BACK_QUIETLY } from '../internals.ts';
import type { Attempts } from './attempts.ts';
import type { Beginning } from './beginning.ts';
import { endedByStatement, OpenTransaction, tellsOfEnd } from './open-transaction.ts';
import { Transaction } from './transaction.ts';
import { TRANSACTION_OPTIONS, type TransactionOptions } from './transaction-options.ts';
import { transactionCalls } from './transaction-room.ts';

/** The connection that a transaction is run on. */
export interface TransactionHost {
  /** Throws if the connection has been given back to its pool. */
  [CLIENT](call: string, evenIfClosed: boolean): unknown;
}

/**
 * Begins one, when no other is open but what it is nested in: the transaction that was asked, or
 * that the code which asks is inside of. BEGIN is not sent yet: it travels with the first statement.
 *
 * @param limit ends the wait at the gate, in place of the signals of the transaction
 */
export async function beginTransaction<F extends RowForm>(
  client: ClientSession,
  beginning: Beginning,
  limit: Deadline | null = null,
): Promise<Transaction<F>> {
  const { own, asked, options } = beginning;
  checkOptions('a transaction', options, TRANSACTION_OPTIONS);
  const { gate, session } = client;
  own.home = client;
  own.owner = client.owner;
  own.isManaged = beginning.managed;
  // A pool may have lent the session to somebody else by the time that it may begin.
  const connection = client.owner!;
  const outer = gate.wantedBy(asked, own.context);
  const signal = limit === null ? eitherSignal(outer?.signal, options.signal) : undefined;
  const signals = untilAborted(client, signal);
  const deadline = limit ?? signals;
  let pass: Pass<ClientSession> | null = null;
  try {
    const entered = gate.enter(outer, deadline);
    pass = entered instanceof Promise ? await entered : entered;
    // It has its place: calls that are made meanwhile come behind it.
    const { beginAdmitted } = transactionCalls.content ?? (await transactionCalls.open());
    // Among the calls made already may be a BEGIN.
    while (outer === undefined && !session.isFree && !session.isEnded) {
      await idleWithin(session, deadline);
    }
    // A close that was called meanwhile waits for this call.
    connection[CLIENT]('a method of Connection', true);
    client.checkOpen();
    deadline?.check();
    const begun = beginAdmitted(client, outer, beginning);
    return Transaction[CREATE]<F>(
      client,
      connection,
      beginning,
      begun instanceof Promise ? await begun : begun,
    );
  } finally {
    signals?.dispose();
    if (pass !== null) gate.leave(pass);
  }
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
  const isOutermost = client.gate.wantedBy(asked, OpenTransaction.current()) === undefined;
  for (;;) {
    try {
      // Between attempts the connection may have been given back to its pool.
      connection[CLIENT]('Connection.transaction()', true);
      return await runOnce(client, asked, options, style, fn);
    } catch (error) {
      // What a statement has committed must not be done once more.
      if (!isOutermost || tellsOfEnd(error)) throw error;
      if (!attempts.grant(error) || client.isEnded) throw error;
      await pause(client, attempts.pause, options.signal);
      if (client.isEnded) throw error;
    }
  }
}

/** Rejects as soon as the signal is aborted. */
async function pause(client: ClientSession, ms: number, signal?: AbortSignal): Promise<void> {
  const deadline = untilAborted(client, signal);
  let timer!: Timer;
  const over = new Promise<void>((resolve) => {
    timer = client.session.clock.setTimer(ms, resolve);
  });
  try {
    await within(deadline, over);
  } finally {
    timer.cancel();
    deadline?.dispose();
  }
}

/** A deadline without a time limit. */
function untilAborted(client: ClientSession, signal: AbortSignal | undefined): Deadline | null {
  return signal === undefined ? null : client.deadline(Infinity, signal);
}

async function runOnce<R>(
  client: ClientSession,
  asked: OpenTransaction | undefined,
  options: TransactionOptions,
  style: RowStyle,
  fn: (tx: Transaction<any>) => Promise<R>,
): Promise<R> {
  const own = new OpenTransaction(options.isolation, options.signal);
  const beginning = { own, asked, options, managed: true, style };
  const transaction = await beginTransaction<any>(client, beginning);
  own.isRunning = true;
  client.running += 1;
  const left = (): void => {
    own.isRunning = false;
    client.running -= 1;
  };
  try {
    const result = await own.run(() => fn(transaction));
    left();
    await transaction[COMMIT_NOW]();
    return result;
  } catch (error) {
    if (own.isRunning) {
      left();
      keepLine(error);
    }
    // It is over already unless the failure came before COMMIT was sent.
    await transaction[ROLL_BACK_QUIETLY]();
    throw own.wasEnded && !tellsOfEnd(error) ? endedByStatement(error) : error;
  }
}

import { InterfaceError } from '../../errors/client-errors.ts';
import { statementKind } from '../../sql/statement-kind.ts';
import { eitherSignal } from '../calls/call.ts';
import type { ClientSession } from '../client-session.ts';
import { beginStatements, checkNestedSettings, nestedModes } from './begin-statements.ts';
import type { Beginning } from './beginning.ts';
import type { OpenTransaction } from './open-transaction.ts';
import { type NewSavepoints, Savepoints } from './savepoints.ts';
import { TransactionEnd } from './transaction-end.ts';
import type { IsolationLevel, TransactionOptions } from './transaction-options.ts';

/** What a transaction that has begun is given. */
export interface Begun {
  readonly end: TransactionEnd;
  readonly newSavepoints: NewSavepoints;
}

const newSavepoints: NewSavepoints = (client, host) => new Savepoints(client, host);

/** Begins a transaction that the gate has let go on, in `outer` if that is one: see `beginTransaction`. */
export function beginAdmitted(
  client: ClientSession,
  outer: OpenTransaction | undefined,
  { own, options }: Beginning,
): Begun | Promise<Begun> {
  const statements = beginStatements(options);
  if (outer !== undefined) return beginNested(client, outer, own, options);
  const { session, transactions } = client;
  if (session.transactionStatus !== 'I') {
    throw new InterfaceError(
      'cannot use Connection.transaction() in a manually started transaction',
      { hint: 'End the transaction that was begun with execute("BEGIN") first.' },
    );
  }
  client.savepointNames.begin();
  session.preamble.begin(statements);
  transactions.push(own);
  return { end: new TransactionEnd(client, own, null, null), newSavepoints };
}

async function beginNested(
  client: ClientSession,
  outer: OpenTransaction,
  own: OpenTransaction,
  options: TransactionOptions,
): Promise<Begun> {
  checkNestedSettings(options);
  await checkNestedIsolation(client, options.isolation);
  outer.checkOpen('transaction()');
  const name = client.savepointNames.next();
  own.signal = eitherSignal(outer.signal, options.signal);
  own.timeout = outer.timeout;
  // Not awaited here: in a failed transaction everything that follows fails as well. Nor limited in time, as BEGIN
  // is not: without it, what follows would be done in the outer one.
  const started = client.script(`SAVEPOINT ${name}`);
  started.catch(() => {});
  const end = new TransactionEnd(client, own, name, started);
  client.transactions.push(own);
  const modes = nestedModes(options);
  if (modes !== null) await setModes(client, modes, end);
  return { end, newSavepoints };
}

/** The server may refuse them, READ WRITE inside READ ONLY: then there is no transaction. */
async function setModes(client: ClientSession, modes: string, end: TransactionEnd): Promise<void> {
  try {
    await client.command(modes);
  } catch (error) {
    await end.rollBackQuietly();
    throw error;
  }
}

/** A nested transaction has the isolation level of the outermost one. */
async function checkNestedIsolation(
  client: ClientSession,
  wanted: IsolationLevel | undefined,
): Promise<void> {
  if (wanted === undefined) return;
  let level: string | undefined = client.transactions[0]!.isolation;
  if (level === undefined) {
    const text = 'SHOW transaction_isolation';
    const kind = statementKind(text);
    const shown = await client.query({ text, prepare: false }, kind, 'value', null);
    level = String(shown).replace(' ', '_');
  }
  if (level !== wanted) {
    throw new InterfaceError(
      `nested transaction has a different isolation level: current ${JSON.stringify(level)}, asked for ${JSON.stringify(wanted)}`,
    );
  }
}

import type { TransactionStatus } from '../protocol/backend/session.ts';
import { writeBind, writeExecute, writeParse } from '../protocol/frontend/query.ts';
import type { MessageWriter } from '../protocol/writer.ts';
import { type SurroundingsChange, settingOf } from '../sql/surroundings-change.ts';

/**
 * A statement that begins a transaction, or says something of it; its arguments travel as text. Those
 * are names of settings and their values in turn, which it sets for the transaction.
 */
export type Opening = string | { readonly text: string; readonly args: readonly string[] };

/**
 * The statements that begin a transaction and have not been sent: they travel ahead of the next
 * request, in its flight. The first is a plain BEGIN, which does not fail; where one of the others
 * does, what is sent behind it finds a failed transaction, and not none.
 */
export class Preamble {
  #statements: readonly Opening[] | null = null;
  /** Those of the last transaction that was begun; null: it is no transaction to its user any more. */
  #latest: readonly Opening[] | null = null;

  /** Whether a transaction is to be begun with the next request. */
  get isWaiting(): boolean {
    return this.#statements !== null;
  }

  /** What the statements that wait set of what the meaning of other texts depends on. */
  get changes(): readonly SurroundingsChange[] {
    return this.#statements === null ? NONE : changesOfOpenings(this.#statements);
  }

  /** Has a transaction begun with the next request. */
  begin(statements: readonly Opening[]): void {
    this.#statements = statements;
    this.#latest = statements;
  }

  /** Has the same one begun once more, whose BEGIN was undone, unless its user has given it up. Whether that is so. */
  beginAgain(statements: readonly Opening[]): boolean {
    if (this.#latest !== statements) return false;
    this.#statements = statements;
    return true;
  }

  /** The statements, for the request that sends them; null if none wait. */
  take(): readonly Opening[] | null {
    const statements = this.#statements;
    this.#statements = null;
    return statements;
  }

  /** They were not sent after all. */
  putBack(statements: readonly Opening[] | null): void {
    this.#statements = statements;
  }

  /** No transaction is begun. Whether one was to be. */
  drop(): boolean {
    this.#latest = null;
    return this.take() !== null;
  }
}

/** Whether what is sent now is in a transaction; it may be the first of one. */
export function isInTransaction(session: {
  readonly transactionStatus: TransactionStatus;
  readonly preamble: Preamble;
}): boolean {
  return session.transactionStatus !== 'I' || session.preamble.isWaiting;
}

const NONE: readonly SurroundingsChange[] = [];

/** What these statements set of what the meaning of other texts depends on. */
export function changesOfOpenings(statements: readonly Opening[]): readonly SurroundingsChange[] {
  const changes: SurroundingsChange[] = [];
  for (const statement of statements) {
    if (typeof statement === 'string') continue;
    const { args } = statement;
    for (let i = 0; i < args.length; i += 2) {
      const change = settingOf(args[i]!, args[i + 1]!);
      if (change !== null) changes.push(change);
    }
  }
  return changes.length === 0 ? NONE : changes;
}

/** Writes one, by the extended protocol. */
export function writeOpening(writer: MessageWriter, opening: Opening): void {
  const [text, args] = typeof opening === 'string' ? [opening, []] : [opening.text, opening.args];
  writeParse(writer, '', text);
  writeBind(writer, {
    portal: '',
    statement: '',
    parameterFormats: [],
    parameters: args.map((arg) => Buffer.from(arg)),
    resultFormats: [],
  });
  writeExecute(writer, '');
}

/** Their texts, as an error of theirs has them for its query. */
export function textOfOpenings(statements: readonly Opening[]): string {
  return statements
    .map((statement) => (typeof statement === 'string' ? statement : statement.text))
    .join(';');
}

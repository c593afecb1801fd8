import { writeBind, writeExecute, writeParse } from '../protocol/frontend/query.ts';
import type { MessageWriter } from '../protocol/writer.ts';

/** A statement that begins a transaction, or says something of it; its arguments travel as text. */
export type Opening = string | { readonly text: string; readonly args: readonly string[] };

/**
 * The statements that begin a transaction and have not been sent: they travel ahead of the next
 * request, in its flight. The first is a plain BEGIN, which does not fail; where one of the others
 * does, what is sent behind it finds a failed transaction, and not none.
 */
export class Preamble {
  #statements: readonly Opening[] | null = null;

  /** Whether a transaction is to be begun with the next request. */
  get isWaiting(): boolean {
    return this.#statements !== null;
  }

  /** Has a transaction begun with the next request. */
  begin(statements: readonly Opening[]): void {
    this.#statements = statements;
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
    return this.take() !== null;
  }
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

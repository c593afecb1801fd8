/**
 * The statements that begin a transaction and have not been sent: they travel ahead of the next
 * request, in its flight. The first is a plain BEGIN, which does not fail; where one of the others
 * does, what is sent behind it finds a failed transaction, and not none.
 */
export class Preamble {
  #statements: readonly string[] | null = null;

  /** Whether a transaction is to be begun with the next request. */
  get isWaiting(): boolean {
    return this.#statements !== null;
  }

  /** Has a transaction begun with the next request. */
  begin(statements: readonly string[]): void {
    this.#statements = statements;
  }

  /** The statements, for the request that sends them; null if none wait. */
  take(): readonly string[] | null {
    const statements = this.#statements;
    this.#statements = null;
    return statements;
  }

  /** They were not sent after all. */
  putBack(statements: readonly string[] | null): void {
    this.#statements = statements;
  }

  /** No transaction is begun. Whether one was to be. */
  drop(): boolean {
    return this.take() !== null;
  }
}

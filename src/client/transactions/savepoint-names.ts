/** After so many the next transaction of a session begins with the first name again. */
const NAMES = 32;

/** How savepoints of one session are named. */
export class SavepointNames {
  #last = 0;

  /**
   * A transaction begins: within it each name is another one. The same few come again, as the server's statistics
   * (pg_stat_statements) and the driver's own remember each text, but not those of the transaction before.
   */
  begin(): void {
    if (this.#last >= NAMES) this.#last = 0;
  }

  /** The name of the next savepoint. */
  next(): string {
    this.#last += 1;
    return `asyncpg_savepoint_${this.#last}`;
  }
}

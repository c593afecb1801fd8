import type { OpenTransaction } from '../transactions/open-transaction.ts';

/** The transactions and savepoints that a portal was opened in: it goes with them. */
export class PortalScope {
  /** From the outermost on. */
  readonly #transactions: readonly OpenTransaction[];
  /** The savepoints that were set by then, and how often each had been returned to. */
  readonly #points: readonly { readonly point: { readonly returns: number }; returns: number }[];

  /** @param transactions those that are open as the portal is opened */
  constructor(transactions: readonly OpenTransaction[]) {
    this.#transactions = [...transactions];
    this.#points = transactions.flatMap(({ savepoints }) =>
      (savepoints?.points ?? []).map((point) => ({ point, returns: point.returns })),
    );
  }

  /** Whether one of them was undone, or the outermost transaction has ended. */
  get isGone(): boolean {
    return (
      this.#transactions.some(
        ({ state }, depth) =>
          state === 'rolled back' || state === 'failed' || (depth === 0 && state === 'committed'),
      ) || this.#points.some(({ point, returns }) => point.returns !== returns)
    );
  }
}

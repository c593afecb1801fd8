import type { IsolationLevel } from './transaction-options.ts';

/** A transaction or a savepoint in one, as long as it is on its session's stack, and after that. */
export class OpenTransaction {
  state: 'open' | 'committed' | 'rolled back' | 'failed' = 'open';
  readonly isolation: IsolationLevel | undefined;
  /** Ends its calls, those of transactions nested in it included. */
  readonly signal: AbortSignal | undefined;

  constructor(isolation: IsolationLevel | undefined, signal: AbortSignal | undefined) {
    this.isolation = isolation;
    this.signal = signal;
  }

  /** It was undone from outside, together with all that it is nested in or by its session. */
  markUndone(): void {
    if (this.state === 'open') this.state = 'rolled back';
  }
}

import { AsyncLocalStorage } from 'node:async_hooks';
import type { IsolationLevel } from './transaction-options.ts';

/** The innermost transaction that the running code is inside of, on whichever connection. */
const contexts = new AsyncLocalStorage<OpenTransaction>();

/** A transaction or a savepoint in one, as long as it is on its session's stack, and after that. */
export class OpenTransaction {
  state: 'open' | 'committed' | 'rolled back' | 'failed' = 'open';
  readonly isolation: IsolationLevel | undefined;
  /** Ends its calls, those of transactions nested in it included. */
  signal: AbortSignal | undefined;
  /** The transaction whose code began this one. */
  readonly context: OpenTransaction | undefined = OpenTransaction.current();
  /** Its code runs. Until `begin` has resolved, who shares its context is still a stranger to it. */
  isEntered = false;

  constructor(isolation: IsolationLevel | undefined, signal: AbortSignal | undefined) {
    this.isolation = isolation;
    this.signal = signal;
  }

  /** What the running code is inside of. Those that are over are left out, so that no chain grows. */
  static current(): OpenTransaction | undefined {
    let current = contexts.getStore();
    while (current !== undefined && current.state !== 'open') current = current.context;
    return current;
  }

  /** Runs its callback: calls that are made from there are inside of it. */
  run<R>(fn: () => R): R {
    this.isEntered = true;
    return contexts.run(this, fn);
  }

  /** What the running code does from here on, once it is entered, is inside of it. */
  enterContext(): void {
    contexts.enterWith(this);
  }

  /** It was undone from outside, together with all that it is nested in or by its session. */
  markUndone(): void {
    if (this.state === 'open') this.state = 'rolled back';
  }
}

import type { AsyncLocalStorage } from 'node:async_hooks';
import { InterfaceError } from '../../errors/client-errors.ts';
import type { PostgresError } from '../../errors/postgres-error.ts';
import { builtinModule } from '../../runtime/builtin-module.ts';
import type { Point } from './savepoint-stack.ts';
import type { IsolationLevel } from './transaction-options.ts';

/** The innermost transaction that the running code is inside of, on whichever connection; null before the first. */
let contexts: AsyncLocalStorage<OpenTransaction> | null = null;

function enteredContexts(): AsyncLocalStorage<OpenTransaction> {
  contexts ??= new (builtinModule('node:async_hooks').AsyncLocalStorage)<OpenTransaction>();
  return contexts;
}

/** A transaction or a savepoint in one, as long as it is on its session's stack, and after that. */
export class OpenTransaction {
  /** `ended`: by a statement that was executed in it, while its code still runs. */
  state: 'open' | 'ended' | 'committed' | 'rolled back' | 'failed' = 'open';
  /** It was ended by a statement: it cannot be said of it that it had no effect. */
  wasEnded = false;
  /** The error that had failed it on the server by its end there, if it is the outermost. */
  failure: PostgresError | null = null;
  readonly isolation: IsolationLevel | undefined;
  /** Ends its calls, those of transactions nested in it included. */
  signal: AbortSignal | undefined;
  /** Of each of its calls that has none of its own, in milliseconds: that of `with({ timeout })`. */
  timeout: number | undefined = undefined;
  /** The transaction whose code began this one. */
  readonly context: OpenTransaction | undefined = OpenTransaction.current();
  /** Its code runs. Until `begin` has resolved, who shares its context is still a stranger to it. */
  isEntered = false;
  /** A call is under way that ends it; one that `begin` has made is its user's to end. */
  isManaged = false;

  /** Those that were set in it by its methods, once there are any. */
  savepoints: { readonly points: readonly Point[] } | null = null;

  /** The function that it was made for runs. */
  isRunning = false;

  /** The client session that it is on, once it has begun. */
  home: { readonly owner: object | null } | null = null;
  /** Who had that then: a pool may have lent it to others since. */
  owner: object | null = null;

  constructor(isolation: IsolationLevel | undefined, signal: AbortSignal | undefined) {
    this.isolation = isolation;
    this.signal = signal;
  }

  /** What the running code is inside of. Those that are over and done with are left out, so that no chain grows. */
  static current(): OpenTransaction | undefined {
    let current = contexts?.getStore();
    while (current?.isOver && !current.isRunning) current = current.context;
    return current;
  }

  /** The innermost one on a client session that the running code is inside of. */
  static on(home: object): OpenTransaction | undefined {
    let current = OpenTransaction.current();
    while (current !== undefined && (current.home !== home || current.isOver)) {
      current = current.context;
    }
    return current;
  }

  /** Whether the running code is inside a transaction on a session that `isOurs` knows. */
  static isInside(isOurs: (home: object) => boolean): boolean {
    let current = OpenTransaction.current();
    while (current !== undefined) {
      if (!current.isOver && current.home !== null && isOurs(current.home)) return true;
      current = current.context;
    }
    return false;
  }

  /** Nothing more is done in it, and nothing refused. */
  get isOver(): boolean {
    return this.state !== 'open' && this.state !== 'ended';
  }

  /** It was undone on this session while its function goes on: what that calls would be done outside of it. */
  isUndoneOn(client: { readonly owner: object | null }): boolean {
    return this.isRunning && this.isOver && this.home === client && this.owner === client.owner;
  }

  /** Throws unless it is open; `call` is named in the error. */
  checkOpen(call: string): void {
    if (this.state !== 'open') throw this.refusal(`call ${call}`);
  }

  /** What a call in it is rejected with once it is not open any more; `what` cannot be done. */
  refusal(what: string): InterfaceError {
    if (this.wasEnded) return endedByStatement();
    return new InterfaceError(`cannot ${what}: the transaction is already ${this.state}`, {
      safeToRetry: true,
    });
  }

  /** A statement that was executed in it has ended it, on the server. */
  noteEnded(): void {
    this.wasEnded = true;
    this.state = 'ended';
  }

  /** Its code has ended as well, or has been told. */
  leaveEnded(): void {
    if (this.state === 'ended') this.state = 'failed';
  }

  /** Runs its callback: calls that are made from there are inside of it. */
  run<R>(fn: () => R): R {
    this.isEntered = true;
    return enteredContexts().run(this, fn);
  }

  /** What the running code does from here on, once it is entered, is inside of it. */
  enterContext(): void {
    enteredContexts().enterWith(this);
  }

  /** It was undone from outside, together with all that it is nested in or by its session. */
  markUndone(): void {
    if (this.state === 'open') this.state = 'rolled back';
    this.leaveEnded();
  }
}

const ENDED = 'the transaction was ended by a statement that was executed in it';

/** What every call in a transaction is rejected with that a statement has ended. */
export function endedByStatement(cause?: unknown): InterfaceError {
  return new InterfaceError(ENDED, {
    hint: 'Leave COMMIT and ROLLBACK to the transaction.',
    ...(cause === undefined || cause === null ? {} : { cause }),
  });
}

/** Whether an error is that. */
export function tellsOfEnd(error: unknown): boolean {
  return error instanceof InterfaceError && error.message.startsWith(ENDED);
}

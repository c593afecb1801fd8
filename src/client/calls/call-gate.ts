import { InterfaceError } from '../../errors/client-errors.ts';
import type { TransactionStatus } from '../../protocol/backend/session.ts';
import type { Clock } from '../../transport/clock.ts';
import type { Deadline } from '../../transport/deadline.ts';
import type { StandstillWatch } from '../../transport/standstill-watch.ts';
import { OpenTransaction } from '../transactions/open-transaction.ts';
import { gateWatch } from './gate-watch.ts';

/** What the gate needs of the client session that it is for. */
interface GateHost {
  readonly owner: object | null;
  readonly transactions: readonly OpenTransaction[];
  readonly isAwaited: boolean;
  readonly session: {
    readonly isEnded: boolean;
    readonly transactionStatus: TransactionStatus;
    readonly clock: Clock;
    readonly standstill: string | null;
    readonly activity: number;
    checkCaller(): void;
  };
  readonly listeners: { onLeave(callback: () => void): () => void };
}

/** A call that waits for transactions to end, and what it has to do once it may go on. */
interface Waiter {
  /** The transaction that it belongs to, which must be the innermost one; undefined: none. */
  readonly wanted: OpenTransaction | undefined;
  readonly wake: () => void;
  readonly refuse: (reason: Error) => void;
}

/** The lease of a call that may go on. Until it has sent what it is about, those behind it wait. */
export class Pass<Host> {
  readonly client: Host;
  readonly wanted: OpenTransaction | undefined;
  readonly sent: () => void;

  constructor(
    client: Host,
    wanted: OpenTransaction | undefined,
    leave: (pass: Pass<Host>) => void,
  ) {
    this.client = client;
    this.wanted = wanted;
    const sent = (): void => leave(this);
    this.sent = sent;
  }
}

/**
 * Who may use a session while transactions are open on it: a call that is not inside the
 * innermost one waits, for what it had been told could be undone with a stranger's transaction.
 */
export class CallGate<Host extends GateHost> {
  readonly #client: Host;
  readonly #waiters: Waiter[] = [];
  #pass: Pass<Host> | null = null;
  #forgetEnd: (() => void) | null = null;
  #watch: StandstillWatch | null = null;
  /** Those who are told of the next step: a call has left, or a transaction has ended. */
  #watchers: (() => void)[] = [];

  constructor(client: Host) {
    this.#client = client;
  }

  /** No call has waited that is not over. */
  get isEmpty(): boolean {
    return this.#pass === null && this.#waiters.length === 0;
  }

  /** Calls wait for a transaction to end. */
  get isAwaited(): boolean {
    return this.#waiters.length > 0;
  }

  /** Whether a call of this transaction waits, or has waited and is not over. */
  isWaitedIn(wanted: OpenTransaction | undefined): boolean {
    return this.#pass !== null || this.#waiters.some((waiter) => waiter.wanted === wanted);
  }

  /** Whether the call that may go on now is one of this transaction. */
  isPassOf(wanted: OpenTransaction | undefined): boolean {
    return this.#pass !== null && this.#pass.wanted === wanted;
  }

  /** The transaction that a call belongs to: of a transaction's own, or by where it is made. */
  wantedBy(
    asked: OpenTransaction | undefined,
    context: OpenTransaction | undefined,
  ): OpenTransaction | undefined {
    const { transactions } = this.#client;
    const here = this.#around(context);
    if (asked === undefined) {
      for (let inside = context; inside !== here; inside = inside!.context) {
        if (inside!.isUndoneOn(this.#client)) throw inside!.refusal('make a call');
      }
      return here;
    }
    if (here !== undefined && transactions.indexOf(here) > transactions.indexOf(asked)) {
      throw new InterfaceError(
        'cannot use the outer transaction inside one that is nested in it: the call would wait for itself',
        { hint: 'Use the object that the callback of the inner one is given.', safeToRetry: true },
      );
    }
    return asked;
  }

  /** Of the transactions that code of either context is inside of, the innermost. */
  innermost(
    one: OpenTransaction | undefined,
    other: OpenTransaction | undefined,
  ): OpenTransaction | undefined {
    const { transactions } = this.#client;
    return transactions[
      Math.max(transactions.indexOf(this.#around(one)!), transactions.indexOf(this.#around(other)!))
    ];
  }

  /** Whether code of this context, or the running one, has an open transaction to be in. */
  belongs(context: OpenTransaction | undefined): boolean {
    const { transactions, session } = this.#client;
    // One that was begun by hand, with a text, is anybody's.
    if (transactions.length === 0) return session.transactionStatus !== 'I';
    return this.innermost(OpenTransaction.current(), context) !== undefined;
  }

  /** The innermost transaction of this session that code of the context is inside of. */
  #around(context: OpenTransaction | undefined): OpenTransaction | undefined {
    const { transactions } = this.#client;
    let here = context;
    while (here !== undefined && (here.isOver || !here.isEntered || !transactions.includes(here))) {
      here = here.context;
    }
    if (here?.state === 'ended') throw here.refusal('make a call');
    return here;
  }

  /** A pass for a call, at once or when it may go on. */
  enter(
    wanted: OpenTransaction | undefined,
    deadline: Deadline | null,
    isHasty = false,
  ): Pass<Host> | Promise<Pass<Host>> {
    this.#client.session.checkCaller();
    if (this.#mayGo(wanted) && (isHasty ? this.#pass === null : !this.isWaitedIn(wanted))) {
      return this.#take(wanted);
    }
    return new Promise<Pass<Host>>((resolve, reject) => {
      const waiter: Waiter = {
        wanted,
        wake: () => {
          deadline?.watch(null);
          if (wanted !== undefined && wanted.state !== 'open') {
            reject(wanted.refusal('make a call that waited'));
            return;
          }
          resolve(this.#take(wanted));
        },
        refuse: (reason) => {
          deadline?.watch(null);
          reject(reason);
        },
      };
      if (isHasty) this.#waiters.unshift(waiter);
      else this.#waiters.push(waiter);
      this.#watchEnd();
      this.#watch ??= gateWatch(this.#client);
      this.#watch.begin();
      deadline?.watch((expired) => {
        const at = this.#waiters.indexOf(waiter);
        if (at >= 0) this.#waiters.splice(at, 1);
        reject(expired.reason(false));
        this.advance();
      });
    });
  }

  /** The call has sent what it is about, or is over. Idempotent. */
  leave(pass: Pass<Host>): void {
    if (this.#pass !== pass) return;
    this.#pass = null;
    this.advance();
  }

  /** Resolves when a call or a transaction is over, or the session. */
  whenAdvanced(): Promise<void> {
    this.#watchEnd();
    return new Promise((resolve) => this.#watchers.push(resolve));
  }

  #watchEnd(): void {
    this.#forgetEnd ??= this.#client.listeners.onLeave(() => {
      this.#forgetEnd = null;
      this.advance();
    });
  }

  /** Lets those go on who may, one after the other. */
  advance(): void {
    if (this.#watchers.length > 0) for (const watcher of this.#watchers.splice(0)) watcher();
    for (let at = 0; this.#pass === null && at < this.#waiters.length; ) {
      const waiter = this.#waiters[at]!;
      const isOver = waiter.wanted !== undefined && waiter.wanted.state !== 'open';
      if (isOver || this.#mayGo(waiter.wanted)) {
        this.#waiters.splice(at, 1);
        waiter.wake();
      } else at += 1;
    }
    if (this.#waiters.length > 0) return;
    this.#watch?.end();
    this.#forgetEnd?.();
    this.#forgetEnd = null;
  }

  /** Nobody who waits may go on. */
  refuse(reason: () => Error): void {
    for (const waiter of this.#waiters.splice(0)) waiter.refuse(reason());
    this.advance();
  }

  #mayGo(wanted: OpenTransaction | undefined): boolean {
    const { transactions, session } = this.#client;
    return transactions.at(-1) === wanted || session.isEnded;
  }

  #take(wanted: OpenTransaction | undefined): Pass<Host> {
    this.#pass = new Pass(this.#client, wanted, (pass) => this.leave(pass));
    return this.#pass;
  }
}

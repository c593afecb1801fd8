import { type CallOptions, eitherSignal } from '../client/call.ts';
import { CHECK_IN, CHECK_OUT, DEADLINE, HAS_OTHERS, REFUSE, SEALED } from '../client/internals.ts';
import type { Lease, Use } from '../client/lease.ts';
import { Queryable } from '../client/queryable.ts';
import type { Transaction } from '../client/transaction.ts';
import type { TransactionOptions } from '../client/transaction-options.ts';
import type { HolderNeed } from '../sql/holder-need.ts';
import type { Deadline } from '../transport/deadline.ts';

/** A pool with a time-out or a signal for all calls that are made through it: see `Pool.with`. */
export class LimitedPool extends Queryable {
  declare protected readonly [SEALED]: true;
  readonly #pool: Queryable;
  readonly #limits: CallOptions;

  constructor(pool: Queryable, limits: CallOptions) {
    super();
    this.#pool = pool;
    this.#limits = limits;
  }

  override [CHECK_OUT](use: Use, deadline: Deadline | null): Lease | Promise<Lease> {
    return this.#pool[CHECK_OUT](use, deadline);
  }

  override [CHECK_IN](lease: Lease, failed: boolean): Promise<void> | null {
    return this.#pool[CHECK_IN](lease, failed);
  }

  override [REFUSE](need: HolderNeed): void {
    this.#pool[REFUSE](need);
  }

  override [DEADLINE](
    timeout: number | undefined,
    signal: AbortSignal | undefined,
  ): Deadline | null {
    return this.#pool[DEADLINE](
      timeout ?? this.#limits.timeout,
      eitherSignal(this.#limits.signal, signal),
    );
  }

  override [HAS_OTHERS](): boolean {
    return this.#pool[HAS_OTHERS]();
  }

  override transaction<R>(fn: (tx: Transaction) => Promise<R>): Promise<R>;
  override transaction<R>(
    options: TransactionOptions,
    fn: (tx: Transaction) => Promise<R>,
  ): Promise<R>;
  override async transaction<R>(
    first: TransactionOptions | ((tx: Transaction) => Promise<R>),
    second?: (tx: Transaction) => Promise<R>,
  ): Promise<R> {
    const [options, fn] = typeof first === 'function' ? [{}, first] : [first, second!];
    const signal = eitherSignal(this.#limits.signal, options.signal);
    return await super.transaction({ ...options, signal }, fn);
  }
}

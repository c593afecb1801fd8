import { type CallOptions, eitherSignal } from '../client/call.ts';
import type { ClientSession } from '../client/client-session.ts';
import { Queryable, type Use, type Work } from '../client/queryable.ts';
import type { Transaction } from '../client/transaction.ts';
import type { TransactionOptions } from '../client/transaction-options.ts';
import type { Deadline } from '../transport/deadline.ts';

/** A pool with a time-out or a signal for all calls that are made through it: see `Pool.with`. */
export class LimitedPool extends Queryable {
  readonly #pool: Queryable;
  readonly #limits: CallOptions;

  constructor(pool: Queryable, limits: CallOptions) {
    super();
    this.#pool = pool;
    this.#limits = limits;
  }

  /** @internal */
  override lend<R>(use: Use, deadline: Deadline | null, work: Work<R>): Promise<R> {
    return this.#pool.lend(use, deadline, work);
  }

  /** @internal */
  override borrow(use: Use): ClientSession | null {
    return this.#pool.borrow(use);
  }

  /** @internal */
  override handBack(borrowed: ClientSession): void {
    this.#pool.handBack(borrowed);
  }

  /** @internal */
  override deadline(timeout: number | undefined, signal: AbortSignal | undefined): Deadline | null {
    return this.#pool.deadline(
      timeout ?? this.#limits.timeout,
      eitherSignal(this.#limits.signal, signal),
    );
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

import { InterfaceError } from '../errors/client-errors.ts';
import type { HolderNeed } from '../sql/holder-need.ts';
import type { Deadline } from '../transport/deadline.ts';
import type { RowStyle } from '../values/column-names.ts';
import type { RowForm } from '../values/row-form.ts';
import { CALL_OPTIONS, type CallOptions, checkRowForm, eitherSignal } from './calls/call.ts';
import { checkOptions, type OptionNames } from './calls/known-options.ts';
import type { ClientSession } from './client-session.ts';
import {
  ASKED,
  CHECK_IN,
  CHECK_OUT,
  COMMIT_NOW,
  DEADLINE,
  HAS_OTHERS,
  REFUSE,
  ROLL_BACK_QUIETLY,
  SEALED,
  STYLE,
} from './internals.ts';
import type { Lease, Use } from './lease.ts';
import { Queryable } from './queryable.ts';
import { OpenTransaction } from './transactions/open-transaction.ts';
import type { Transaction } from './transactions/transaction.ts';
import {
  allOf,
  checkSettings,
  contradiction,
  isReadOnly,
  onlyOfPools,
  type Settings,
  type TransactionOptions,
} from './transactions/transaction-options.ts';
import { beginTransaction } from './transactions/transaction-runner.ts';

/** What holds for all calls that are made through `with`. */
export interface WithOptions<F extends RowForm = RowForm> extends CallOptions {
  /** What rows are made: see `ConnectOptions.rows`. */
  readonly rows?: F | undefined;
  /**
   * Each call runs in a transaction of its own with these settings, as `TransactionOptions.settings`.
   */
  readonly settings?: Settings | undefined;
  /**
   * True: calls that write are refused by the server (25006). Of a pool with `readers` they go to
   * those; elsewhere each call runs in a read-only transaction of its own.
   */
  readonly readOnly?: boolean | undefined;
  /** Of a pool, with `readOnly`: as `TransactionOptions.after`. */
  readonly after?: string | bigint | undefined;
}

const OPTIONS: OptionNames<WithOptions> = {
  ...CALL_OPTIONS,
  rows: true,
  settings: true,
  readOnly: true,
  after: true,
};

/** The session of a call that runs in a transaction of its own. */
class CallInTransaction implements Lease {
  readonly lease: Lease;
  readonly own: OpenTransaction;
  readonly transaction: Transaction<any>;
  /** The call's. */
  readonly deadline: Deadline | null;

  constructor(
    lease: Lease,
    own: OpenTransaction,
    transaction: Transaction<any>,
    deadline: Deadline | null,
  ) {
    this.lease = lease;
    this.own = own;
    this.transaction = transaction;
    this.deadline = deadline;
  }

  /** Asked for by what submits the call: a release or reset of the connection may have undone the transaction by then. */
  get client(): ClientSession {
    this.own.checkOpen('with({ settings }) or with({ readOnly })');
    return this.lease.client;
  }
}

/** A pool or a connection with what holds for all calls that are made through this: see `with`. */
export class LimitedQueryable<F extends RowForm = 'record'> extends Queryable<F> {
  declare protected readonly [SEALED]: true;
  readonly #inner: Queryable<any>;
  readonly #limits: WithOptions;
  readonly #style: RowStyle;
  /** What each call gets a transaction of its own for, if for anything. */
  readonly #own: TransactionOptions | null;

  /** @param refusesWrites what is made of `inner` refuses writes by itself, if they are not wanted */
  constructor(inner: Queryable<any>, limits: WithOptions, refusesWrites = false) {
    super();
    checkOptions('with', limits, OPTIONS);
    if (limits.rows !== undefined) checkRowForm(limits.rows);
    if (limits.settings !== undefined) checkSettings(limits.settings);
    const { rows, settings } = limits;
    const readOnly = isReadOnly(limits);
    if (limits.after !== undefined && !inner[HAS_OTHERS]()) throw onlyOfPools();
    this.#inner = inner;
    this.#limits = limits;
    const needsOwn = settings !== undefined || (readOnly && !refusesWrites);
    this.#own = needsOwn ? { settings, ...(readOnly ? { readOnly } : {}) } : null;
    this.#style = rows === undefined ? inner[STYLE] : { ...inner[STYLE], form: rows };
  }

  override [CHECK_OUT](use: Use, deadline: Deadline | null, text?: string): Lease | Promise<Lease> {
    return this.#own === null || use === 'transaction'
      ? this.#inner[CHECK_OUT](use, deadline, text)
      : this.#begin(this.#own, deadline);
  }

  /** BEGIN and the settings travel with the call. */
  async #begin(options: TransactionOptions, deadline: Deadline | null): Promise<Lease> {
    const inner = this.#inner;
    // A connection's is at hand: the call takes its place among those of this turn.
    const lent = inner[CHECK_OUT]('transaction', deadline);
    const lease = lent instanceof Promise ? await lent : lent;
    try {
      const own = new OpenTransaction(undefined, undefined);
      const asked = inner[ASKED]();
      const transaction = await beginTransaction<any>(
        lease.client,
        { own, asked, options, managed: true, style: this[STYLE] },
        deadline,
      );
      return new CallInTransaction(lease, own, transaction, deadline);
    } catch (error) {
      await inner[CHECK_IN](lease, true, undefined, deadline);
      throw error;
    }
  }

  override [CHECK_IN](
    lease: Lease,
    failed: boolean,
    text: string | undefined,
    deadline: Deadline | null,
  ): Promise<void> | null {
    return lease instanceof CallInTransaction
      ? this.#end(lease, failed)
      : this.#inner[CHECK_IN](lease, failed, text, deadline);
  }

  async #end(call: CallInTransaction, failed: boolean): Promise<void> {
    const { lease, own, transaction, deadline } = call;
    let isUndone = true;
    try {
      if (!failed) {
        // COMMIT has what is left of the call's time.
        deadline?.check();
        own.timeout = deadline === null ? undefined : Math.ceil(deadline.remaining);
        await transaction[COMMIT_NOW]();
        isUndone = false;
      }
    } finally {
      // It is over already unless the failure came before COMMIT was sent.
      if (isUndone) await transaction[ROLL_BACK_QUIETLY]();
      await this.#inner[CHECK_IN](lease, isUndone, undefined, deadline);
    }
  }

  override [ASKED](): OpenTransaction | undefined {
    return this.#inner[ASKED]();
  }

  override [REFUSE](need: HolderNeed): void {
    this.#inner[REFUSE](need);
    if (this.#own === null || (need !== 'transaction' && need !== 'local setting')) return;
    throw new InterfaceError(
      'each call of with({ settings }) or with({ readOnly }) is a transaction of its own, which a text cannot begin, end or set anything for: use its transaction()',
      { safeToRetry: true },
    );
  }

  override get [STYLE](): RowStyle {
    return this.#style;
  }

  override [DEADLINE](
    timeout: number | undefined,
    signal: AbortSignal | undefined,
  ): Deadline | null {
    return this.#inner[DEADLINE](
      timeout ?? this.#limits.timeout,
      eitherSignal(this.#limits.signal, signal),
    );
  }

  override [HAS_OTHERS](): boolean {
    return this.#inner[HAS_OTHERS]();
  }

  override transaction<R>(fn: (tx: Transaction<F>) => Promise<R>): Promise<R>;
  override transaction<R>(
    options: TransactionOptions,
    fn: (tx: Transaction<F>) => Promise<R>,
  ): Promise<R>;
  override async transaction<R>(
    first: TransactionOptions | ((tx: Transaction<F>) => Promise<R>),
    second?: (tx: Transaction<F>) => Promise<R>,
  ): Promise<R> {
    const [options, fn] = typeof first === 'function' ? [{}, first] : [first ?? {}, second!];
    const signal = eitherSignal(this.#limits.signal, options.signal);
    const settings =
      this.#limits.settings === undefined && options.settings === undefined
        ? undefined
        : { ...this.#limits.settings, ...options.settings };
    const readOnly = isReadOnly(this.#limits) ? true : options.readOnly;
    if (options.readOnly === false && readOnly) throw contradiction();
    const { timeout } = this.#limits;
    const limited =
      timeout === undefined || typeof fn !== 'function'
        ? fn
        : (tx: Transaction<F>): Promise<R> => {
            tx[ASKED]().timeout = timeout;
            return fn(tx);
          };
    return await super.transaction({ ...allOf(options), signal, settings, readOnly }, limited);
  }
}

import type { ClientSession } from '../../client/client-session.ts';
import {
  CHECK_IN,
  CHECK_OUT,
  CHECK_OUT_BY,
  DEADLINE,
  HAS_OTHERS,
  REFUSE,
  SEALED,
  STYLE,
} from '../../client/internals.ts';
import type { Lease, Use } from '../../client/lease.ts';
import { LimitedQueryable } from '../../client/limited-queryable.ts';
import { Queryable } from '../../client/queryable.ts';
import type { HolderNeed } from '../../sql/holder-need.ts';
import type { Deadline } from '../../transport/deadline.ts';
import type { RowStyle } from '../../values/column-names.ts';
import type { RowForm } from '../../values/row-form.ts';
import type { Pool } from '../pool.ts';
import type { ReadersAllocator } from './readers-allocator.ts';

/** A pool of readers, and who chooses its sessions. */
export interface Readers {
  readonly pool: Pool<any>;
  readonly allocator: ReadersAllocator;
}

/** A session of the primary's, for a call that no reader could serve. */
class PrimaryLease implements Lease {
  readonly client: ClientSession;
  readonly lease: Lease;
  /** Where it came from. */
  readonly lender: Queryable<any>;

  constructor(lease: Lease, lender: Queryable<any>) {
    this.client = lease.client;
    this.lease = lease;
    this.lender = lender;
  }
}

/** Calls that read: they go to the readers, and to the primary where those cannot serve them. */
class ReadRoute<F extends RowForm> extends Queryable<F> {
  declare protected readonly [SEALED]: true;
  readonly #primary: Pool<any>;
  /** The primary, whose sessions would take writes. */
  #guarded: Queryable<any> | null = null;
  readonly #readers: Pool<any>;
  readonly #allocator: ReadersAllocator;
  readonly #after: bigint | null;

  constructor(primary: Pool<any>, readers: Readers, after: bigint | null) {
    super();
    this.#primary = primary;
    this.#readers = readers.pool;
    this.#allocator = readers.allocator;
    this.#after = after;
  }

  override [CHECK_OUT](use: Use, deadline: Deadline | null, text?: string): Lease | Promise<Lease> {
    let lent: Lease | Promise<Lease>;
    try {
      lent = this.#ofReaders(use, deadline, text);
    } catch (error) {
      return this.#ofPrimary(error, use, deadline);
    }
    if (!(lent instanceof Promise)) return lent;
    return lent.catch((error) => this.#ofPrimary(error, use, deadline));
  }

  #ofReaders(use: Use, deadline: Deadline | null, text?: string): Lease | Promise<Lease> {
    const after = this.#after;
    if (after === null) return this.#readers[CHECK_OUT](use, deadline, text);
    const allocator = this.#allocator;
    return this.#readers[CHECK_OUT_BY](deadline, () => allocator.checkOutAfter(after, deadline));
  }

  /** The primary takes over what the readers cannot do, and not what they refuse. */
  async #ofPrimary(error: unknown, use: Use, deadline: Deadline | null): Promise<Lease> {
    deadline?.check();
    if (this.#allocator.isOpen && !this.#allocator.tellsOfAbsence(error)) throw error;
    // A transaction says itself that it is read-only.
    const lender = use === 'transaction' ? this.#primary : this.#guard();
    return new PrimaryLease(await lender[CHECK_OUT](use, deadline), lender);
  }

  #guard(): Queryable<any> {
    this.#guarded ??= new LimitedQueryable<any>(this.#primary, { readOnly: true });
    return this.#guarded;
  }

  override [CHECK_IN](
    lease: any,
    failed: boolean,
    text: string | undefined,
    deadline: Deadline | null,
  ): Promise<void> | null {
    return lease instanceof PrimaryLease
      ? lease.lender[CHECK_IN](lease.lease, failed, text, deadline)
      : this.#readers[CHECK_IN](lease, failed, text, deadline);
  }

  override get [STYLE](): RowStyle {
    return this.#primary[STYLE];
  }

  override [DEADLINE](
    timeout: number | undefined,
    signal: AbortSignal | undefined,
  ): Deadline | null {
    return this.#primary[DEADLINE](timeout, signal);
  }

  override [REFUSE](need: HolderNeed): void {
    this.#primary[REFUSE](need);
  }

  override [HAS_OTHERS](): boolean {
    return true;
  }
}

/**
 * The readers of a pool, and the pool where they cannot serve.
 *
 * @param after the place in the log that a standby must have replayed, if any
 */
export function readRoute<F extends RowForm>(
  primary: Pool<any>,
  readers: Readers,
  after: bigint | null,
): Queryable<F> {
  return new ReadRoute<F>(primary, readers, after);
}

import type { ClientSession } from '../client/client-session.ts';
import { Connection } from '../client/connection.ts';
import { CLIENT, FORGET, LEASE, LEND } from '../client/internals.ts';
import { InterfaceError } from '../errors/client-errors.ts';
import type { RowForm } from '../values/row-form.ts';
import type { ExclusiveLease } from './exclusive-lease.ts';

/**
 * A connection on loan from a pool. Disposing it gives it back; from then on every use of it,
 * and of the statements, cursors and transactions made with it, is an InterfaceError.
 */
export class PoolConnection<F extends RowForm = 'record'> extends Connection<F> {
  readonly #lease: ExclusiveLease;

  private constructor(lease: ExclusiveLease) {
    super(lease.client);
    this.#lease = lease;
  }

  /** @internal */
  static [LEND]<F extends RowForm>(lease: ExclusiveLease): PoolConnection<F> {
    return new PoolConnection<F>(lease);
  }

  /** @internal */
  get [LEASE](): ExclusiveLease {
    return this.#lease;
  }

  /** Whether it has been given back. */
  get isReleased(): boolean {
    return this.#lease.isOver;
  }

  /** @internal */
  override [CLIENT](call: string, evenIfClosed: boolean = false): ClientSession<Connection> {
    if (this.#lease.isOver) {
      throw new InterfaceError(
        `cannot call ${call}: the connection has been released back to the pool`,
        { safeToRetry: true },
      );
    }
    return super[CLIENT](call, evenIfClosed);
  }

  /** @internal */
  override [FORGET](statementName: string): void {
    // The pool has closed what its holder had prepared.
    if (!this.#lease.isOver) super[FORGET](statementName);
  }

  /** True as well once it has been given back. */
  override get isClosed(): boolean {
    return this.#lease.isOver || super.isClosed;
  }

  /** Gives the connection back to the pool. */
  override async [Symbol.asyncDispose](): Promise<void> {
    await this.#lease.giveBack();
  }
}

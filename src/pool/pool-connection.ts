import type { ClientSession } from '../client/client-session.ts';
import { Connection } from '../client/connection.ts';
import { InterfaceError } from '../errors/client-errors.ts';
import type { PooledSession } from './pooled-session.ts';

/** Where a connection was borrowed. */
export interface Lender {
  /** Called once, when the connection comes back. */
  takeBack(connection: PoolConnection): Promise<void>;
}

/**
 * A connection on loan from a pool. Disposing it gives it back; from then on every use of it,
 * and of the statements, cursors and transactions made with it, is an InterfaceError.
 */
export class PoolConnection extends Connection {
  readonly #pooled: PooledSession;
  readonly #lender: Lender | null;
  #returning: Promise<void> | null = null;
  #released = false;

  /**
   * @param lender null: it is lent to a hook, which cannot give it back
   * @internal
   */
  constructor(pooled: PooledSession, lender: Lender | null) {
    super(pooled.client);
    this.#pooled = pooled;
    this.#lender = lender;
  }

  /** @internal */
  get pooled(): PooledSession {
    return this.#pooled;
  }

  /** @internal */
  get lender(): Lender | null {
    return this.#lender;
  }

  /** Whether it has been given back. */
  get isReleased(): boolean {
    return this.#released;
  }

  /** @internal */
  markReleased(): void {
    this.#released = true;
  }

  /**
   * Gives it back, the first time.
   * @internal
   */
  async giveBack(): Promise<void> {
    if (this.#returning !== null) {
      // Whoever gave it back first is told what went wrong.
      await this.#returning.catch(() => {});
    } else if (!this.#released && this.#lender !== null) {
      this.#returning = this.#lender.takeBack(this);
      await this.#returning;
    }
  }

  /** @internal */
  override held(call: string): ClientSession {
    if (this.#released) {
      throw new InterfaceError(
        `cannot call ${call}: the connection has been released back to the pool`,
        { safeToRetry: true },
      );
    }
    return super.held(call);
  }

  /** @internal */
  override forget(statementName: string): void {
    // The pool has closed what its holder had prepared.
    if (!this.#released) super.forget(statementName);
  }

  /** True as well once it has been given back. */
  override get isClosed(): boolean {
    return this.#released || super.isClosed;
  }

  /** Gives the connection back to the pool. */
  override async [Symbol.asyncDispose](): Promise<void> {
    await this.giveBack();
  }
}

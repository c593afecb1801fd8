import type { ClientSession } from '../client/client-session.ts';
import type { Lease } from '../client/lease.ts';
import { InterfaceError } from '../errors/client-errors.ts';
import type { HookName } from './pool-options.ts';
import type { PooledSession } from './pooled-session.ts';

/** Takes back the sessions that one holder has had. */
export interface Lender {
  /** Called once for each lease. Ends it when its holder must not use the session any more. */
  takeBack(lease: ExclusiveLease): Promise<void>;
}

/** A session of the pool that one holder has for itself, until it is given back. */
export class ExclusiveLease implements Lease {
  readonly pooled: PooledSession;
  /** Null: a hook has it, which cannot give it back. */
  readonly lender: Lender | null;
  /** Its holder may not use the session any more. */
  isOver = false;
  /** The hook of the pool's that has the session at the moment. */
  hook: HookName | null = null;
  #returning: Promise<void> | null = null;

  constructor(pooled: PooledSession, lender: Lender | null) {
    this.pooled = pooled;
    this.lender = lender;
  }

  get client(): ClientSession {
    return this.pooled.client;
  }

  /** Gives it back, the first time. */
  async giveBack(): Promise<void> {
    if (this.#returning !== null) {
      // The hook is a part of it, and would wait for itself.
      if (this.hook !== null) return;
      // Only the first call is rejected with what went wrong.
      await this.#returning.catch(() => {});
    } else if (!this.isOver && this.lender !== null) {
      if (this.hook !== null) {
        throw new InterfaceError(
          `cannot release: the ${this.hook} hook has the connection, and behind it who acquires it`,
          { safeToRetry: true },
        );
      }
      this.#returning = this.lender.takeBack(this);
      await this.#returning;
    }
  }
}

import type { ClientSession } from '../client/client-session.ts';
import type { Lease } from '../client/lease.ts';
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
      // Only the first call is rejected with what went wrong.
      await this.#returning.catch(() => {});
    } else if (!this.isOver && this.lender !== null) {
      this.#returning = this.lender.takeBack(this);
      await this.#returning;
    }
  }
}

import { Connection } from '../client/connection.ts';
import type { Lane } from '../client/lane.ts';
import { InterfaceError } from '../errors/client-errors.ts';
import type { Slot } from './slot.ts';

/**
 * A connection on loan from a pool. Disposing it gives it back; from then on every use of it,
 * and of the statements, cursors and transactions made with it, is an InterfaceError.
 */
export class PoolConnection extends Connection {
  readonly #slot: Slot;
  readonly #giveBack: (connection: PoolConnection) => Promise<void>;
  #released = false;

  /** @internal */
  constructor(slot: Slot, giveBack: (connection: PoolConnection) => Promise<void>) {
    super(slot.lane);
    this.#slot = slot;
    this.#giveBack = giveBack;
  }

  /** @internal */
  get slot(): Slot {
    return this.#slot;
  }

  get isReleased(): boolean {
    return this.#released;
  }

  /** @internal */
  markReleased(): void {
    this.#released = true;
  }

  /** @internal */
  override lane(call: string): Lane {
    if (this.#released) {
      throw new InterfaceError(
        `cannot call ${call}: the connection has been released back to the pool`,
        { safeToRetry: true },
      );
    }
    return super.lane(call);
  }

  /** Gives the connection back to the pool. */
  override async [Symbol.asyncDispose](): Promise<void> {
    await this.#giveBack(this);
  }
}

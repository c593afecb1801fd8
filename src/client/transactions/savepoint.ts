import { located } from '../calls/caller-stack.ts';
import { CREATE } from '../internals.ts';
import type { Point } from './savepoint-stack.ts';

/** What a savepoint needs of its transaction. */
interface SavepointHost {
  run(verb: 'RELEASE' | 'ROLLBACK TO'): Promise<unknown>;
  /** The transaction is open, and no statement in it has failed. */
  readonly isSound: boolean;
}

/** A point in a transaction to return to. Leaving its block with `await using` releases it. */
export class Savepoint implements AsyncDisposable {
  /** Its name, without quotes. */
  readonly name: string;
  readonly #point: Point;
  readonly #host: SavepointHost;

  private constructor(point: Point, host: SavepointHost) {
    this.name = point.name;
    this.#point = point;
    this.#host = host;
  }

  /** @internal */
  static [CREATE](point: Point, host: SavepointHost): Savepoint {
    return new Savepoint(point, host);
  }

  /**
   * Undoes everything since the savepoint, which stays. Savepoints that were set since are gone.
   *
   * @throws InterfaceError it is gone itself
   * @example
   * const before = await tx.savepoint();
   * await tx.execute('DELETE FROM drafts');
   * await before.rollback();
   */
  rollback(): Promise<void> {
    return located(async () => {
      await this.#host.run('ROLLBACK TO');
    });
  }

  /**
   * Forgets the savepoint and those that were set since, keeping what was done.
   *
   * @throws InterfaceError it is gone already
   * @example
   * const before = await tx.savepoint();
   * await tx.execute('DELETE FROM drafts');
   * await before.release();
   */
  release(): Promise<void> {
    return located(async () => {
      await this.#host.run('RELEASE');
    });
  }

  /** Releases it, unless it is gone or the transaction has failed. */
  async [Symbol.asyncDispose](): Promise<void> {
    // In a failed transaction the caller is to hear of the failure that ends the block.
    if (this.#point.state === 'set' && this.#host.isSound) await this.release();
  }
}

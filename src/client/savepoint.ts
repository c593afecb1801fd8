import { InterfaceError } from '../errors/client-errors.ts';
import { located } from './caller-stack.ts';
import { CREATE } from './internals.ts';

let savepoints = 0;

/** A name that no other savepoint has. */
export function newSavepointName(): string {
  savepoints += 1;
  return `asyncpg_savepoint_${savepoints.toString(36)}`;
}

/** A point in a transaction to return to. Leaving its block with `await using` releases it. */
export class Savepoint implements AsyncDisposable {
  /** Its name, without quotes. */
  readonly name: string;
  readonly #run: (verb: 'RELEASE' | 'ROLLBACK TO') => Promise<unknown>;
  readonly #canRelease: () => boolean;
  #released = false;

  private constructor(
    name: string,
    run: (verb: 'RELEASE' | 'ROLLBACK TO') => Promise<unknown>,
    canRelease: () => boolean,
  ) {
    this.name = name;
    this.#run = run;
    this.#canRelease = canRelease;
  }

  /** @internal */
  static [CREATE](
    name: string,
    run: (verb: 'RELEASE' | 'ROLLBACK TO') => Promise<unknown>,
    canRelease: () => boolean,
  ): Savepoint {
    return new Savepoint(name, run, canRelease);
  }

  /** Undoes everything since the savepoint, which stays. */
  rollback(): Promise<void> {
    return located(async () => {
      this.#checkUsable();
      await this.#run('ROLLBACK TO');
    });
  }

  /** Forgets the savepoint, keeping what was done since. */
  release(): Promise<void> {
    return located(async () => {
      this.#checkUsable();
      this.#released = true;
      await this.#run('RELEASE');
    });
  }

  #checkUsable(): void {
    if (!this.#released) return;
    throw new InterfaceError(`the savepoint ${this.name} has been released`, {
      safeToRetry: true,
    });
  }

  /** Releases it, unless that is done or the transaction has failed. */
  async [Symbol.asyncDispose](): Promise<void> {
    // In a failed transaction the caller is to hear of the failure that ends the block.
    if (!this.#released && this.#canRelease()) await this.release();
  }
}

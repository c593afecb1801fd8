import { InterfaceError } from '../errors/client-errors.ts';
import { atCaller } from './caller-stack.ts';

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

  /** @internal */
  constructor(
    name: string,
    run: (verb: 'RELEASE' | 'ROLLBACK TO') => Promise<unknown>,
    canRelease: () => boolean,
  ) {
    this.name = name;
    this.#run = run;
    this.#canRelease = canRelease;
  }

  /** Undoes everything since the savepoint, which stays. */
  async rollback(): Promise<void> {
    try {
      this.#checkUsable();
      await this.#run('ROLLBACK TO');
    } catch (error) {
      throw atCaller(error);
    }
  }

  /** Forgets the savepoint, keeping what was done since. */
  async release(): Promise<void> {
    try {
      this.#checkUsable();
      this.#released = true;
      await this.#run('RELEASE');
    } catch (error) {
      throw atCaller(error);
    }
  }

  #checkUsable(): void {
    if (!this.#released) return;
    throw new InterfaceError(`the savepoint ${this.name} has been released`, {
      safeToRetry: true,
    });
  }

  /** Releases it, unless that is done or the transaction has failed. */
  async [Symbol.asyncDispose](): Promise<void> {
    // In a failed transaction the failure that ends the block is the news, not this.
    if (!this.#released && this.#canRelease()) await this.release();
  }
}

import type { Transaction } from '../../client/transactions/transaction.ts';
import type { Pool } from '../../pool/pool.ts';
import type { PoolConnection } from '../../pool/pool-connection.ts';
import { quoteWholeIdentifier } from '../../sql/quote.ts';
import type { SqlTransaction } from './driver-adapter.ts';
import type { Place } from './mapped-error.ts';
import { PrismaQueryable } from './prisma-queryable.ts';

/** A transaction of Prisma's, on a connection of the pool that goes back with its end. */
export class PrismaTransaction extends PrismaQueryable implements SqlTransaction {
  /** Prisma sends no COMMIT and no ROLLBACK of its own: it calls `commit` and `rollback`. */
  readonly options = { usePhantomQuery: true };
  readonly #pool: Pool<any>;
  readonly #connection: PoolConnection<any>;
  readonly #transaction: Transaction<any>;

  constructor(
    pool: Pool<any>,
    connection: PoolConnection<any>,
    transaction: Transaction<any>,
    place: Place,
  ) {
    super(transaction, place);
    this.#pool = pool;
    this.#connection = connection;
    this.#transaction = transaction;
  }

  /** Fails if a statement had failed: then the server has rolled back instead. */
  commit(): Promise<void> {
    return this.#end(() => this.#transaction.commit());
  }

  /** The server has rolled back by itself where the connection is lost. */
  rollback(): Promise<void> {
    return this.#end(async () => {
      try {
        if (!this.#connection.isClosed) await this.#transaction.rollback();
      } catch (error) {
        if (!this.#connection.isClosed) throw error;
      }
    });
  }

  #end(end: () => Promise<void>): Promise<void> {
    return this.mapped(async () => {
      try {
        await end();
      } finally {
        await this.#pool.release(this.#connection);
      }
    });
  }

  createSavepoint(name: string): Promise<void> {
    return this.#command(`SAVEPOINT ${quoteWholeIdentifier(name)}`);
  }

  rollbackToSavepoint(name: string): Promise<void> {
    return this.#command(`ROLLBACK TO SAVEPOINT ${quoteWholeIdentifier(name)}`);
  }

  releaseSavepoint(name: string): Promise<void> {
    return this.#command(`RELEASE SAVEPOINT ${quoteWholeIdentifier(name)}`);
  }

  async #command(text: string): Promise<void> {
    await this.mapped(() => this.#transaction.execute(text));
  }
}

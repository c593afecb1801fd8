import type { IsolationLevel as Isolation } from '../../client/transactions/transaction-options.ts';
import type { Pool } from '../../pool/pool.ts';
import type { ConnectionInfo, IsolationLevel, SqlDriverAdapter } from './driver-adapter.ts';
import { DriverAdapterError } from './driver-adapter-error.ts';
import type { Place } from './mapped-error.ts';
import { PrismaQueryable } from './prisma-queryable.ts';
import { PrismaTransaction } from './prisma-transaction.ts';

/** The protocol counts the values of a statement in 16 bits. */
const MOST_VALUES = 65_535;

const LEVELS: ReadonlyMap<IsolationLevel, Isolation> = new Map([
  ['READ UNCOMMITTED', 'read_uncommitted'],
  ['READ COMMITTED', 'read_committed'],
  ['REPEATABLE READ', 'repeatable_read'],
  ['SERIALIZABLE', 'serializable'],
]);

/** A pool as Prisma's client sees it: queries outside of transactions share its connections. */
export class PrismaAdapter extends PrismaQueryable implements SqlDriverAdapter {
  readonly #pool: Pool<any>;
  readonly #schema: string | undefined;
  readonly #dispose: () => Promise<void>;

  constructor(
    pool: Pool<any>,
    place: Place,
    schema: string | undefined,
    dispose: () => Promise<void>,
  ) {
    super(pool, place);
    this.#pool = pool;
    this.#schema = schema;
    this.#dispose = dispose;
  }

  /** BEGIN travels with the first statement. */
  async startTransaction(isolationLevel?: IsolationLevel): Promise<PrismaTransaction> {
    const isolation = isolationLevel === undefined ? undefined : LEVELS.get(isolationLevel);
    if (isolationLevel !== undefined && isolation === undefined) {
      throw new DriverAdapterError({ kind: 'InvalidIsolationLevel', level: isolationLevel });
    }
    return await this.mapped(async () => {
      const connection = await this.#pool.acquire();
      try {
        const transaction = await connection.begin({ isolation });
        return new PrismaTransaction(this.#pool, connection, transaction, this.place);
      } catch (error) {
        await this.#pool.release(connection);
        throw error;
      }
    });
  }

  /** A script is one query of the simple protocol: all of it is undone if one of its statements fails. */
  async executeScript(script: string): Promise<void> {
    await this.mapped(() => this.#pool.execute(script));
  }

  getConnectionInfo(): ConnectionInfo {
    return {
      ...(this.#schema === undefined ? {} : { schemaName: this.#schema }),
      maxBindValues: MOST_VALUES,
      supportsRelationJoins: true,
    };
  }

  async dispose(): Promise<void> {
    await this.#dispose();
  }

  /** The pool, for what Prisma has no words for: COPY, notifications, streams. */
  underlyingDriver(): Pool<any> {
    return this.#pool;
  }
}

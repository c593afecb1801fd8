import {
  type AbortableOperationOptions,
  type CompiledQuery,
  type Driver,
  IdentifierNode,
  type QueryCompiler,
  RawNode,
  type TransactionSettings,
} from 'kysely';
import type { IsolationLevel } from '../../client/transactions/transaction-options.ts';
import type { Pool } from '../../pool/pool.ts';
import { KyselyConnection } from './kysely-connection.ts';
import type { OneShots } from './one-shots.ts';

type Compile = QueryCompiler['compileQuery'];

/** By this Kysely knows a COMMIT that the server has answered with a rollback. */
const ABORTED = Symbol.for('kysely.AbortedTransactionError');

/** Kysely's driver: connections of the pool, and the ends of transactions. */
export class PoolDriver implements Driver {
  readonly #open: () => Promise<Pool<any>>;
  readonly #oneShots: OneShots;
  #pool: Pool<any> | null = null;

  constructor(open: () => Promise<Pool<any>>, oneShots: OneShots) {
    this.#open = open;
    this.#oneShots = oneShots;
  }

  async init(): Promise<void> {
    this.#pool = await this.#open();
    this.#oneShots.ready();
  }

  /** Kysely calls `init` before anything else. */
  async acquireConnection(options?: AbortableOperationOptions): Promise<KyselyConnection> {
    const isAlone = this.#oneShots.expect();
    // A query has the options that it was given; db.connection() of Kysely 0.29 has a signal in any case, if only undefined.
    const isHeld = options !== undefined && 'signal' in options;
    const connection = new KyselyConnection(this.#pool!, isHeld ? () => false : isAlone);
    // The signal is for the wait alone: by Kysely's default it does not end a query that runs.
    if (options?.signal !== undefined) await connection.holdUnlessAborted(options.signal);
    return connection;
  }

  async beginTransaction(
    connection: KyselyConnection,
    { isolationLevel, accessMode }: TransactionSettings,
  ): Promise<void> {
    const modes: string[] = [];
    if (isolationLevel !== undefined) modes.push(`isolation level ${isolationLevel}`);
    if (accessMode !== undefined) modes.push(accessMode);
    const text = modes.length === 0 ? 'begin' : `start transaction ${modes.join(' ')}`;
    await connection.begin(text, {
      // One that PostgreSQL does not have is refused there.
      isolation: isolationLevel?.replace(' ', '_') as IsolationLevel | undefined,
      readOnly: accessMode === undefined ? undefined : accessMode === 'read only',
    });
  }

  async commitTransaction(connection: KyselyConnection): Promise<void> {
    const aborted = await connection.commit();
    if (aborted === null) return;
    Object.defineProperty(aborted, ABORTED, { value: true });
    throw aborted;
  }

  async rollbackTransaction(connection: KyselyConnection): Promise<void> {
    await connection.rollback();
  }

  async savepoint(connection: KyselyConnection, name: string, compile: Compile): Promise<void> {
    await connection.executeQuery(compileSavepoint('savepoint', name, compile));
  }

  async rollbackToSavepoint(
    connection: KyselyConnection,
    name: string,
    compile: Compile,
  ): Promise<void> {
    await connection.executeQuery(compileSavepoint('rollback to', name, compile));
  }

  async releaseSavepoint(
    connection: KyselyConnection,
    name: string,
    compile: Compile,
  ): Promise<void> {
    await connection.executeQuery(compileSavepoint('release', name, compile));
  }

  async releaseConnection(connection: KyselyConnection): Promise<void> {
    await connection.release();
  }

  async destroy(): Promise<void> {
    await this.#pool?.close();
  }
}

/** Kysely's own plugins may change the name, so that its compiler writes it. */
function compileSavepoint(verb: string, name: string, compile: Compile): CompiledQuery {
  const node = RawNode.createWithChildren([
    RawNode.createWithSql(`${verb} `),
    IdentifierNode.create(name),
  ]);
  return compile(node, { queryId: 'savepoint' });
}

import {
  type AbortableOperationOptions,
  CompiledQuery,
  type DatabaseConnection,
  type QueryResult,
} from 'kysely';
import type { QueryObject } from '../../client/calls/call.ts';
import { isOneShot } from '../../client/calls/one-shot.ts';
import { rowsAffected } from '../../client/calls/rows-affected.ts';
import { CODECS, RESULT, STYLE } from '../../client/internals.ts';
import type { Queryable } from '../../client/queryable.ts';
import type { Transaction } from '../../client/transactions/transaction.ts';
import type { TransactionOptions } from '../../client/transactions/transaction-options.ts';
import { InFailedSQLTransactionError } from '../../errors/generated/sqlstate.ts';
import type { Pool } from '../../pool/pool.ts';
import type { PoolConnection } from '../../pool/pool-connection.ts';
import { RowChunks } from './row-chunks.ts';

/** The tags of commands of which Kysely wants to know how many rows they have changed. */
const CHANGED = /^(?:INSERT|UPDATE|DELETE|MERGE) /;

/** Columns are called as the server calls them, whatever the pool's `transform`: so Kysely's types have them, and its introspection. */
const SERVER_NAMES = { [CODECS]: { codec: () => undefined } } as const;

/**
 * What Kysely takes for a connection. It holds one of the pool's from the moment on when it has to be the same
 * for several queries: a query that comes alone goes through the pool.
 */
export class KyselyConnection implements DatabaseConnection {
  readonly #pool: Pool<any>;
  readonly #isAlone: (query: CompiledQuery) => boolean;
  #isFresh = true;
  #held: Promise<PoolConnection<any>> | null = null;
  #connection: PoolConnection<any> | null = null;
  #transaction: Transaction<any> | null = null;
  /** What begins or ends a transaction, and what is done for it. */
  #command: { readonly query: CompiledQuery; readonly run: () => Promise<void> } | null = null;
  /** Ends the query under way; null unless Kysely has said that it may want that. */
  #canceller: AbortController | null = null;
  #mayCancel = false;

  /** @param isAlone whether this first query is the only one that will come */
  constructor(pool: Pool<any>, isAlone: (query: CompiledQuery) => boolean) {
    this.#pool = pool;
    this.#isAlone = isAlone;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    if (this.#command?.query === query) {
      await this.#command.run();
      return { rows: [] };
    }
    const target = this.#targetOf(query) ?? (await this.#hold());
    const canceller = this.#mayCancel ? new AbortController() : null;
    this.#canceller = canceller;
    try {
      const call = this.#callOf(query, canceller?.signal);
      const { rows, tag } = await target[RESULT](call);
      return CHANGED.test(tag)
        ? { numAffectedRows: BigInt(rowsAffected(tag)), rows: rows as R[] }
        : { rows: rows as R[] };
    } finally {
      if (this.#canceller === canceller) this.#canceller = null;
    }
  }

  #callOf({ sql, parameters }: CompiledQuery, signal?: AbortSignal): QueryObject<'object', any> {
    const names = this.#pool[STYLE].column === null ? null : SERVER_NAMES;
    return { text: sql, args: parameters, rows: 'object', signal, ...names };
  }

  /** Where a query is executed, if there is no need to wait for a connection first. */
  #targetOf(query: CompiledQuery): Queryable<any> | null {
    const isFirst = this.#isFresh;
    this.#isFresh = false;
    if (this.#held !== null) return this.#transaction ?? this.#connection;
    return isFirst && this.#isAlone(query) && isOneShot(query.sql) ? this.#pool : null;
  }

  streamQuery<R>(
    query: CompiledQuery,
    chunkSize: number,
    options?: AbortableOperationOptions,
  ): AsyncIterableIterator<QueryResult<R>> {
    this.#isFresh = false;
    const open = async (): Promise<AsyncIterable<R> & AsyncDisposable> => {
      const target = this.#transaction ?? (await this.#hold());
      return target.stream<R, 'object'>(this.#callOf(query));
    };
    return new RowChunks<R>(open, chunkSize, options?.signal);
  }

  // ── A connection of the pool ────────────────────────────────────────────────────────────

  #hold(signal?: AbortSignal): Promise<PoolConnection<any>> {
    this.#held ??= this.#acquire(signal);
    return this.#held;
  }

  async #acquire(signal: AbortSignal | undefined): Promise<PoolConnection<any>> {
    try {
      this.#connection = await this.#pool.acquire({ signal });
      return this.#connection;
    } catch (error) {
      this.#held = null;
      throw error;
    }
  }

  /** Holds a connection. Of an abort Kysely knows already, and takes nothing for it but this object. */
  async holdUnlessAborted(signal: AbortSignal): Promise<void> {
    try {
      await this.#hold(signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** Kysely is done with it. */
  async release(): Promise<void> {
    const held = this.#held;
    this.#held = null;
    this.#connection = null;
    this.#transaction = null;
    if (held !== null) await this.#pool.release(await held);
  }

  // ── Transactions ────────────────────────────────────────────────────────────────────────

  /**
   * Has Kysely see a command as a query, which it may log, and does what it stands for: BEGIN travels with the
   * first statement, and a COMMIT that is not answered is told from one that has failed.
   */
  async #runAs(text: string, run: () => Promise<void>): Promise<void> {
    const query = CompiledQuery.raw(text);
    this.#command = { query, run };
    try {
      await this.executeQuery(query);
    } finally {
      this.#command = null;
    }
  }

  async begin(text: string, options: TransactionOptions): Promise<void> {
    this.#isFresh = false;
    const connection = await this.#hold();
    await this.#runAs(text, async () => {
      this.#transaction = await connection.begin(options);
    });
  }

  /** Resolves to the error of a COMMIT that the server has answered with a rollback. */
  async commit(): Promise<InFailedSQLTransactionError | null> {
    const transaction = this.#transaction!;
    let aborted: InFailedSQLTransactionError | null = null;
    try {
      await this.#runAs('commit', async () => {
        try {
          await transaction.commit();
        } catch (error) {
          if (!(error instanceof InFailedSQLTransactionError)) throw error;
          aborted = error;
        }
      });
      return aborted;
    } finally {
      // However that ended, there is nothing left to roll back.
      this.#transaction = null;
    }
  }

  /** The server has rolled back by itself where the connection is lost. */
  async rollback(): Promise<void> {
    const transaction = this.#transaction;
    this.#transaction = null;
    if (transaction === null || this.#connection?.isClosed !== false) return;
    await this.#runAs('rollback', () => transaction.rollback());
  }

  // ── Cancellation ────────────────────────────────────────────────────────────────────────

  /** Called where the next query may have to be cancelled, or its session ended. */
  async collectSessionInfo(): Promise<void> {
    this.#mayCancel = true;
    await this.#hold();
  }

  async cancelQuery(): Promise<void> {
    this.#canceller?.abort();
  }

  async killSession(): Promise<void> {
    this.#canceller?.abort();
    this.#connection?.terminate();
  }
}

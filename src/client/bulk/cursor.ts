import { InterfaceError } from '../../errors/client-errors.ts';
import { NoActiveSQLTransactionError } from '../../errors/generated/sqlstate.ts';
import type { Portal, PortalRows } from '../../session/requests/portal-request.ts';
import type { Statement } from '../../session/statements/statement.ts';
import type { Deadline } from '../../transport/deadline.ts';
import { kindOf } from '../../values/kind-of.ts';
import type { RowForm, RowOf } from '../../values/row-form.ts';
import type { QueryObject } from '../calls/call.ts';
import { atCaller, located } from '../calls/caller-stack.ts';
import type { ClientSession } from '../client-session.ts';
import { CREATE } from '../internals.ts';
import { OpenTransaction, tellsOfEnd } from '../transactions/open-transaction.ts';
import { bulkCalls } from './bulk-room.ts';
import { newPortal } from './new-portal.ts';
import { PortalScope } from './portal-scope.ts';

/** Rows that iteration fetches at once. */
const PREFETCH = 50;

/**
 * A cursor over a query's result, inside a transaction: rows are fetched when they are asked
 * for. `for await` fetches ahead, the next rows travelling while the present ones are used.
 *
 * @example
 * await connection.transaction(async () => {
 *   const cursor = connection.cursor('SELECT * FROM big_table');
 *   await cursor.forward(10);
 *   const rows = await cursor.fetch(5);
 * });
 */
export class Cursor<T = any, F extends RowForm = 'record'>
  implements AsyncIterable<RowOf<F, T>>, AsyncDisposable
{
  /** Gives the client as long as the cursor may be used. */
  readonly #client: () => ClientSession;
  readonly #query: QueryObject;
  readonly #given: Statement | null;
  readonly #portal: Portal;
  /** What the code is inside of that has made it: code elsewhere may read it as well. */
  readonly #context: OpenTransaction | undefined;
  /** The transaction whose cursor it is, if it is one's own: it is not opened in one that is nested in that. */
  readonly #asked: OpenTransaction | undefined;
  /** What it was opened in, once it is. */
  #scope: PortalScope | null = null;
  #exhausted = false;
  /** A loop was left before its end, with rows that it had fetched ahead and nobody has seen. */
  #left = false;
  #closed = false;
  /** The last step that was made. It may be on its way still, and the portal not bound. */
  #lastStep: Promise<unknown> | null = null;
  /** The last call that takes more than one step, while it is under way: calls made behind it wait for it. */
  #line: Promise<unknown> | null = null;

  private constructor(
    client: () => ClientSession,
    query: QueryObject,
    given: Statement | null,
    asked: OpenTransaction | undefined,
  ) {
    this.#asked = asked;
    this.#context = asked ?? OpenTransaction.current();
    this.#client = client;
    this.#query = query;
    this.#given = given;
    this.#portal = newPortal(query);
  }

  /** @internal */
  static [CREATE]<T, F extends RowForm>(
    client: () => ClientSession,
    query: QueryObject,
    given: Statement | null,
    asked?: OpenTransaction,
  ): Cursor<T, F> {
    return new Cursor<T, F>(client, query, given, asked);
  }

  #usableClient(): ClientSession {
    const client = this.#client();
    if (this.#closed) throw new InterfaceError('the cursor is closed', { safeToRetry: true });
    if (client.gate.belongs(this.#context)) {
      if (!this.#scope?.isGone) return client;
      throw new InterfaceError(
        'the cursor has gone with the transaction or savepoint that it was opened in',
        { safeToRetry: true },
      );
    }
    throw new NoActiveSQLTransactionError(
      'a cursor cannot be used outside of a transaction',
      { hint: 'Use stream() to read a large result without a transaction.' },
      { safeToRetry: true },
    );
  }

  /** Whether all rows were given. */
  #atEnd(): boolean {
    return this.#exhausted && !this.#left;
  }

  #step(fetch: number, close: boolean): Promise<PortalRows> {
    const step = this.#makeStep(fetch, close);
    this.#lastStep = step;
    return step;
  }

  /** Does a call at once or, if another one takes several steps, behind that. */
  #inLine<R>(work: () => Promise<R>): Promise<R> {
    return this.#line === null ? work() : this.#waitedFor(this.#line.then(work));
  }

  /** Has the calls that are made from now on wait for this one. */
  #waitedFor<R>(call: Promise<R>): Promise<R> {
    const isOver = (): void => {
      if (this.#line === line) this.#line = null;
    };
    const line = call.then(isOver, isOver);
    this.#line = line;
    return call;
  }

  async #makeStep(fetch: number, close: boolean): Promise<PortalRows> {
    const client = this.#usableClient();
    const isOpening = this.#portal.statement === null;
    if (isOpening) client.gate.wantedBy(this.#asked, OpenTransaction.current());
    // What ends its calls early does not keep it open.
    const call = (deadline: Deadline | null): Promise<PortalRows> =>
      client.whenAdmitted(
        deadline,
        () => {
          this.#usableClient();
          if (isOpening) this.#scope = new PortalScope(client.transactions);
          const { timeout } = this.#query;
          return client.with(bulkCalls, deadline, ({ stepCursor }) =>
            stepCursor(client, this.#portal, { fetch, close }, this.#given, deadline, timeout),
          );
        },
        this.#context,
      );
    const result = await client.call(close ? undefined : this.#query, call, this.#asked);
    if (result.exhausted) this.#exhausted = true;
    return result;
  }

  /**
   * Resolves to the next `count` rows, fewer at the end.
   *
   * @example
   * const rows = await cursor.fetch(100); // fewer at the end
   */
  fetch(count: number): Promise<RowOf<F, T>[]> {
    return located(async () => {
      checkCount(count);
      return this.#inLine(async () => {
        if (this.#atEnd()) return [];
        return (await this.#step(count, false)).rows as RowOf<F, T>[];
      });
    });
  }

  /**
   * Resolves to the next row, or to null at the end.
   *
   * @example
   * const row = await cursor.fetchRow(); // or null at the end
   */
  fetchRow(): Promise<RowOf<F, T> | null> {
    return located(() =>
      this.#inLine(async () => {
        if (this.#atEnd()) return null;
        return ((await this.#step(1, false)).rows[0] as RowOf<F, T> | undefined) ?? null;
      }),
    );
  }

  /**
   * Skips the next `count` rows. Resolves to how many there were to skip.
   *
   * @example
   * const skipped = await cursor.forward(1_000);
   */
  forward(count: number): Promise<number> {
    return located(async () => {
      checkCount(count);
      const opensFirst = this.#portal.statement === null && this.#line === null;
      if (opensFirst) return this.#waitedFor(this.#forward(count));
      return this.#inLine(() => this.#forward(count));
    });
  }

  async #forward(count: number): Promise<number> {
    if (this.#atEnd()) return 0;
    if (this.#portal.statement === null) await this.#step(0, false);
    if (this.#portal.statement?.description.fields === null) {
      // The server moves in results alone. What has none is executed, as by `fetch`.
      return (await this.#step(count, false)).rows.length;
    }
    const client = this.#usableClient();
    const move = `MOVE FORWARD ${count} "${this.#portal.name}"`;
    const call = (deadline: Deadline | null): Promise<string> =>
      client.whenAdmitted(
        deadline,
        () => {
          this.#usableClient();
          return client.script(move, deadline, this.#query.timeout);
        },
        this.#context,
      );
    const tag = await client.call(this.#query, call, this.#asked);
    const moved = Number(tag.split(' ').at(-1));
    if (moved < count) this.#exhausted = true;
    return moved;
  }

  /**
   * Iterates over the rows that are left, 50 at a time, the next ones travelling meanwhile. The
   * end of the loop closes the cursor; one that was left before its end refuses further calls.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<RowOf<F, T>, void, void> {
    let atEnd = false;
    try {
      const ahead = (): Promise<PortalRows> => this.#inLine(() => this.#step(PREFETCH, false));
      if (this.#line !== null) await this.#line;
      let next = this.#atEnd() ? null : ahead();
      while (next !== null) {
        const { rows, exhausted } = await next;
        next = exhausted ? null : ahead();
        // If the loop is left while it is under way, its failure is not handled elsewhere.
        next?.catch(() => {});
        for (const row of rows) yield row as RowOf<F, T>;
      }
      atEnd = true;
    } catch (error) {
      throw atCaller(error);
    } finally {
      this.#left ||= !atEnd;
      await this.close();
    }
  }

  /**
   * Frees the portal on the server. Idempotent; the end of the transaction does it as well.
   *
   * @example
   * await cursor.close(); // or `await using cursor = …`
   */
  async close(): Promise<void> {
    if (this.#closed) return;
    try {
      await this.#inLine(() => this.#closePortal());
    } catch (error) {
      throw atCaller(error);
    } finally {
      this.#closed = true;
    }
  }

  async #closePortal(): Promise<void> {
    // The step that binds it may be on its way.
    if (this.#portal.statement === null) await this.#lastStep?.catch(() => {});
    if (this.#portal.statement === null) return;
    let client: ClientSession;
    try {
      client = this.#client();
      if (!client.gate.belongs(this.#context) || this.#scope?.isGone) return;
    } catch {
      // The cursor's user has no connection any more, and the portal is gone with it.
      return;
    }
    if (client.session.transactionStatus !== 'T') return;
    try {
      await this.#step(0, true);
    } catch (error) {
      // The portal has gone with its transaction.
      if (!tellsOfEnd(error)) throw error;
    }
  }

  /** The same as `close()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function checkCount(count: number): void {
  if (!Number.isSafeInteger(count) || count <= 0 || count > 0x7fffffff) {
    throw new InterfaceError(
      `the number of rows must be an integer from 1 to 2147483647, not ${kindOf(count)}`,
      { safeToRetry: true },
    );
  }
}

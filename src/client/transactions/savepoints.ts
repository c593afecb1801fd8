import { PostgresError } from '../../errors/postgres-error.ts';
import { quoteWholeIdentifier } from '../../sql/quote.ts';
import type { Deadline } from '../../transport/deadline.ts';
import { isError } from '../../values/builtins.ts';
import type { ClientSession } from '../client-session.ts';
import { CHECK_IN, CHECK_OUT, CREATE, DEADLINE } from '../internals.ts';
import type { Lease, Use } from '../lease.ts';
import { Savepoint } from './savepoint.ts';
import { type Point, SavepointStack } from './savepoint-stack.ts';

/** What the savepoints of a transaction need of it. */
export interface SavepointsHost {
  readonly transaction: {
    [DEADLINE](timeout: undefined, signal: undefined): Deadline | null;
    [CHECK_OUT](use: Use, deadline: Deadline | null): Lease | Promise<Lease>;
    [CHECK_IN](lease: Lease): null;
  };
  /** Throws unless the transaction is open; `call` is named in the error. */
  checkUsable(call: string): void;
  /** The transaction is open, and no statement in it has failed. */
  isSound(): boolean;
}

/** Makes those of one transaction. */
export type NewSavepoints = (client: ClientSession, host: SavepointsHost) => Savepoints;

/** Whether a command has failed before it was sent, e.g. as its time was up behind the calls ahead of it. */
function isUnsent(error: unknown): boolean {
  return isError(error) && 'safeToRetry' in error && error.safeToRetry === true;
}

/** The savepoints that are set in a transaction by its methods. */
export class Savepoints {
  readonly #client: ClientSession;
  readonly #host: SavepointsHost;
  readonly #stack = new SavepointStack();

  /** Those that are set. */
  get points(): readonly Point[] {
    return this.#stack.points;
  }

  constructor(client: ClientSession, host: SavepointsHost) {
    this.#client = client;
    this.#host = host;
  }

  async set(name: string = this.#client.savepointNames.next()): Promise<Savepoint> {
    const host = this.#host;
    const stack = this.#stack;
    const quoted = quoteWholeIdentifier(name);
    let point!: Point;
    await this.#command(`SAVEPOINT ${quoted}`, () => {
      point = stack.set(name);
      return () => stack.forget(point);
    });
    const run = (verb: 'RELEASE' | 'ROLLBACK TO'): Promise<unknown> => {
      host.checkUsable(`Savepoint.${verb === 'RELEASE' ? 'release' : 'rollback'}()`);
      stack.check(point);
      return this.#command(`${verb} SAVEPOINT ${quoted}`, () => {
        stack.check(point);
        return verb === 'RELEASE' ? stack.release(point) : stack.rollBack(point);
      });
    };
    return Savepoint[CREATE](point, {
      run,
      get isSound(): boolean {
        return host.isSound();
      },
    });
  }

  /**
   * A command for a savepoint of this transaction, and not of one that is nested in it.
   *
   * @param onSend is called when it is about to be sent; the result, if the server refuses it or has not got it
   */
  async #command(text: string, onSend: () => () => void): Promise<unknown> {
    const { transaction } = this.#host;
    const deadline = transaction[DEADLINE](undefined, undefined);
    try {
      const lent = transaction[CHECK_OUT]('exclusive', deadline);
      const lease = lent instanceof Promise ? await lent : lent;
      try {
        const takeBack = onSend();
        try {
          return await this.#client.script(text, deadline);
        } catch (error) {
          if (error instanceof PostgresError || isUnsent(error)) takeBack();
          throw error;
        }
      } finally {
        transaction[CHECK_IN](lease);
      }
    } finally {
      deadline?.dispose();
    }
  }
}

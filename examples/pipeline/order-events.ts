import type { Pool, Subscription } from 'asyncpg';

/** The channel on which each committed order's id is sent. It belongs to the whole database. */
export const ORDER_EVENTS = 'order_events';

/** The payload that stands for "nothing more to come"; orders have numbers. */
const END = 'end';

/** How long the end may take to arrive, in milliseconds. */
const PATIENCE = 30_000;

/**
 * Receives the id of each order when its transaction has committed, and never before.
 *
 * The pool listens on a connection of its own. If that breaks, the pool connects and listens again;
 * what was sent in between is lost, as with any LISTEN. A program that must not miss an order reads
 * what it missed from the table, when `reconnects` changes.
 */
export class OrderEvents implements AsyncDisposable {
  readonly #pool: Pool;
  #subscription: Subscription | null = null;
  #onEnd: () => void = () => {};
  /** How often the connection was lost and made anew. */
  reconnects = 0;

  private constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Starts to listen; resolves when no later commit will be missed. */
  static async listen(pool: Pool, onOrder: (orderId: bigint) => void): Promise<OrderEvents> {
    const events = new OrderEvents(pool);
    events.#subscription = await pool.listen(
      ORDER_EVENTS,
      ({ payload }) => {
        if (payload === END) events.#onEnd();
        else onOrder(BigInt(payload));
      },
      {
        onReconnect: () => {
          events.reconnects += 1;
        },
      },
    );
    return events;
  }

  /**
   * Resolves when all events of orders that have committed by now were received: the server delivers
   * notifications in the order of the commits, so a last one of our own arrives behind them.
   */
  async caughtUp(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const late = new Error(`the order events did not arrive within ${PATIENCE} ms`);
      const timer = setTimeout(() => reject(late), PATIENCE);
      this.#onEnd = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#pool.notify(ORDER_EVENTS, END).catch((error: unknown) => {
        clearTimeout(timer);
        reject(error);
      });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#subscription?.close();
  }
}

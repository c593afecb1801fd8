import type { Pool, Subscription } from 'asyncpg';
import { ORDER_EVENTS } from '../settings.ts';
import type { Audience, OrderSource } from './order-feed.ts';

/**
 * Orders by LISTEN, as those who place them notify. The pool listens on a connection of its own and makes
 * it anew when it is lost. What was notified meanwhile is gone, as with any LISTEN.
 */
export class NotifiedOrders implements OrderSource {
  readonly lag = null;
  readonly #pool: Pool;
  #subscription: Subscription | null = null;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async start(audience: Audience): Promise<void> {
    this.#subscription = await this.#pool.listen(
      ORDER_EVENTS,
      ({ payload }) => {
        if (!audience.isEmpty) audience.order(JSON.parse(payload));
      },
      { onReconnect: () => audience.resync() },
    );
  }

  async close(): Promise<void> {
    await this.#subscription?.close();
  }
}

import type { Pool, Subscription } from 'asyncpg';
import type { FastifyInstance } from 'fastify';
import plugin from 'fastify-plugin';
import { ORDER_EVENTS } from '../settings.ts';

declare module 'fastify' {
  interface FastifyInstance {
    readonly orderFeed: OrderFeed;
  }
}

/** One server-sent event. */
export interface FeedEvent {
  readonly event: 'order' | 'pool' | 'resync';
  readonly data: unknown;
}

/** Something may have been missed: read what you show anew. */
const RESYNC: FeedEvent = { event: 'resync', data: null };

/** Events that may wait for a slow client; then it is told to read everything anew instead. */
const MAX_WAITING = 1_000;

/** How often the state of the pool is told, in milliseconds. */
const POOL_INTERVAL = 1_000;

/** What one client still has to be sent. */
class FeedReader implements AsyncIterable<FeedEvent> {
  #waiting: FeedEvent[] = [];
  #wake: () => void = () => {};
  #ended = false;

  push(event: FeedEvent): void {
    if (this.#waiting.length >= MAX_WAITING) this.#waiting = [RESYNC];
    else this.#waiting.push(event);
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<FeedEvent> {
    while (!this.#ended) {
      const sent = this.#waiting;
      this.#waiting = [];
      yield* sent;
      if (this.#waiting.length > 0 || this.#ended) continue;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/**
 * Tells any number of clients of each committed order, with one LISTEN for all of them.
 *
 * The pool listens on a connection of its own and makes it anew when it is lost. What was notified
 * meanwhile is gone, as with any LISTEN, and so clients are then told to read the state anew: that is
 * right however much was missed.
 */
class OrderFeed {
  readonly #pool: Pool;
  readonly #readers = new Set<FeedReader>();
  #subscription: Subscription | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async start(): Promise<void> {
    this.#subscription = await this.#pool.listen(
      ORDER_EVENTS,
      ({ payload }) => this.#tellOrder(payload),
      { onReconnect: () => this.#tell(RESYNC) },
    );
    this.#timer = setInterval(() => this.#tellPool(), POOL_INTERVAL);
    this.#timer.unref();
  }

  subscribe(): FeedReader {
    const reader = new FeedReader();
    reader.push(this.#poolEvent());
    this.#readers.add(reader);
    return reader;
  }

  unsubscribe(reader: FeedReader): void {
    this.#readers.delete(reader);
    reader.end();
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    for (const reader of this.#readers) this.unsubscribe(reader);
    await this.#subscription?.close();
  }

  #tell(event: FeedEvent): void {
    for (const reader of this.#readers) reader.push(event);
  }

  #tellOrder(payload: string): void {
    if (this.#readers.size > 0) this.#tell({ event: 'order', data: JSON.parse(payload) });
  }

  #tellPool(): void {
    if (this.#readers.size > 0) this.#tell(this.#poolEvent());
  }

  #poolEvent(): FeedEvent {
    const { size, idle, inUse, waiting, acquired } = this.#pool.stats;
    const { maxSize } = this.#pool;
    return {
      event: 'pool',
      data: { at: Date.now(), size, maxSize, idle, inUse, waiting, acquired },
    };
  }
}

/** Decorates the app with the feed, and ends it before the server stops: its clients would stay. */
export const orderFeed = plugin(async (app: FastifyInstance) => {
  const feed = new OrderFeed(app.pg);
  app.addHook('preClose', () => feed.close());
  await feed.start();
  app.decorate('orderFeed', feed);
});

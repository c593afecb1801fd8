import type { Pool } from 'asyncpg';
import type { FastifyInstance } from 'fastify';
import plugin from 'fastify-plugin';
import { NotifiedOrders } from './notified-orders.ts';
import { StreamedOrders } from './streamed-orders.ts';

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

/** Those who are told of orders. */
export interface Audience {
  readonly isEmpty: boolean;
  order(data: unknown): void;
  /** Orders may have been missed. */
  resync(): void;
}

/** Where committed orders are known from. */
export interface OrderSource {
  /** Bytes of the log that are still to come; null where nobody knows. */
  readonly lag: number | null;
  start(audience: Audience): Promise<void>;
  close(): Promise<void>;
}

/**
 * Tells any number of clients of each committed order, with one LISTEN or one change stream for all of
 * them. Where some may have been missed they are told to read the state anew: that is right however
 * much it was.
 */
class OrderFeed implements Audience {
  readonly #pool: Pool;
  readonly #source: OrderSource;
  readonly #readers = new Set<FeedReader>();
  #timer: NodeJS.Timeout | null = null;

  constructor(pool: Pool, source: OrderSource) {
    this.#pool = pool;
    this.#source = source;
  }

  async start(): Promise<void> {
    await this.#source.start(this);
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
    await this.#source.close();
  }

  #tell(event: FeedEvent): void {
    for (const reader of this.#readers) reader.push(event);
  }

  get isEmpty(): boolean {
    return this.#readers.size === 0;
  }

  order(data: unknown): void {
    this.#tell({ event: 'order', data });
  }

  resync(): void {
    this.#tell(RESYNC);
  }

  #tellPool(): void {
    if (this.#readers.size > 0) this.#tell(this.#poolEvent());
  }

  #poolEvent(): FeedEvent {
    const { size, idle, inUse, waiting, acquired } = this.#pool.stats;
    const { maxSize } = this.#pool;
    const { lag } = this.#source;
    return {
      event: 'pool',
      data: { at: Date.now(), size, maxSize, idle, inUse, waiting, acquired, lag },
    };
  }
}

/** How the feed knows of orders: as they are notified, or as the log has them. */
export type OrderFeedKind = 'listen' | 'changes';

/** Decorates the app with the feed, and ends it before the server stops: its clients would stay. */
export const orderFeed = plugin(
  async (app: FastifyInstance, { kind }: { readonly kind: OrderFeedKind }) => {
    const source =
      kind === 'changes' ? new StreamedOrders(app.pg, app.log) : new NotifiedOrders(app.pg);
    const feed = new OrderFeed(app.pg, source);
    app.addHook('preClose', () => feed.close());
    await feed.start();
    app.decorate('orderFeed', feed);
  },
);

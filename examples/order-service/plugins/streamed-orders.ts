import { setTimeout } from 'node:timers/promises';
import type { Pool } from 'asyncpg';
import { type ChangeStream, type ChangeTransaction, openChangeStream } from 'asyncpg/replication';
import type { FastifyBaseLogger } from 'fastify';
import type { Audience, OrderSource } from './order-feed.ts';

/** Its tables are those of the pool's `search_path`. */
const PUBLICATION = { name: 'order_feed', tables: ['orders', 'order_lines', 'products'] };

/** Milliseconds until another stream is tried. */
const RETRY_AFTER = 1_000;

const USER_NAME = 'SELECT name FROM users WHERE id = $1';

interface StreamedOrder {
  readonly id: number;
  readonly userId: number;
  readonly total: string;
  readonly createdAt: Date;
  readonly lines: { productId: number; product: string; quantity: number; stock: number }[];
}

/**
 * The orders that a transaction has made, put together of the rows that it has changed. Whoever places
 * orders has to know nothing of this, and nobody can forget to tell.
 */
async function ordersOf(transaction: ChangeTransaction): Promise<StreamedOrder[]> {
  const orders = new Map<number, StreamedOrder>();
  const products = new Map<number, { name: string; stock: number }>();
  const made = new Set<number>();
  const lines: { order_id: number; product_id: number; quantity: number }[] = [];
  for await (const change of transaction) {
    if (change.kind !== 'insert' && change.kind !== 'update') continue;
    const row = change.new;
    const { table } = change.relation;
    if (table === 'products') products.set(row.id, row);
    else if (table === 'order_lines') lines.push(row);
    else if (change.kind === 'insert' || made.has(row.id)) {
      // An order is inserted first, and gets its total when its lines are there.
      made.add(row.id);
      const { id, user_id: userId, total, created_at: createdAt } = row;
      orders.set(id, { id, userId, total, createdAt, lines: [] });
    }
  }
  for (const { order_id, product_id: productId, quantity } of lines) {
    const product = products.get(productId);
    if (product === undefined) continue;
    const { name, stock } = product;
    orders.get(order_id)?.lines.push({ productId, product: name, quantity, stock });
  }
  return [...orders.values()];
}

/**
 * Orders by a change stream: all that are committed, whoever commits them. Its slot dies with this
 * process, so that each instance has one of its own, and none holds back the log when it is gone.
 */
export class StreamedOrders implements OrderSource {
  readonly #pool: Pool;
  readonly #log: FastifyBaseLogger;
  readonly #closing = new AbortController();
  #stream: ChangeStream | null = null;
  #following: Promise<void> = Promise.resolve();

  constructor(pool: Pool, log: FastifyBaseLogger) {
    this.#pool = pool;
    this.#log = log;
  }

  /** How many bytes of the log are still to come. */
  get lag(): number | null {
    return this.#stream === null ? null : Number(this.#stream.lag);
  }

  async start(audience: Audience): Promise<void> {
    this.#stream = await this.#open(audience);
    this.#following = this.#follow(audience);
  }

  #open(audience: Audience): Promise<ChangeStream> {
    return openChangeStream(this.#pool, {
      slot: 'temporary',
      publication: PUBLICATION,
      // What was committed until the next slot was there is to be read.
      onGap: () => audience.resync(),
      // The server tells its end with each answer: how often the lag is right.
      statusInterval: 1_000,
      signal: this.#closing.signal,
    });
  }

  /** A stream ends by itself where going on makes no sense, as without its publication: then another one begins. */
  async #follow(audience: Audience): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        this.#stream ??= await this.#open(audience);
        for await (const transaction of this.#stream) await this.#tell(transaction, audience);
      } catch (error) {
        if (signal.aborted) return;
        this.#log.error(error, 'the stream of orders has ended, and begins anew');
      }
      this.#stream = null;
      audience.resync();
      await setTimeout(RETRY_AFTER, null, { signal }).catch(() => {});
    }
  }

  async #tell(transaction: ChangeTransaction, audience: Audience): Promise<void> {
    for (const { userId, ...order } of await ordersOf(transaction)) {
      if (audience.isEmpty) return;
      audience.order({ ...order, userName: await this.#pool.fetchVal<string>(USER_NAME, userId) });
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#following;
    await this.#stream?.close();
  }
}

/** An outbox without a table: the event is a message in the log, which commits with what it is about. */
import type { Pool, Transaction } from 'asyncpg';
import { openChangeStream } from 'asyncpg/replication';

/** Where events go. It has to take one twice: a relay that is killed sends its last batch again. */
export interface Broker {
  publish(events: readonly unknown[]): Promise<void>;
}

export interface OrderPlaced {
  readonly order: number;
  readonly item: string;
}

/** Of messages alone: CREATE PUBLICATION order_events. No table is in it. */
const PUBLICATION = { name: 'order_events', tables: [] } as const;
const PREFIX = 'order placed';

/** Places an order. Its event is sent if, and only if, the transaction commits. */
export async function placeOrder(tx: Transaction, item: string): Promise<OrderPlaced> {
  const order = await tx.fetchVal<number>(
    'INSERT INTO orders (item) VALUES ($1) RETURNING id',
    item,
  );
  const event: OrderPlaced = { order: order!, item };
  await tx.execute(
    'SELECT pg_logical_emit_message(true, $1, $2::text)',
    PREFIX,
    JSON.stringify(event),
  );
  return event;
}

/** Sends the events of all orders to the broker, in the order of their commits, until it is aborted. */
export async function relay(pool: Pool, broker: Broker, signal: AbortSignal): Promise<void> {
  try {
    await using stream = await openChangeStream(pool, {
      slot: 'order_events',
      publication: PUBLICATION,
      messages: [PREFIX],
      signal,
    });
    for await (const batch of stream.batches({ maxChanges: 500, maxDelay: 20 })) {
      const events = batch.changes.flatMap((change) =>
        change.kind === 'message' ? [JSON.parse(change.content.toString())] : [],
      );
      // The next step of the loop acknowledges the batch; a throw does not, and it comes again.
      await broker.publish(events);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

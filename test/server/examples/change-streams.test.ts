import { afterEach, beforeEach, expect, test } from 'vitest';
import { ProductCache } from '../../../examples/change-streams/cache.ts';
import { keepCopy, TARGET_SCHEMA } from '../../../examples/change-streams/copy.ts';
import { placeOrder, relay } from '../../../examples/change-streams/outbox-relay.ts';
import { createPool } from '../../../src/index.ts';
import { dropSlot, slotStatus } from '../../../src/replication/index.ts';
import { onEachServer, until, walsenderOf } from '../../support/replication/logical-cluster.ts';

const schema = `
  CREATE TABLE orders (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, item text);
  CREATE TABLE products (id int PRIMARY KEY, name text NOT NULL);
  INSERT INTO products SELECT i, 'product ' || i FROM generate_series(1, 1000) i`;

onEachServer('the examples of change streams', { schema }, (server) => {
  let stopped: AbortController;
  beforeEach(() => {
    stopped = new AbortController();
  });
  afterEach(() => stopped.abort());

  test('outbox: what was committed is sent, once more after a crash, and nothing else', async () => {
    const { pool } = server;
    const sent: unknown[] = [];
    const publish = async (events: readonly unknown[]): Promise<void> => {
      sent.push(...events);
    };
    const failing = relay(
      pool,
      {
        publish: async (events) => {
          await publish(events);
          throw new Error('the broker is gone');
        },
      },
      stopped.signal,
    );
    failing.catch(() => {});
    await until(
      async () => typeof (await slotStatus(pool, 'order_events'))?.activePid === 'number',
    );
    const first = await pool.transaction((tx) => placeOrder(tx, 'tea'));
    await expect(failing).rejects.toThrow('the broker is gone');
    expect(sent).toEqual([first]);

    const relaying = relay(pool, { publish }, stopped.signal);
    await pool
      .transaction(async (tx) => {
        await placeOrder(tx, 'never');
        throw new Error('undone');
      })
      .catch(() => {});
    const second = await pool.transaction((tx) => placeOrder(tx, 'coffee'));
    await until(async () => sent.length >= 3);
    expect(sent).toEqual([first, first, second]);
    stopped.abort();
    await relaying;
    await dropSlot(pool, 'order_events', { force: true });
  });

  test('cache: every commit invalidates, and a lost connection empties it', async () => {
    const { pool } = server;
    await using cache = await ProductCache.open(pool);
    expect(await cache.get(1)).toMatchObject({ name: 'product 1' });
    await cache.get(2);
    await pool.execute("UPDATE products SET name = 'changed' WHERE id = 1");
    await until(async () => !cache.has(1));
    expect(cache.has(2)).toBe(true);
    expect(await cache.get(1)).toMatchObject({ name: 'changed' });
    await pool.execute('SELECT pg_terminate_backend(pid) FROM pg_stat_replication');
    await until(async () => !cache.has(2));
    await cache.get(2);
    await pool.execute('DELETE FROM products WHERE id = 2');
    await until(async () => !cache.has(2));
    expect(await cache.get(2)).toBeNull();
  });

  test('copy: the other database has what this one has, however often it begins anew', async () => {
    const { pool, cluster } = server;
    await pool.execute('CREATE DATABASE copy');
    await using target = await createPool(cluster.dsn.replace(/\/postgres$/, '/copy'), {
      minSize: 0,
    });
    await target.execute(TARGET_SCHEMA);
    const rows = 'SELECT id, name FROM products ORDER BY id';
    const isSame = async (): Promise<boolean> =>
      JSON.stringify(await pool.fetch(rows)) === JSON.stringify(await target.fetch(rows));
    for (let round = 1; round <= 3; round++) {
      const controller = new AbortController();
      const copying = keepCopy(pool, target, controller.signal);
      copying.catch(() => {});
      await pool.execute('INSERT INTO products VALUES ($1, $2)', 5000 + round, 'new');
      await pool.execute('UPDATE products SET id = id + 10000 WHERE id = $1', 10 + round);
      await pool.execute('DELETE FROM products WHERE id = $1', 20 + round);
      if (round === 2)
        await pool.execute(
          `SELECT pg_terminate_backend(${await walsenderOf(pool, 'products_copy')})`,
        );
      await until(isSame);
      // So that the snapshot's slot stays: it is made when the rows were acknowledged.
      await until(async () => (await slotStatus(pool, 'products_copy')) !== null);
      controller.abort();
      await copying;
    }
    // Each position is of a transaction that the target has.
    expect(await target.fetchVal('SELECT count(*)::int FROM progress')).toBe(1);
    await dropSlot(pool, 'products_copy', { force: true });
  });
});

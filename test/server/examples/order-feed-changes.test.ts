import { afterAll, beforeAll, expect, test } from 'vitest';
import { type App, buildApp } from '../../../examples/order-service/app.ts';
import type { FeedEvent } from '../../../examples/order-service/plugins/order-feed.ts';
import { hasChromium, launchChromium } from '../../support/chromium.ts';
import { onEachServer, until } from '../../support/replication/logical-cluster.ts';

onEachServer('the order feed by a change stream', { schema: '' }, (server) => {
  let app: App;
  let address: string;
  beforeAll(async () => {
    app = await buildApp(server.cluster.dsn, { orderFeed: 'changes' });
    address = await app.listen({ port: 0, host: '127.0.0.1' });
  });
  afterAll(() => app?.close());

  /** What a client is sent, from now on. */
  // biome-ignore lint/suspicious/noExplicitAny: the tests know what data comes
  function follow(): { next(name: FeedEvent['event']): Promise<any>; end(): Promise<void> } {
    const reader = app.orderFeed.subscribe();
    const events = reader[Symbol.asyncIterator]();
    return {
      async next(name) {
        for (;;) {
          const { value } = await events.next();
          if ((value as FeedEvent).event === name) return (value as FeedEvent).data;
        }
      },
      async end() {
        app.orderFeed.unsubscribe(reader);
      },
    };
  }

  const place = async (productId: number, quantity: number): Promise<{ id: number }> => {
    const payload = { userId: 1, lines: [{ productId, quantity }] };
    return (await app.inject({ method: 'POST', url: '/api/orders', payload })).json();
  };

  test('tells of each committed order what the table has, and of none that is refused', async () => {
    const client = follow();
    await place(1, 41);
    const { id } = await place(4, 2);
    expect(await client.next('order')).toEqual({
      id,
      userName: 'Ada Lovelace',
      total: '76.40',
      createdAt: expect.any(Date),
      lines: [{ productId: 4, product: 'Pour-over set', quantity: 2, stock: 198 }],
    });
    // Somebody who knows nothing of the feed.
    const other = await app.pg.fetchVal<number>(
      'INSERT INTO orders (user_id, total) VALUES (2, 5) RETURNING id',
    );
    expect(await client.next('order')).toMatchObject({ id: other, total: '5.00', lines: [] });
    await client.end();
  });

  test('says how far it is behind', async () => {
    const client = follow();
    await until(async () => (await client.next('pool')).lag === 0);
    await client.end();
  });

  test('tells to read anew when its slot was lost, and goes on', async () => {
    const client = follow();
    await server.pool.execute(
      'SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active_pid IS NOT NULL',
    );
    expect(await client.next('resync')).toBeNull();
    const { id } = await place(4, 1);
    expect(await client.next('order')).toMatchObject({ id });
    await client.end();
  });

  test('begins anew when its publication was dropped', async () => {
    const client = follow();
    await server.pool.execute('DROP PUBLICATION order_feed');
    await server.pool.execute(
      'SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active_pid IS NOT NULL',
    );
    expect(await client.next('resync')).toBeNull();
    await until(
      async () => (await app.pg.fetchVal('SELECT active FROM pg_replication_slots')) ?? false,
    );
    const { id } = await place(4, 1);
    expect(await client.next('order')).toMatchObject({ id });
    await client.end();
  });

  test.skipIf(!hasChromium())('is seen on the page, with its lag', async () => {
    const browser = await launchChromium();
    try {
      const page = await browser.newPage();
      await page.goto(address);
      await page.locator('#feed-lag', { hasText: /^live · change stream \d.* behind$/ }).waitFor();
      await place(5, 3);
      await page.locator('#orders li', { hasText: '3 × Milk frother' }).waitFor();
    } finally {
      await browser.close();
    }
  });
});

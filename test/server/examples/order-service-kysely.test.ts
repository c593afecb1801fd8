import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, type AppOptions, buildApp } from '../../../examples/order-service/app.ts';
import { onKysely } from '../../../examples/order-service-kysely/persistence.ts';
import { makeDatabase, type TestDatabase } from '../../support/servers/database.ts';

const databases: TestDatabase[] = [];
let onSql: App;
let onKyselyApp: App;

beforeAll(async () => {
  const start = async (name: string, options: AppOptions): Promise<App> => {
    const database = await makeDatabase(name);
    databases.push(database);
    return buildApp(database.dsn, options);
  };
  onSql = await start('order_service_sql', {});
  onKyselyApp = await start('order_service_kysely', { persistence: onKysely });
});

afterAll(async () => {
  for (const app of [onSql, onKyselyApp]) await app?.close();
  for (const database of databases) await database[Symbol.asyncDispose]();
});

type Method = 'GET' | 'POST' | 'PATCH';

async function answer(app: App, method: Method, url: string, payload?: object | string) {
  const isCsv = typeof payload === 'string';
  const { statusCode, headers, body } = await app.inject({
    method,
    url,
    ...(payload && { payload: isCsv ? Readable.from([payload]) : payload }),
    ...(isCsv && { headers: { 'content-type': 'text/csv' } }),
  });
  // Both were asked at different moments.
  const text = body.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'a moment');
  return { status: statusCode, location: headers['location'], text };
}

const lines = (...pairs: [productId: number, quantity: number][]) =>
  pairs.map(([productId, quantity]) => ({ productId, quantity }));

const REQUESTS: readonly [status: number, Method, url: string, payload?: object | string][] = [
  [200, 'GET', '/api/products'],
  [200, 'GET', '/api/users?after=1&limit=2'],
  [200, 'GET', '/api/users/count'],
  [404, 'GET', '/api/users/999'],
  [201, 'POST', '/api/users', { email: 'new@example.org', name: 'New' }],
  [409, 'POST', '/api/users', { email: 'new@example.org', name: 'New' }],
  [200, 'PATCH', '/api/users/2', { isActive: false }],
  [200, 'PATCH', '/api/users/2', { name: 'Grace' }],
  [404, 'PATCH', '/api/users/999', { name: 'Nobody' }],
  [201, 'POST', '/api/orders', { userId: 2, lines: lines([8, 3], [2, 2]) }],
  [409, 'POST', '/api/orders', { userId: 1, lines: lines([2, 1], [1, 41]) }],
  [422, 'POST', '/api/orders', { userId: 999, lines: lines([1, 1]) }],
  [422, 'POST', '/api/orders', { userId: 1, lines: lines([1, 1], [99, 1]) }],
  [404, 'GET', '/api/orders/999'],
  [200, 'GET', '/api/orders/1'],
  [200, 'GET', '/api/orders?limit=5'],
  [200, 'POST', '/api/products/2/restock'],
  [404, 'POST', '/api/products/99/restock'],
  [200, 'GET', '/api/products'],
  [200, 'POST', '/api/users.csv', 'email,name,is_active\ncsv@example.org,"Née, 1",t\n'],
  [422, 'POST', '/api/users.csv', 'email,name,is_active\ncsv@example.org,A,maybe\n'],
  [200, 'GET', '/api/users.csv'],
  [200, 'GET', '/'],
];

describe('the order service on Kysely', () => {
  it('answers each request as the one on SQL does', async () => {
    for (const [status, method, url, payload] of REQUESTS) {
      const expected = await answer(onSql, method, url, payload);
      expect(expected.status).toBe(status);
      expect(await answer(onKyselyApp, method, url, payload)).toEqual(expected);
    }
  });

  it('never sells more than there is, however many come at once', async () => {
    await onKyselyApp.pg.execute('UPDATE products SET stock = capacity');
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, i) =>
        // Half of them name the products the other way round: they do not deadlock.
        answer(onKyselyApp, 'POST', '/api/orders', {
          userId: 3,
          lines: i % 2 === 0 ? lines([1, 1], [2, 1]) : lines([2, 1], [1, 1]),
        }),
      ),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(40);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(20);
    expect(await onKyselyApp.pg.fetchVal('SELECT stock FROM products WHERE id = 1')).toBe(0);
  });

  it('tells of each order that was committed', async () => {
    await onKyselyApp.pg.execute('UPDATE products SET stock = capacity');
    const reader = onKyselyApp.orderFeed.subscribe();
    const refused = { userId: 1, lines: lines([1, 41]) };
    expect((await answer(onKyselyApp, 'POST', '/api/orders', refused)).status).toBe(409);
    await answer(onKyselyApp, 'POST', '/api/orders', { userId: 1, lines: lines([4, 2]) });
    for await (const { event, data } of reader) {
      if (event !== 'order') continue;
      expect(data).toMatchObject({
        userName: 'Ada Lovelace',
        total: '76.40',
        lines: [{ productId: 4, product: 'Pour-over set', quantity: 2, stock: 198 }],
      });
      onKyselyApp.orderFeed.unsubscribe(reader);
      break;
    }
  });
});

import { Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type App, buildApp } from '../../../examples/order-service/app.ts';
import type { FeedEvent } from '../../../examples/order-service/plugins/order-feed.ts';
import { migrate } from '../../../examples/order-service/schema.ts';
import { makeDatabase, type TestDatabase } from '../../support/servers/database.ts';

let database: TestDatabase;
let app: App;
let address: string;

beforeAll(async () => {
  database = await makeDatabase('order_service_http');
  app = await buildApp(database.dsn);
  address = await app.listen({ port: 0 });
});

afterAll(async () => {
  await app?.close();
  await database?.[Symbol.asyncDispose]();
});

beforeEach(() =>
  app.pg.execute('TRUNCATE order_lines, orders; UPDATE products SET stock = capacity'),
);

async function get(url: string): Promise<{ status: number; body: unknown }> {
  const answer = await app.inject(url);
  return { status: answer.statusCode, body: answer.json() };
}

async function send(method: 'POST' | 'PATCH', url: string, payload?: object) {
  const answer = await app.inject({ method, url, ...(payload && { payload }) });
  return { status: answer.statusCode, body: answer.json(), headers: answer.headers };
}

const order = (productId: number, quantity: number, userId = 1) =>
  send('POST', '/api/orders', { userId, lines: [{ productId, quantity }] });

const stockOf = (id: number) => app.pg.fetchVal('SELECT stock FROM products WHERE id = $1', id);

describe('users', () => {
  it('are created, found, changed and listed', async () => {
    const created = await send('POST', '/api/users', { email: 'new@example.org', name: 'New' });
    expect(created).toMatchObject({
      status: 201,
      body: { email: 'new@example.org', isActive: true },
    });
    const { location } = created.headers;
    expect(await get(String(location))).toEqual({ status: 200, body: created.body });
    const changed = await send('PATCH', String(location), { isActive: false });
    expect(changed.body).toEqual({ ...created.body, isActive: false });
    const page = await get(`/api/users?after=${created.body.id - 1}&limit=1`);
    expect(page.body).toEqual([changed.body]);
  });

  it('are refused with a second email, a name that is empty, or fields that nobody knows', async () => {
    const again = { email: 'ada@example.org', name: 'Ada' };
    expect(await send('POST', '/api/users', again)).toMatchObject({
      status: 409,
      body: { code: 'unique_violation' },
    });
    for (const wrong of [
      { email: 'ada', name: 'Ada' },
      { email: 'a@example.org', name: ' ' },
      { email: 'a@example.org' },
    ]) {
      expect((await send('POST', '/api/users', wrong)).status).toBe(400);
    }
    expect((await send('PATCH', '/api/users/1', {})).status).toBe(400);
  });

  it.each(['/api/users/999999999', '/api/orders/999999999'])('404: %s', async (url) => {
    expect(await get(url)).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });

  it.each(['/api/users/x', '/api/users/0', '/api/users/1.5', '/api/users?limit=1001'])(
    '400: %s',
    async (url) => {
      expect((await get(url)).status).toBe(400);
    },
  );
});

describe('orders', () => {
  it('take the goods, and add up to the cent', async () => {
    const placed = await send('POST', '/api/orders', {
      userId: 2,
      lines: [
        { productId: 8, quantity: 3 },
        { productId: 2, quantity: 2 },
      ],
    });
    expect(placed).toMatchObject({
      status: 201,
      body: { userName: 'Grace Hopper', total: '275.10' },
    });
    const whole = {
      ...placed.body,
      lines: [
        { productId: 2, product: 'Burr grinder', quantity: 2, unitPrice: '129.90' },
        { productId: 8, product: 'Filter papers, 100', quantity: 3, unitPrice: '5.10' },
      ],
    };
    expect(await get(String(placed.headers['location']))).toMatchObject({ body: whole });
    // As the page shows it after it was loaded anew.
    expect((await get('/api/orders?limit=1')).body).toEqual([whole]);
    expect(await stockOf(2)).toBe(78);
    const filled = await send('POST', '/api/products/2/restock');
    expect(filled.body).toMatchObject({ id: 2, stock: 80 });
  });

  it.each([
    [409, 'out_of_stock', { userId: 1, lines: [{ productId: 1, quantity: 41 }] }],
    [422, 'unknown_user', { userId: 999_999_999, lines: [{ productId: 1, quantity: 1 }] }],
    [422, 'unknown_product', { userId: 1, lines: [{ productId: 99, quantity: 1 }] }],
    [
      422,
      'duplicate_product',
      {
        userId: 1,
        lines: [
          { productId: 1, quantity: 1 },
          { productId: 1, quantity: 2 },
        ],
      },
    ],
    [400, 'FST_ERR_VALIDATION', { userId: 1, lines: [] }],
    [400, 'FST_ERR_VALIDATION', { userId: 1, lines: [{ productId: 1, quantity: 0 }] }],
  ])('are refused as a whole: %i, %s', async (status, code, payload) => {
    expect(await send('POST', '/api/orders', payload)).toMatchObject({ status, body: { code } });
    expect(await app.pg.fetchVal('SELECT count(*) FROM orders')).toBe(0);
    expect(await stockOf(1)).toBe(40);
  });

  it('never sell more than there is, however many come at once', async () => {
    const both = (quantity: number) => ({
      userId: 3,
      // Half of them name the products the other way round: they do not deadlock.
      lines: [
        { productId: quantity % 2 === 0 ? 1 : 2, quantity },
        { productId: quantity % 2 === 0 ? 2 : 1, quantity },
      ],
    });
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) => send('POST', '/api/orders', both(1 + (index % 3)))),
    );
    const placed = answers.filter(({ status }) => status === 201).length;
    const refused = answers.filter(({ body }) => body.code === 'out_of_stock').length;
    expect(placed + refused).toBe(100);
    expect(refused).toBeGreaterThan(0);
    const left = Number(await stockOf(1));
    expect(left).toBeGreaterThanOrEqual(0);
    const sold = await app.pg.fetchVal(
      'SELECT sum(quantity) FROM order_lines WHERE product_id = 1',
    );
    expect(left + Number(sold)).toBe(40);
  });
});

describe('CSV', () => {
  function upload(body: Iterable<string>) {
    return app.inject({
      method: 'POST',
      url: '/api/users.csv',
      headers: { 'content-type': 'text/csv; charset=utf-8' },
      payload: Readable.from(body),
    });
  }

  it('takes users in as a stream, those whose email is new, and gives all of them out', async () => {
    await app.pg.execute("DELETE FROM users WHERE email LIKE 'csv%'");
    const rows = Array.from({ length: 20_000 }, (_, i) => `csv${i}@example.org,"Née, ${i}",t\n`);
    const file = ['email,name,is_active\n', ...rows];
    expect((await upload(file)).json()).toEqual({ read: 20_000, added: 20_000 });
    expect((await upload(file)).json()).toEqual({ read: 20_000, added: 0 });

    const answer = await fetch(`${address}/api/users.csv`);
    expect(answer.headers.get('content-disposition')).toContain('users.csv');
    const lines = (await answer.text()).split(/(?<=\n)/);
    expect(lines[0]).toBe(file[0]);
    expect(lines.filter((line) => line.startsWith('csv'))).toEqual(rows);
    expect(await get('/api/users/count')).toEqual({
      status: 200,
      body: { count: lines.length - 1 },
    });
  });

  it.each([
    [422, 'Line 3: invalid input syntax for type boolean', ['a@b.c,A,t\n', 'b@b.c,B,maybe\n']],
    [422, 'Line 3: missing data for column', ['a@b.c,A,t\n', 'b@b.c\n']],
    [422, 'Line 3: null value', ['a@b.c,A,t\n', ',B,t\n']],
  ])('refuses a file as a whole, and names the line: %i, %s', async (status, message, rows) => {
    const answer = await upload(['email,name,is_active\n', ...rows]);
    expect(answer.statusCode).toBe(status);
    expect(answer.json().message).toContain(message);
    expect(await app.pg.fetchVal("SELECT count(*) FROM users WHERE email LIKE '%@b.c'")).toBe(0);
  });

  it('refuses a file with other columns, and what is no CSV', async () => {
    const other = await upload(['name,email,is_active\n']);
    expect(other.statusCode).toBe(422);
    expect(other.json().message).toBe('Line 1 must be email,name,is_active, in this order.');
    const json = await send('POST', '/api/users.csv', { users: [] });
    expect(json).toMatchObject({ status: 415, body: { code: 'not_csv' } });
  });

  it('keeps nothing of an upload that breaks off', async () => {
    const controller = new AbortController();
    async function* halves(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('email,name,is_active\nhalf@example.org,Half,t\n');
      controller.abort();
    }
    const body = Readable.toWeb(Readable.from(halves()));
    const request = fetch(`${address}/api/users.csv`, {
      method: 'POST',
      headers: { 'content-type': 'text/csv' },
      body: body as never,
      duplex: 'half',
      signal: controller.signal,
    } as RequestInit);
    await expect(request).rejects.toThrow();
    expect((await get('/health')).body).toMatchObject({ status: 'up' });
    const kept = "SELECT count(*) FROM users WHERE email = 'half@example.org'";
    expect(await app.pg.fetchVal(kept)).toBe(0);
  });
});

describe('order events', () => {
  /** The events of a new client, one by one. */
  async function follow() {
    const controller = new AbortController();
    const answer = await fetch(`${address}/api/order-events`, { signal: controller.signal });
    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    const events = parse(answer.body!.pipeThrough(new TextDecoderStream()));
    return {
      /** Skips to the next of this name. */
      async next(name: FeedEvent['event']): Promise<unknown> {
        for (;;) {
          const { value } = await events.next();
          if (value === undefined) throw new Error('the events have ended');
          if (value.event === name) return value.data;
        }
      },
      [Symbol.dispose]: () => controller.abort(),
    };
  }

  async function* parse(chunks: ReadableStream<string>): AsyncGenerator<FeedEvent, undefined> {
    let text = '';
    for await (const chunk of chunks) {
      text += chunk;
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const block = text.slice(0, end);
        text = text.slice(end + 2);
        const [, event] = /^event: (.*)$/m.exec(block) ?? [];
        const [, data = 'null'] = /^data: (.*)$/m.exec(block) ?? [];
        if (event !== undefined) {
          yield { event: event as FeedEvent['event'], data: JSON.parse(data) };
        }
      }
    }
    return undefined;
  }

  it('tell every client of a committed order, with what it has left in stock', async () => {
    using first = await follow();
    using second = await follow();
    expect(await first.next('pool')).toMatchObject({ maxSize: 20, waiting: 0 });
    await order(1, 41);
    const { body } = await order(4, 2);
    const event = {
      id: body.id,
      userName: 'Ada Lovelace',
      total: '76.40',
      lines: [{ productId: 4, product: 'Pour-over set', quantity: 2, stock: 198 }],
    };
    expect(await first.next('order')).toMatchObject(event);
    expect(await second.next('order')).toMatchObject(event);
  });

  it('tell to read anew when the connection that listens was lost', async () => {
    using client = await follow();
    // What the pool asks there in between, after half a minute, is 'SELECT 1'.
    const listener = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND (query LIKE 'LISTEN%' OR query = 'SELECT 1')`;
    expect(await app.pg.fetchVal(listener)).toBe(true);
    expect(await client.next('resync')).toBeNull();
    const { body } = await order(4, 1);
    expect(await client.next('order')).toMatchObject({ id: body.id });
  });
});

describe('the page', () => {
  it.each([
    ['/', 'text/html'],
    ['/main.js', 'javascript'],
    ['/style.css', 'text/css'],
    ['/vendor/uplot/uPlot.esm.js', 'javascript'],
  ])('has %s, and a policy that lets nothing in from elsewhere', async (url, type) => {
    const answer = await app.inject(url);
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toContain(type);
    expect(answer.headers['content-security-policy']).toContain("default-src 'self'");
  });
});

describe('start and stop', () => {
  it('keeps what is there when it starts once more', async () => {
    await order(5, 1);
    await migrate(app.pg);
    expect(await stockOf(5)).toBe(149);
    expect(await app.pg.fetchVal('SELECT count(*) FROM products')).toBe(8);
  });

  it('stops while clients follow the events', async () => {
    const other = await buildApp(database.dsn);
    const answer = await fetch(`${await other.listen({ port: 0 })}/api/order-events`);
    const [rest] = await Promise.all([answer.text(), other.close()]);
    expect(rest).toContain('event: pool');
  });

  it('leaves nothing open when it cannot start', async () => {
    const dsn = new URL(database.dsn);
    dsn.pathname = '/there_is_no_such_database';
    await expect(buildApp(dsn.href)).rejects.toThrow('does not exist');
  });
});

import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type App, buildApp } from '../../../examples/order-service/app.ts';
import { hasChromium, launchChromium } from '../../support/chromium.ts';
import { makeDatabase, type TestDatabase } from '../../support/servers/database.ts';

const LIVE = '#connection[data-state=live]';

describe.skipIf(!hasChromium())('the page of the order service, in a browser', () => {
  let database: TestDatabase;
  let app: App;
  let address: string;
  let browser: Browser;
  let context: BrowserContext;
  /** What went wrong in a page; nothing may. */
  const complaints: string[] = [];

  beforeAll(async () => {
    database = await makeDatabase('order_service_browser');
    app = await buildApp(database.dsn);
    address = await app.listen({ port: 0, host: '127.0.0.1' });
    browser = await launchChromium();
  });

  afterAll(async () => {
    await browser?.close();
    await app?.close();
    await database?.[Symbol.asyncDispose]();
  });

  beforeEach(async () => {
    await app.pg.execute('TRUNCATE order_lines, orders; UPDATE products SET stock = capacity');
    context = await browser.newContext({ locale: 'en-GB' });
  });

  afterEach(async () => {
    await context.close();
    expect(complaints.splice(0)).toEqual([]);
  });

  /** A tab that is up to date and follows the events. */
  async function openTab(): Promise<Page> {
    const page = await context.newPage();
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    await page.goto(address);
    await page.waitForSelector(LIVE);
    return page;
  }

  const rowOf = (page: Page, product: string) => page.getByRole('row').filter({ hasText: product });

  async function place(page: Page, product: string, quantity: number): Promise<void> {
    const row = rowOf(page, product);
    await row.getByRole('spinbutton').fill(String(quantity));
    await row.getByRole('button', { name: 'Order' }).click();
  }

  /** Waits until the page shows this many of a product in stock. */
  const seesStock = (page: Page, product: string, stock: number) =>
    rowOf(page, product)
      .locator('.count', { hasText: new RegExp(`^${stock}$`) })
      .waitFor();

  it('shows in one tab what is ordered in another, and keeps the stock of both', async () => {
    const [one, other] = [await openTab(), await openTab()];
    await one.getByLabel('Order as').selectOption('Grace Hopper');
    await place(one, 'Burr grinder', 3);
    const entry = other.locator('#orders li').filter({ hasText: '3 × Burr grinder' });
    await entry.waitFor();
    expect(await entry.textContent()).toContain('Grace Hopper389.70');
    for (const tab of [one, other]) await seesStock(tab, 'Burr grinder', 77);
    expect(await other.locator('#figure-orders').textContent()).toBe('1');
    // A tab that is opened later has it from the table.
    const late = await openTab();
    await late.locator('#orders li').filter({ hasText: '389.70' }).waitFor();
  });

  it('says that there is not enough, and changes nothing', async () => {
    const page = await openTab();
    await place(page, 'Espresso machine', 41);
    await page.getByText('There is not enough of it in stock.').waitFor();
    await seesStock(page, 'Espresso machine', 40);
    expect(complaints.splice(0)).toEqual([expect.stringContaining('409')]);
  });

  it('never shows a negative stock when two tabs want the last ones', async () => {
    const tabs = [await openTab(), await openTab()];
    await Promise.all(tabs.map((tab) => place(tab, 'Espresso machine', 30)));
    for (const tab of tabs) await seesStock(tab, 'Espresso machine', 10);
    // The stock may be seen before the answer that refuses the other order.
    await expect.poll(() => complaints.length).toBe(1);
    complaints.splice(0);
    for (const tab of tabs) await rowOf(tab, 'Espresso machine').getByTitle('Fill up').click();
    await seesStock(tabs[0]!, 'Espresso machine', 40);
  });

  it('goes on by itself when the connection that listens is killed, and misses nothing', async () => {
    const page = await openTab();
    const placeOne = (productId: number) =>
      app.inject({
        method: 'POST',
        url: '/api/orders',
        payload: { userId: 1, lines: [{ productId, quantity: 5 }] },
      });
    const killed = await app.pg.fetchVal(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND query LIKE 'LISTEN%'`);
    expect(killed).toBe(true);
    // It may or may not be listened to again by now: the page has it from an event or reads it anew.
    await placeOne(6);
    await seesStock(page, 'Digital scale', 85);
    await placeOne(6);
    await seesStock(page, 'Digital scale', 80);
    await page.locator(LIVE).waitFor();
    expect(await page.locator('#orders li').count()).toBe(2);
  });

  it('connects again by itself when the service has been restarted', async () => {
    const page = await openTab();
    const port = Number(new URL(address).port);
    await app.close();
    await page.locator('#connection[data-state=lost]').waitFor();
    app = await buildApp(database.dsn);
    await app.listen({ port, host: '127.0.0.1' });
    await page.waitForSelector(LIVE);
    await place(page, 'Milk frother', 1);
    await seesStock(page, 'Milk frother', 149);
    // The browser itself reports the connection that it could not make.
    complaints.length = 0;
  });

  it('uploads a CSV file and shows how far it is', async () => {
    const page = await openTab();
    // As slow as a network is, so that there is a middle between beginning and end.
    const devtools = await context.newCDPSession(page);
    await devtools.send('Network.emulateNetworkConditions', {
      offline: false,
      latency: 0,
      downloadThroughput: -1,
      uploadThroughput: 3_000_000,
    });
    // Every value that the bar has is kept.
    await page.evaluate(`{
      const bar = document.querySelector('#upload-progress');
      const { set, get } = Object.getOwnPropertyDescriptor(HTMLProgressElement.prototype, 'value');
      window.seen = [];
      Object.defineProperty(bar, 'value', {
        get() { return get.call(bar); },
        set(value) { window.seen.push(value); set.call(bar, value); },
      });
    }`);
    const rows = Array.from({ length: 60_000 }, (_, i) => `up${i}@example.org,Somebody ${i},true`);
    await page.getByLabel('Choose a file').setInputFiles({
      name: 'users.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from(`email,name,is_active\n${rows.join('\n')}\n`),
    });
    await page.getByText('users.csv: 60,000 users read, 60,000 of them new.').waitFor();
    await page.locator('#figure-users', { hasText: '60,004' }).waitFor();
    const seen = (await page.evaluate('window.seen')) as number[];
    expect(seen[0]).toBe(0);
    expect(seen.at(-1)).toBe(1);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(seen.some((value) => value > 0 && value < 1)).toBe(true);
  });

  it('says which line of a CSV file is wrong', async () => {
    const page = await openTab();
    await page.getByLabel('Choose a file').setInputFiles({
      name: 'users.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from('email,name,is_active\na@b.c,A,perhaps\n'),
    });
    await page.locator('#upload-state', { hasText: 'Line 2: invalid input syntax' }).waitFor();
    expect(complaints.splice(0)).toEqual([expect.stringContaining('422')]);
  });

  it("draws the pool's state, and says it in words", async () => {
    const page = await openTab();
    await page.locator('#pool-chart canvas').waitFor();
    const label = await page.locator('#pool-chart').getAttribute('aria-label');
    expect(label).toMatch(/\d+ of \d+ in use, at most 20 · 0 waiting/);
  });
});

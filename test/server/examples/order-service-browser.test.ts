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
    expect(await entry.textContent()).toContain('Grace Hopper€389.70');
    for (const tab of [one, other]) await seesStock(tab, 'Burr grinder', 77);
    expect(await other.locator('#figure-orders').textContent()).toBe('1');
    // A tab that is opened later, or anew, has it from the table: with its lines as well.
    const late = await openTab();
    for (const tab of [late, other]) {
      await tab.reload();
      const kept = tab.locator('#orders li').filter({ hasText: '389.70' });
      await kept.waitFor();
      expect(await kept.textContent()).toContain('3 × Burr grinder');
    }
  });

  it('says that there is not enough, and changes nothing', async () => {
    const page = await openTab();
    await place(page, 'Espresso machine', 41);
    await page.getByText('Espresso machine: There is not enough of it in stock.').waitFor();
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
    // The pool may be listening anew just then. What it asks in between, after half a minute, is 'SELECT 1'.
    const kill = () =>
      app.pg.fetchVal(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND (query LIKE 'LISTEN%' OR query = 'SELECT 1')`);
    await expect.poll(kill, { timeout: 10_000 }).toBe(true);
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
    // Once, where the file was chosen, and not over it.
    expect(await page.locator('#toasts p').count()).toBe(0);
    expect(await page.locator('#upload-progress').isVisible()).toBe(false);
    for (const text of ['name,email,is_active\nA,a@b.c,true\n', 'nothing\n']) {
      await page.getByLabel('Choose a file').setInputFiles({
        name: 'users.csv',
        mimeType: 'text/csv',
        buffer: Buffer.from(text),
      });
      const state = page.locator('#upload-state', {
        hasText: 'Line 1 must be email,name,is_active',
      });
      await state.waitFor();
      await page.evaluate("document.querySelector('#upload-state').textContent = ''");
    }
    expect(complaints.splice(0)).toHaveLength(2);
  });

  it("draws the pool's state, and says it in words", async () => {
    const page = await openTab();
    await page.locator('#pool-chart canvas').waitFor();
    const label = await page.locator('#pool-chart').getAttribute('aria-label');
    expect(label).toMatch(/\d+ of \d+ in use, at most 20 · 0 waiting/);
  });

  const PHONE = { width: 390, height: 844 };

  /** Whether anything is wider than the window. */
  const overflows = (page: Page) =>
    page.evaluate<boolean>('document.documentElement.scrollWidth > innerWidth');

  it('has all of it on a phone, and what is touched is large enough', async () => {
    await context.close();
    context = await browser.newContext({ locale: 'en-GB', viewport: PHONE });
    const page = await openTab();
    expect(await overflows(page)).toBe(false);
    const row = rowOf(page, 'Burr grinder');
    expect(await row.locator('.price').textContent()).toBe('€129.90');
    for (const part of ['.price', 'meter', '.restock', 'input', '[type=submit]']) {
      const box = await row.locator(part).boundingBox();
      expect(box, part).not.toBeNull();
      expect(box!.x + box!.width, part).toBeLessThanOrEqual(PHONE.width);
      if (!/price|meter/.test(part)) expect(box!.height, part).toBeGreaterThanOrEqual(44);
    }
  });

  it('is used by the keyboard alone, and shows where one is', async () => {
    const page = await openTab();
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.id')).toBe('user');
    await page.keyboard.type('Zo');
    await page.keyboard.press('Tab');
    const outline = await page.evaluate<string>(
      'getComputedStyle(document.activeElement).outlineStyle',
    );
    expect(outline).toBe('solid');
    await page.keyboard.type('2');
    await page.keyboard.press('Enter');
    await page.locator('#orders li').filter({ hasText: 'Zoë Washburne€698.00' }).waitFor();
  });

  it('tells a screen reader each control by a name of its own', async () => {
    const page = await openTab();
    const tree = await page.locator('body').ariaSnapshot();
    const controls = [...tree.matchAll(/- '?(button|spinbutton|combobox|meter|link|img)(.*)/g)];
    const names = controls.map(([, role, rest]) => `${role} ${/"(.*?)"/.exec(rest!)?.[1] ?? ''}`);
    expect(names.length).toBeGreaterThan(30);
    expect(names.filter((name) => name.endsWith(' '))).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain('button Order Burr grinder');
    expect(names).toContain('button Restock Burr grinder');
    expect(tree).toMatch(/- table "Stock"/);
    expect(tree).toMatch(/- list "Latest orders"/);
    expect(tree.match(/level=1/g)).toHaveLength(1);
  });

  it.each(['light', 'dark'] as const)(
    'has text that can be read in the %s theme',
    async (colorScheme) => {
      await context.close();
      context = await browser.newContext({ locale: 'en-GB', colorScheme });
      const page = await openTab();
      await app.pg.execute("UPDATE products SET stock = 0 WHERE name = 'Burr grinder'");
      await page.reload();
      await page.waitForSelector(LIVE);
      // Contrast by WCAG 2, of each text to what is behind it.
      const faint = await page.evaluate<string[]>(`{
      const rgba = (color) => {
        const canvas = new OffscreenCanvas(1, 1).getContext('2d');
        canvas.fillStyle = color;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
      };
      const light = ([r, g, b]) => [r, g, b]
        .map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4))
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
      const behind = (element) => {
        for (let e = element; e !== null; e = e.parentElement) {
          const color = rgba(getComputedStyle(e).backgroundColor);
          if (color[3] === 255) return color;
        }
        return [255, 255, 255];
      };
      const found = [];
      for (const element of document.querySelectorAll('body *')) {
        const hasText = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim() !== '');
        if (!hasText || element.disabled || element.closest('template, .hidden, option')) continue;
        const [a, b] = [light(rgba(getComputedStyle(element).color)), light(behind(element))];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 4.5) found.push(element.textContent + ' ' + ratio.toFixed(2));
      }
      found;
    }`);
      expect(faint).toEqual([]);
    },
  );

  it('says that nothing is on sale, and that nobody is there to order', async () => {
    await context.route('**/api/products', (route) => route.fulfill({ json: [] }));
    await context.route('**/api/users?*', (route) => route.fulfill({ json: [] }));
    const page = await openTab();
    await page.getByText('Nothing is on sale.').waitFor();
    await page.getByText('None yet: place one.').waitFor();
    expect(await page.getByLabel('Order as').isDisabled()).toBe(true);
    expect(await page.locator('#figure-stock').textContent()).toBe('0');
  });

  it('keeps its form with long names and huge numbers, and offers nothing that is out of stock', async () => {
    const name = 'A grinder with a name that nobody would print on a box or read out aloud';
    const products = Array.from({ length: 200 }, (_, index) => ({
      ...{ id: index + 1, sku: `s${index}`, name: `${name} ${index}`, price: '1234567890.99' },
      ...{ stock: index === 0 ? 0 : 1_000_000_000, capacity: 1_000_000_000 },
    }));
    await context.route('**/api/products', (route) => route.fulfill({ json: products }));
    for (const viewport of [PHONE, { width: 1280, height: 860 }]) {
      const page = await openTab();
      await page.setViewportSize(viewport);
      expect(await overflows(page)).toBe(false);
      const first = page.locator('#products tr').first();
      expect(await first.locator('[type=submit]').isDisabled()).toBe(true);
      expect(await page.locator('#figure-stock').textContent()).toBe('199,000,000,000');
      await page.close();
    }
  });

  it('says why the data cannot be read, and goes on by itself when it can', async () => {
    let isBroken = true;
    await context.route('**/api/products', async (route) => {
      if (!isBroken) return route.continue();
      const json = { message: 'The database is not there just now.' };
      return await route.fulfill({ status: 503, json });
    });
    const page = await context.newPage();
    await page.goto(address);
    await page.getByText('The database is not there just now.').waitFor();
    expect(await page.locator('#connection').getAttribute('data-state')).toBe('lost');
    isBroken = false;
    await page.waitForSelector(LIVE);
    await rowOf(page, 'Burr grinder').waitFor();
    expect(await page.locator('#stock-state').isVisible()).toBe(false);
  });
});

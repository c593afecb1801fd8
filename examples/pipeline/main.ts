/**
 * The whole pipeline, from an empty schema to a checked result. The exit code is 0 only if every
 * check held. README.md has the tour.
 */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Pool, UniqueViolationError } from 'asyncpg';
import { DatabaseNotReached, findDatabase, openPool, reach } from './database.ts';
import { OrderEvents } from './order-events.ts';
import { OrderRepository } from './order-repository.ts';
import { type Placed, placeOrders } from './place-orders.ts';
import { formatNumber, Progress } from './progress.ts';
import { generateProducts, generateUsers } from './sample-data.ts';
import { createSchema, dropSchema } from './schema.ts';
import { UserRepository } from './user-repository.ts';
import { exportUsersCsv, importUsersCsv } from './users-csv.ts';
import { Checks, usersFingerprint, verifyOrders } from './verify.ts';

const USERS = 100_000;
const PAGE_SIZE = 5_000;
const PRODUCTS = 200;
const CALLERS = 200;
const ORDERS_PER_CALLER = 10;

const progress = new Progress();
const checks = new Checks();

async function main(): Promise<void> {
  console.log('The asyncpg pipeline');
  await using database = await findDatabase();
  console.log(`on ${database.description}:`);

  // One connection for what happens once; it keeps the lock on the schema until the end.
  await using owner = await reach(database);
  await createSchema(owner);
  await using cleanUp = new AsyncDisposableStack();
  cleanUp.defer(() => dropSchema(owner));

  await using pool = await openPool(database.dsn);
  await loadUsers(pool);
  await moveUsersThroughCsv(pool);
  await tryUserRepository(pool);
  await takeOrders(pool);
  checks.equal('the pool opened at most 20 connections', pool.stats.opened <= 20, true);
}

/** 100,000 users from a generator into the table, and back page by page. */
async function loadUsers(pool: Pool): Promise<void> {
  const users = new UserRepository(pool);
  const inserted = await progress.step('users in by binary COPY', 'rows', (report) =>
    users.bulkInsert(generateUsers(USERS), (sent) => report(`${formatNumber(sent)} rows`)),
  );
  checks.equal('users inserted by COPY', inserted, USERS);
  checks.equal('users counted in the table', await users.count(), USERS);

  const read = await progress.step('active users read page by page', 'rows', async (report) => {
    const seen = new Set<bigint>();
    for (let page = 1; ; page += 1) {
      const found = await users.listActive(page, PAGE_SIZE);
      for (const { id } of found) seen.add(id);
      report(`${formatNumber(seen.size)} rows`);
      if (found.length < PAGE_SIZE) return seen.size;
    }
  });
  checks.equal('different active users on all pages', read, await users.count(true));
}

/** All users out to a CSV file, out of the table, and in again from the file. */
async function moveUsersThroughCsv(pool: Pool): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'asyncpg-pipeline-'));
  try {
    const file = path.join(folder, 'users.csv');
    const before = await usersFingerprint(pool);

    const exported = await progress.step('users out to CSV', 'rows', (report) =>
      exportUsersCsv(pool, file, (bytes) => report(formatBytes(bytes))),
    );
    checks.equal('users written to the CSV file', exported, USERS);
    const { size } = await stat(file);
    const importFile = (report: (text: string) => void): Promise<number> =>
      importUsersCsv(pool, file, (bytes) =>
        report(`${formatBytes(bytes)} of ${formatBytes(size)}`),
      );

    await pool.execute('DELETE FROM users');
    const added = await progress.step('users in from CSV, all new', 'rows', importFile);
    checks.equal('new users, imported into an empty table', added, USERS);
    checks.equal('the users are the same after the journey', await usersFingerprint(pool), before);

    let addedAgain = -1;
    await progress.step('users in from CSV, all known', 'rows', async (report) => {
      addedAgain = await importFile(report);
      return USERS;
    });
    checks.equal('new users, imported when all were there', addedAgain, 0);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The rest of the repository's methods, one after the other. */
async function tryUserRepository(pool: Pool): Promise<void> {
  const users = new UserRepository(pool);
  const ada = await users.create('ada@example.org', 'Ada');
  checks.equal('a user is found by id', { ...(await users.getById(ada.id)) }, { ...ada });
  checks.equal('a user is found by email', { ...(await users.getByEmail(ada.email)) }, { ...ada });
  checks.equal(
    'a user who is not there is null',
    await users.getByEmail('nobody@example.org'),
    null,
  );

  const renamed = await users.updateName(ada.id, 'Ada Lovelace');
  checks.equal('a user has the new name', renamed?.name, 'Ada Lovelace');
  checks.equal('deactivating a user changes a row', await users.deactivate(ada.id), true);
  checks.equal('deactivating the user again changes none', await users.deactivate(ada.id), false);

  const refusal = await users.create('ada@example.org', 'Another').catch((error: unknown) => error);
  checks.equal(
    'a second user with an email is refused',
    refusal instanceof UniqueViolationError,
    true,
  );
}

/** 2,000 orders from 200 callers at once, some of them for more than there is in stock. */
async function takeOrders(pool: Pool): Promise<void> {
  const products = generateProducts(PRODUCTS);
  await pool.executeMany(
    'INSERT INTO products (sku, name, price, stock) VALUES ($1, $2, $3, $4)',
    products.map(({ sku, name, price, stock }) => [sku, name, price, stock]),
  );

  // Whoever receives an event may read the order at once: the event comes after the commit.
  const orders = new OrderRepository(pool);
  const received: bigint[] = [];
  const reads: Promise<boolean>[] = [];
  await using events = await OrderEvents.listen(pool, (orderId) => {
    received.push(orderId);
    reads.push(
      orders.getWithLines(orderId).then(
        (order) => order !== null && order.lines.length > 0,
        () => false,
      ),
    );
  });

  const tried = CALLERS * ORDERS_PER_CALLER;
  let placed: Placed = { orders: [], outOfStock: 0 };
  await progress.step(`orders from ${CALLERS} callers at once`, 'orders', async (report) => {
    placed = await placeOrders(pool, CALLERS, ORDERS_PER_CALLER, (done) =>
      report(
        `${formatNumber(done)} of ${formatNumber(tried)}, ${formatNumber(received.length)} events`,
      ),
    );
    await events.caughtUp();
    return tried;
  });
  const committed = placed.orders.map(({ id }) => id);
  const { outOfStock } = placed;
  console.log(
    `    ${formatNumber(committed.length)} committed, ${formatNumber(outOfStock)} out of stock, ` +
      `${formatNumber(received.length)} events received`,
  );
  console.log('    each order waited for those before it that had locked the same products');

  checks.equal('orders either committed or out of stock', committed.length + outOfStock, tried);
  checks.equal('some orders were committed', committed.length > 0, true);
  checks.equal('some orders were out of stock', outOfStock > 0, true);
  checks.equal(
    'each committed order had one event, and no other had any',
    received.toSorted(byNumber),
    committed.toSorted(byNumber),
  );
  checks.equal(
    'orders that could not be read when their event came',
    (await Promise.all(reads)).filter((found) => !found).length,
    0,
  );
  await verifyOrders(
    checks,
    pool,
    products,
    placed.orders.map(({ total }) => total),
  );
}

function byNumber(a: bigint, b: bigint): number {
  return Number(a - b);
}

function formatBytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

const started = performance.now();
try {
  await main();
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`\nWhat was done, in ${seconds} s with the start of the server:`);
  console.log(progress.summary());
  console.log(`\nWhat was checked:\n${checks}\n`);
  const wrong = checks.failures.length;
  console.log(
    wrong === 0 ? `All ${checks.count} checks held.` : `${wrong} of ${checks.count} checks FAILED.`,
  );
  if (wrong > 0) process.exitCode = 1;
  else
    console.log(
      'How it is written: examples/pipeline/README.md. What to read next: docs/guides/start.md.',
    );
} catch (error) {
  if (error instanceof DatabaseNotReached) console.error(`\n${error.message}`);
  else console.error('\nThe pipeline failed:', error);
  if (checks.count > 0) console.error(`\nChecked until then:\n${checks}`);
  process.exitCode = 1;
}

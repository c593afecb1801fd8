/**
 * 500 clients at once on the 20 connections of the service, on asyncpg and on `pg`, one after the
 * other and twice, so that a machine that is busier at one time than at another shows. Prints, for each
 * kind of request, throughput, latency, errors and the CPU time of the service per request. On asyncpg
 * it is the whole service, which also cancels the queries of clients who go away and hears of each order.
 * `npm run service:load`; about a minute. Seconds per measurement can be given: `-- 10`.
 */

import { createPool } from 'asyncpg';
import autocannon from 'autocannon';
import { findDatabase } from '../database.ts';
import { migrate } from '../schema.ts';
import { POOL } from '../settings.ts';
import { type Driver, type Instance, startInstance } from './start-instance.ts';

const CLIENTS = 500;
const SECONDS = Number(process.argv[2] ?? 5);
const ROUNDS = 2;
const USERS = 10_000;
const DRIVERS: readonly Driver[] = ['asyncpg', 'pg'];

interface Work {
  readonly name: string;
  /** The `index`th request of a client. */
  request(index: number): autocannon.Request;
}

const ORDER_ID = 1;
const WORKS: readonly Work[] = [
  { name: 'GET one user', request: (i) => ({ path: `/api/users/${1 + ((i * 7919) % USERS)}` }) },
  { name: 'GET all 8 products', request: () => ({ path: '/api/products' }) },
  { name: 'GET an order, 3 lines', request: () => ({ path: `/api/orders/${ORDER_ID}` }) },
  {
    name: 'POST an order, 2 lines',
    request: (i) => ({
      method: 'POST',
      path: '/api/orders',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        userId: 1 + ((i * 7919) % USERS),
        lines: [
          { productId: 1 + (i % 200), quantity: 1 },
          { productId: 1 + ((i + 97) % 200), quantity: 2 },
        ],
      }),
    }),
  },
];

interface Measured {
  readonly driver: Driver;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly errors: number;
  /** CPU time of the service for each request, in microseconds. */
  readonly cpu: number;
}

async function measure(driver: Driver, instance: Instance, work: Work): Promise<Measured> {
  let index = 0;
  const before = await instance.ask('cpu');
  const result = await autocannon({
    url: instance.address,
    connections: CLIENTS,
    duration: SECONDS,
    timeout: 30,
    requests: [{ setupRequest: (request) => ({ ...request, ...work.request(index++) }) }],
  });
  const after = await instance.ask('cpu');
  return {
    driver,
    perSecond: result.requests.average,
    p50: result.latency.p50,
    p99: result.latency.p99,
    errors: result.errors + result.timeouts + result.non2xx,
    cpu: ((after - before) * 1000) / result.requests.total,
  };
}

/** Many products with plenty in stock, many users, and an order to read. */
async function prepare(dsn: string): Promise<void> {
  await using pool = await createPool(dsn, POOL);
  await migrate(pool);
  await pool.execute(`
    UPDATE products SET stock = 2000000000, capacity = 2000000000;
    INSERT INTO products (name, price, stock, capacity)
      SELECT 'Product ' || i, 9.99, 2000000000, 2000000000 FROM generate_series(9, 200) AS i;
    INSERT INTO users (email, name)
      SELECT 'user' || i || '@example.com', 'User ' || i FROM generate_series(5, ${USERS}) AS i;
    INSERT INTO orders (user_id, total) VALUES (1, 29.97);
    INSERT INTO order_lines SELECT ${ORDER_ID}, i, 1, 9.99 FROM generate_series(1, 3) AS i`);
}

function show({ driver, perSecond, p50, p99, errors, cpu }: Measured): string {
  return (
    `  ${driver.padEnd(8)} ${Math.round(perSecond).toLocaleString('en').padStart(7)} requests/s   ` +
    `p50 ${String(p50).padStart(4)} ms   p99 ${String(p99).padStart(5)} ms   ` +
    `${cpu.toFixed(0).padStart(5)} µs CPU/request   ${errors} errors`
  );
}

await using database = await findDatabase();
await prepare(database.dsn);
let failures = 0;
console.log(`${CLIENTS} clients on ${POOL.maxSize} connections, ${SECONDS} s each`);
for (const work of WORKS) {
  console.log(`\n${work.name}`);
  for (let round = 0; round < ROUNDS; round += 1) {
    // Each goes first once.
    for (const driver of round % 2 === 0 ? DRIVERS : DRIVERS.toReversed()) {
      await using instance = await startInstance(driver, database.dsn);
      // Code that has not run often yet is slow.
      await autocannon({
        url: instance.address,
        connections: 50,
        duration: 1,
        requests: [work.request(0)],
      });
      const measured = await measure(driver, instance, work);
      console.log(show(measured));
      failures += measured.errors;
    }
  }
}
if (failures > 0) process.exitCode = 1;

/** Runs the three on a throw-away server: `node examples/change-streams/main.ts`, after `npm run build`. */
import { createPool } from 'asyncpg';
import { TempCluster } from 'asyncpg/cluster';
import { ProductCache } from './cache.ts';
import { keepCopy, TARGET_SCHEMA } from './copy.ts';
import { placeOrder, relay } from './outbox-relay.ts';

await using cluster = await TempCluster.start({ settings: { wal_level: 'logical' } });
await using pool = await createPool(cluster.dsn);
await pool.execute(`
  CREATE TABLE orders (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, item text);
  CREATE TABLE products (id int PRIMARY KEY, name text NOT NULL);
  INSERT INTO products VALUES (1, 'tea'), (2, 'coffee')`);
await pool.execute('CREATE DATABASE copy');
await using target = await createPool(cluster.dsn.replace(/\/postgres$/, '/copy'));
await target.execute(TARGET_SCHEMA);

const stopped = new AbortController();
const broker = { publish: async (events: readonly unknown[]) => console.log('sent', events) };
const running = [relay(pool, broker, stopped.signal), keepCopy(pool, target, stopped.signal)];
await using cache = await ProductCache.open(pool);
console.log('cached', { ...(await cache.get(1)) });
await pool.transaction((tx) => placeOrder(tx, 'tea'));
await pool.execute("UPDATE products SET name = 'green tea' WHERE id = 1");
while (cache.has(1)) await new Promise((resolve) => setTimeout(resolve, 10));
console.log('now', { ...(await cache.get(1)) });
const isCopied = async (): Promise<boolean> =>
  (await target.fetchVal('SELECT name FROM products WHERE id = 1')) === 'green tea';
while (!(await isCopied())) await new Promise((resolve) => setTimeout(resolve, 10));
console.log('copied', { ...(await target.fetchRow('SELECT * FROM products WHERE id = 1')) });
stopped.abort();
await Promise.all(running);

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  CONNECT_OPTIONS,
  DatabaseNotReached,
  findDatabase,
  openPool,
  reach,
} from '../../../examples/pipeline/database.ts';
import { OrderEvents } from '../../../examples/pipeline/order-events.ts';
import { OrderRepository } from '../../../examples/pipeline/order-repository.ts';
import { placeOrders } from '../../../examples/pipeline/place-orders.ts';
import { Progress } from '../../../examples/pipeline/progress.ts';
import { generateProducts, generateUsers } from '../../../examples/pipeline/sample-data.ts';
import { createSchema, dropSchema, SCHEMA } from '../../../examples/pipeline/schema.ts';
import { UserRepository } from '../../../examples/pipeline/user-repository.ts';
import { exportUsersCsv, importUsersCsv } from '../../../examples/pipeline/users-csv.ts';
import { Checks, usersFingerprint, verifyOrders } from '../../../examples/pipeline/verify.ts';
import {
  CheckViolationError,
  type Connection,
  connect,
  type Pool,
  UniqueViolationError,
} from '../../../src/index.ts';
import { hasServer, serverDsn, type TestedVersion } from '../../support/servers/server.ts';

describe.each<TestedVersion>([18, 15])('the pipeline example on PostgreSQL %i', (version) => {
  describe.skipIf(!hasServer(version))('with a server', () => {
    let owner: Connection;
    let pool: Pool;
    let users: UserRepository;
    let orders: OrderRepository;
    let folder: string;

    beforeAll(async () => {
      folder = await mkdtemp(path.join(tmpdir(), 'asyncpg-pipeline-test-'));
      owner = await connect(serverDsn(version), CONNECT_OPTIONS);
      await createSchema(owner);
      pool = await openPool(serverDsn(version));
      users = new UserRepository(pool);
      orders = new OrderRepository(pool);
    });

    afterAll(async () => {
      await pool?.close();
      if (owner !== undefined) {
        await dropSchema(owner);
        await owner.close();
      }
      await rm(folder, { recursive: true, force: true });
    });

    beforeEach(async () => {
      await pool.execute('TRUNCATE users, products, orders, order_lines');
    });

    /** Adds products with these stocks, at 0.10 each, and gives their ids. */
    async function addProducts(...stocks: number[]): Promise<bigint[]> {
      const rows = await pool.fetchMany<{ id: bigint }>(
        "INSERT INTO products (sku, name, price, stock) VALUES ($1, 'a', 0.10, $2) RETURNING id",
        stocks.map((stock, index) => [`sku-${index}`, stock]),
      );
      return rows.map(({ id }) => id);
    }

    async function stocks(): Promise<number[]> {
      const rows = await pool.fetch<{ stock: number }>('SELECT stock FROM products ORDER BY sku');
      return rows.map(({ stock }) => stock);
    }

    it('refuses a second run while one is at work, and a schema that is not its own', async () => {
      const other = await connect(serverDsn(version), CONNECT_OPTIONS);
      try {
        await expect(createSchema(other)).rejects.toThrow('another run');
      } finally {
        await other.close();
      }
      const comment = await owner.fetchVal<string>(
        "SELECT obj_description(to_regnamespace($1), 'pg_namespace')",
        SCHEMA,
      );
      await owner.execute(`COMMENT ON SCHEMA ${SCHEMA} IS NULL`);
      await expect(createSchema(owner)).rejects.toThrow('is not ours');
      await owner.execute(`COMMENT ON SCHEMA ${SCHEMA} IS '${comment}'`);
    });

    it('takes the database of DATABASE_URL when it is set', async () => {
      const before = process.env['DATABASE_URL'];
      process.env['DATABASE_URL'] = serverDsn(version);
      try {
        await using database = await findDatabase();
        expect(database.dsn).toBe(serverDsn(version));
      } finally {
        if (before === undefined) delete process.env['DATABASE_URL'];
        else process.env['DATABASE_URL'] = before;
      }
    });

    describe('UserRepository', () => {
      it('creates a user and finds it by id and by email', async () => {
        const ada = await users.create('ada@example.org', 'Ada');
        expect(ada).toMatchObject({ email: 'ada@example.org', name: 'Ada', isActive: true });
        expect(ada.createdAt).toBeInstanceOf(Date);
        expect(await users.getById(ada.id)).toEqual(ada);
        expect(await users.getByEmail('ada@example.org')).toEqual(ada);
        expect(await users.getById(ada.id + 1n)).toBeNull();
      });

      it('refuses an email that is taken', async () => {
        await users.create('ada@example.org', 'Ada');
        await expect(users.create('ada@example.org', 'Eve')).rejects.toThrow(UniqueViolationError);
        expect(await users.count()).toBe(1);
      });

      it('changes a name and the time of the change', async () => {
        const ada = await users.create('ada@example.org', 'Ada');
        const renamed = await users.updateName(ada.id, 'Ada Lovelace');
        expect(renamed).toMatchObject({ id: ada.id, name: 'Ada Lovelace' });
        expect(renamed?.updatedAt.getTime()).toBeGreaterThanOrEqual(ada.updatedAt.getTime());
        expect(await users.updateName(ada.id + 1n, 'Nobody')).toBeNull();
      });

      it('deactivates a user once, and says so only then', async () => {
        const ada = await users.create('ada@example.org', 'Ada');
        expect(await users.deactivate(ada.id)).toBe(true);
        expect(await users.deactivate(ada.id)).toBe(false);
        expect(await users.deactivate(ada.id + 1n)).toBe(false);
        expect((await users.getById(ada.id))?.isActive).toBe(false);
      });

      it('inserts many users by COPY, counts them and lists the active ones by pages', async () => {
        expect(await users.bulkInsert(generateUsers(100))).toBe(100);
        expect(await users.count()).toBe(100);
        expect(await users.count(true)).toBe(90);
        const pages = await Promise.all([1, 2, 3, 4].map((page) => users.listActive(page, 40)));
        expect(pages.map((page) => page.length)).toEqual([40, 40, 10, 0]);
        expect(new Set(pages.flat().map(({ id }) => id)).size).toBe(90);
      });

      it('inserts none of many users when one is refused', async () => {
        await users.create('user57@example.com', 'Earlier');
        await expect(users.bulkInsert(generateUsers(100))).rejects.toThrow(UniqueViolationError);
        expect(await users.count()).toBe(1);
      });

      it('works inside a transaction as well', async () => {
        const rollBack = new Error('roll back');
        const attempt = pool.transaction(async (tx) => {
          await new UserRepository(tx).create('ada@example.org', 'Ada');
          throw rollBack;
        });
        await expect(attempt).rejects.toBe(rollBack);
        expect(await users.count()).toBe(0);
      });
    });

    describe('CSV', () => {
      it('brings users out and back unchanged, and adds only those that are new', async () => {
        const file = path.join(folder, 'users.csv');
        await users.bulkInsert(generateUsers(500));
        const before = await usersFingerprint(pool);
        expect(await exportUsersCsv(pool, file)).toBe(500);
        expect(await readFile(file, 'utf8')).toMatch(
          /^email,name,is_active,created_at,updated_at\n/,
        );

        expect(await importUsersCsv(pool, file)).toBe(0);
        await pool.execute('DELETE FROM users WHERE NOT is_active');
        expect(await importUsersCsv(pool, file)).toBe(50);
        expect(await usersFingerprint(pool)).toBe(before);
      });

      it('changes nothing when a line of the file is bad, and leaves no table behind', async () => {
        const file = path.join(folder, 'bad.csv');
        const time = '2026-01-01 00:00:00+00';
        const lines = [
          'email,name,is_active,created_at,updated_at',
          `ada@example.org,Ada,t,${time},${time}`,
          `eve@example.org,Eve,perhaps,${time},${time}`,
        ];
        await writeFile(file, `${lines.join('\n')}\n`);
        await expect(importUsersCsv(pool, file)).rejects.toThrow(/boolean/);
        expect(await users.count()).toBe(0);
        expect(await pool.fetchVal("SELECT to_regclass('imported_users')::text")).toBeNull();
      });
    });

    describe('OrderRepository', () => {
      it('writes an order, its lines and the stock, with exact amounts', async () => {
        const ada = await users.create('ada@example.org', 'Ada');
        const [first = 0n, second = 0n] = await addProducts(10, 10);
        const order = await orders.createWithLines(ada.id, [
          { productId: second, quantity: 2 },
          { productId: first, quantity: 1 },
        ]);
        // In floats, 0.1 + 0.2 is 0.30000000000000004.
        expect(order).toMatchObject({ userId: ada.id, total: '0.30' });
        expect(await orders.getWithLines(order.id)).toEqual({
          ...order,
          lines: [
            { lineNumber: 1, sku: 'sku-0', quantity: 1, unitPrice: '0.10', amount: '0.10' },
            { lineNumber: 2, sku: 'sku-1', quantity: 2, unitPrice: '0.10', amount: '0.20' },
          ],
        });
        expect(await stocks()).toEqual([9, 8]);
        expect(await orders.getWithLines(order.id + 1n)).toBeNull();
      });

      it('rolls everything back when one line is out of stock', async () => {
        const ada = await users.create('ada@example.org', 'Ada');
        const [first = 0n, second = 0n] = await addProducts(10, 1);
        const attempt = orders.createWithLines(ada.id, [
          { productId: first, quantity: 3 },
          { productId: second, quantity: 2 },
        ]);
        await expect(attempt).rejects.toThrow(CheckViolationError);
        expect(await stocks()).toEqual([10, 1]);
        expect(await pool.fetchVal('SELECT count(*) FROM orders')).toBe(0n);
      });

      it('refuses an order without lines and one for an unknown product', async () => {
        const ada = await users.create('ada@example.org', 'Ada');
        const [first = 0n] = await addProducts(10);
        await expect(orders.createWithLines(ada.id, [])).rejects.toThrow('at least one line');
        const attempt = orders.createWithLines(ada.id, [
          { productId: first, quantity: 1 },
          { productId: first + 1n, quantity: 1 },
        ]);
        await expect(attempt).rejects.toThrow('does not exist');
        expect(await stocks()).toEqual([10]);
      });
    });

    describe('OrderEvents', () => {
      it('brings the id of an order after its commit, and never that of one rolled back', async () => {
        const ada = await users.create('ada@example.org', 'Ada');
        const [first = 0n] = await addProducts(3);
        const received: bigint[] = [];
        await using events = await OrderEvents.listen(pool, (id) => received.push(id));

        await pool.transaction(async (tx) => {
          await new OrderRepository(tx).createWithLines(ada.id, [
            { productId: first, quantity: 1 },
          ]);
          // Another session's notification overtakes that of the open transaction.
          await events.caughtUp();
          expect(received).toEqual([]);
        });
        await events.caughtUp();
        expect(received).toHaveLength(1);

        const tooMany = orders.createWithLines(ada.id, [{ productId: first, quantity: 3 }]);
        await expect(tooMany).rejects.toThrow(CheckViolationError);
        await events.caughtUp();
        expect(received).toHaveLength(1);
      });
    });

    it('adds up after many callers at once, some of them out of stock', async () => {
      await users.bulkInsert(generateUsers(50));
      const products = generateProducts(20);
      await pool.executeMany(
        'INSERT INTO products (sku, name, price, stock) VALUES ($1, $2, $3, $4)',
        products.map(({ sku, name, price, stock }) => [sku, name, price, stock]),
      );
      const received: bigint[] = [];
      await using events = await OrderEvents.listen(pool, (id) => received.push(id));
      const placed = await placeOrders(pool, 40, 5);
      await events.caughtUp();

      expect(placed.orders.length + placed.outOfStock).toBe(200);
      expect(placed.orders.length).toBeGreaterThan(0);
      expect(placed.outOfStock).toBeGreaterThan(0);
      expect(new Set(received)).toEqual(new Set(placed.orders.map(({ id }) => id)));
      expect(received).toHaveLength(placed.orders.length);

      const checks = new Checks();
      const totals = placed.orders.map(({ total }) => total);
      await verifyOrders(checks, pool, products, totals);
      expect(checks.failures).toEqual([]);

      // The checks can fail: each of these is found.
      await pool.execute("UPDATE products SET stock = stock + 1 WHERE sku = 'SKU-0001'");
      await pool.execute(
        'UPDATE orders SET total = total + 0.01 WHERE id = $1',
        placed.orders[0]?.id,
      );
      const wrong = new Checks();
      await verifyOrders(wrong, pool, products, totals.slice(1));
      expect(wrong.failures).toHaveLength(4);
    });
  });
});

describe('what the pipeline says', () => {
  it('of a database that cannot be reached is one sentence, and what to do', async () => {
    const dsn = 'postgres://ada:secret@127.0.0.1:1/shop';
    const database = { dsn, description: 'the database of DATABASE_URL' };
    const error = await reach({ ...database, [Symbol.asyncDispose]: async () => {} }).catch(
      (reason: unknown) => reason as Error,
    );
    expect(error).toBeInstanceOf(DatabaseNotReached);
    expect((error as Error).message).toBe(
      'Cannot connect to the database of DATABASE_URL: ' +
        'could not connect to 127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1\n' +
        'Without DATABASE_URL the pipeline starts a PostgreSQL of its own.',
    );
  });

  it.each([40, 80])('on %i columns is never wrapped while it is written over', async (columns) => {
    let printed = '';
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      printed += text;
      return true;
    });
    vi.spyOn(performance, 'now').mockReturnValueOnce(0).mockReturnValue(1_000);
    const { isTTY, columns: before } = process.stdout;
    Object.assign(process.stdout, { isTTY: true, columns });
    let summary: string;
    try {
      const progress = new Progress();
      await progress.step('orders from 200 callers at once', 'orders', async (report) => {
        report('1,840 of 2,000, 1,555 events');
        return 2_000;
      });
      summary = progress.summary();
    } finally {
      Object.assign(process.stdout, { isTTY, columns: before });
      vi.restoreAllMocks();
    }
    const overwritten = printed.split('\r').slice(0, -1);
    expect(overwritten.join('')).toContain('1,840 of 2,000, 1,555 events');
    for (const line of overwritten) expect(line.replace('\x1b[K', '').length).toBeLessThan(columns);
    for (const line of summary.split('\n')) expect(line.length).toBeLessThan(columns);
  });
});

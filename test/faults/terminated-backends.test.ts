import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Connection, connect } from '../../src/index.ts';
import { failure } from '../support/connections.ts';
import { TestPool, until } from '../support/pool.ts';
import { serverDsn } from '../support/servers/server.ts';

const TABLE = `terminated_${process.pid}`;
const INSERT = `INSERT INTO ${TABLE} VALUES ($1)`;

let admin: Connection;

beforeAll(async () => {
  admin = await connect(serverDsn());
  await admin.execute(`
    CREATE TABLE ${TABLE} (id int4);
    CREATE FUNCTION ${TABLE}_sleep() RETURNS trigger LANGUAGE plpgsql
      AS 'BEGIN PERFORM pg_sleep(60); RETURN NULL; END';
    CREATE TABLE ${TABLE}_slow (id int4);
    CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON ${TABLE}_slow DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION ${TABLE}_sleep()`);
});

afterAll(async () => {
  await admin.execute(`DROP TABLE ${TABLE}, ${TABLE}_slow; DROP FUNCTION ${TABLE}_sleep()`);
  await admin.close();
});

/** A pool of one connection, which must be there and usable again after `test`. */
async function withPool(test: (pool: TestPool) => Promise<void>): Promise<void> {
  await using pool = await TestPool.open({ minSize: 1, maxSize: 1 });
  await test(pool);
  await until(() => pool.pool.idleSize === 1);
  expect(await pool.pool.fetchVal('SELECT 42')).toBe(42);
  expect(pool.pool.stats).toMatchObject({ size: 1, idle: 1, inUse: 0, connecting: 0, waiting: 0 });
  expect(await pool.backends()).toHaveLength(1);
  expect(await admin.fetchVal(`SELECT count(*)::int4 FROM ${TABLE}`)).toBe(0);
}

const TERMINATED = { sqlstate: '57P01', safeToRetry: false, isTransient: true };

describe('a backend that an administrator terminates', () => {
  it('while it is idle is replaced, and no caller notices', () =>
    withPool(async (test) => {
      await test.kill();
      await until(() => test.pool.stats.closed === 1);
      expect(await test.pool.fetchVal('SELECT 1')).toBe(1);
    }));

  it('in the middle of a query fails that query with the server’s own words', () =>
    withPool(async (test) => {
      const call = failure(test.pool.fetchVal('SELECT pg_sleep(60)'));
      await until(async () => (await test.running('%pg_sleep(60)%')) === 1);
      await test.kill();
      expect(await call).toMatchObject(TERMINATED);
    }));

  it('in a transaction between two statements fails the next one, and nothing stays', () =>
    withPool(async (test) => {
      const call = failure(
        test.pool.transaction(async (tx) => {
          await tx.execute(INSERT, 1);
          await test.kill();
          await until(() => tx.connection.isClosed);
          await tx.execute(INSERT, 2);
        }),
      );
      expect(await call).toMatchObject({ name: 'InterfaceError', cause: { sqlstate: '57P01' } });
    }));

  it('while it commits leaves open what became of the transaction', () =>
    withPool(async (test) => {
      const call = failure(
        test.pool.transaction((tx) => tx.execute(`INSERT INTO ${TABLE}_slow VALUES (1)`)),
      );
      await until(async () => (await test.running('COMMIT')) === 1);
      await test.kill();
      expect(await call).toMatchObject({
        name: 'TransactionResolutionUnknownError',
        safeToRetry: false,
        isTransient: false,
        cause: { sqlstate: '57P01' },
      });
    }));

  it('in the middle of COPY from the client stops the source, and no row stays', () =>
    withPool(async (test) => {
      let returned = 0;
      let pulled = 0;
      async function* source() {
        try {
          for (; ; pulled++) {
            yield '1\n'.repeat(10_000);
            await new Promise(setImmediate);
          }
        } finally {
          returned += 1;
        }
      }
      const call = failure(test.pool.copyToTable(TABLE, { source: source() }));
      await until(() => pulled > 20);
      await test.kill();
      expect(await call).toMatchObject(TERMINATED);
      await until(() => returned === 1);
    }));

  it('in the middle of COPY to the client fails it, and the rest is not waited for', () =>
    withPool(async (test) => {
      let chunks = 0;
      const output = async (): Promise<void> => {
        chunks += 1;
        await new Promise((resolve) => setTimeout(resolve, 1));
      };
      const query = 'SELECT generate_series(1, 100000000)';
      const call = failure(test.pool.copyFromQuery(query, { output }));
      await until(() => chunks > 5);
      await test.kill();
      expect(await call).toMatchObject(TERMINATED);
    }));

  it('in the middle of a stream fails the iteration', () =>
    withPool(async (test) => {
      const iterate = async (): Promise<void> => {
        let killed = false;
        for await (const _ of test.pool.stream('SELECT generate_series(1, 100000000)')) {
          if (!killed) await test.kill();
          killed = true;
        }
      };
      expect(await failure(iterate())).toMatchObject(TERMINATED);
    }));

  it('while it listens for a pool is replaced, and the gap is told once', async () => {
    await using test = await TestPool.open({ minSize: 0 });
    const got: string[] = [];
    let gaps = 0;
    const channel = `${TABLE}_news`;
    await using _ = await test.pool.listen(channel, ({ payload }) => void got.push(payload), {
      onReconnect: () => {
        gaps += 1;
      },
    });
    await admin.notify(channel, 'before');
    await until(() => got.length === 1);
    await test.kill();
    await until(() => gaps === 1);
    await admin.notify(channel, 'after');
    await until(() => got.length === 2);
    expect(got).toEqual(['before', 'after']);
    expect(gaps).toBe(1);
    expect(await test.backends()).toHaveLength(1);
  });

  it('while a caller listens on it is told to its termination listeners once', async () => {
    await using test = await TestPool.open({ minSize: 0 });
    const connection = await test.pool.acquire();
    let ends = 0;
    connection.addTerminationListener(() => {
      ends += 1;
    });
    await connection.addListener(TABLE, () => {});
    await test.kill();
    await until(() => ends > 0);
    await test.pool.release(connection);
    expect(ends).toBe(1);
    expect(await test.pool.fetchVal('SELECT 1')).toBe(1);
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  connect,
  createPool,
  InterfaceError,
  type Pool,
  TimeoutError,
  type Transaction,
  TransactionResolutionUnknownError,
} from '../../../src/index.ts';
import { failure } from '../../support/connections.ts';
import { serverDsn } from '../../support/servers/server.ts';

const SLEEP = 'SELECT pg_sleep(60)';

let pool: Pool;

beforeAll(async () => {
  pool = await createPool(serverDsn(), { minSize: 1, maxSize: 1 });
  await pool.execute('DROP TABLE IF EXISTS pool_with_test; CREATE TABLE pool_with_test (a int4)');
});

afterAll(async () => {
  await pool.execute('DROP TABLE pool_with_test');
  await pool.close();
});

describe('pool.with', () => {
  it('ends each call with the signal, and those made later at once', async () => {
    const controller = new AbortController();
    const db = pool.with({ signal: controller.signal });
    expect(await db.fetchVal('SELECT 1')).toBe(1);
    const calls = [
      db.execute(SLEEP),
      db.stream(SLEEP).next(),
      db.executeMany('SELECT $1', [['a']]),
    ];
    controller.abort(new Error('enough'));
    for (const call of calls) await expect(call).rejects.toThrow('enough');
    await expect(db.fetchVal('SELECT 1')).rejects.toThrow('enough');
    expect(await pool.fetchVal('SELECT 1')).toBe(1);
  });

  it('is executed in its transaction or not at all, whenever its connection is released or reset', async () => {
    const insert = 'INSERT INTO pool_with_test VALUES (77)';
    for (const end of ['release', 'reset'] as const) {
      const said = new Set<string>();
      for (let turns = 0; turns < 12; turns++) {
        const connection = await pool.acquire();
        const call = connection
          .with({ settings: { 'app.user': 1 } })
          .execute(insert)
          .then(
            () => 'done',
            (error: unknown) => (error instanceof InterfaceError ? 'refused' : String(error)),
          );
        for (let turn = 0; turn < turns; turn++) await null;
        await (end === 'reset' ? connection.reset() : pool.release(connection));
        const outcome = await call;
        said.add(outcome);
        await pool.release(connection);
        const left = await pool.fetchVal('SELECT count(*) FROM pool_with_test WHERE a = 77');
        expect([end, turns, outcome, left]).toEqual([
          end,
          turns,
          outcome,
          outcome === 'done' ? 1n : 0n,
        ]);
        await pool.execute('DELETE FROM pool_with_test WHERE a = 77');
      }
      expect(said).toContain('refused');
    }
  });

  it("ends a call with the call's own signal as well", async () => {
    const controller = new AbortController();
    const db = pool.with({ signal: new AbortController().signal });
    const call = db.execute({ text: SLEEP, signal: controller.signal });
    controller.abort(new Error('mine'));
    await expect(call).rejects.toThrow('mine');
  });

  it("has a time-out that a call's own one overrides", async () => {
    const db = pool.with({ timeout: 20 });
    await expect(db.execute(SLEEP)).rejects.toThrow(TimeoutError);
    expect(await db.fetchVal({ text: 'SELECT 1', timeout: 60_000 })).toBe(1);
  });

  it('has its time-out for each call of a transaction, those nested in it included, and not for the whole', async () => {
    const db = pool.with({ timeout: 50 });
    await expect(db.transaction((tx) => tx.execute(SLEEP))).rejects.toThrow(TimeoutError);
    const nested = db.transaction((tx) => tx.transaction((tx2) => tx2.cursor(SLEEP).fetch(1)));
    await expect(nested).rejects.toThrow(TimeoutError);
    const answers = await db.transaction(async (tx) => [
      await tx.fetchVal({ text: 'SELECT 1 FROM pg_sleep(0.06)', timeout: 60_000 }),
      await tx.fetchVal('SELECT 2'),
    ]);
    expect(answers).toEqual([1, 2]);
  });

  it('has its time-out for COMMIT as well', async () => {
    await using own = await createPool(serverDsn(), { maxSize: 1, commandTimeout: 200 });
    const insert = (milliseconds: number) => async (tx: Transaction) => {
      // The deferred trigger has COMMIT take that long.
      await tx.execute(`CREATE TEMP TABLE ends (a int) ON COMMIT DROP;
        CREATE FUNCTION pg_temp.nap() RETURNS trigger LANGUAGE plpgsql AS $$
          BEGIN PERFORM pg_sleep(NEW.a / 1000.0); RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER w AFTER INSERT ON ends DEFERRABLE INITIALLY DEFERRED
          FOR EACH ROW EXECUTE FUNCTION pg_temp.nap()`);
      await tx.execute('INSERT INTO ends VALUES ($1)', milliseconds);
    };
    // Both in place of the pool's, and where it has none.
    await own.with({ timeout: 60_000 }).transaction(insert(400));
    await expect(pool.with({ timeout: 300 }).transaction(insert(20_000))).rejects.toThrow(
      TransactionResolutionUnknownError,
    );
    const nested = own
      .with({ timeout: 60_000 })
      .transaction((tx) => tx.transaction((inner) => inner.execute('SELECT pg_sleep(0.4)')));
    expect(await nested).toBe('SELECT 1');
  });

  it('has what is left of its time-out for the COMMIT of a call with settings', async () => {
    await using own = await createPool(serverDsn(), { maxSize: 1, commandTimeout: 600 });
    await using six = await createPool(serverDsn(), { minSize: 6, maxSize: 6 });
    const settings = { 'app.tenant': '7' };
    // The deferred trigger has COMMIT take that long.
    await pool.execute(`CREATE TABLE with_ends (a int);
      CREATE FUNCTION with_nap() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_sleep(NEW.a / 1000.0); RETURN NULL; END $$;
      CREATE CONSTRAINT TRIGGER w AFTER INSERT ON with_ends DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION with_nap()`);
    const text = 'INSERT INTO with_ends VALUES ($1)';
    try {
      await own.with({ settings, timeout: 60_000 }).execute(text, 900);
      await own.with({ settings }).execute({ text, args: [900], timeout: 60_000 });
      // Long enough for a busy machine to come to COMMIT.
      const timeout = 2_000;
      const limited = six.with({ settings, timeout });
      const calls: Promise<unknown>[] = [
        limited.execute(text, 20_000),
        limited.fetchVal(`${text} RETURNING a`, 20_000),
        limited.executeMany(text, [[20_000]]),
        limited.batch([{ text, args: [20_000] }]),
        limited.copyRecordsToTable('with_ends', { records: [[20_000]] }),
        six.with({ settings }).execute({ text, args: [20_000], timeout }),
      ];
      for (const error of await Promise.all(calls.map((call) => failure(call)))) {
        expect(error).toBeInstanceOf(TransactionResolutionUnknownError);
      }
      expect(await pool.fetchVal('SELECT count(*) FROM with_ends')).toBe(2n);
    } finally {
      await pool.execute('DROP TABLE with_ends; DROP FUNCTION with_nap()');
    }
  });

  it('tells the line of the caller', async () => {
    const db = pool.with({ signal: new AbortController().signal });
    const error = await db
      .transaction((tx) => tx.execute('SELEKT'))
      .catch((reason: unknown) => reason);
    expect((error as Error).stack).toContain('pool/with.test.ts');
  });
});

describe('the signal of a transaction', () => {
  it('cancels the call under way and rolls everything back', async () => {
    const controller = new AbortController();
    const work = pool.transaction({ signal: controller.signal }, async (tx) => {
      await tx.execute('INSERT INTO pool_with_test VALUES (1)');
      const sleep = tx.execute(SLEEP);
      controller.abort(new Error('enough'));
      await sleep;
    });
    await expect(work).rejects.toThrow('enough');
    expect(await pool.fetchVal('SELECT count(*) FROM pool_with_test')).toBe(0n);
  });

  it('cancels what is called by its connection, a prepared statement and a cursor in it', async () => {
    type Call = (tx: Transaction) => Promise<unknown>;
    const calls: Call[] = [
      (tx) => tx.connection.execute(SLEEP),
      (tx) => tx.connection.prepare(SLEEP).then((statement) => statement.fetch()),
      (tx) => tx.cursor(SLEEP).fetch(1),
      (tx) => tx.connection.cursor(SLEEP).fetch(1),
    ];
    for (const call of calls) {
      const controller = new AbortController();
      const work = pool.transaction({ signal: controller.signal }, async (tx) => {
        await tx.execute('INSERT INTO pool_with_test VALUES (1)');
        const calling = call(tx);
        await new Promise((resolve) => setImmediate(resolve));
        controller.abort(new Error('enough'));
        await calling;
      });
      await expect(work).rejects.toThrow('enough');
    }
    expect(await pool.fetchVal('SELECT count(*) FROM pool_with_test')).toBe(0n);
  });

  it('is none of those who wait for the end of the transaction', async () => {
    await using connection = await pool.acquire();
    const controller = new AbortController();
    let begin = () => {};
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const work = connection.transaction({ signal: controller.signal }, async (tx) => {
      await tx.execute('SELECT');
      begin();
      await tx.execute(SLEEP);
    });
    work.catch(() => {});
    await begun;
    const stranger = connection.fetchVal('SELECT 1');
    controller.abort(new Error('enough'));
    await expect(work).rejects.toThrow('enough');
    expect(await stranger).toBe(1);
  });

  it('holds for nested transactions, which may have one of their own', async () => {
    const outer = new AbortController();
    const inner = new AbortController();
    const work = pool.transaction({ signal: outer.signal }, async (tx) => {
      await tx.execute('INSERT INTO pool_with_test VALUES (1)');
      const nested = tx.transaction({ signal: inner.signal }, async (tx2) => {
        await tx2.execute('INSERT INTO pool_with_test VALUES (2)');
        inner.abort(new Error('inner'));
      });
      await expect(nested).rejects.toThrow('inner');
      expect(await tx.fetchVal('SELECT sum(a) FROM pool_with_test')).toBe(1n);
      await tx.transaction(async (tx2) => {
        outer.abort(new Error('outer'));
        await tx2.execute('INSERT INTO pool_with_test VALUES (3)');
      });
    });
    await expect(work).rejects.toThrow('outer');
    expect(await pool.fetchVal('SELECT count(*) FROM pool_with_test')).toBe(0n);
  });

  it('keeps the transaction from being committed when it came before COMMIT', async () => {
    const controller = new AbortController();
    const work = pool.transaction({ signal: controller.signal }, async (tx) => {
      await tx.execute('INSERT INTO pool_with_test VALUES (1)');
      controller.abort(new Error('too late'));
    });
    await expect(work).rejects.toThrow('too late');
    expect(await pool.fetchVal('SELECT count(*) FROM pool_with_test')).toBe(0n);
  });

  it('ends the wait for a connection', async () => {
    const controller = new AbortController();
    const held = await pool.acquire();
    const work = pool.transaction({ signal: controller.signal }, async () => 'never');
    controller.abort(new Error('gone'));
    await expect(work).rejects.toThrow('gone');
    await held.close();
  });

  it('does nothing to one that is over, or that was begun by hand and not committed', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    await using connection = await connect(serverDsn());
    await connection.transaction({ signal }, (tx) => tx.fetchVal('SELECT 1'));
    const transaction = await connection.begin({ signal });
    controller.abort(new Error('late'));
    await expect(transaction.commit()).rejects.toThrow('late');
    await transaction.rollback();
    expect(await connection.fetchVal('SELECT 1')).toBe(1);
  });
});

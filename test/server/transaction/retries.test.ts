import { expect, it } from 'vitest';
import {
  DivisionByZeroError,
  InFailedSQLTransactionError,
  InterfaceError,
  PostgresError,
  SerializationError,
  type Transaction,
  TransactionResolutionUnknownError,
} from '../../../src/index.ts';
import { describeEach, failure, open, openBeside } from '../../support/connections.ts';
import { openWithTable, values } from './table.ts';

describeEach('transactions', (version) => {
  it('are run again after a serialization failure, as often as is asked for', async () => {
    const c = await openWithTable(version);
    const other = await openBeside(c, version);
    await c.execute('INSERT INTO t VALUES (10)');
    let runs = 0;
    const result = await c.transaction({ isolation: 'serializable', retries: 3 }, async (tx) => {
      runs += 1;
      await tx.fetch('SELECT a FROM t');
      if (runs < 4) await other.execute('UPDATE t SET a = a + 1');
      await tx.execute('UPDATE t SET a = a + 100');
      return runs;
    });
    expect(result).toBe(4);
    expect(await values(c)).toEqual([113]);
    runs = 0;
    const error = await failure(
      c.transaction({ isolation: 'serializable', retries: 2 }, async (tx) => {
        runs += 1;
        await tx.fetch('SELECT a FROM t');
        await other.execute('UPDATE t SET a = a + 1');
        await tx.execute('UPDATE t SET a = a + 100');
      }),
    );
    expect(error).toBeInstanceOf(SerializationError);
    expect(runs).toBe(3);
    runs = 0;
    await failure(
      c.transaction({ retries: 5 }, async (tx) => {
        runs += 1;
        await tx.execute('SELECT 1/0');
      }),
    );
    expect(runs).toBe(1);
  });

  it('are run again if a library has wrapped the conflict', async () => {
    const c = await open(version);
    let runs = 0;
    await c.transaction({ retries: 2 }, async (tx) => {
      runs += 1;
      if (runs === 3) return;
      await tx.execute("DO $$ BEGIN RAISE 'x' USING ERRCODE = '40001'; END $$").catch((cause) => {
        throw new Error('the mapper failed', { cause: new Error('the query failed', { cause }) });
      });
    });
    expect(runs).toBe(3);
  });

  it('are run again if the function has caught the conflict and goes on', async () => {
    const c = await openWithTable(version);
    const conflict = "DO $$ BEGIN RAISE 'x' USING ERRCODE = '40001'; END $$";
    const ways: ((tx: Transaction) => Promise<unknown>)[] = [
      (tx) => tx.execute(conflict).catch(() => {}),
      async (tx) => {
        await tx.execute(conflict).catch(() => {});
        await tx.execute('INSERT INTO t VALUES (1)');
      },
      (tx) =>
        tx.transaction(async (inner) => {
          await inner.execute(conflict).catch(() => {});
        }),
      async (tx) => {
        const [, second] = await Promise.allSettled([tx.execute(conflict), tx.fetch('SELECT 1')]);
        if (second.status === 'rejected') throw second.reason;
      },
      // LISTEN is sent anew before the call ends, and its answer is not the transaction's.
      async (tx) => {
        await tx.connection.addListener('undone', () => {});
        await tx.execute(conflict).catch(() => {});
      },
    ];
    for (const way of ways) {
      let runs = 0;
      await c.transaction({ retries: 2 }, async (tx) => {
        runs += 1;
        if (runs < 3) await way(tx);
        else await tx.execute('INSERT INTO t VALUES (3)');
      });
      expect(runs).toBe(3);
      const last = await failure<PostgresError>(c.transaction({ retries: 1 }, way));
      expect(last).toBeInstanceOf(InFailedSQLTransactionError);
      expect([last.isTransient, last.safeToRetry]).toEqual([true, false]);
      expect(last.cause).toBeInstanceOf(SerializationError);
      await c.execute('DELETE FROM t');
    }
  });

  it('are not run again for a conflict that was undone with a savepoint, or for an earlier one', async () => {
    const c = await open(version);
    const conflict = "DO $$ BEGIN RAISE 'x' USING ERRCODE = '40001'; END $$";
    let runs = 0;
    const way = async (tx: Transaction, early: string): Promise<void> => {
      runs += 1;
      await tx.transaction((inner) => inner.execute(early)).catch(() => {});
      await tx.execute('SELECT 1/0').catch(() => {});
    };
    for (const early of [conflict, 'SELECT 1']) {
      runs = 0;
      const error = await failure<PostgresError>(
        c.transaction({ retries: 2 }, (tx) => way(tx, early)),
      );
      expect(error).toBeInstanceOf(InFailedSQLTransactionError);
      expect(error.cause).toBeInstanceOf(DivisionByZeroError);
      expect([error.isTransient, runs]).toEqual([false, 1]);
    }
    await failure(c.execute(conflict));
    const other = await failure<PostgresError>(
      c.execute("DO $$ BEGIN RAISE 'x' USING ERRCODE = '25P02'; END $$"),
    );
    expect([other.cause, other.isTransient]).toEqual([undefined, false]);
  });

  it('have failed by what failed last, also in the script that went back to a savepoint before', async () => {
    const c = await open(version);
    const conflict = "DO $$ BEGIN RAISE 'x' USING ERRCODE = '40001'; END $$";
    const scripts = [
      'ROLLBACK TO a; SELECT 1/0',
      'ROLLBACK TO a; SELECT 1; SELECT 1/0',
      'ROLLBACK TO a; SAVEPOINT b; SELECT 1/0',
    ];
    for (const script of scripts) {
      let runs = 0;
      const error = await failure<PostgresError>(
        c.transaction({ retries: 2 }, async (tx) => {
          runs += 1;
          await tx.execute('SAVEPOINT a');
          await tx.execute(conflict).catch(() => {});
          await tx.execute(script).catch(() => {});
          // A text that is wrong in itself does not fail what has failed already.
          await tx.execute('SELEC').catch(() => {});
          const refused = await failure<PostgresError>(tx.fetch('SELECT 1'));
          expect(refused.cause).toBeInstanceOf(DivisionByZeroError);
          expect(refused.isTransient).toBe(false);
        }),
      );
      expect(error).toBeInstanceOf(InFailedSQLTransactionError);
      expect(error.cause).toBeInstanceOf(DivisionByZeroError);
      expect([error.isTransient, runs]).toEqual([false, 1]);
    }
    for (const script of ['ROLLBACK; BEGIN; SELECT 1/0', 'ROLLBACK AND CHAIN; SELECT 1/0']) {
      await failure(c.execute(`BEGIN; ${conflict}`));
      expect(await failure(c.execute(script))).toBeInstanceOf(DivisionByZeroError);
      const refused = await failure(c.fetch('SELECT 1'));
      expect(refused.cause).toBeInstanceOf(DivisionByZeroError);
      await c.execute('ROLLBACK');
    }
  });

  it('are run again at the outermost level only', async () => {
    const c = await openWithTable(version);
    let [outer, inner] = [0, 0];
    await c.transaction({ retries: 2 }, async (tx) => {
      outer += 1;
      await tx.transaction({ retries: 5 }, async (nested) => {
        inner += 1;
        if (inner < 3) {
          await nested.execute("DO $$ BEGIN RAISE 'x' USING ERRCODE = '40P01'; END $$");
        }
      });
    });
    expect([outer, inner]).toEqual([3, 3]);
  });

  it('whose connection is lost at COMMIT have an unknown outcome, and are not run again', async () => {
    const c = await openWithTable(version);
    const other = await openBeside(c, version);
    // The deferred trigger keeps COMMIT busy for as long as the other session holds the lock.
    await c.execute(`CREATE TABLE gate (a int4);
      CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN LOCK TABLE gate; RETURN NULL; END $$;
      CREATE CONSTRAINT TRIGGER w AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION wait()`);
    await other.execute('BEGIN; LOCK TABLE gate');
    let runs = 0;
    const outcome = failure<TransactionResolutionUnknownError>(
      c.transaction({ retries: 3 }, async (tx) => {
        runs += 1;
        await tx.execute('INSERT INTO t VALUES (1)');
      }),
    );
    await expect
      .poll(() =>
        other.fetchVal('SELECT wait_event_type FROM pg_stat_activity WHERE pid = $1', c.serverPid),
      )
      .toBe('Lock');
    await other.fetch('SELECT pg_terminate_backend($1)', c.serverPid);
    const error = await outcome;
    expect(error).toBeInstanceOf(TransactionResolutionUnknownError);
    expect([error.safeToRetry, error.isTransient]).toEqual([false, false]);
    expect(error.cause).toBeInstanceOf(PostgresError);
    expect(runs).toBe(1);
    await other.execute('ROLLBACK');
  });

  it('whose COMMIT takes longer than the command time-out have an unknown outcome', async () => {
    const c = await openWithTable(version);
    const path = await c.fetchVal('SHOW search_path');
    const slow = await open(version, { commandTimeout: 150 });
    await slow.execute(`SET search_path = ${path}`);
    await c.execute(`CREATE FUNCTION nap() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_sleep(20); RETURN NULL; END $$;
      CREATE CONSTRAINT TRIGGER w AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION nap()`);
    const error = await failure(slow.transaction((tx) => tx.execute('INSERT INTO t VALUES (1)')));
    expect(error).toBeInstanceOf(TransactionResolutionUnknownError);
    expect(await slow.transaction((tx) => tx.fetchVal('SELECT 1'))).toBe(1);
    expect(slow.isInTransaction()).toBe(false);
  });

  it('end as soon as the signal is aborted, between two attempts as well', async () => {
    const c = await open(version);
    const controller = new AbortController();
    const { signal } = controller;
    const reason = new Error('enough');
    let attempts = 0;
    // The pause behind the fifth is 80 ms at least.
    const ended = c
      .transaction({ retries: 9, signal }, async () => {
        attempts += 1;
        if (attempts === 5) setTimeout(() => controller.abort(reason), 5);
        throw new SerializationError('could not serialize access');
      })
      .catch((error: unknown) => error);
    const whatCame = await new Promise((resolve) => {
      signal.addEventListener('abort', () => setTimeout(resolve, 40, 'nothing'));
      void ended.then(resolve);
    });
    expect([whatCame, attempts]).toEqual([reason, 5]);
    expect(await c.fetchVal('SELECT 5')).toBe(5);
  });

  it('take options that are not there, and refuse retries that are no count and no function', async () => {
    const c = await open(version);
    expect(await c.transaction(undefined as never, async () => 1)).toBe(1);
    for (const retries of [-1, 1.5, Number.NaN, '3' as never]) {
      await expect(c.transaction({ retries }, async () => 1)).rejects.toThrow(InterfaceError);
    }
    await expect(c.transaction({} as never)).rejects.toThrow(InterfaceError);
    expect(c.isInTransaction()).toBe(false);
  });
});

import { expect, it } from 'vitest';
import {
  type Connection,
  InFailedSQLTransactionError,
  InterfaceError,
  PostgresError,
  ReadOnlySQLTransactionError,
  SerializationError,
  type Transaction,
  TransactionResolutionUnknownError,
  UniqueViolationError,
} from '../../../src/index.ts';
import {
  describeEach,
  failure,
  open,
  openBeside,
  openWithSchema,
} from '../../support/connections.ts';

describeEach('transactions', (version) => {
  async function withTable(): Promise<Connection> {
    const c = await openWithSchema(version);
    await c.execute('CREATE TABLE t (a int4 UNIQUE DEFERRABLE INITIALLY IMMEDIATE)');
    return c;
  }
  const values = async (c: Connection): Promise<number[]> =>
    (await c.fetch<{ a: number }>('SELECT a FROM t ORDER BY a')).map(({ a }) => a);

  it('commit when the callback resolves, and give what it gives', async () => {
    const c = await withTable();
    const result = await c.transaction(async (tx) => {
      expect(c.isInTransaction()).toBe(true);
      expect(tx.connection).toBe(c);
      await tx.execute('INSERT INTO t VALUES ($1)', 1);
      await c.execute('INSERT INTO t VALUES (2)');
      return 'result';
    });
    expect(result).toBe('result');
    expect(c.isInTransaction()).toBe(false);
    expect(await values(c)).toEqual([1, 2]);
  });

  it('roll back when the callback rejects, with what it rejects with', async () => {
    const c = await withTable();
    const reason = new Error('mine');
    const error = await failure(
      c.transaction(async (tx) => {
        await tx.execute('INSERT INTO t VALUES (1)');
        throw reason;
      }),
    );
    expect(error).toBe(reason);
    expect(await values(c)).toEqual([]);
    await expect(
      c.transaction(() => {
        throw reason;
      }),
    ).rejects.toBe(reason);
    expect(c.isInTransaction()).toBe(false);
  });

  it.each([
    ['read_uncommitted', 'read uncommitted'],
    ['read_committed', 'read committed'],
    ['repeatable_read', 'repeatable read'],
    ['serializable', 'serializable'],
  ] as const)('have the isolation level %s', async (isolation, shown) => {
    const c = await open(version);
    const level = await c.transaction({ isolation }, (tx) =>
      tx.fetchVal('SHOW transaction_isolation'),
    );
    expect(level).toBe(shown);
    await using tx = await c.begin({ isolation });
    await tx.execute('SELECT 1');
    expect(await tx.fetchVal('SHOW transaction_isolation')).toBe(shown);
  });

  it('are read only or not, deferrable or not, as asked', async () => {
    const c = await withTable();
    await expect(
      c.transaction({ readOnly: true }, (tx) => tx.execute('INSERT INTO t VALUES (1)')),
    ).rejects.toThrow(ReadOnlySQLTransactionError);
    await c.execute('SET default_transaction_read_only = on');
    await c.transaction({ readOnly: false }, (tx) => tx.execute('INSERT INTO t VALUES ($1)', 1));
    await c.execute('SET default_transaction_deferrable = on');
    for (const deferrable of [true, false]) {
      const shown = await c.transaction(
        { isolation: 'serializable', readOnly: true, deferrable },
        (tx) => tx.fetchVal('SHOW transaction_deferrable'),
      );
      expect(shown).toBe(deferrable ? 'on' : 'off');
    }
  });

  it('within another may be read only by themselves', async () => {
    const c = await withTable();
    await c.transaction(async (tx) => {
      await expect(
        tx.transaction({ readOnly: true }, (nested) => nested.execute('INSERT INTO t VALUES (1)')),
      ).rejects.toThrow(ReadOnlySQLTransactionError);
      const count = await tx.transaction({ readOnly: true }, (nested) =>
        nested.fetchVal('SELECT count(*) FROM t'),
      );
      expect(count).toBe(0n);
      await tx.execute('INSERT INTO t VALUES (2)');
    });
    await c.transaction({ readOnly: true }, async (tx) => {
      const nested = tx.transaction({ readOnly: false }, () => tx.fetchVal('SELECT 1'));
      expect((await failure(nested)).message).toMatch('read-write mode');
      expect(await tx.fetchVal('SELECT 7')).toBe(7);
    });
    expect(await values(c)).toEqual([2]);
  });

  it('refuse an isolation level that does not exist, and leave no transaction', async () => {
    const c = await open(version);
    const error = await failure(c.transaction({ isolation: 'chaos' as never }, async () => {}));
    expect(error).toBeInstanceOf(InterfaceError);
    expect(error.message).toContain('chaos');
    expect(c.isInTransaction()).toBe(false);
  });

  it('ended by begin and commit or rollback', async () => {
    const c = await withTable();
    const first = await c.begin();
    await first.execute('INSERT INTO t VALUES (1)');
    await first.commit();
    const second = await c.begin();
    await second.execute('INSERT INTO t VALUES (2)');
    await second.rollback();
    expect(await values(c)).toEqual([1]);
    for (const call of [
      () => first.commit(),
      () => first.rollback(),
      () => second.commit(),
      () => second.fetch('SELECT 1'),
      () => second.savepoint(),
      () => second.transaction(async () => {}),
      async () => second.stream('SELECT 1').next(),
    ]) {
      const error = await failure(call());
      expect(error).toBeInstanceOf(InterfaceError);
      expect(error.message).toMatch(/already (committed|rolled back)/);
    }
  });

  it('are rolled back at the end of their block unless committed', async () => {
    const c = await withTable();
    {
      await using tx = await c.begin();
      await tx.execute('INSERT INTO t VALUES (1)');
    }
    expect(c.isInTransaction()).toBe(false);
    {
      await using tx = await c.begin();
      await tx.execute('INSERT INTO t VALUES (2)');
      await tx.commit();
    }
    {
      await using _unused = await c.begin();
    }
    expect(await values(c)).toEqual([2]);
  });

  it('nest as savepoints', async () => {
    const c = await withTable();
    await c.transaction(async (tx) => {
      await tx.execute('INSERT INTO t VALUES (1)');
      await tx.transaction(async (inner) => {
        await inner.execute('INSERT INTO t VALUES (2)');
        await inner.transaction((innermost) => innermost.execute('INSERT INTO t VALUES (3)'));
      });
      await failure(
        tx.transaction(async (inner) => {
          await inner.execute('INSERT INTO t VALUES (4)');
          await inner.execute('INSERT INTO t VALUES (1)');
        }),
      );
      expect(await values(c)).toEqual([1, 2, 3]);
      const byHand = await c.begin();
      await byHand.execute('INSERT INTO t VALUES (5)');
      await byHand.rollback();
      const kept = await c.begin();
      await kept.execute('INSERT INTO t VALUES (6)');
      await kept.commit();
    });
    expect(await values(c)).toEqual([1, 2, 3, 6]);
  });

  it('leave the outer one usable when a nested one fails unseen in its callback', async () => {
    const c = await withTable();
    await c.transaction(async (tx) => {
      await tx.execute('INSERT INTO t VALUES (1)');
      const error = await failure(
        tx.transaction(async (inner) => {
          await inner.execute('INSERT INTO t VALUES (2)');
          await inner.execute('SELECT 1/0').catch(() => {});
        }),
      );
      expect(error).toBeInstanceOf(InFailedSQLTransactionError);
      await tx.execute('INSERT INTO t VALUES (3)');
    });
    expect(await values(c)).toEqual([1, 3]);
  });

  it('report a failed transaction to whoever begins a nested one in it', async () => {
    const c = await withTable();
    await failure(
      c.transaction(async (tx) => {
        await tx.execute('SELECT 1/0').catch(() => {});
        const error = await failure(tx.transaction((inner) => inner.fetch('SELECT 1')));
        expect(error).toBeInstanceOf(InFailedSQLTransactionError);
        const empty = await failure(tx.transaction(async () => {}));
        expect(empty).toBeInstanceOf(InFailedSQLTransactionError);
      }),
    );
    expect(c.isClosed).toBe(false);
    expect(await values(c)).toEqual([]);
  });

  it('refuse commit and rollback by hand inside a callback, and are rolled back', async () => {
    const c = await withTable();
    for (const call of ['commit', 'rollback'] as const) {
      const error = await failure(
        c.transaction(async (tx) => {
          await tx.execute('INSERT INTO t VALUES (1)');
          await tx[call]();
        }),
      );
      expect(error).toBeInstanceOf(InterfaceError);
      expect(error.message).toContain(call);
      const swallowed = await failure(
        c.transaction(async (tx) => {
          await tx.execute('INSERT INTO t VALUES (1)');
          await tx[call]().catch(() => {});
        }),
      );
      expect(swallowed).toBeInstanceOf(InterfaceError);
      expect(await values(c)).toEqual([]);
      expect(c.isInTransaction()).toBe(false);
    }
  });

  it('refuse to begin inside a BEGIN that was sent by hand', async () => {
    const c = await withTable();
    await c.execute('BEGIN');
    for (const call of [() => c.transaction(async () => {}), () => c.begin()]) {
      const error = await failure(call());
      expect(error).toBeInstanceOf(InterfaceError);
      expect(error.message).toContain('manually started transaction');
    }
    await c.execute('ROLLBACK');
    const begun = c.execute('BEGIN');
    await expect(c.begin()).rejects.toThrow('manually started transaction');
    await begun;
    await c.execute('ROLLBACK');
    await c.transaction(async () => {});
  });

  it('refuse a nested isolation level that is not the outer one', async () => {
    const c = await withTable();
    for (const outer of [undefined, 'read_committed'] as const) {
      await c.transaction({ isolation: outer }, async (tx) => {
        const error = await failure(tx.transaction({ isolation: 'serializable' }, async () => {}));
        expect(error).toBeInstanceOf(InterfaceError);
        expect(error.message).toContain('isolation level');
        await tx.transaction({ isolation: 'read_committed' }, (inner) => inner.execute('SELECT 1'));
      });
    }
    expect(await values(c)).toEqual([]);
  });

  it('reject when COMMIT is answered with ROLLBACK', async () => {
    const c = await withTable();
    const error = await failure<PostgresError>(
      c.transaction(async (tx) => {
        await tx.execute('INSERT INTO t VALUES (1)');
        await tx.execute('SELECT 1/0').catch(() => {});
      }),
    );
    expect(error).toBeInstanceOf(InFailedSQLTransactionError);
    const tx = await c.begin();
    await tx.fetch('SELECT 1/0').catch(() => {});
    await expect(tx.commit()).rejects.toThrow(InFailedSQLTransactionError);
    expect(c.isInTransaction()).toBe(false);
    expect(await values(c)).toEqual([]);
  });

  it('reject when a constraint fails at COMMIT', async () => {
    const c = await withTable();
    await expect(
      c.transaction(async (tx) => {
        await tx.execute('SET CONSTRAINTS ALL DEFERRED; INSERT INTO t VALUES (1), (1)');
      }),
    ).rejects.toThrow(UniqueViolationError);
    expect(c.isInTransaction()).toBe(false);
  });

  it('commit nothing of calls made at once when the first has an error of syntax', async () => {
    const c = await withTable();
    for (const first of ['SYNTAX ERROR', 'SELECT 1/0']) {
      await failure(
        c.transaction((tx) =>
          Promise.all([tx.execute(first), tx.execute('INSERT INTO t VALUES (1)')]),
        ),
      );
      await failure(
        c.transaction((tx) =>
          Promise.all([tx.fetch(first), tx.execute('INSERT INTO t VALUES ($1)', 1)]),
        ),
      );
      await failure(
        c.transaction(async (tx) => {
          await tx.execute(first).catch(() => {});
          await tx.execute('INSERT INTO t VALUES (1)').catch(() => {});
        }),
      );
    }
    expect(await values(c)).toEqual([]);
  });

  it('commit nothing when the modes of the transaction are refused', async () => {
    const c = await withTable();
    await c.execute(
      'CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ INSERT INTO t VALUES (1) RETURNING a $$',
    );
    // A transaction that is read only from its beginning cannot be made to write.
    await c.execute('SET default_transaction_read_only = on');
    await c
      .transaction({ readOnly: true }, async (tx) => {
        await expect(tx.fetch('SELECT f()')).rejects.toThrow(ReadOnlySQLTransactionError);
      })
      .catch(() => {});
    expect(await values(c)).toEqual([]);
  });

  it('are run again after a serialization failure, as often as is asked for', async () => {
    const c = await withTable();
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

  it('are run again at the outermost level only', async () => {
    const c = await withTable();
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

  it('refuse an outer one that ends before a nested one', async () => {
    const c = await withTable();
    const outer = await c.begin();
    await outer.execute('INSERT INTO t VALUES (1)');
    const inner = await c.begin();
    await inner.execute('INSERT INTO t VALUES (2)');
    await expect(outer.commit()).rejects.toThrow(InterfaceError);
    await inner.commit();
    await outer.commit();
    expect(await values(c)).toEqual([1, 2]);
    const again = await c.begin();
    const nested = await c.begin();
    await again.rollback();
    await expect(nested.commit()).rejects.toThrow('already rolled back');
    expect(c.isInTransaction()).toBe(false);
  });

  it('are refused when one that was begun at the same time outlasts the first on one connection', async () => {
    const c = await withTable();
    const results = await Promise.allSettled(
      [1, 2, 3].map((a) =>
        c.transaction(async (tx) => {
          await tx.execute('INSERT INTO t VALUES ($1)', a);
          await tx.fetch('SELECT 1');
        }),
      ),
    );
    // The later ones became savepoints of the first, which must not end before them.
    const [first] = results;
    expect(first!.status === 'rejected' && first!.reason).toBeInstanceOf(InterfaceError);
    expect(c.isInTransaction()).toBe(false);
    expect(await values(c)).toEqual([]);
  });

  it('begun while calls are under way wait for them', async () => {
    const c = await withTable();
    const calls = [
      c.execute('INSERT INTO t VALUES (1)'),
      c.execute('INSERT INTO t VALUES ($1)', 2),
    ];
    const [first, second] = await Promise.all([c.begin(), Promise.all(calls)]);
    expect(second).toEqual(['INSERT 0 1', 'INSERT 0 1']);
    await first.rollback();
    expect(await values(c)).toEqual([1, 2]);
  });

  it('end with the connection', async () => {
    const c = await withTable();
    const tx: Transaction = await c.begin();
    await tx.execute('INSERT INTO t VALUES (1)');
    c.terminate();
    await expect(tx.fetch('SELECT 1')).rejects.toThrow(InterfaceError);
    await expect(tx.commit()).rejects.toThrow();
    await tx[Symbol.asyncDispose]();
    const other = await openWithSchema(version);
    await expect(
      other.transaction(async (inner) => {
        await inner.execute('SELECT 1');
        other.terminate();
        await inner.execute('SELECT 2');
      }),
    ).rejects.toThrow();
  });

  it('whose connection is lost at COMMIT have an unknown outcome, and are not run again', async () => {
    const c = await withTable();
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
    const c = await withTable();
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

  it('take options that are not there, and refuse retries that are no count and no function', async () => {
    const c = await open(version);
    expect(await c.transaction(undefined as never, async () => 1)).toBe(1);
    for (const retries of [-1, 1.5, Number.NaN, '3' as never]) {
      await expect(c.transaction({ retries }, async () => 1)).rejects.toThrow(InterfaceError);
    }
    await expect(c.transaction({} as never)).rejects.toThrow(InterfaceError);
    expect(c.isInTransaction()).toBe(false);
  });

  it('reject with the refusal of a commit by hand that the callback ignored', async () => {
    const c = await withTable();
    let refusal: unknown;
    const error = await failure(
      c.transaction(async (tx) => {
        await tx.execute('INSERT INTO t VALUES (1)');
        refusal = await failure(tx.commit());
      }),
    );
    expect(error).toBe(refusal);
    expect(await values(c)).toEqual([]);
  });

  it('reject when a statement in them has ended them', async () => {
    const c = await withTable();
    for (const text of ['COMMIT', 'ROLLBACK']) {
      const error = await failure(
        c.transaction(async (tx) => {
          await tx.execute('SELECT 1');
          await tx.execute(text);
        }),
      );
      expect(error).toBeInstanceOf(InterfaceError);
      expect(error.message).toContain('ended by a statement');
    }
    expect(await c.transaction((tx) => tx.fetchVal('SELECT 1'))).toBe(1);
    expect(c.isInTransaction()).toBe(false);
  });
});

import { expect, it } from 'vitest';
import {
  InFailedSQLTransactionError,
  InterfaceError,
  type PostgresError,
  type Queryable,
  ReadOnlySQLTransactionError,
  type Transaction,
  UniqueViolationError,
} from '../../../src/index.ts';
import { describeEach, failure, open, openWithSchema } from '../../support/connections.ts';
import { openWithTable, values } from './table.ts';

describeEach('transactions', (version) => {
  it('commit when the callback resolves, and give what it gives', async () => {
    const c = await openWithTable(version);
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
    const c = await openWithTable(version);
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
    const c = await openWithTable(version);
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

  it('refuse an isolation level that does not exist, and leave no transaction', async () => {
    const c = await open(version);
    const error = await failure(c.transaction({ isolation: 'chaos' as never }, async () => {}));
    expect(error).toBeInstanceOf(InterfaceError);
    expect(error.message).toContain('chaos');
    expect(c.isInTransaction()).toBe(false);
  });

  it('ended by begin and commit or rollback', async () => {
    const c = await openWithTable(version);
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

  it.each(['commit', 'rollback'] as const)(
    'end once, by %s, however many ends are called for at once',
    async (first) => {
      const c = await openWithTable(version);
      const tx = await c.begin();
      await tx.execute('INSERT INTO t VALUES (1)');
      const [ended, ...others] = await Promise.allSettled([
        tx[first](),
        tx.rollback(),
        tx.commit(),
        tx.rollback(),
        tx[Symbol.asyncDispose](),
      ]);
      expect(ended).toMatchObject({ status: 'fulfilled' });
      expect(others.pop()).toMatchObject({ status: 'fulfilled' });
      const message = `the transaction is already ${first === 'commit' ? 'committed' : 'rolled back'}`;
      for (const other of others) {
        const reason = { name: 'InterfaceError', message: expect.stringContaining(message) };
        expect(other).toMatchObject({ status: 'rejected', reason });
      }
      expect(await values(c)).toEqual(first === 'commit' ? [1] : []);
      expect(c.isInTransaction()).toBe(false);
    },
  );

  it('are rolled back at the end of their block unless committed', async () => {
    const c = await openWithTable(version);
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

  it('refuse commit and rollback by hand inside a callback, and are rolled back', async () => {
    const c = await openWithTable(version);
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

  it('refuse what their function calls on the connection after they were undone', async () => {
    const c = await openWithTable(version);
    const insert = 'INSERT INTO t VALUES (2)';
    const calls = [
      () => c.execute(insert),
      () => c.executeMany('INSERT INTO t VALUES ($1)', [[2]]),
      () => c.transaction((tx) => tx.execute(insert)),
      () => c.with({ settings: { 'app.x': 1 } }).execute(insert),
      () => c.stream(`${insert} RETURNING 1`).next(),
    ];
    const undone = (undo: (tx: Transaction) => Promise<unknown>): Promise<void> =>
      c.transaction(async (tx) => {
        await tx.execute('INSERT INTO t VALUES (1)');
        await undo(tx).catch(() => {});
        for (const call of calls) {
          await expect(call()).rejects.toThrow('the transaction is already rolled back');
        }
      });
    await expect(undone((tx) => tx.rollback())).rejects.toBeInstanceOf(InterfaceError);
    expect(await values(c)).toEqual([]);
    await c.transaction(async (tx) => {
      const nested = tx.transaction(async (inner) => {
        await inner.rollback().catch(() => {});
        await expect(c.execute(insert)).rejects.toThrow('already rolled back');
      });
      await expect(nested).rejects.toBeInstanceOf(InterfaceError);
      await c.execute('INSERT INTO t VALUES (3)');
    });
    await c.execute('INSERT INTO t VALUES (4)');
    expect(await values(c)).toEqual([3, 4]);
    // The table goes with it.
    await expect(undone(() => c.reset())).rejects.toBeInstanceOf(InterfaceError);
  });

  it('refuse to begin inside a BEGIN that was sent by hand', async () => {
    const c = await openWithTable(version);
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

  it('reject when COMMIT is answered with ROLLBACK', async () => {
    const c = await openWithTable(version);
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
    const c = await openWithTable(version);
    await expect(
      c.transaction(async (tx) => {
        await tx.execute('SET CONSTRAINTS ALL DEFERRED; INSERT INTO t VALUES (1), (1)');
      }),
    ).rejects.toThrow(UniqueViolationError);
    expect(c.isInTransaction()).toBe(false);
  });

  it('commit nothing of calls made at once when the first has an error of syntax', async () => {
    const c = await openWithTable(version);
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
    const c = await openWithTable(version);
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

  it.each([{}, { statementCacheSize: 0 }])(
    'take a batch that begins with SET TRANSACTION (%o)',
    async (options) => {
      const owner = await openWithTable(version);
      const serverSettings = { search_path: (await owner.fetchVal<string>('SHOW search_path'))! };
      await owner.execute("CREATE FUNCTION one() RETURNS int4 LANGUAGE sql AS 'SELECT 1'");
      const c = await open(version, { ...options, serverSettings });
      const batch = [
        'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE',
        'SET TRANSACTION DEFERRABLE, READ WRITE',
        'SHOW transaction_isolation',
        { text: 'INSERT INTO t VALUES ($1) RETURNING one()', args: [1] },
      ];
      const results = [
        { rows: [], tag: 'SET' },
        { rows: [], tag: 'SET' },
        { rows: [{ transaction_isolation: 'serializable' }], tag: 'SHOW' },
        { rows: [{ one: 1 }], tag: 'INSERT 0 1' },
      ];
      for (const before of [
        'SELECT 1',
        'SELECT one()',
        "SELECT set_config('search_path', current_schema, false)",
      ]) {
        for (const isAnswered of [true, false]) {
          const calls = [c.fetch(before), c.execute('BEGIN')];
          if (isAnswered) await Promise.all(calls);
          expect(await c.batch(batch), before).toEqual(results);
          expect(await c.batch(['SET TRANSACTION READ ONLY'])).toEqual([{ rows: [], tag: 'SET' }]);
          await c.execute('ROLLBACK');
        }
      }
      for (const number of [1, 2]) {
        const fresh = await open(version, { ...options, serverSettings });
        const texts = [
          'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE',
          `SELECT one() + ${number} AS n`,
        ];
        const tags = [
          { rows: [], tag: 'SET' },
          { rows: [{ n: 1 + number }], tag: 'SELECT 1' },
        ];
        if (number === 1) {
          const [, given] = await Promise.all([fresh.execute('BEGIN'), fresh.batch(texts)]);
          expect(given).toEqual(tags);
          await fresh.execute('ROLLBACK');
        }
        await fresh.transaction(async (tx) => expect(await tx.batch(texts)).toEqual(tags));
      }
      // Other settings may stand before it, as they may on the server.
      const settings = ['SET LOCAL lock_timeout = 1000', 'set session work_mem to 100', ...batch];
      const set: unknown[] = [...results.slice(0, 2), ...results];
      for (const before of ['SELECT one()', 'SELECT 5']) {
        for (const isAnswered of [true, false]) {
          const calls = [c.fetch(before), c.execute('BEGIN')];
          if (isAnswered) await Promise.all(calls);
          settings.push(`SELECT one() + 5 AS "${before} ${isAnswered}"`);
          set.push({ rows: [{ [`${before} ${isAnswered}`]: 6 }], tag: 'SELECT 1' });
          expect(await c.batch(settings)).toEqual(set);
          await c.execute('ROLLBACK');
        }
      }
      await c.execute('BEGIN');
      expect(
        await failure<PostgresError>(
          c.batch(['SET LOCAL lock_timeout = 1', 'SET TRANSACTION READ ONLY', 'SELECT 6/0']),
        ),
      ).toMatchObject({ itemIndex: 2 });
      await c.execute('ROLLBACK');
      // As a transaction of its own it is one flight.
      expect(await c.batch(batch)).toEqual(results);
      await c.execute('BEGIN');
      const wrong = [batch[0]!, 'SELECT 1', { text: 'SELECT $1::int4', args: ['x'] }];
      const error = await failure(c.batch(wrong));
      expect(error.message).toContain('query 2 in the batch');
      expect(
        await failure<PostgresError>(c.batch([batch[2]!, 'SELECT 2/0', batch[0]!])),
      ).toMatchObject({ itemIndex: 1 });
      await c.execute('ROLLBACK; BEGIN');
      const refused = await failure<PostgresError>(c.batch([batch[0]!, 'SELECT 3/0 FROM one()']));
      expect(refused).toMatchObject({ sqlstate: '22012', itemIndex: 1 });
      await c.execute('ROLLBACK');
      await c.execute('BEGIN; SELECT 1');
      expect(
        await failure<PostgresError>(
          c.batch(['SET TRANSACTION ISOLATION LEVEL SERIALIZABLE', 'SELECT 4']),
        ),
      ).toMatchObject({ sqlstate: '25001', itemIndex: 0 });
      await c.execute('ROLLBACK');
    },
  );

  it('begun while calls are under way wait for them', async () => {
    const c = await openWithTable(version);
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
    const c = await openWithTable(version);
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

  it('reject with the refusal of a commit by hand that the callback ignored', async () => {
    const c = await openWithTable(version);
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
    const c = await openWithTable(version);
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

  it.each([
    'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE',
    '/* mine */ SET LOCAL transaction_isolation = serializable',
    'set session transaction_isolation to "serializable"; ',
  ])('are set ahead of their first query, behind a function as well: %s', async (text) => {
    const c = await open(version);
    await c.execute("CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'");
    const ways: readonly ((on: Queryable) => Promise<unknown>)[] = [
      (on) => on.fetch(text),
      (on) => on.execute(text),
      (on) => on.fetchVal(text),
    ];
    for (const [n, set] of ways.entries()) {
      await c.fetchVal(`SELECT pg_temp.f() + ${n}`);
      await c.execute('BEGIN');
      await set(c);
      expect(await c.fetchVal('SHOW transaction_isolation')).toBe('serializable');
      await c.execute('ROLLBACK');
      await c.fetchVal(`SELECT pg_temp.f() - ${n}`);
      const found = c.transaction(async (tx) => {
        await set(tx);
        return tx.fetchVal('SHOW transaction_isolation');
      });
      expect(await found).toBe('serializable');
    }
  });

  it('whose signal is aborted while it waits for the calls before it is not begun', async () => {
    const c = await open(version);
    const slow = c.fetch('SELECT pg_sleep(0.5)');
    const controller = new AbortController();
    const abort = new Error('not any more');
    let called = false;
    const transaction = c.transaction({ signal: controller.signal }, async () => {
      called = true;
    });
    controller.abort(abort);
    const error = await failure(Promise.race([transaction, slow]));
    expect([error, called]).toEqual([abort, false]);
    await slow;
    expect(await c.with({ timeout: 5_000 }).transaction(undefined as never, async () => 5)).toBe(5);
  });
});

import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import {
  InFailedSQLTransactionError,
  InterfaceError,
  ReadOnlySQLTransactionError,
  TimeoutError,
  type Transaction,
} from '../../../src/index.ts';
import { describeEach, failure } from '../../support/connections.ts';
import { deferred } from '../../support/deferred.ts';
import { holdUnsent, openWithLimit, openWithTable, values } from './table.ts';

describeEach('nested transactions', (version) => {
  it('that are being ended when the outer one is rolled back, are undone with it', async () => {
    const c = await openWithTable(version);
    for (const end of ['rollback', 'commit'] as const) {
      const tx = await c.begin();
      await tx.execute('INSERT INTO t VALUES (1)');
      // Its SAVEPOINT is not answered yet.
      const inner = await c.begin();
      const ending = inner[end]();
      const [inside, outside] = await Promise.allSettled([ending, tx.rollback()]);
      expect(outside.status).toBe('fulfilled');
      if (end === 'rollback') expect(inside).toMatchObject({ status: 'fulfilled' });
      else expect(await failure(ending)).toBeInstanceOf(InterfaceError);
    }
    expect(await values(c)).toEqual([]);
  });

  it('within another may be read only by themselves', async () => {
    const c = await openWithTable(version);
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

  it('nest as savepoints', async () => {
    const c = await openWithTable(version);
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
    const c = await openWithTable(version);
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
    const c = await openWithTable(version);
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

  it('whose savepoint a statement has released fail the whole transaction, and keep the connection', async () => {
    const c = await openWithTable(version);
    const told = new Error('told');
    const pid = c.serverPid;
    // An older savepoint of the user's own takes the inner one with it.
    const releasing = async () => {
      await c.execute('SAVEPOINT mine');
      await c.execute('INSERT INTO t VALUES (1)');
      await c.transaction(async (inner) => {
        await inner.execute('INSERT INTO t VALUES (2)');
        await inner.execute('RELEASE SAVEPOINT mine');
        throw told;
      });
    };
    expect(await failure(c.transaction(releasing))).toBe(told);
    const caught = c.transaction(async (tx) => {
      expect(await failure(releasing())).toBe(told);
      expect(await failure(tx.execute('INSERT INTO t VALUES (3)'))).toBeInstanceOf(
        InFailedSQLTransactionError,
      );
    });
    expect(await failure(caught)).toBeInstanceOf(InFailedSQLTransactionError);
    // What is around it, and has its own, can still be undone alone.
    await c.transaction(async (tx) => {
      await tx.execute('INSERT INTO t VALUES (4)');
      expect(await failure(tx.transaction(releasing))).toBe(told);
    });
    expect(c.isClosed).toBe(false);
    expect(await c.fetchVal('SELECT pg_backend_pid()')).toBe(pid);
    expect(await values(c)).toEqual([4]);
  });

  it('leave nothing of a nested one that is rejected, also when its own commands are out of time', async () => {
    const { c, expire } = await openWithLimit(version);
    const insert = { text: 'INSERT INTO t VALUES (1)', timeout: 60_000 };
    for (const isSent of [false, true]) {
      /** Holds up what comes next: it is not sent, or not answered. */
      const hold = (tx: Transaction) => {
        if (!isSent) return holdUnsent(tx);
        const text = 'SELECT pg_sleep(0.05)';
        return { over: tx.execute({ text, timeout: 60_000 }), end: () => {} };
      };
      await c.transaction(async (tx) => {
        await tx.execute('SELECT 1');
        const held = hold(tx);
        await nextTurn();
        const nested = failure(
          tx.transaction(async (inner) => {
            // SAVEPOINT is on its way.
            expire();
            const inserted = inner.execute(insert);
            held.end();
            await inserted;
            throw new Error('undo');
          }),
        );
        expect((await nested).message).toBe('undo');
        await held.over;
      });
      let held: ReturnType<typeof hold> | undefined;
      const outer = c.transaction(async (tx) => {
        const nested = failure(
          tx.transaction(async (inner) => {
            await inner.execute(insert);
            held = hold(inner);
            await nextTurn();
          }),
        );
        while (held === undefined) await nextTurn();
        for (let turn = 0; turn < 5; turn++) await nextTurn();
        // RELEASE is on its way.
        expire();
        expect(await nested).toBeInstanceOf(TimeoutError);
        held.end();
        await held.over;
      });
      if (!isSent) await outer;
      // Where the server had released it after all, the outer one has failed.
      else await outer.catch((error) => expect(error).toBeInstanceOf(InFailedSQLTransactionError));
      expect(await values(c)).toEqual([]);
    }
  });

  it('are rolled back, and keep the connection, when COMMIT is out of time before it was sent', async () => {
    const { c, expire } = await openWithLimit(version);
    const tx = await c.begin();
    await tx.execute('INSERT INTO t VALUES (1)');
    const held = holdUnsent(tx);
    await nextTurn();
    const committed = failure(tx.commit());
    await nextTurn();
    expire();
    expect(await committed).toMatchObject({ name: 'TimeoutError', safeToRetry: true });
    expire();
    held.end();
    await held.over;
    expect(await values(c)).toEqual([]);
  });

  it('refuse a nested isolation level that is not the outer one', async () => {
    const c = await openWithTable(version);
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

  it('refuse an outer one that ends before a nested one', async () => {
    const c = await openWithTable(version);
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
    await expect(nested.execute('INSERT INTO t VALUES (3)')).rejects.toThrow('already rolled back');
    await expect(nested.commit()).rejects.toThrow('already rolled back');
    expect(c.isInTransaction()).toBe(false);
    expect(await values(c)).toEqual([1, 2]);
  });

  it('whose callback still runs when the outer one is rolled back refuse calls', async () => {
    const c = await openWithTable(version);
    const outer = await c.begin();
    const begun = deferred<Transaction>();
    const held = deferred<void>();
    const inner = failure(
      outer.transaction(async (tx) => {
        await tx.execute('INSERT INTO t VALUES (1)');
        begun.resolve(tx);
        await held.promise;
        expect((await failure(tx.execute('SELECT 1'))).message).toMatch('already rolled back');
      }),
    );
    const tx = await begun.promise;
    await outer.rollback();
    expect((await failure(tx.execute('INSERT INTO t VALUES (2)'))).message).toMatch(
      'already rolled back',
    );
    held.resolve();
    expect((await inner).message).toMatch('already rolled back');
    expect(await values(c)).toEqual([]);
  });
});

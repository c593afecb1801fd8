import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import {
  type Connection,
  InterfaceError,
  InvalidArgumentError,
  PostgresError,
} from '../../../src/index.ts';
import { describeEach, failure, openWithSchema } from '../../support/connections.ts';
import { holdUnsent, openWithLimit } from './table.ts';

describeEach('savepoints', (version) => {
  async function withTable(): Promise<Connection> {
    const c = await openWithSchema(version);
    await c.execute('CREATE TABLE t (a int4)');
    return c;
  }
  const values = async (c: Connection): Promise<number[]> =>
    (await c.fetch<{ a: number }>('SELECT a FROM t ORDER BY a')).map(({ a }) => a);

  it('undo what was done since, as often as is wanted', async () => {
    const c = await withTable();
    await c.transaction(async (tx) => {
      await tx.execute('INSERT INTO t VALUES (1)');
      const savepoint = await tx.savepoint();
      for (let i = 0; i < 3; i++) {
        await tx.execute('INSERT INTO t VALUES (2)');
        await savepoint.rollback();
      }
      await tx.execute('INSERT INTO t VALUES (3)');
      await savepoint.release();
    });
    expect(await values(c)).toEqual([1, 3]);
  });

  it('have each a name of its own in a transaction, and few names in all', async () => {
    const c = await withTable();
    const names = (count: number): Promise<string[]> =>
      c.transaction(async (tx) => {
        const found: string[] = [];
        for (let i = 0; i < count; i++) found.push((await tx.savepoint()).name);
        return found;
      });
    expect(new Set(await names(40)).size).toBe(40);
    const later: string[][] = [];
    for (let i = 0; i < 40; i++) later.push(await names(2));
    for (const [i, [one, other]] of later.entries()) {
      expect(other).not.toBe(one);
      if (i > 0) expect(later[i - 1]).not.toContain(one);
    }
    expect(new Set(later.flat()).size).toBeLessThan(40);
  });

  it('take the streams with them that were opened behind, when they are returned to', async () => {
    const c = await withTable();
    await c.transaction(async (tx) => {
      const savepoint = await tx.savepoint();
      const stream = tx.stream<{ n: number }>('SELECT n FROM generate_series(1, 5000) n');
      expect(await stream.next()).toEqual({ n: 1 });
      await savepoint.rollback();
      const rest = (async () => {
        while ((await stream.next()) !== null);
      })();
      expect((await failure(rest)).message).toContain('that the stream was opened in has ended');
      await stream.close();
      await tx.execute('INSERT INTO t VALUES (1)');
    });
    expect(await values(c)).toEqual([1]);
  });

  it('bring a failed transaction back', async () => {
    const c = await withTable();
    await c.transaction(async (tx) => {
      const savepoint = await tx.savepoint();
      await tx.fetch('SELECT 1/0').catch(() => {});
      await expect(tx.fetch('SELECT 1')).rejects.toThrow(PostgresError);
      await savepoint.rollback();
      await tx.execute('INSERT INTO t VALUES (1)');
    });
    expect(await values(c)).toEqual([1]);
  });

  for (const end of ['release', 'rollback'] as const) {
    it(`are refused without the server once an older one is gone by ${end}()`, async () => {
      const c = await withTable();
      await c.transaction(async (tx) => {
        const a = await tx.savepoint();
        await tx.execute('INSERT INTO t VALUES (1)');
        const b = await tx.savepoint();
        const third = await tx.savepoint();
        await tx.execute('INSERT INTO t VALUES (2)');
        await a[end]();
        for (const call of [b.release(), b.rollback(), third.release(), third.rollback()]) {
          const error = await failure(call);
          expect(error).toBeInstanceOf(InterfaceError);
          expect(error.message).toContain('is gone: one that was set before it');
        }
        await b[Symbol.asyncDispose]();
        if (end === 'release') {
          expect((await failure(a.rollback())).message).toContain('has been released');
          expect((await failure(a.release())).message).toContain('has been released');
        } else {
          await a.rollback();
          await a.release();
        }
        await tx.execute('INSERT INTO t VALUES (3)');
      });
      expect(await values(c)).toEqual(end === 'release' ? [1, 2, 3] : [3]);
    });
  }

  it('go in the order of the calls, when nothing is waited for', async () => {
    const c = await withTable();
    await c.transaction(async (tx) => {
      const a = await tx.savepoint();
      const b = await tx.savepoint();
      const late = tx.savepoint();
      const results = await Promise.allSettled([
        tx.execute('INSERT INTO t VALUES (1)'),
        a.rollback(),
        b.release(),
        tx.execute('INSERT INTO t VALUES (2)'),
      ]);
      expect(results.map(({ status }) => status)).toEqual([
        'fulfilled',
        'fulfilled',
        'rejected',
        'fulfilled',
      ]);
      expect((await failure((await late).release())).message).toContain('is gone');
    });
    expect(await values(c)).toEqual([2]);
  });

  it('of one name are told apart', async () => {
    const c = await withTable();
    await c.transaction(async (tx) => {
      const first = await tx.savepoint('same');
      await tx.execute('INSERT INTO t VALUES (1)');
      const second = await tx.savepoint('same');
      await tx.execute('INSERT INTO t VALUES (2)');
      for (const call of [first.rollback(), first.release()]) {
        expect((await failure(call)).message).toContain('hidden by a newer one');
      }
      await second.rollback();
      await second.release();
      expect(await values(c)).toEqual([1]);
      await first.rollback();
    });
    expect(await values(c)).toEqual([]);
  });

  it('that could not be released, as the transaction had failed, can be returned to', async () => {
    const c = await withTable();
    await c.transaction(async (tx) => {
      const a = await tx.savepoint();
      const b = await tx.savepoint();
      await failure(tx.execute('SELECT 1 / 0'));
      expect(await failure(a.release())).toMatchObject({ sqlstate: '25P02' });
      await failure(tx.savepoint());
      await b.rollback();
      await a.rollback();
      await tx.execute('INSERT INTO t VALUES (1)');
    });
    expect(await values(c)).toEqual([1]);
  });

  it('whose command is out of time before it was sent are as they were', async () => {
    const { c, expire } = await openWithLimit(version);
    await c.transaction(async (tx) => {
      const first = await tx.savepoint('a');
      await tx.execute('INSERT INTO t VALUES (1)');
      const second = await tx.savepoint('b');
      await tx.execute('INSERT INTO t VALUES (2)');
      const calls: (() => Promise<unknown>)[] = [
        () => first.release(),
        () => first.rollback(),
        () => second.rollback(),
        () => tx.savepoint('b'),
      ];
      for (const call of calls) {
        const held = holdUnsent(tx);
        await nextTurn();
        const called = failure(call());
        expire();
        expect(await called).toMatchObject({ name: 'TimeoutError', safeToRetry: true });
        held.end();
        await held.over;
      }
      await second.rollback();
      await second.release();
      await first.release();
    });
    expect(await values(c)).toEqual([1]);
  });

  it('take any name, and refuse what is none', async () => {
    const c = await withTable();
    await c.transaction(async (tx) => {
      const savepoint = await tx.savepoint('a "quoted" name');
      expect(savepoint.name).toBe('a "quoted" name');
      await tx.execute('INSERT INTO t VALUES (1)');
      await savepoint.rollback();
      for (const name of ['', 'a\0b', 1 as never, 'x'.repeat(64)]) {
        await expect(tx.savepoint(name)).rejects.toThrow(InvalidArgumentError);
      }
      const [a, b] = [await tx.savepoint(), await tx.savepoint()];
      expect(a.name).not.toBe(b.name);
    });
    expect(await values(c)).toEqual([]);
  });

  it('are released once, at the end of their block at the latest', async () => {
    const c = await withTable();
    await c.transaction(async (tx) => {
      const savepoint = await tx.savepoint();
      await savepoint.release();
      for (const call of [() => savepoint.release(), () => savepoint.rollback()]) {
        const error = await failure(call());
        expect(error).toBeInstanceOf(InterfaceError);
        expect(error.message).toContain('released');
      }
      {
        await using block = await tx.savepoint('block');
        expect(block.name).toBe('block');
        await tx.execute('INSERT INTO t VALUES (1)');
      }
      await using again = await tx.savepoint('outer');
      await tx.execute('INSERT INTO t VALUES (2)');
      expect(again.name).toBe('outer');
    });
    expect(await values(c)).toEqual([1, 2]);
  });

  it('leave their block with the error that was thrown in it, not with one of their own', async () => {
    const c = await withTable();
    const error = await failure(
      c.transaction(async (tx) => {
        await using savepoint = await tx.savepoint();
        expect(savepoint.name).not.toBe('');
        await tx.fetch('SELECT 1/0');
      }),
    );
    expect(error.message).toBe('division by zero');
  });

  it('end with their transaction', async () => {
    const c = await withTable();
    const tx = await c.begin();
    const savepoint = await tx.savepoint();
    await tx.commit();
    await expect(savepoint.rollback()).rejects.toThrow(InterfaceError);
    await expect(savepoint.release()).rejects.toThrow(InterfaceError);
  });
});

import { expect, it } from 'vitest';
import {
  type Cursor,
  InterfaceError,
  NoActiveSQLTransactionError,
  PostgresError,
} from '../../../src/index.ts';
import { collect, describeEach, failure, open } from '../../support/connections.ts';
import { NUMBERS, range } from '../../support/numbers.ts';

describeEach('cursors', (version) => {
  for (const options of [{}, { statementCacheSize: 0 }]) {
    const mode = 'statementCacheSize' in options ? 'unnamed' : 'named';

    it(`fetch, fetch one row and go forward, over a ${mode} statement`, async () => {
      const c = await open(version, options);
      await c.transaction(async () => {
        const cursor = c.cursor(NUMBERS, 10);
        expect(await cursor.fetchRow()).toEqual({ a: 1 });
        expect(await cursor.fetch(2)).toEqual(range(2, 3));
        expect(await cursor.forward(3)).toBe(3);
        expect(await cursor.fetch(2)).toEqual(range(7, 8));
        expect(await cursor.fetch(5)).toEqual(range(9, 10));
        expect(await cursor.fetch(5)).toEqual([]);
        expect(await cursor.fetchRow()).toBeNull();
        expect(await cursor.forward(1)).toBe(0);
        const ahead = c.cursor(NUMBERS, 5);
        expect(await ahead.forward(4)).toBe(4);
        expect(await ahead.fetchRow()).toEqual({ a: 5 });
        expect(await c.cursor(NUMBERS, 5).forward(50)).toBe(5);
      });
    });

    it(`iterate with prefetch, over a ${mode} statement`, async () => {
      const c = await open(version, options);
      await c.transaction(async () => {
        for (const count of [0, 1, 49, 50, 51, 100, 1234]) {
          expect(await collect(c.cursor(NUMBERS, count))).toEqual(range(1, count));
        }
      });
    });
  }

  it('take queries with and without arguments, from objects too', async () => {
    const c = await open(version);
    await c.transaction(async () => {
      expect(await c.cursor('SELECT 1 AS a').fetch(9)).toEqual([{ a: 1 }]);
      expect(await c.cursor({ text: NUMBERS, args: [2] }).fetch(9)).toEqual(range(1, 2));
      expect(await c.cursor('CREATE TEMP TABLE x (a int4)').fetch(1)).toEqual([]);
      expect(await c.cursor('INSERT INTO x VALUES (1), (2) RETURNING a').fetch(9)).toEqual(
        range(1, 2),
      );
    });
  });

  it('of a transaction are not opened in one that is nested in it, which could undo what they did', async () => {
    const c = await open(version);
    await c.execute('CREATE TEMPORARY TABLE t (a int4)');
    const insert = 'INSERT INTO t VALUES (1) RETURNING a';
    await c.transaction(async (tx) => {
      const cursor = tx.cursor(insert);
      const opened = tx.cursor(NUMBERS, 3);
      await opened.fetch(1);
      const undone = tx.transaction(async (inner) => {
        for (const call of [() => cursor.fetch(1), () => cursor.forward(1), () => collect(cursor)])
          expect(await failure(call())).toMatchObject({
            name: 'InterfaceError',
            safeToRetry: true,
          });
        expect(await opened.fetch(1)).toEqual(range(2, 2));
        expect(await inner.cursor(insert).fetch(1)).toEqual(range(1, 1));
        throw new Error('mine');
      });
      await expect(undone).rejects.toThrow('mine');
      expect(await opened.fetch(1)).toEqual(range(3, 3));
      expect(await tx.cursor(insert).fetch(1)).toEqual(range(1, 1));
    });
    expect(await c.fetchVal('SELECT count(*) FROM t')).toBe(1n);
  });

  it('are refused once a transaction that they were opened in is undone, and the one around it goes on', async () => {
    const c = await open(version);
    const series = 'SELECT generate_series(1, 3) AS a';
    await c.transaction(async (tx) => {
      const cursors: Cursor[] = [];
      const begun = async (): Promise<void> => {
        const cursor = c.cursor(series);
        await cursor.fetch(1);
        cursors.push(cursor);
      };
      await tx.transaction(begun);
      expect(await cursors[0]!.fetch(1)).toEqual(range(2, 2));
      const undone = tx.transaction(async (inner) => {
        await begun();
        await inner.transaction(begun);
        cursors.push(c.cursor('SELECT 1 / 0'));
        await cursors[3]!.fetch(1);
      });
      await expect(undone).rejects.toThrow('division by zero');
      for (const cursor of cursors.slice(1)) {
        const { message } = await failure(cursor.fetch(1));
        expect(message).toBe(
          'the cursor has gone with the transaction or savepoint that it was opened in',
        );
        expect((await failure(cursor.forward(1))).message).toBe(message);
        await cursor.close();
      }
      expect(await cursors[0]!.fetch(1)).toEqual(range(3, 3));
      const savepoint = await tx.savepoint();
      const [before, after] = [tx.cursor(series), c.cursor(series)];
      const inner = await tx.savepoint();
      await before.fetch(1);
      await inner.rollback();
      expect((await failure(before.fetch(1))).message).toContain('the cursor has gone');
      await after.fetch(1);
      await inner.release();
      expect(await after.fetch(1)).toEqual(range(2, 2));
      await savepoint.rollback();
      expect((await failure(after.fetchRow())).message).toContain('the cursor has gone');
    });
  });

  it('are refused outside of a transaction, without a word to the server', async () => {
    const c = await open(version);
    const cursor = c.cursor(NUMBERS, 3);
    for (const call of [
      () => cursor.fetch(1),
      () => cursor.fetchRow(),
      () => cursor.forward(1),
      () => collect(c.cursor(NUMBERS, 3)),
    ]) {
      const error = await failure(call());
      expect(error).toBeInstanceOf(NoActiveSQLTransactionError);
      expect(error['safeToRetry']).toBe(true);
    }
    const kept = await c.transaction(async () => {
      const inside = c.cursor(NUMBERS, 3);
      await inside.fetch(1);
      return inside;
    });
    await expect(kept.fetch(1)).rejects.toThrow(NoActiveSQLTransactionError);
    await expect(kept.forward(1)).rejects.toThrow(NoActiveSQLTransactionError);
    await c.execute('BEGIN');
    expect(await c.cursor(NUMBERS, 3).fetch(2)).toEqual(range(1, 2));
    await c.execute('COMMIT');
  });

  it('refuse a number of rows that is none', async () => {
    const c = await open(version);
    await c.transaction(async () => {
      const cursor = c.cursor(NUMBERS, 3);
      for (const [count, kind] of [
        [0, 'the number 0'],
        [-1, 'the number -1'],
        [1.5, 'the number 1.5'],
        [Number.NaN, 'the number NaN'],
        [2 ** 31, 'the number 2147483648'],
        ['1' as never, 'a string'],
        [2n as never, 'the bigint 2n'],
        [Symbol('1') as never, 'a symbol'],
      ] as const) {
        for (const call of ['fetch', 'forward'] as const) {
          const refused = cursor[call](count);
          await expect(refused).rejects.toThrow(InterfaceError);
          await expect(refused).rejects.toThrow(
            `the number of rows must be an integer from 1 to 2147483647, not ${kind}`,
          );
        }
      }
      expect(await cursor.fetch(1)).toEqual(range(1, 1));
    });
  });

  it('free their portal when the loop is left, at the end, and when closed', async () => {
    const c = await open(version);
    await c.transaction(async () => {
      const open = () => c.fetchVal("SELECT count(*) FROM pg_cursors WHERE name LIKE 'asyncpg%'");
      for await (const row of c.cursor(NUMBERS, 1000)) if (row['a'] === 3) break;
      expect(await open()).toBe(0n);
      await collect(c.cursor(NUMBERS, 1000));
      expect(await open()).toBe(0n);
      await expect(
        (async () => {
          for await (const _row of c.cursor(NUMBERS, 1000)) throw new Error('mine');
        })(),
      ).rejects.toThrow('mine');
      expect(await open()).toBe(0n);
      {
        await using cursor = c.cursor(NUMBERS, 1000);
        await cursor.fetch(1);
        expect(await open()).toBe(1n);
      }
      expect(await open()).toBe(0n);
      const closed = c.cursor(NUMBERS, 3);
      await closed.close();
      await closed.close();
      await expect(closed.fetch(1)).rejects.toThrow(InterfaceError);
    });
  });

  it('tell rows that a left loop has fetched ahead from the end', async () => {
    const c = await open(version);
    await c.transaction(async () => {
      // Of 10 rows all have come when the loop is left, of 1,000 the first ones.
      for (const count of [10, 1000]) {
        const left = c.cursor(NUMBERS, count);
        for await (const row of left) if (row['a'] === 3) break;
        const calls = [
          () => left.fetch(1),
          () => left.fetchRow(),
          () => left.forward(1),
          () => collect(left),
        ];
        for (const call of calls) {
          const error = await failure(call());
          expect(error).toBeInstanceOf(InterfaceError);
          expect(error.message).toBe('the cursor is closed');
        }
        const read = c.cursor(NUMBERS, count);
        expect(await collect(read)).toHaveLength(count);
        expect(await read.fetch(1)).toEqual([]);
        expect(await read.fetchRow()).toBeNull();
        expect(await collect(read)).toEqual([]);
      }
    });
  });

  it('work side by side, with other calls between their steps', async () => {
    const c = await open(version);
    await c.transaction(async (tx) => {
      const [a, b] = [
        c.cursor(NUMBERS, 4),
        c.cursor('SELECT -g AS a FROM generate_series(1, 4) g'),
      ];
      const steps = [a.fetch(2), b.fetch(2), tx.fetchVal('SELECT 7'), a.fetch(2), b.fetch(2)];
      expect(await Promise.all(steps)).toEqual([
        range(1, 2),
        [{ a: -1 }, { a: -2 }],
        7,
        range(3, 4),
        [{ a: -3 }, { a: -4 }],
      ]);
    });
  });

  it('report what fails in the middle, in the transaction it fails', async () => {
    const c = await open(version);
    const seen: number[] = [];
    const error = await failure(
      c.transaction(async () => {
        for await (const row of c.cursor(
          'SELECT 10 / (100 - g) AS a, g FROM generate_series(1, 200) g',
        )) {
          seen.push(row['g']);
        }
      }),
    );
    expect(error).toBeInstanceOf(PostgresError);
    expect(error.message).toBe('division by zero');
    expect(seen.length).toBeLessThan(100);
    expect(await c.fetchVal('SELECT 1')).toBe(1);
  });

  it('report a connection that ends, not what that leads to', async () => {
    const c = await open(version);
    const error = await failure(
      c.transaction(async () => {
        for await (const _row of c.cursor(NUMBERS, 1000)) c.terminate();
      }),
    );
    expect(error.message).toContain('closed');
  });

  it('heed time-out and signal in each of their steps', async () => {
    const c = await open(version);
    await c
      .transaction(async () => {
        const slow = c.cursor({
          text: 'SELECT pg_sleep(CASE WHEN g > 2 THEN 30 ELSE 0 END) FROM generate_series(1, 5) g',
          timeout: 200,
        });
        expect(await slow.fetch(2)).toHaveLength(2);
        expect((await failure(slow.fetch(1))).name).toBe('TimeoutError');
      })
      .catch(() => {});
    const abort = new AbortController();
    let isOver = false;
    await c
      .transaction(async () => {
        const cursor = c.cursor({ text: NUMBERS, args: [3], signal: abort.signal });
        expect(await cursor.fetch(1)).toHaveLength(1);
        abort.abort(new Error('enough'));
        expect((await failure(cursor.fetch(1))).message).toBe('enough');
        // Its portal is freed all the same.
        const open = 'SELECT count(*) FROM pg_cursors WHERE statement = $1';
        expect(await c.fetchVal(open, NUMBERS)).toBe(1n);
        await cursor.close();
        expect(await c.fetchVal(open, NUMBERS)).toBe(0n);
        isOver = true;
      })
      .catch(() => {});
    expect(isOver).toBe(true);
    expect(await c.fetchVal('SELECT 1')).toBe(1);
  });

  it('tell query loggers their time-out with each step, and with MOVE', async () => {
    const c = await open(version);
    const told: (number | null)[] = [];
    await c.transaction(async (tx) => {
      c.addQueryLogger(({ timeout }) => told.push(timeout));
      const cursor = tx.cursor({ text: NUMBERS, args: [10], timeout: 5_000 });
      await cursor.fetch(1);
      await cursor.forward(2);
      expect(told).toEqual([5_000, 5_000]);
    });
  });
});

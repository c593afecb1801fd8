import { describe, expect, it, vi } from 'vitest';
import { InterfaceError, TimeoutError } from '../../../src/index.ts';
import { describeEach, failure } from '../../support/connections.ts';
import { deferred } from '../../support/deferred.ts';
import { hastyConnection, nextWarning } from '../../support/hasty.ts';
import { openWithTable, values } from './table.ts';

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const outcomes = (results: PromiseSettledResult<unknown>[]): unknown[] =>
  results.map((r) => (r.status === 'fulfilled' ? r.value : (r.reason as Error).message));

describeEach('transactions at once on one connection', (version) => {
  it('run one after the other: what one was told is not undone with another', async () => {
    const c = await openWithTable(version);
    const results = await Promise.allSettled([
      c.transaction(async (tx) => {
        await tx.execute('INSERT INTO t VALUES (1)');
        await sleep(20);
        throw new Error('A fails');
      }),
      c.transaction(async (tx) => {
        await tx.execute('INSERT INTO t VALUES (2)');
        return 'B is saved';
      }),
      c.execute('INSERT INTO t VALUES (3)'),
      c.executeMany('INSERT INTO t VALUES ($1)', [[4], [5]]),
      c.copyRecordsToTable('t', { records: [[6]] }),
      c.batch(['INSERT INTO t VALUES (7)']).then(() => 'batch'),
    ]);
    expect(outcomes(results)).toEqual([
      'A fails',
      'B is saved',
      'INSERT 0 1',
      undefined,
      'COPY 1',
      'batch',
    ]);
    expect(await values(c)).toEqual([2, 3, 4, 5, 6, 7]);
    expect(c.isInTransaction()).toBe(false);
  });

  it('come first come first served, whichever is shorter', async () => {
    const c = await openWithTable(version);
    const order: number[] = [];
    await Promise.all(
      [15, 1, 5, 0].map((pause, n) =>
        c.transaction(async (tx) => {
          await tx.execute('INSERT INTO t VALUES ($1)', n);
          await sleep(pause);
          order.push(n);
        }),
      ),
    );
    expect(order).toEqual([0, 1, 2, 3]);
    expect(await values(c)).toEqual([0, 1, 2, 3]);
  });

  it('have each its own isolation level and signal', async () => {
    const c = await openWithTable(version);
    const controller = new AbortController();
    const first = failure(
      c.transaction({ signal: controller.signal }, async (tx) => {
        await tx.execute('INSERT INTO t VALUES (1)');
        await sleep(10);
        controller.abort(new Error('enough'));
        await tx.execute('SELECT 1');
      }),
    );
    const level = c.transaction({ isolation: 'serializable', retries: 3 }, async (tx) => {
      await tx.execute('INSERT INTO t VALUES (2)');
      return tx.fetchVal('SHOW transaction_isolation');
    });
    expect((await first).message).toBe('enough');
    expect(await level).toBe('serializable');
    expect(await values(c)).toEqual([2]);
  });

  it('keep their retries, although another was open when they were asked for', async () => {
    const c = await openWithTable(version);
    let attempts = 0;
    const [, result] = await Promise.all([
      c.transaction(async (tx) => {
        await tx.execute('INSERT INTO t VALUES (1)');
        await sleep(10);
      }),
      c.transaction({ retries: 2 }, async (tx) => {
        attempts += 1;
        if (attempts < 2) {
          await tx.execute("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40001'; END $$");
        }
        return attempts;
      }),
    ]);
    expect(result).toBe(2);
  });

  it('let a stranger wait within its time-out and its signal', async () => {
    const c = await openWithTable(version);
    const open = c.transaction(async (tx) => {
      await tx.execute('INSERT INTO t VALUES (1)');
      await sleep(150);
    });
    const late = c.execute({ text: 'INSERT INTO t VALUES (2)', timeout: 20 });
    const signal = AbortSignal.abort(new Error('never mind'));
    const controller = new AbortController();
    const aborted = failure(
      c.transaction({ signal: controller.signal }, (tx) => tx.execute('INSERT INTO t VALUES (3)')),
    );
    const never = failure(c.execute({ text: 'INSERT INTO t VALUES (4)', signal }));
    setTimeout(() => controller.abort(new Error('given up')), 10);
    expect(await failure(late)).toMatchObject({ safeToRetry: true, name: TimeoutError.name });
    expect((await aborted).message).toBe('given up');
    expect((await never).message).toBe('never mind');
    await open;
    expect(await values(c)).toEqual([1]);
  });

  it('keep out prepared statements and listeners of strangers', async () => {
    const c = await openWithTable(version);
    const insert = await c.prepare('INSERT INTO t VALUES ($1)');
    const heard: string[] = [];
    const results = await Promise.allSettled([
      c.transaction(async (tx) => {
        await tx.execute('INSERT INTO t VALUES (1)');
        await insert.execute(2);
        await sleep(10);
        throw new Error('A fails');
      }),
      insert.execute(3),
      insert.executeMany([[4], [5]]),
      c.addListener('waits', ({ payload }) => {
        heard.push(payload);
      }),
    ]);
    expect(outcomes(results)).toEqual(['A fails', 'INSERT 0 1', undefined, undefined]);
    expect(await values(c)).toEqual([3, 4, 5]);
    await c.execute("NOTIFY waits, 'here'");
    await c.execute('SELECT 1');
    expect(heard).toEqual(['here']);
  });

  it('let a stream that has waited be read by code that makes calls', async () => {
    const c = await openWithTable(version);
    const open = c.transaction(async (tx) => {
      await tx.execute('INSERT INTO t VALUES (1)');
      await sleep(5);
    });
    let sum = 0;
    // More than is buffered: the stream is not over while its first row is looked at.
    for await (const { a } of c.stream('SELECT a FROM generate_series(1, 50000) a')) {
      if (a === 1) await c.execute('INSERT INTO t VALUES (2)');
      sum += a;
    }
    expect(sum).toBe(1_250_025_000);
    await open;
    expect(await values(c)).toEqual([1, 2]);
  });

  it('let a cursor be read from elsewhere, in the transaction that it was made in', async () => {
    const c = await openWithTable(version);
    await c.execute('INSERT INTO t VALUES (1), (2), (3)');
    let give!: (cursor: { fetch(count: number): Promise<unknown[]> }) => void;
    const made = new Promise<{ fetch(count: number): Promise<unknown[]> }>((resolve) => {
      give = resolve;
    });
    const elsewhere = made.then((cursor) => cursor.fetch(2));
    await c.transaction(async (tx) => {
      const cursor = c.cursor('SELECT a FROM t ORDER BY a');
      give(cursor);
      expect(await elsewhere).toEqual([{ a: 1 }, { a: 2 }]);
      await tx.transaction(async () => {
        expect(await cursor.fetch(2)).toEqual([{ a: 3 }]);
      });
    });
  });

  it('let a cursor of theirs be read by who has it', async () => {
    const c = await openWithTable(version);
    const tx = await c.begin();
    const reader = (async () => {
      await sleep(1);
      return tx.cursor('SELECT 1 AS a').fetch(2);
    })();
    expect(await reader).toEqual([{ a: 1 }]);
    await tx.rollback();
  });

  it('lend no cursor of a stranger to their transaction', async () => {
    const c = await openWithTable(version);
    const cursor = c.cursor('SELECT 1');
    const open = c.transaction(async (tx) => {
      await tx.execute('INSERT INTO t VALUES (1)');
      await sleep(5);
    });
    expect(await failure(cursor.fetch(1))).toMatchObject({ sqlstate: '25P01', safeToRetry: true });
    await open;
  });

  it('keep out what strangers prepare, and codecs that they set', async () => {
    const c = await openWithTable(version);
    const order: string[] = [];
    const open = failure(
      c.transaction(async (tx) => {
        await failure(tx.execute('SELECT 1 / 0'));
        await sleep(10);
        order.push('transaction');
        throw new Error('A fails');
      }),
    );
    const codec = { schema: 'pg_catalog', decoder: Number, encoder: String };
    await c.transaction(async () => {});
    const calls = [
      c.prepare('SELECT 1 AS a').then((statement) => statement.fetch()),
      c.setTypeCodec('int8', codec),
      c.resetTypeCodec('int8', { schema: 'pg_catalog' }),
    ];
    for (const call of calls) void call.then(() => order.push('call'));
    await Promise.all(calls);
    await open;
    expect(order).toEqual(['transaction', 'call', 'call', 'call']);
  });

  it('are not entered by a statement that is explained, and undone', async () => {
    const c = await openWithTable(version);
    const insert = await c.prepare('INSERT INTO t VALUES (1) RETURNING a');
    const explaining = insert.explain({ analyze: true });
    const others = [c.execute('INSERT INTO t VALUES (2)')];
    await sleep(1);
    others.push(c.execute('INSERT INTO t VALUES (3)'));
    await explaining;
    await c.execute('INSERT INTO t VALUES (4)');
    await Promise.all(others);
    expect(await values(c)).toEqual([2, 3, 4]);
    await c.transaction(async (tx) => {
      await tx.execute('INSERT INTO t VALUES (5)');
      await insert.explain({ analyze: true });
    });
    expect(await values(c)).toEqual([2, 3, 4, 5]);
  });

  it('do not wait for a reset: they are rolled back by it', async () => {
    const c = await openWithTable(version);
    const path = await c.fetchVal<string>('SHOW search_path');
    let begun!: () => void;
    const whenBegun = new Promise<void>((resolve) => {
      begun = resolve;
    });
    let end!: () => void;
    const whenReset = new Promise<void>((resolve) => {
      end = resolve;
    });
    const open = failure(
      c.transaction(async (tx) => {
        await tx.execute('INSERT INTO t VALUES (1)');
        begun();
        await whenReset;
        await tx.execute('INSERT INTO t VALUES (2)');
      }),
    );
    await whenBegun;
    const waiting = c
      .execute('CREATE TABLE IF NOT EXISTS public.none ()')
      .then(() => c.execute('DROP TABLE public.none'));
    await c.reset();
    end();
    expect(await open).toBeInstanceOf(InterfaceError);
    await waiting;
    await c.execute(`SET search_path = ${path}`);
    expect(await values(c)).toEqual([]);
  });

  it('are told when the connection is lost or closed meanwhile', async () => {
    const c = await openWithTable(version);
    let inserted!: () => void;
    const isInserted = new Promise<void>((resolve) => {
      inserted = resolve;
    });
    const open = failure(
      c.transaction(async (tx) => {
        await tx.execute('INSERT INTO t VALUES (1)');
        inserted();
        await sleep(30);
        await tx.execute('SELECT 1');
      }),
    );
    const waiting = [failure(c.execute('SELECT 1')), failure(c.transaction(async () => {}))];
    await isInserted;
    c.terminate();
    for (const error of await Promise.all(waiting)) expect(error).toBeInstanceOf(InterfaceError);
    expect(await open).toBeInstanceOf(InterfaceError);
  });
});

describeEach('siblings in one transaction', (version) => {
  it('run one after the other, with their own outcome', async () => {
    const c = await openWithTable(version);
    await c.transaction(async (tx) => {
      const results = await Promise.allSettled([
        tx.transaction(async (inner) => {
          await inner.execute('INSERT INTO t VALUES (1)');
          await sleep(20);
          throw new Error('first fails');
        }),
        tx.transaction((inner) => inner.execute('INSERT INTO t VALUES (2)')),
        tx.transaction((inner) => inner.execute('INSERT INTO t VALUES (3)')),
        tx.execute('INSERT INTO t VALUES (4)'),
        tx.executeMany('INSERT INTO t VALUES ($1)', [[5]]),
        tx.copyRecordsToTable('t', { records: [[6]] }),
        c.execute('INSERT INTO t VALUES (7)'),
        tx.savepoint().then(() => 'set'),
      ]);
      expect(outcomes(results)).toEqual([
        'first fails',
        'INSERT 0 1',
        'INSERT 0 1',
        'INSERT 0 1',
        undefined,
        'COPY 1',
        'INSERT 0 1',
        'set',
      ]);
    });
    expect(await values(c)).toEqual([2, 3, 4, 5, 6, 7]);
  });

  it('are refused where they would wait for themselves', async () => {
    const c = await openWithTable(version);
    await c.transaction(async (tx) => {
      await tx.transaction(async (inner) => {
        for (const call of [
          tx.execute('INSERT INTO t VALUES (1)'),
          tx.transaction(async () => {}),
          tx.savepoint(),
          tx.executeMany('INSERT INTO t VALUES ($1)', [[1]]),
        ]) {
          const error = await failure(call);
          expect(error).toBeInstanceOf(InterfaceError);
          expect(error.message).toContain('would wait for itself');
        }
        await inner.execute('INSERT INTO t VALUES (2)');
        await c.execute('INSERT INTO t VALUES (3)');
        await c.transaction((third) => third.execute('INSERT INTO t VALUES (4)'));
      });
    });
    expect(await values(c)).toEqual([2, 3, 4]);
  });

  it.each(['committed', 'rolled back'] as const)(
    'and calls of the outer one that wait for them are in it, though it is %s at once',
    async (end) => {
      const c = await openWithTable(version);
      let waiting: Promise<unknown>[] = [];
      const failed = new Error('rolled back');
      const outer = c.transaction(async (tx) => {
        const inner = tx.transaction((own) => own.execute('INSERT INTO t VALUES (0)'));
        waiting = [1, 2, 3, 4].map((i) => tx.execute('INSERT INTO t VALUES ($1)', i));
        waiting.push(
          tx.executeMany('INSERT INTO t VALUES ($1)', [[5], [6]]),
          tx.copyRecordsToTable('t', { records: [[7]] }),
          tx.transaction((own) => own.execute('INSERT INTO t VALUES (8)')),
          tx.fetchVal('INSERT INTO t VALUES (9) RETURNING pg_current_xact_id()::text'),
        );
        await inner;
        if (end === 'rolled back') throw failed;
      });
      expect(await outer.catch((error: unknown) => error)).toBe(
        end === 'committed' ? undefined : failed,
      );
      const results = await Promise.allSettled(waiting);
      const isDone = end === 'committed';
      if (isDone) expect(results.map(({ status }) => status)).toEqual(Array(8).fill('fulfilled'));
      expect(await values(c)).toEqual(isDone ? [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] : []);
    },
  );

  it('that wait are ended by their own signal and by that of the outer one', async () => {
    const c = await openWithTable(version);
    const [outer, own] = [new AbortController(), new AbortController()];
    const errors: Promise<Error>[] = [];
    const error = await failure(
      c.transaction({ signal: outer.signal }, async (tx) => {
        const open = tx.transaction(async (inner) => {
          await inner.execute('INSERT INTO t VALUES (1)');
          await sleep(20);
        });
        open.catch(() => {});
        errors.push(
          failure(tx.transaction({ signal: own.signal }, async () => {})),
          failure(tx.execute({ text: 'INSERT INTO t VALUES (2)', timeout: 2 })),
          failure(tx.transaction(async () => {})),
          failure(tx.execute('INSERT INTO t VALUES (3)')),
        );
        own.abort(new Error('own'));
        expect((await errors[0]!).message).toBe('own');
        expect(await errors[1]).toMatchObject({ name: TimeoutError.name, safeToRetry: true });
        outer.abort(new Error('outer'));
        expect((await errors[2]!).message).toBe('outer');
        expect((await errors[3]!).message).toBe('outer');
        await open;
      }),
    );
    expect(error.message).toBe('outer');
    expect(await values(c)).toEqual([]);
  });

  it('that still wait are refused when the outer one is rolled back', async () => {
    const c = await openWithTable(version);
    const waiting: Promise<unknown>[] = [];
    await failure(
      c.transaction(async (tx) => {
        waiting.push(failure(tx.transaction(() => sleep(30))));
        waiting.push(
          failure(tx.transaction(() => sleep(30))),
          failure(tx.transaction((inner) => inner.execute('INSERT INTO t VALUES (1)'))),
        );
        throw new Error('outer fails');
      }),
    );
    for (const error of await Promise.all(waiting)) expect(error).toBeInstanceOf(InterfaceError);
    expect(await values(c)).toEqual([]);
  });
});

describeEach('transactions begun by hand', (version) => {
  it('are entered by their object, and by the connection where they were begun', async () => {
    const c = await openWithTable(version);
    const stranger = async (): Promise<unknown> => {
      await sleep(5);
      return c.execute('INSERT INTO t VALUES (1)');
    };
    const outside = stranger();
    const tx = await c.begin();
    await tx.execute('INSERT INTO t VALUES (2)');
    await c.execute('INSERT INTO t VALUES (3)');
    await sleep(20);
    await tx.rollback();
    expect(await outside).toBe('INSERT 0 1');
    expect(await values(c)).toEqual([1]);
  });

  it('let calls wait that were made before they had begun, and are in no hurry', async () => {
    const c = await openWithTable(version);
    const beginning = c.begin();
    const before = c.execute('INSERT INTO t VALUES (1)');
    const tx = await beginning;
    await tx.execute('INSERT INTO t VALUES (2)');
    await c.execute('INSERT INTO t VALUES (3)');
    await tx.rollback();
    expect(await before).toBe('INSERT 0 1');
    expect(await values(c)).toEqual([1]);
  });

  it('at the same time wait for each other', async () => {
    const c = await openWithTable(version);
    const job = async (a: number): Promise<void> => {
      const tx = await c.begin();
      await tx.execute('INSERT INTO t VALUES ($1)', a);
      await sleep(5);
      if (a === 1) await tx.rollback();
      else await tx.commit();
    };
    await Promise.all([job(1), job(2), job(3)]);
    expect(await values(c)).toEqual([2, 3]);
  });
});

describe('a callback that waits for a call of its connection, made by a queue', () => {
  it('is warned of, once, and goes on when the call is ended', async () => {
    await using c = await hastyConnection(1);
    const pushed = deferred<() => void>();
    // In the context as it is here, as a DataLoader's batch runs in its own.
    void pushed.promise.then((call) => call());
    const warned = nextWarning();
    const ended = new AbortController();
    const value = await c.transaction(async (tx) => {
      await tx.execute('SELECT 1');
      const asked = deferred<Error>();
      pushed.resolve(() => {
        c.fetch({ text: 'SELECT 2', signal: ended.signal }).catch(asked.resolve);
      });
      const warning = await warned;
      expect(warning.name).toBe('AsyncpgTransactionWaitWarning');
      expect(warning.message).toMatch(/in which nothing has been asked for 5000 ms: if the/);
      ended.abort(new Error('told'));
      expect((await asked.promise).message).toBe('told');
      return tx.fetchVal('SELECT 3');
    });
    expect(value).toBe(3);
    expect(process.emitWarning).toHaveBeenCalledTimes(1);
  });

  it('is not warned of while the server is at work, or the transaction goes on', async () => {
    await using c = await hastyConnection(20);
    const emit = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const begun = deferred();
    const working = c.transaction(async (tx) => {
      begun.resolve();
      await tx.execute('SELECT pg_sleep(0.2)');
      for (let n = 0; n < 10; n++) {
        await sleep(20);
        await tx.execute('SELECT 1');
      }
    });
    await begun.promise;
    expect(await c.fetchVal('SELECT 2')).toBe(2);
    await working;
    await sleep(150);
    expect(emit).not.toHaveBeenCalled();
  });
});

import { expect, it } from 'vitest';
import {
  type Connection,
  InterfaceError,
  SerializationError,
  type Transaction,
} from '../../../src/index.ts';
import { collect, describeEach, failure } from '../../support/connections.ts';
import { openWithTable, values } from './table.ts';

/** Texts that end a transaction, and whether they keep what was done in it. */
const ENDS: [text: string, keeps: boolean][] = [
  ['COMMIT', true],
  ['/* the end */ END', true],
  ['ROLLBACK', false],
  ['ABORT', false],
  ['COMMIT AND CHAIN', true],
  ['ROLLBACK AND CHAIN', false],
  ['BEGIN; SELECT 1; COMMIT', true],
  ['SELECT 1; COMMIT; BEGIN', true],
  ['ROLLBACK; BEGIN; SELECT 2', false],
];

function checkEnded(error: Error): void {
  expect(error).toBeInstanceOf(InterfaceError);
  expect(error.message).toContain('was ended by a statement');
}

/** Every kind of call in the transaction, and on the connection inside of it. */
function calls(c: Connection, tx: Transaction): [string, () => Promise<unknown>][] {
  const insert = 'INSERT INTO t VALUES (99)';
  return [
    ['execute', () => tx.execute(insert)],
    ['execute with arguments', () => tx.execute('INSERT INTO t VALUES ($1)', 99)],
    ['fetch', () => tx.fetch(`${insert} RETURNING a`)],
    ['batch', () => tx.batch([insert])],
    ['executeMany', () => tx.executeMany('INSERT INTO t VALUES ($1)', [[99]])],
    ['fetchMany', () => tx.fetchMany('INSERT INTO t VALUES ($1) RETURNING a', [[99]])],
    ['stream', () => collect(tx.stream(`${insert} RETURNING a`))],
    ['copyRecordsToTable', () => tx.copyRecordsToTable('t', { records: [[99]] })],
    ['copyToTable', () => tx.copyToTable('t', { source: ['99\n'] })],
    ['copyRecordsFromQuery', () => collect(tx.copyRecordsFromQuery('SELECT 1'))],
    ['notify', () => tx.notify('news')],
    ['savepoint', () => tx.savepoint()],
    ['transaction', () => tx.transaction((inner) => inner.execute(insert))],
    ['connection.execute', () => c.execute(insert)],
    ['connection.transaction', () => c.transaction((inner) => inner.execute(insert))],
    ['connection.begin', () => c.begin()],
    ['connection.cursor', () => c.cursor('SELECT 1').fetch(1)],
    ['connection.addListener', () => c.addListener('news', () => {})],
  ];
}

describeEach('a transaction that a statement has ended', (version) => {
  it.each(ENDS)('by %j refuses everything from then on', async (text, keeps) => {
    const c = await openWithTable(version);
    const prepared = await c.prepare('INSERT INTO t VALUES (98)');
    const error = await failure(
      c.transaction(async (tx) => {
        await tx.execute('INSERT INTO t VALUES (1)');
        const savepoint = await tx.savepoint();
        await tx.execute(text);
        expect(c.isInTransaction()).toBe(false);
        for (const [, call] of calls(c, tx)) checkEnded(await failure(call()));
        checkEnded(await failure(prepared.execute()));
        checkEnded(await failure(savepoint.rollback()));
        checkEnded(await failure(tx.commit()));
        checkEnded(await failure(tx.rollback()));
      }),
    );
    checkEnded(error);
    expect(error).toMatchObject({ safeToRetry: false, isTransient: false });
    expect(await values(c)).toEqual(keeps ? [1] : []);
    expect(c.isInTransaction()).toBe(false);
    await c.transaction((tx) => tx.execute('INSERT INTO t VALUES (2)'));
    expect(await values(c)).toEqual(keeps ? [1, 2] : [2]);
  });

  it.each(ENDS)('by %j sends nothing that was called behind it', async (text, keeps) => {
    const c = await openWithTable(version);
    const error = await failure(
      c.transaction(async (tx) => {
        await tx.execute('INSERT INTO t VALUES (1)');
        const end = tx.execute(text);
        const behind = calls(c, tx).map(([, call]) => failure(call()));
        await end;
        for (const refused of await Promise.all(behind)) checkEnded(refused);
      }),
    );
    checkEnded(error);
    expect(await values(c)).toEqual(keeps ? [1] : []);
  });

  it('is noticed in every call that executes a text', async () => {
    const c = await openWithTable(version);
    const commit = await c.prepare('COMMIT');
    const byCall: [string, (tx: Transaction) => Promise<unknown>][] = [
      ['fetch', (tx) => tx.fetch('COMMIT')],
      ['unkept', (tx) => tx.fetch({ text: 'COMMIT', prepare: false })],
      ['batch', (tx) => tx.batch(['SELECT 1', 'COMMIT'])],
      ['executeMany', (tx) => tx.executeMany('COMMIT AND CHAIN', [[]])],
      ['stream', (tx) => collect(tx.stream('COMMIT'))],
      ['cursor', (tx) => tx.connection.cursor('COMMIT AND CHAIN').fetch(1)],
      ['prepared statement', () => commit.execute()],
    ];
    for (const [at, [, end]] of byCall.entries()) {
      const error = await failure(
        c.transaction(async (tx) => {
          await tx.execute('INSERT INTO t VALUES ($1)', at);
          const ending = end(tx);
          const behind = failure(tx.execute('INSERT INTO t VALUES ($1)', 100 + at));
          await ending;
          checkEnded(await behind);
        }),
      );
      checkEnded(error);
    }
    expect(await values(c)).toEqual(byCall.map((_, at) => at));
  });

  it('lets a stream and a cursor end that had all their rows', async () => {
    const c = await openWithTable(version);
    const error = await failure(
      c.transaction(async (tx) => {
        const cursor = tx.cursor('SELECT generate_series(1, 3) AS a');
        await cursor.fetch(1);
        const streaming = collect(tx.stream('INSERT INTO t VALUES ($1) RETURNING a', 1));
        const end = tx.execute('COMMIT');
        const closing = cursor.close();
        expect(await streaming).toEqual([{ a: 1 }]);
        await closing;
        await end;
      }),
    );
    checkEnded(error);
    expect(await values(c)).toEqual([1]);
  });

  it('as its first statement, or without waiting for it, is told when it returns', async () => {
    const c = await openWithTable(version);
    for (const query of ['COMMIT', { text: 'COMMIT', prepare: true }]) {
      checkEnded(await failure(c.transaction((tx) => tx.fetch(query))));
      checkEnded(
        await failure(
          c.transaction(async (tx) => {
            await tx.execute('SELECT 1');
            void tx.execute(query);
          }),
        ),
      );
    }
    expect(c.isInTransaction()).toBe(false);
    expect(await c.fetchVal('SELECT 1')).toBe(1);
  });

  it('rejects with that whatever its callback throws, as it had an effect', async () => {
    const c = await openWithTable(version);
    const cause = new Error('step 3 fails');
    const error = await failure(
      c.transaction(async (tx) => {
        await tx.execute('INSERT INTO t VALUES (1); COMMIT');
        throw cause;
      }),
    );
    checkEnded(error);
    expect(error.cause).toBe(cause);
    expect(await values(c)).toEqual([1]);
  });

  it('is not run again, whatever its callback throws', async () => {
    const c = await openWithTable(version);
    let runs = 0;
    const error = await failure(
      c.transaction({ retries: 3 }, async (tx) => {
        runs += 1;
        await tx.execute('INSERT INTO t VALUES (1); COMMIT');
        throw new SerializationError('of another connection');
      }),
    );
    checkEnded(error);
    expect(runs).toBe(1);
    expect(await values(c)).toEqual([1]);
  });

  it('inside of another one ends that as well', async () => {
    const c = await openWithTable(version);
    const error = await failure(
      c.transaction(async (tx) => {
        await tx.execute('INSERT INTO t VALUES (1)');
        checkEnded(
          await failure(
            tx.transaction(async (inner) => {
              await inner.execute('INSERT INTO t VALUES (2)');
              await inner.execute('COMMIT');
            }),
          ),
        );
        checkEnded(await failure(tx.execute('INSERT INTO t VALUES (3)')));
        checkEnded(await failure(c.execute('INSERT INTO t VALUES (4)')));
      }),
    );
    checkEnded(error);
    expect(await values(c)).toEqual([1, 2]);
  });

  it('keeps strangers waiting until its callback is over', async () => {
    const c = await openWithTable(version);
    const order: string[] = [];
    const results = await Promise.all([
      failure(
        c.transaction(async (tx) => {
          await tx.execute('COMMIT AND CHAIN');
          await failure(tx.execute('SELECT 1'));
          order.push('callback');
        }),
      ),
      c.execute('INSERT INTO t VALUES (1)').then(() => order.push('stranger')),
    ]);
    checkEnded(results[0]);
    expect(order).toEqual(['callback', 'stranger']);
    expect(await values(c)).toEqual([1]);
  });

  it('does not take ROLLBACK TO, or what is refused in a transaction, for its end', async () => {
    const c = await openWithTable(version);
    await c.transaction(async (tx) => {
      await tx.execute('INSERT INTO t VALUES (1); SAVEPOINT a');
      await tx.execute('INSERT INTO t VALUES (2)');
      await tx.execute('ROLLBACK WORK TO SAVEPOINT a');
      await tx.execute('ROLLBACK TO a; INSERT INTO t VALUES (3)');
      for (const text of [
        'DO $$ BEGIN COMMIT; END $$',
        "DO $$ BEGIN EXECUTE 'COMMIT'; END $$",
        'SELECT CASE WHEN true THEN 1 END / 0; COMMIT',
        "COMMIT PREPARED 'none'",
      ]) {
        const point = await tx.savepoint();
        const error = await failure(tx.execute(text));
        expect(error).not.toBeInstanceOf(InterfaceError);
        await point.rollback();
      }
      expect(c.isInTransaction()).toBe(true);
    });
    expect(await values(c)).toEqual([1, 3]);
  });

  it('is told of a procedure’s COMMIT by the server, and goes on only to fail', async () => {
    const c = await openWithTable(version);
    await c.execute('CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$');
    const error = await failure(
      c.transaction(async (tx) => {
        await tx.execute('INSERT INTO t VALUES (1)');
        await tx.execute('CALL p()');
      }),
    );
    expect(error).toMatchObject({ sqlstate: '2D000' });
    expect(await values(c)).toEqual([]);
  });
});

describeEach('a transaction begun by hand that a statement has ended', (version) => {
  it.each(ENDS)('by %j is not committed, nor rolled back', async (text, keeps) => {
    const c = await openWithTable(version);
    for (const end of ['commit', 'rollback'] as const) {
      await c.execute('TRUNCATE t');
      const tx = await c.begin();
      await tx.execute('INSERT INTO t VALUES (1)');
      await tx.execute(text);
      for (const [, call] of calls(c, tx)) checkEnded(await failure(call()));
      checkEnded(await failure(tx[end]()));
      checkEnded(await failure(tx.execute('INSERT INTO t VALUES (2)')));
      // Its code has been told.
      expect(await values(c)).toEqual(keeps ? [1] : []);
    }
  });

  it('tells so at the end of its block', async () => {
    const c = await openWithTable(version);
    const block = async (): Promise<void> => {
      await using tx = await c.begin();
      await tx.execute('INSERT INTO t VALUES (1)');
      await c.execute('COMMIT');
    };
    checkEnded(await failure(block()));
    expect(await values(c)).toEqual([1]);
  });

  it('lets go of its connection when that is reset', async () => {
    const c = await openWithTable(version);
    const path = await c.fetchVal('SHOW search_path');
    const tx = await c.begin();
    await tx.execute('COMMIT AND CHAIN');
    await c.reset();
    checkEnded(await failure(tx.rollback()));
    await c.execute(`SET search_path = ${path}`);
    await c.execute('INSERT INTO t VALUES (1)');
    expect(await values(c)).toEqual([1]);
  });
});

describeEach('a transaction begun by a text', (version) => {
  it('takes no other into it', async () => {
    const c = await openWithTable(version);
    await c.execute('BEGIN');
    for (const call of [() => c.transaction(async () => {}), () => c.begin()]) {
      expect((await failure(call())).message).toContain('in a manually started transaction');
    }
    expect(c.isInTransaction()).toBe(true);
    await c.execute('INSERT INTO t VALUES (1)');
    await c.execute('COMMIT');
    const [, error] = await Promise.all([
      c.execute('BEGIN'),
      failure(c.transaction((tx) => tx.execute('INSERT INTO t VALUES (2)'))),
      c.execute('INSERT INTO t VALUES (3)'),
    ]);
    expect(error.message).toContain('in a manually started transaction');
    await c.execute('ROLLBACK');
    expect(await values(c)).toEqual([1]);
  });
});

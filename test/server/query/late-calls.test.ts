/** Calls whose code is loaded when it is first needed keep their place, and are what they always are. */
import { beforeEach, expect, it, test, vi } from 'vitest';
import { bulkCalls } from '../../../src/client/bulk/bulk-room.ts';
import type { ClientSession } from '../../../src/client/client-session.ts';
import { copyCalls } from '../../../src/client/copy/copy-room.ts';
import { CLIENT, RESULT } from '../../../src/client/internals.ts';
import { transactionCalls } from '../../../src/client/transactions/transaction-room.ts';
import { typeCodecs } from '../../../src/client/type-codec-room.ts';
import { type Connection, createPool, type Queryable } from '../../../src/index.ts';
import { Room } from '../../../src/runtime/room.ts';
import { catalog } from '../../../src/session/statements/catalog-room.ts';
import { collect, describeEach, failure, open } from '../../support/connections.ts';
import { deferred } from '../../support/deferred.ts';
import { serverDsn } from '../../support/servers/server.ts';

/** As in a process that has made no such call yet. */
function forget(): void {
  bulkCalls.content = null;
  copyCalls.content = null;
  catalog.content = null;
  transactionCalls.content = null;
  typeCodecs.content = null;
}
beforeEach(forget);

const clientOf = (connection: Connection): ClientSession => connection[CLIENT]('a test');

/** Each draws the next number, once. */
const late: [name: string, call: (on: Queryable) => Promise<unknown>][] = [
  ['executeMany', (on) => on.executeMany('INSERT INTO drawn VALUES ($1)', [['many']])],
  ['fetchMany', (on) => on.fetchMany('INSERT INTO drawn VALUES ($1) RETURNING who', [['many']])],
  ['batch', (on) => on.batch([{ text: 'INSERT INTO drawn VALUES ($1)', args: ['batch'] }])],
  ['stream', (on) => collect(on.stream("INSERT INTO drawn VALUES ('stream') RETURNING who"))],
  [
    'copyRecordsToTable',
    (on) => on.copyRecordsToTable('drawn', { columns: ['who'], records: [['records']] }),
  ],
  [
    'copyToTable',
    (on) => on.copyToTable('drawn', { columns: ['who'], source: [Buffer.from('data\n')] }),
  ],
  [
    'copyFromQuery',
    (on) =>
      on.copyFromQuery("INSERT INTO drawn VALUES ('query') RETURNING who", { output: () => {} }),
  ],
  [
    'copyRecordsFromQuery',
    (on) => collect(on.copyRecordsFromQuery("INSERT INTO drawn VALUES ('rows') RETURNING who")),
  ],
];

/** And what is of several calls. */
const placed: typeof late = [
  ...late,
  [
    'transaction',
    (on) => on.transaction((tx) => tx.execute("INSERT INTO drawn VALUES ('transaction')")),
  ],
  [
    'a transaction of one call',
    (on) =>
      (on as Connection)
        .with({ readOnly: false, settings: { 'app.user': 'x' } })
        .execute("INSERT INTO drawn VALUES ('with')"),
  ],
];

describeEach('a call whose code is loaded when it is first needed', (version) => {
  async function prepared(): Promise<Connection> {
    const c = await open(version);
    await c.execute('CREATE TEMP TABLE drawn (who text, number serial)');
    forget();
    return c;
  }
  const mark = (c: Queryable, who: string): Promise<unknown> =>
    c.execute('INSERT INTO drawn VALUES ($1)', who);
  const drawn = async (c: Queryable): Promise<unknown[]> =>
    (await c.fetch('SELECT number FROM drawn ORDER BY who')).map((row) => row['number']);

  it.each(placed)('keeps its place among others: %s', async (_name, call) => {
    const c = await prepared();
    for (let round = 0; round < 2; round++) {
      await c.execute('TRUNCATE drawn RESTART IDENTITY');
      const calls = [mark(c, 'a'), call(c), mark(c, 'y'), call(c), mark(c, 'z')];
      await Promise.all(calls);
      const rows = await c.fetch('SELECT who FROM drawn ORDER BY number');
      const who = rows.map((row) => row['who'] as string);
      expect([who[0], who[2], who[4]]).toEqual(['a', 'y', 'z']);
      expect(who[1]).toBe(who[3]);
    }
    await c.close();
  });

  it('keeps its place among others of another room', async () => {
    const c = await prepared();
    await Promise.all(placed.map(([, call]) => call(c)));
    const rows = await c.fetch('SELECT who FROM drawn ORDER BY number');
    expect(rows.map((row) => row['who'])).toEqual([
      'many',
      'many',
      'batch',
      'stream',
      'records',
      'data',
      'query',
      'rows',
      'transaction',
      'with',
    ]);
    await c.close();
  });

  it('keeps its place among others: a statement that is kept', async () => {
    const c = await prepared();
    for (let round = 0; round < 2; round++) {
      const [, statement, , gone] = await Promise.all([
        c.execute('CREATE TEMP TABLE kept (a int4)'),
        c.prepare('SELECT a FROM kept'),
        c.execute('DROP TABLE kept'),
        failure(c.prepare('SELECT a FROM kept')),
      ]);
      expect(statement.attributes.map(({ name }) => name)).toEqual(['a']);
      expect(gone).toMatchObject({ sqlstate: '42P01', query: 'SELECT a FROM kept' });
    }
    await c.close();
  });

  it('keeps its place among others: the steps of a cursor', async () => {
    const c = await prepared();
    for (let round = 0; round < 2; round++) {
      await c.execute('TRUNCATE drawn RESTART IDENTITY');
      const fetched = await c.transaction(async (tx) => {
        const cursor = tx.cursor(
          "INSERT INTO drawn SELECT 'cursor' FROM generate_series(1, 3) RETURNING number",
        );
        const [, first, , second, , rest] = await Promise.all([
          mark(tx, 'a'),
          cursor.fetch(1),
          mark(tx, 'y'),
          cursor.fetch(1),
          mark(tx, 'z'),
          cursor.fetchRow(),
        ]);
        await cursor.close();
        return [...first, ...second, rest].map((row) => row['number']);
      });
      expect(fetched).toEqual([2, 3, 4]);
      expect(await drawn(c)).toEqual([1, 2, 3, 4, 5, 6]);
    }
    await c.close();
  });

  it('keeps its place among others: a script with its result', async () => {
    const c = await prepared();
    const text = "INSERT INTO drawn VALUES ('m'); INSERT INTO drawn VALUES ('n') RETURNING number";
    for (let round = 0; round < 2; round++) {
      await c.execute('TRUNCATE drawn RESTART IDENTITY');
      const [, result] = await Promise.all([mark(c, 'a'), c[RESULT]({ text }), mark(c, 'z')]);
      expect(result).toMatchObject({ tag: 'INSERT 0 1', rows: [{ number: 3 }] });
      expect(await drawn(c)).toEqual([1, 2, 3, 4]);
    }
    await c.close();
  });

  it('keeps its place behind one that is prepared first, and a transaction comes behind it', async () => {
    const c = await prepared();
    const calls = [
      c.fetchVal('SELECT pg_sleep(0)'),
      c.executeMany('INSERT INTO drawn VALUES ($1)', [['b'], ['c']]),
      c.transaction((tx) => mark(tx, 'd')),
      c.executeMany('INSERT INTO drawn VALUES ($1)', [['e']]),
    ];
    await Promise.all(calls);
    expect(await drawn(c)).toEqual([1, 2, 3, 4]);
    await c.close();
  });

  it.each(late)('is a part of its transaction, not awaited either: %s', async (_name, call) => {
    const c = await prepared();
    const tx = await c.begin();
    const made = call(tx);
    await tx.rollback();
    await made;
    expect(await drawn(c)).toEqual([]);
    forget();
    let inside!: Promise<unknown>;
    await c.transaction(async (other) => {
      inside = call(other);
    });
    await inside;
    expect((await drawn(c)).length).toBe(1);
    forget();
    // As the first of a savepoint.
    await c.transaction((outer) =>
      outer
        .transaction(async (nested) => {
          await call(nested);
          throw new Error('undone');
        })
        .catch(() => {}),
    );
    expect((await drawn(c)).length).toBe(1);
    await c.close();
  });

  it.each(late)('is made before the connection is closed: %s', async (_name, call) => {
    const c = await prepared();
    await Promise.all([call(c), c.close()]);
  });

  it('is refused for its arguments as ever, and nothing is sent', async () => {
    const c = await prepared();
    const before = clientOf(c).session.requests;
    const wrong: [() => Promise<unknown>, string][] = [
      [() => c.executeMany('SELECT 1', 1 as never), 'an iterable of arrays'],
      [() => c.executeMany(1 as never, [[1]]), 'is a string'],
      [() => c.executeMany('SELECT 1', [], { wait: 1 } as never), 'wait'],
      [() => c.batch(1 as never), 'an array of queries'],
      [() => c.copyRecordsToTable('drawn', { records: 1 as never }), 'must be an iterable'],
      [() => c.copyToTable('drawn', { source: [], what: 1 } as never), 'what'],
      [
        () => c.copyFromTable('drawn', { output: () => {}, format: 'x' as never }),
        'format must be',
      ],
    ];
    const failures = wrong.map(async ([call, words]) => {
      expect(String(await failure(call()))).toContain(words);
    });
    await Promise.all([...failures, mark(c, 'behind')]);
    expect(await drawn(c)).toEqual([1]);
    // Places that were taken in the queue, and no more; a description, an execution, and once more.
    expect(clientOf(c).session.requests - before).toBeLessThanOrEqual(wrong.length + 2);
    await c.close();
  });

  it('asks for types that are not built in, in its place', async () => {
    const c = await prepared();
    await c.execute("CREATE TYPE pg_temp.mood AS ENUM ('sad', 'happy')");
    forget();
    const [first, second, third] = await Promise.all([
      c.fetchVal("SELECT ARRAY['happy'::pg_temp.mood]"),
      c.fetchVal('SELECT 2'),
      c.fetchVal("SELECT ROW('sad'::pg_temp.mood, 1)"),
    ]);
    expect([first, second]).toEqual([['happy'], 2]);
    expect(third).toEqual(['sad', 1]);
    await c.close();
  });

  it('of a pool: a transaction that is undone by the release takes its call with it', async () => {
    const pool = await createPool(serverDsn(version), { maxSize: 1 });
    await pool.execute('DROP TABLE IF EXISTS late_calls; CREATE TABLE late_calls (who text)');
    forget();
    const connection = await pool.acquire();
    const tx = await connection.begin();
    const made = failure(tx.executeMany('INSERT INTO late_calls VALUES ($1)', [['a']]));
    await pool.release(connection);
    expect(await made).toMatchObject({ safeToRetry: true });
    expect(await pool.fetchVal('SELECT count(*)::int4 FROM late_calls')).toBe(0);
    await pool.execute('DROP TABLE late_calls');
    await pool.close();
  });

  it.each(['begin', 'transaction'] as const)(
    'of a pool: what is given back before its %s could begin begins nothing with the next holder',
    async (how) => {
      const pool = await createPool(serverDsn(version), { minSize: 1, maxSize: 1 });
      forget();
      const calls = await transactionCalls.open();
      forget();
      const gate = deferred();
      const opening = vi.spyOn(transactionCalls, 'open');
      opening.mockImplementation(() => gate.promise.then(() => calls));
      const first = await pool.acquire();
      const acquired = pool.acquire();
      const begun = failure(how === 'begin' ? first.begin() : first.transaction(async () => 1));
      await pool.release(first);
      const second = await acquired;
      const called = second.fetchVal('SELECT 2');
      gate.resolve();
      expect((await begun).message).toMatch('released back to the pool');
      expect(await called).toBe(2);
      expect(second.isInTransaction()).toBe(false);
      opening.mockRestore();
      await pool.release(second);
      await pool.close();
    },
  );

  it('of a pool: the connection is given back when the call was made', async () => {
    const pool = await createPool(serverDsn(version), { maxSize: 1 });
    await pool.execute('DROP TABLE IF EXISTS late_calls; CREATE TABLE late_calls (who text)');
    forget();
    const connection = await pool.acquire();
    const made = connection.executeMany('INSERT INTO late_calls VALUES ($1)', [['a']]);
    await Promise.all([made, pool.release(connection)]);
    forget();
    await Promise.all([
      pool.executeMany('INSERT INTO late_calls VALUES ($1)', [['b']]),
      pool.batch(["INSERT INTO late_calls VALUES ('c')"]),
      pool.copyRecordsToTable('late_calls', { records: [['d']] }),
    ]);
    expect(await pool.fetchVal("SELECT string_agg(who, '' ORDER BY who) FROM late_calls")).toBe(
      'abcd',
    );
    await pool.execute('DROP TABLE late_calls');
    await pool.close();
  });
});

/** A room whose door the test opens. */
function gated(): { room: Room<string>; open: (name: string) => void } {
  let open!: (name: string) => void;
  const gate = new Promise<string>((resolve) => {
    open = resolve;
  });
  return { room: new Room(() => gate), open };
}

test('while its code is loaded, those behind wait, and it is ended by its signal', async () => {
  const c = await open();
  const client = clientOf(c);
  const { room, open: load } = gated();
  const controller = new AbortController();
  const deadline = client.deadline(undefined, controller.signal)!;
  const call = failure(client.with(room, deadline, () => Promise.reject(new Error('was made'))));
  let isThrough = false;
  const behind = c.fetchVal('SELECT 1').then((value) => {
    isThrough = true;
    return value;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(isThrough).toBe(false);
  controller.abort(new Error('enough'));
  expect(await call).toMatchObject({ message: 'enough' });
  expect(await behind).toBe(1);
  load('late');
  deadline.dispose();
  expect(await c.fetchVal('SELECT 2')).toBe(2);
  await c.close();
});

test('code that cannot be loaded fails the call alone, and is asked for again', async () => {
  const c = await open();
  const client = clientOf(c);
  const loads = [() => Promise.reject(new Error('no such file')), () => Promise.resolve('loaded')];
  const room = new Room<string>(() => loads.shift()!());
  const [call, behind] = await Promise.all([
    failure(client.with(room, null, () => Promise.resolve())),
    c.fetchVal('SELECT 1'),
  ]);
  expect([call, behind]).toMatchObject([{ message: 'no such file' }, 1]);
  expect(await client.with(room, null, (content) => Promise.resolve(content))).toBe('loaded');
  await c.close();
});

test('a connection that is lost meanwhile has executed nothing of it', async () => {
  const c = await open();
  const client = clientOf(c);
  const { room, open: load } = gated();
  // It leaves after the place in the queue was taken.
  const before = c.fetchVal('SELECT 1');
  const call = failure(client.with(room, null, () => Promise.reject(new Error('was made'))));
  expect(await before).toBe(1);
  c.terminate();
  expect(await call).toMatchObject({ safeToRetry: true });
  load('late');
});

import { setTimeout } from 'node:timers/promises';
import { PGlite } from '@electric-sql/pglite';
import { hstore } from '@electric-sql/pglite/contrib/hstore';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import * as asyncpg from '../../../src/index.ts';
import { connect, createPool, type PoolOptions } from '../../../src/index.ts';
import { pglite } from '../../../src/integrations/pglite/index.ts';
// biome-ignore lint/correctness/useImportExtensions: its types stand beside it
import { checksOf } from '../../runtimes/checks.mjs';

let db: PGlite;

beforeAll(async () => {
  db = await PGlite.create({ extensions: { hstore } });
}, 120_000);

afterAll(() => db.close());

beforeEach(async () => {
  await db.exec('DROP TABLE IF EXISTS t; CREATE TABLE t (id int4, name text)');
});

/** What has been written to the table, by PGlite's own method. */
const written = async () =>
  (await db.query<{ id: number }>('SELECT id FROM t ORDER BY id')).rows.map(({ id }) => id);

const open = (options: asyncpg.ConnectOptions = {}) => connect({ dial: pglite(db), ...options });
const openPool = (options: PoolOptions = {}) =>
  createPool({ dial: pglite(db), minSize: 0, maxSize: 3, ...options });

describe('the conformance script', () => {
  // A statement stops the whole process: nothing could cancel it.
  const checks = checksOf(asyncpg, undefined, {}).filter(([name]) => !name.includes('cancelled'));

  test.each(checks.map(([name], index) => [name, index] as const))('%s', async (_, index) => {
    const check = checksOf(asyncpg, undefined, { dial: pglite(db) }).filter(
      ([name]) => !name.includes('cancelled'),
    )[index]![1];
    await using connection = await open();
    await check(connection);
  });
});

describe('several connections on the one backend', () => {
  test('have all their calls answered, each with its own', async () => {
    await using pool = await openPool({ maxSize: 5, pipelining: 3 });
    const numbers = Array.from({ length: 300 }, (_, index) => index);
    const results = await Promise.all(
      numbers.map((n) =>
        n % 7 === 0
          ? pool.fetchVal('SELECT 1 / ($1::int4 - $1)', n).catch((error) => error.sqlstate)
          : pool.fetchVal('SELECT $1::int4', n),
      ),
    );
    expect(results).toEqual(numbers.map((n) => (n % 7 === 0 ? '22012' : n)));
  });

  test('wait while another has a transaction, and PGlite too', async () => {
    await using pool = await openPool();
    const log: string[] = [];
    const note = (what: string) => () => log.push(what);
    const others: Promise<unknown>[] = [];
    await pool.transaction(async (tx) => {
      await tx.execute('INSERT INTO t VALUES (1)');
      others.push(pool.execute('INSERT INTO t VALUES (2)').then(note('pool')));
      others.push(
        pool.transaction((two) => two.execute('INSERT INTO t VALUES (3)')).then(note('tx')),
      );
      others.push(db.query('INSERT INTO t VALUES (4)').then(note('db')));
      for (let i = 0; i < 20; i++) await tx.fetchVal('SELECT count(*) FROM t');
      expect(await tx.fetchVal('SELECT count(*) FROM t')).toBe(1n);
      log.push('done');
    });
    await Promise.all(others);
    expect(log[0]).toBe('done');
    expect(log.slice(1).sort()).toEqual(['db', 'pool', 'tx']);
    expect(await written()).toEqual([1, 2, 3, 4]);
  });

  test('may be used while a stream or a COPY of another goes on', async () => {
    await using pool = await openPool();
    for await (const { g } of pool.stream('SELECT g FROM generate_series(1, 3) g')) {
      await pool.execute('INSERT INTO t VALUES ($1)', g);
    }
    async function* records() {
      for (const id of [4, 5]) yield [await pool.fetchVal('SELECT $1::int4', id), 'x'];
    }
    expect(await pool.copyRecordsToTable('t', { records: records() })).toBe('COPY 2');
    expect(await written()).toEqual([1, 2, 3, 4, 5]);
  });

  test('roll back what one of them leaves open', async () => {
    const one = await open();
    const tx = await one.begin();
    await tx.execute('INSERT INTO t VALUES (1)');
    one.terminate();
    await using other = await open();
    expect(await other.fetchVal('SELECT count(*) FROM t')).toBe(0n);
  });

  test('have their settings from the start, each its own, and after a reset', async () => {
    await db.exec('CREATE SCHEMA IF NOT EXISTS aside');
    await using one = await open({
      serverSettings: { search_path: 'aside' },
      applicationName: 'a',
    });
    await using two = await connect('postgres:///?options=-c%20statement_timeout%3D5s', {
      dial: pglite(db),
    });
    const settings = (connection: asyncpg.Connection) =>
      connection.fetchRow(
        "SELECT current_setting('search_path') AS path, current_setting('application_name') AS name",
      );
    expect(await settings(one)).toEqual({ path: 'aside', name: 'a' });
    expect(await two.fetchVal("SELECT current_setting('statement_timeout')")).toBe('5s');
    expect(one.settings['application_name']).toBe('a');
    await one.reset();
    expect(await settings(one)).toEqual({ path: 'aside', name: 'a' });
    await expect(
      open({ host: 'one', serverSettings: { no_such_setting: 'x' } }),
    ).rejects.toMatchObject({
      sqlstate: '42704',
    });
  });

  test('use their prepared statements side by side, and again after DISCARD ALL', async () => {
    await using one = await open();
    await using two = await open();
    for (const connection of [one, two, one]) {
      expect(await connection.fetchVal('SELECT $1::int4 + 1', 1)).toBe(2);
    }
    await one.execute('DISCARD ALL');
    expect(await two.fetchVal('SELECT $1::int4 + 1', 2)).toBe(3);
  });
});

describe('a call that waits for its turn', () => {
  /** Runs `work` on a connection while another one has a transaction, which is ended by `free`. */
  async function behindAnother<R>(
    work: (connection: asyncpg.Connection, free: () => Promise<void>) => Promise<R>,
  ): Promise<R> {
    await using holder = await open();
    await using connection = await open();
    const tx = await holder.begin();
    await tx.execute('SELECT 1');
    try {
      return await work(connection, () => tx.rollback());
    } finally {
      if (holder.isInTransaction()) await tx.rollback();
    }
  }

  test('cancelled in a transaction, leaves that failed, and nothing behind it is carried out', () =>
    behindAnother(async (connection, free) => {
      const behind: unknown[] = [];
      const done = connection.transaction(async (tx) => {
        const first = tx.fetch({ text: 'INSERT INTO t VALUES (1)', timeout: 50 });
        behind.push(tx.execute('INSERT INTO t VALUES (2)').catch((error) => error.sqlstate));
        await expect(first).rejects.toBeInstanceOf(asyncpg.TimeoutError);
        behind.push(await tx.fetchVal('SELECT $1::int', 3).catch((error) => error.sqlstate));
        await free();
        behind.push(await tx.execute('INSERT INTO t VALUES (4)').catch((error) => error.sqlstate));
      });
      await expect(done).rejects.toBeInstanceOf(asyncpg.InFailedSQLTransactionError);
      expect(await Promise.all(behind)).toEqual(['25P02', '25P02', '25P02']);
      expect(await written()).toEqual([]);
      await connection.execute('INSERT INTO t VALUES (5)');
      expect(await written()).toEqual([5]);
    }));

  test('of a transaction is ended by its signal, though the other goes on', () =>
    behindAnother(async (connection) => {
      for (const settings of [undefined, { 'app.user': 'x' }]) {
        const signal = AbortSignal.timeout(50);
        const options = settings === undefined ? { signal } : { signal, settings };
        const done = connection.transaction(options, (tx) => tx.fetchVal('SELECT 1'));
        const reason = await done.catch((error: unknown) => error);
        expect(reason).toBe(signal.reason);
        expect(signal.aborted).toBe(true);
      }
      expect(connection.isInTransaction()).toBe(false);
    }));

  test('in a transaction begun by a statement of its own is undone by its ROLLBACK', () =>
    behindAnother(async (connection, free) => {
      const begun = connection.execute({ text: 'BEGIN; SELECT 1', timeout: 50 });
      await expect(begun).rejects.toBeInstanceOf(asyncpg.TimeoutError);
      await expect(connection.execute('SELECT 2')).rejects.toMatchObject({ sqlstate: '25P02' });
      expect(connection.isInTransaction()).toBe(true);
      const ended = connection.execute('ROLLBACK; INSERT INTO t VALUES (1)');
      await free();
      expect(await ended).toBe('INSERT 0 1');
      expect(await written()).toEqual([1]);
      expect(connection.isInTransaction()).toBe(false);
    }));

  test('can be given up: its connection goes on', async () => {
    await using one = await open();
    await using two = await open();
    const tx = await one.begin();
    await tx.execute('INSERT INTO t VALUES (1)');
    const late = two.execute({ text: 'INSERT INTO t VALUES (2)', timeout: 50 });
    await expect(late).rejects.toBeInstanceOf(asyncpg.TimeoutError);
    const abort = new AbortController();
    const aborted = two.execute({ text: 'INSERT INTO t VALUES (3)', signal: abort.signal });
    abort.abort();
    await expect(aborted).rejects.toMatchObject({ name: 'AbortError' });
    const next = two.execute('INSERT INTO t VALUES (4)');
    await tx.commit();
    await next;
    expect(await written()).toEqual([1, 4]);
  });
});

describe('COPY FROM STDIN', () => {
  const copy = (connection: asyncpg.Queryable, text: string, table = 't') =>
    connection.copyToTable(table, { source: [Buffer.from(text)] });

  test('works within a transaction and without one, in all formats', async () => {
    await using connection = await open();
    await copy(connection, '1\tone\n');
    await connection.transaction(async (tx) => {
      await copy(tx, '2\ttwo\n');
      await tx.copyRecordsToTable('t', { records: [[3, null]] });
      await tx.copyToTable('t', { source: [Buffer.from('4,four\n')], format: 'csv' });
      await tx.transaction((inner) => copy(inner, '5\tfive\n'));
    });
    expect(await written()).toEqual([1, 2, 3, 4, 5]);
    const records = Array.from({ length: 50_000 }, (_, id) => [id, `name ${id}`]);
    expect(await connection.copyRecordsToTable('t', { records })).toBe('COPY 50000');
    expect(await connection.fetchVal('SELECT count(DISTINCT id) FROM t')).toBe(50_000n);
  });

  test('tells what is wrong with its table before it takes data, and with its data after', async () => {
    await using connection = await open();
    let pulled = false;
    function* source() {
      pulled = true;
      yield Buffer.from('1\tx\n');
    }
    await expect(connection.copyToTable('nowhere', { source: source() })).rejects.toMatchObject({
      sqlstate: '42P01',
    });
    expect(pulled).toBe(false);
    await expect(copy(connection, 'x\ty\n')).rejects.toMatchObject({ sqlstate: '22P02' });
    await expect(
      connection.transaction((tx) => tx.transaction((inner) => copy(inner, 'x\ty\n'))),
    ).rejects.toMatchObject({ sqlstate: '22P02' });
    await expect(connection.transaction((tx) => copy(tx, '', 'nowhere'))).rejects.toMatchObject({
      sqlstate: '42P01',
    });
    expect(await connection.fetchVal('SELECT count(*) FROM t')).toBe(0n);
  });

  test('leaves no row when its source fails', async () => {
    await using connection = await open();
    const failure = new Error('no more');
    async function* records(): AsyncGenerator<unknown[]> {
      yield [1, 'x'];
      throw failure;
    }
    await expect(connection.copyRecordsToTable('t', { records: records() })).rejects.toBe(failure);
    expect(await connection.fetchVal('SELECT count(*) FROM t')).toBe(0n);
  });

  test('is followed by the calls that were made behind it', async () => {
    await using connection = await open();
    const [raw, first, records, second] = await Promise.all([
      copy(connection, '1\tone\n'),
      connection.fetchVal('SELECT count(*) FROM t'),
      connection.copyRecordsToTable('t', { records: [[2, 'two']] }),
      connection.fetchVal('SELECT count(*) FROM t'),
    ]);
    expect([raw, first, records, second]).toEqual(['COPY 1', 1n, 'COPY 1', 2n]);
  });

  test('that is given up when all of its data is there is answered before the calls behind it', async () => {
    await using one = await open();
    await using two = await open();
    let [isAsked, isEnough] = [false, false];
    async function* source(): AsyncGenerator<Buffer> {
      isAsked = true;
      yield Buffer.from('1\tone\n');
      while (!isEnough) await setTimeout(1);
    }
    const abort = new AbortController();
    const copying = two.copyToTable('t', { source: source(), signal: abort.signal });
    copying.catch(() => {});
    while (!isAsked) await setTimeout(1);
    const tx = await one.begin();
    await tx.execute('SELECT 1');
    isEnough = true;
    const behind = [two.fetchVal('SELECT 7'), two.fetchVal('SELECT 8')];
    await setTimeout(20);
    abort.abort();
    await expect(copying).rejects.toMatchObject({ name: 'AbortError' });
    await tx.commit();
    expect(await Promise.all(behind)).toEqual([7, 8]);
    expect(await written()).toEqual([]);
  });

  test('that is given up at any moment is over, and the calls behind it are answered', async () => {
    await using connection = await open();
    const source = [Buffer.from('1\tone\n')];
    for (let turns = 0; turns < 60; turns++) {
      const tx = await connection.begin();
      await tx.execute('SELECT 1');
      const abort = new AbortController();
      const copying = tx.copyToTable('t', { source, signal: abort.signal });
      const told = Promise.allSettled([copying, tx.fetchVal('SELECT 7')]);
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      abort.abort();
      const [copied, behind] = await told;
      if (copied.status === 'rejected') expect(copied.reason).toMatchObject({ name: 'AbortError' });
      if (behind.status === 'fulfilled') expect(behind.value).toBe(7);
      else expect(behind.reason).toMatchObject({ sqlstate: '25P02' });
      await tx.rollback();
    }
    expect(await connection.fetchVal('SELECT 8')).toBe(8);
  });

  test('of records begins the transaction that it is the first call of', async () => {
    await using connection = await open();
    const nowhere = { records: [[1, 'one']], where: 'nothing' };
    await expect(
      connection.transaction((tx) => tx.copyRecordsToTable('t', nowhere)),
    ).rejects.toMatchObject({ sqlstate: '42703' });
    await connection.transaction((tx) => tx.copyRecordsToTable('t', { records: [[1, 'one']] }));
    const failed = connection.transaction(async (tx) => {
      await expect(tx.copyRecordsToTable('t', { records: [['x', 'two']] })).rejects.toThrow();
      await tx.fetchVal('SELECT 1');
    });
    await expect(failed).rejects.toMatchObject({ sqlstate: '25P02' });
    expect(await written()).toEqual([1]);
  });

  test.each(['COPY t FROM STDIN', 'SELECT 1; COPY t FROM STDIN; SELECT 2'])(
    'as a query is refused, and does not end PGlite: %s',
    async (text) => {
      await using connection = await open();
      await expect(connection.execute(text)).rejects.toThrow();
      await expect(connection.fetch({ text: 'COPY t FROM STDIN' })).rejects.toThrow();
      expect(await connection.fetchVal('SELECT 1')).toBe(1);
    },
  );
});

describe('notifications', () => {
  test('reach those who listen, whoever notifies', async () => {
    await using one = await open();
    await using two = await open();
    const heard: string[] = [];
    const hear = (who: string) => (n: asyncpg.Notification) => {
      heard.push(`${who} ${n.payload}`);
    };
    await one.addListener('news', hear('one'));
    await two.addListener('news', hear('two'));
    await one.notify('news', 'a');
    await db.query("NOTIFY news, 'b'");
    await one.fetchVal('SELECT 1');
    expect(heard.sort()).toEqual(['one a', 'one b', 'two a', 'two b']);
    await one.reset();
    heard.length = 0;
    await two.notify('news', 'c');
    expect(heard).toEqual(['two c']);
  });

  test('outlast what resets the sessions of a pool', async () => {
    await using pool = await openPool();
    const heard: string[] = [];
    const subscription = await pool.listen('Some Channel', ({ payload }) => {
      heard.push(payload);
    });
    await pool.withConnection((connection) => connection.execute('SET work_mem = 1024'));
    await pool.withConnection((connection) => connection.execute('UNLISTEN *'));
    await pool.notify('Some Channel', 'x');
    expect(heard).toEqual(['x']);
    await subscription.close();
  });

  test('are those of what was committed', async () => {
    await using one = await open();
    await using two = await open();
    const heard: string[] = [];
    await one.addListener('news', ({ payload }) => {
      heard.push(payload);
    });
    const tx = await one.begin();
    await tx.execute('UNLISTEN *');
    await tx.rollback();
    await two.notify('news', 'x');
    expect(heard).toEqual(['x']);
  });
});

describe('the rest of the surface', () => {
  test('savepoints, cursors, batches and many rows', async () => {
    await using connection = await open();
    await connection.transaction(async (tx) => {
      const failed = tx.transaction(async (inner) => {
        await inner.execute('INSERT INTO t VALUES (1)');
        await inner.execute('no SQL');
      });
      await expect(failed).rejects.toMatchObject({ sqlstate: '42601' });
      const cursor = tx.cursor('SELECT g FROM generate_series(1, 10) g');
      expect((await cursor.fetch(3)).map(({ g }) => g)).toEqual([1, 2, 3]);
      expect((await cursor.fetch(2)).map(({ g }) => g)).toEqual([4, 5]);
    });
    expect(await written()).toEqual([]);
    const [first, second] = await connection.batch(['SELECT 1 AS n', 'SELECT 2 AS n']);
    expect([first!.rows[0]!.n, second!.rows[0]!.n]).toEqual([1, 2]);
    const rows = await connection.fetchMany('INSERT INTO t VALUES ($1) RETURNING id', [[1], [2]]);
    expect(rows.map(({ id }) => id)).toEqual([1, 2]);
  });

  test('types of its extensions', async () => {
    await db.exec('CREATE EXTENSION IF NOT EXISTS hstore');
    await using connection = await open({ codecs: { hstore: { codecName: 'pg_contrib.hstore' } } });
    expect(await connection.fetchVal('SELECT $1::hstore', { a: '1', b: null })).toEqual({
      a: '1',
      b: null,
    });
  });

  test('TLS and a replication connection are refused as by a server without them', async () => {
    await expect(open({ host: 'localhost', ssl: 'require' })).rejects.toThrow(
      /does not support TLS/,
    );
    await using connection = await open({ host: 'localhost', ssl: 'prefer' });
    expect(await connection.fetchVal('SELECT 1')).toBe(1);
  });

  test('a database that was closed is a connection failure, and what is none a wrong option', async () => {
    const other = await PGlite.create({ loadDataDir: await db.dumpDataDir('none') });
    const connection = await connect({ dial: pglite(other) });
    await other.close();
    await expect(connection.fetchVal('SELECT 1')).rejects.toBeInstanceOf(
      asyncpg.ConnectionDoesNotExistError,
    );
    await connection.close();
    await expect(connect({ dial: pglite(other) })).rejects.toThrow(/PGlite is closed/);
    expect(() => pglite({} as never)).toThrow(asyncpg.ClientConfigurationError);
  });
});

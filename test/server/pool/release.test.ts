import { describe, expect, it } from 'vitest';
import {
  type Connection,
  InterfaceError,
  type PoolOptions,
  type PreparedStatement,
  type Transaction,
} from '../../../src/index.ts';
import { open } from '../../support/connections.ts';
import { CountingDial } from '../../support/counting-dial.ts';
import { sleep, stateOf, TestPool, until } from '../../support/pool.ts';

const ONE: PoolOptions = { minSize: 1, maxSize: 1 };

/** More rows than wait for a reader on both sides. */
const MANY = 'SELECT generate_series(1, 3000000)';

describe('a released connection', () => {
  it('refuses every use with an InterfaceError that says so', async () => {
    await using test = await TestPool.open(ONE);
    const connection = await test.pool.acquire();
    await test.pool.release(connection);
    const uses: Record<string, (c: Connection) => unknown> = {
      execute: (c) => c.execute('SELECT 1'),
      executeMany: (c) => c.executeMany('SELECT $1::int', [[1]]),
      fetch: (c) => c.fetch('SELECT 1'),
      fetchRow: (c) => c.fetchRow('SELECT 1'),
      fetchVal: (c) => c.fetchVal('SELECT 1'),
      fetchMany: (c) => c.fetchMany('SELECT $1::int', [[1]]),
      batch: (c) => c.batch(['SELECT 1']),
      stream: (c) => c.stream('SELECT 1').next(),
      transaction: (c) => c.transaction(async () => {}),
      begin: (c) => c.begin(),
      copyFromTable: (c) => c.copyFromTable('pg_class', { output: () => {} }),
      copyFromQuery: (c) => c.copyFromQuery('SELECT 1', { output: () => {} }),
      copyToTable: (c) => c.copyToTable('t', { source: [] }),
      copyRecordsToTable: (c) => c.copyRecordsToTable('t', { records: [] }),
      copyRecordsFromQuery: (c) => c.copyRecordsFromQuery('SELECT 1').next(),
      notify: (c) => c.notify('c'),
      prepare: (c) => c.prepare('SELECT 1'),
      cursor: (c) => c.cursor('SELECT 1').fetch(1),
      isInTransaction: async (c) => c.isInTransaction(),
      addListener: (c) => c.addListener('c', () => {}),
      removeListener: (c) => c.removeListener('c', () => {}),
      notifications: async (c) => c.notifications('c')[Symbol.asyncIterator](),
      addLogListener: async (c) => c.addLogListener(() => {}),
      removeLogListener: async (c) => c.removeLogListener(() => {}),
      addTerminationListener: async (c) => c.addTerminationListener(() => {}),
      removeTerminationListener: async (c) => c.removeTerminationListener(() => {}),
      addQueryLogger: async (c) => c.addQueryLogger(() => {}),
      removeQueryLogger: async (c) => c.removeQueryLogger(() => {}),
      setTypeCodec: (c) => c.setTypeCodec('json', { decoder: String }),
      setBuiltinTypeCodec: (c) => c.setBuiltinTypeCodec('t', { codecName: 'text' }),
      resetTypeCodec: (c) => c.resetTypeCodec('json'),
      reloadSchemaState: (c) => c.reloadSchemaState(),
      serverPid: async (c) => c.serverPid,
      serverVersion: async (c) => c.serverVersion,
      settings: async (c) => c.settings,
      reset: (c) => c.reset(),
      close: (c) => c.close(),
      terminate: async (c) => c.terminate(),
    };
    for (const [name, use] of Object.entries(uses)) {
      const error = await Promise.resolve(use(connection)).then(
        () => null,
        (reason: unknown) => reason,
      );
      expect(error, name).toBeInstanceOf(InterfaceError);
      expect((error as Error).message, name).toContain('released back to the pool');
    }
    expect(connection.isClosed).toBe(true);
    expect(connection.isReleased).toBe(true);
    // And nothing of all that has reached whoever has the session now.
    expect(await test.pool.fetchVal('SELECT 1')).toBe(1);
    expect(await test.backends()).toHaveLength(1);
  });

  it('takes with it what was made by it: statements, cursors, transactions, streams', async () => {
    await using test = await TestPool.open(ONE);
    const { pool } = test;
    const connection = await pool.acquire();
    const statement: PreparedStatement = await connection.prepare('SELECT 1');
    const stream = connection.stream('SELECT 1');
    const ofStatement = statement.stream();
    const transaction: Transaction = await connection.begin();
    const savepoint = await transaction.savepoint();
    const cursor = connection.cursor('SELECT generate_series(1, 10)');
    await cursor.fetch(1);
    await pool.release(connection);
    const next = await pool.acquire();
    await next.execute('BEGIN');
    await next.execute('CREATE TEMP TABLE mine AS SELECT 1');
    const uses: Record<string, () => Promise<unknown>> = {
      'statement.fetch': () => statement.fetch(),
      'statement.executeMany': () => statement.executeMany([[]]),
      'statement.explain': () => statement.explain(),
      'statement.stream': () => ofStatement.next(),
      stream: () => stream.next(),
      'transaction.execute': () => transaction.execute('DROP TABLE mine'),
      'transaction.transaction': () => transaction.transaction(async () => {}),
      'transaction.savepoint': () => transaction.savepoint(),
      'transaction.commit': () => transaction.commit(),
      'transaction.rollback': () => transaction.rollback(),
      'savepoint.rollback': () => savepoint.rollback(),
      'cursor.fetch': () => cursor.fetch(1),
      'cursor.forward': () => cursor.forward(1),
    };
    for (const [name, use] of Object.entries(uses)) {
      await expect(use(), name).rejects.toThrow(/released back to the pool/);
      await expect(use(), name).rejects.toBeInstanceOf(InterfaceError);
    }
    await statement.close();
    await transaction[Symbol.asyncDispose]();
    expect(await next.fetchVal('SELECT count(*) FROM mine')).toBe(1n);
    expect(next.isInTransaction()).toBe(true);
    await pool.release(next);
  });

  it('does not let a transaction that goes on regardless reach the next holder', async () => {
    await using test = await TestPool.open(ONE);
    const { pool } = test;
    const connection = await pool.acquire();
    let goOn = (): void => {};
    const transaction = connection.transaction(async (tx) => {
      await tx.execute('SELECT 1');
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
      throw new Error('rolls back');
    });
    await sleep(20);
    await pool.release(connection);
    const next = await pool.acquire();
    const tx = await next.begin();
    await tx.execute('CREATE TEMP TABLE kept (id int) ON COMMIT DROP');
    goOn();
    await expect(transaction).rejects.toThrow('rolls back');
    // Its ROLLBACK would have taken the table with it.
    expect(await tx.fetchVal('SELECT count(*) FROM kept')).toBe(0n);
    await tx.commit();
    await pool.release(next);
  });

  it('is not tried again for a transaction that met a conflict after its release', async () => {
    await using test = await TestPool.open(ONE);
    const { pool } = test;
    const connection = await pool.acquire();
    let runs = 0;
    const transaction = connection.transaction({ retries: 5 }, async (tx) => {
      runs += 1;
      const failure = await tx
        .execute("DO $$ BEGIN RAISE EXCEPTION 'conflict' USING ERRCODE = '40001'; END $$")
        .catch((error: unknown) => error);
      await pool.release(connection);
      throw failure;
    });
    await expect(transaction).rejects.toBeInstanceOf(InterfaceError);
    expect(runs).toBe(1);
    expect(await pool.fetchVal('SELECT 1')).toBe(1);
  });

  it('may be released again, also at the same time, which does nothing', async () => {
    await using test = await TestPool.open({ ...ONE, reset: () => sleep(10) });
    const { pool } = test;
    const connection = await pool.acquire();
    await Promise.all([
      pool.release(connection),
      pool.release(connection),
      connection[Symbol.asyncDispose](),
    ]);
    await pool.release(connection);
    expect(pool.stats).toMatchObject({ size: 1, idle: 1 });
    const [first, second] = [await pool.acquire(), pool.acquire()];
    expect(await stateOf(second)).toBe('pending');
    await pool.release(first);
    await pool.release(await second);
  });

  it('is given back at the end of its block', async () => {
    await using test = await TestPool.open(ONE);
    const { pool } = test;
    {
      await using connection = await pool.acquire();
      await connection.fetchVal('SELECT 1');
      expect(pool.idleSize).toBe(0);
    }
    expect(pool.idleSize).toBe(1);
  });
});

describe('release', () => {
  it('sends nothing for a connection that was left clean', async () => {
    const counter = new CountingDial();
    await using test = await TestPool.open({ ...ONE, dial: counter.dial });
    const { pool } = test;
    const clean = [
      'SELECT 1',
      '  -- a comment\n SELECT 1;',
      '/* one */ (SELECT 1) UNION (SELECT 2)',
      'WITH x AS (SELECT 1) TABLE x',
      "SELECT 'temperature' AS attempt",
      'EXPLAIN SELECT 1',
    ];
    for (const text of clean) {
      const connection = await pool.acquire();
      await connection.fetch(text);
      await connection.transaction(async (tx) => {
        await tx.fetch(text);
        await tx.execute("SET LOCAL work_mem = '1MB'");
      });
      expect(await counter.during(() => pool.release(connection)), text).toBe(0);
    }
  });

  it('rolls back what was left open, in one flight', async () => {
    const counter = new CountingDial();
    await using test = await TestPool.open({ ...ONE, dial: counter.dial });
    const { pool } = test;
    const connection = await pool.acquire();
    await connection.execute('BEGIN');
    await connection.execute("SET LOCAL work_mem = '1MB'");
    expect(await counter.during(() => pool.release(connection))).toBe(1);
    await using next = await pool.acquire();
    expect(next.isInTransaction()).toBe(false);
    expect(await next.fetchVal('SELECT pg_current_xact_id_if_assigned()')).toBeNull();
  });

  it('rolls back a transaction that has failed, and one that was not sent yet', async () => {
    await using test = await TestPool.open(ONE);
    const { pool } = test;
    const failed = await pool.acquire();
    await failed.execute('BEGIN');
    await expect(failed.execute('SELECT 1/0')).rejects.toThrow('division');
    await pool.release(failed);
    const unsent = await pool.acquire();
    await unsent.begin();
    expect(unsent.isInTransaction()).toBe(true);
    await pool.release(unsent);
    await using next = await pool.acquire();
    expect(next.isInTransaction()).toBe(false);
    expect(await next.fetchVal('SELECT 1')).toBe(1);
    expect(await test.backends()).toEqual([next.serverPid]);
  });

  it.each<[name: string, write: (c: Connection, tx: Transaction) => Promise<unknown>]>([
    ['a query', (_c, tx) => tx.execute('INSERT INTO begun_late VALUES ($1)', 1)],
    ['rows', (_c, tx) => tx.fetch('INSERT INTO begun_late VALUES ($1) RETURNING a', 1)],
    ['sets of values', (_c, tx) => tx.executeMany('INSERT INTO begun_late VALUES ($1)', [[1]])],
    ['a batch', (_c, tx) => tx.batch(['INSERT INTO begun_late VALUES (1)', 'SELECT 1'])],
    ['a script', (_c, tx) => tx.execute('INSERT INTO begun_late VALUES (1); SELECT 1')],
    ['a COPY', (_c, tx) => tx.copyRecordsToTable('begun_late', { records: [[1]] })],
    ['a stream', (_c, tx) => tx.stream('INSERT INTO begun_late VALUES (1) RETURNING a').next()],
    ['a cursor', (c) => c.cursor('INSERT INTO begun_late VALUES (1) RETURNING a').fetch(1)],
  ])('rolls back a transaction that was about to begin with %s', async (_name, write) => {
    await using test = await TestPool.open(ONE);
    const { pool } = test;
    await pool.execute('DROP TABLE IF EXISTS begun_late; CREATE TABLE begun_late (a int4)');
    for (const call of [null, 'SELECT pg_temp.sets_what()']) {
      const connection = await pool.acquire();
      if (call !== null) {
        await connection.execute(
          "CREATE FUNCTION pg_temp.sets_what() RETURNS int4 LANGUAGE sql AS 'SELECT 1'",
        );
        // Before its first statement the transaction asks what the function has set.
        await connection.fetch(call);
      }
      const written = write(connection, await connection.begin());
      await pool.release(connection);
      // What loads code of the driver's first has come too late.
      await written.catch((error) => expect(error).toBeInstanceOf(InterfaceError));
      expect(await pool.fetchVal('SELECT count(*) FROM begun_late')).toBe(0n);
    }
    await pool.execute('DROP TABLE begun_late');
  });

  it('refuses calls that waited for the transaction, and lets none into what is rolled back', async () => {
    for (const reset of [undefined, async () => {}]) {
      await using test = await TestPool.open({ ...ONE, reset });
      const { pool } = test;
      await pool.execute('DROP TABLE IF EXISTS waited; CREATE TABLE waited (a int4)');
      const connection = await pool.acquire();
      let goOn = (): void => {};
      const insideOf = new Promise<void>((resolve) => {
        goOn = resolve;
      });
      const stranger = insideOf.then(() => connection.execute('INSERT INTO waited VALUES (1)'));
      const refused = expect(stranger).rejects.toThrow(/released back to the pool/);
      await (async () => {
        const tx = await connection.begin();
        goOn();
        // It waits until this has ended, and is under way when the connection is released.
        const slow = tx.execute('SELECT pg_sleep(0.05)');
        await new Promise((resolve) => setImmediate(resolve));
        await pool.release(connection);
        await slow;
      })();
      await refused;
      await expect(stranger).rejects.toMatchObject({ name: 'InterfaceError', safeToRetry: true });
      expect(await pool.fetchVal('SELECT count(*) FROM waited')).toBe(0n);
      await pool.execute('DROP TABLE waited');
    }
  });

  it('keeps a connection whose transaction waited for its turn to be rolled back', async () => {
    await using test = await TestPool.open(ONE);
    const { pool } = test;
    for (const end of ['release', 'reset'] as const) {
      for (let turns = 0; turns < 16; turns++) {
        const connection = await pool.acquire();
        const { serverPid } = connection;
        const failed = connection.transaction(async (tx) => {
          // It asks for the level of the outer one first, and has its turn for so long.
          tx.transaction({ isolation: 'read_committed' }, async () => {}).catch(() => {});
          throw new Error('its own');
        });
        const told = expect(failed).rejects.toThrow(/its own|released back to the pool/);
        for (let turn = 0; turn < turns; turn++) await null;
        await (end === 'reset' ? connection.reset() : pool.release(connection));
        await told;
        await pool.release(connection);
        expect(await pool.fetchVal('SELECT pg_backend_pid()'), `${end} ${turns}`).toBe(serverPid);
      }
    }
  });

  it('is refused to its holder from the release on, also where a reset hook gets it later', async () => {
    for (const reset of [undefined, (c: Connection) => c.execute('SELECT 1').then(() => {})]) {
      await using test = await TestPool.open({ ...ONE, reset });
      const { pool } = test;
      const connection = await pool.acquire();
      const statement = await connection.prepare('SELECT 2');
      const slow = connection.fetchVal('SELECT 3 FROM pg_sleep(0.05)');
      const released = pool.release(connection);
      for (const call of [() => connection.fetchVal('SELECT 1'), () => statement.fetchVal()]) {
        await expect(call()).rejects.toThrow(/released back to the pool/);
      }
      expect(connection.isReleased).toBe(true);
      expect(await slow).toBe(3);
      await released;
      expect(await pool.fetchVal('SELECT 4')).toBe(4);
      expect(connection.isReleased).toBe(true);
    }
  });

  it('waits for the calls that are under way', async () => {
    await using test = await TestPool.open(ONE);
    const { pool } = test;
    const connection = await pool.acquire();
    const slow = connection.fetchVal("SELECT 'late' FROM pg_sleep(0.1)");
    await pool.release(connection);
    expect(await stateOf(slow)).toBe('done');
    expect(await slow).toBe('late');
  });

  it.each([
    ['a stream', (c: Connection) => c.stream(MANY)],
    ['a COPY as rows', (c: Connection) => c.copyRecordsFromQuery(MANY)],
    [
      'a COPY of rows that it has written',
      (c: Connection) => c.copyRecordsFromQuery(`INSERT INTO pg_temp.t ${MANY} RETURNING *`),
    ],
  ])('does not wait for who reads %s no more, and tells them', async (_name, read) => {
    await using test = await TestPool.open(ONE);
    const { pool } = test;
    const connection = await pool.acquire();
    const { serverPid } = connection;
    await connection.execute('CREATE TEMP TABLE t (a int)');
    const stream = read(connection);
    expect((await stream.next())![0]).toBe(1);
    const begun = performance.now();
    await pool.release(connection);
    expect(performance.now() - begun).toBeLessThan(5000);
    expect(await pool.fetchVal('SELECT pg_backend_pid()')).toBe(serverPid);
    const rest = async (): Promise<void> => {
      while ((await stream.next()) !== null);
    };
    await expect(rest()).rejects.toThrow(/released back to the pool before it was read to its end/);
  });

  const never = new Promise<void>(() => {});
  async function* one(): AsyncGenerator<[number]> {
    yield [1];
    await never;
  }

  it.each([
    [
      'a source of COPY gives nothing more',
      (c: Connection) => c.copyRecordsToTable('t', { records: one() }),
    ],
    [
      'a source of executeMany gives nothing more',
      (c: Connection) => c.executeMany('INSERT INTO t VALUES ($1)', one()),
    ],
    [
      'the output of COPY takes nothing more',
      (c: Connection) => c.copyFromQuery(MANY, { output: () => never }),
    ],
  ])('does not wait without end where %s', async (_name, call) => {
    await using test = await TestPool.open(ONE);
    const { pool } = test;
    await using connection = await pool.acquire();
    const { serverPid } = connection;
    await connection.execute('CREATE TEMP TABLE t (a int)');
    const calling = call(connection).catch((error: unknown) => error);
    const begun = performance.now();
    await pool.release(connection);
    expect(performance.now() - begun).toBeLessThan(5000);
    const error = await calling;
    expect(error).toBeInstanceOf(InterfaceError);
    expect((error as Error).message).toMatch(/released back to the pool before it/);
    expect(await pool.fetchVal('SELECT pg_backend_pid()')).toBe(serverPid);
  });

  it.each([
    [
      'records',
      (c: Connection) =>
        c.copyRecordsToTable('locked', {
          records: (async function* () {
            yield [1];
          })(),
        }),
    ],
    [
      'bytes',
      (c: Connection) =>
        c.copyToTable('locked', {
          source: (async function* () {
            yield '1\n';
          })(),
        }),
    ],
  ])(
    'waits for a COPY of %s whose source the server has not asked yet, as it waits for a lock',
    async (_name, copy) => {
      await using test = await TestPool.open(ONE);
      const { pool } = test;
      await using locking = await open();
      await locking.execute('CREATE TABLE locked (a int)');
      await locking.execute('BEGIN; LOCK TABLE locked');
      const connection = await pool.acquire();
      const copying = copy(connection);
      const released = pool.release(connection);
      // Longer than a source may give nothing.
      await sleep(700);
      await locking.execute('COMMIT');
      expect(await copying).toBe('COPY 1');
      await released;
      await locking.execute('DROP TABLE locked');
    },
  );

  it('waits for a source that goes on to give', async () => {
    await using test = await TestPool.open(ONE);
    const { pool } = test;
    await pool.execute('CREATE TABLE given_slowly (a int)');
    const connection = await pool.acquire();
    const some = async function* () {
      for (let i = 0; i < 7; i++) {
        await sleep(80);
        yield [i];
      }
    };
    const copying = connection.copyRecordsToTable('given_slowly', { records: some() });
    await pool.release(connection);
    expect(await copying).toBe('COPY 7');
    await pool.execute('DROP TABLE given_slowly');
  });

  it('waits for who goes on to read a stream', async () => {
    await using test = await TestPool.open(ONE);
    const { pool } = test;
    const connection = await pool.acquire();
    let count = 0;
    const read = async (): Promise<void> => {
      for await (const _ of connection.stream('SELECT generate_series(1, 20000)')) {
        if (count++ % 500 === 0) await sleep(5);
      }
    };
    const reading = read();
    await until(() => count > 0);
    await pool.release(connection);
    await reading;
    expect(count).toBe(20_000);
  });

  it('takes back a connection that was lost or closed meanwhile', async () => {
    await using test = await TestPool.open(ONE);
    const { pool } = test;
    const lost = await pool.acquire();
    await test.kill([lost.serverPid]);
    await until(() => lost.isClosed);
    await pool.release(lost);
    const closed = await pool.acquire();
    await closed.close();
    await pool.release(closed);
    const terminated = await pool.acquire();
    terminated.terminate();
    await pool.release(terminated);
    expect(await pool.fetchVal('SELECT 1')).toBe(1);
    await until(async () => (await test.backends()).length === 1);
    expect(pool.stats).toMatchObject({ idle: 1, inUse: 0, opened: 4, closed: 3 });
  });

  it('takes back connections after the pool was closed or terminated', async () => {
    await using test = await TestPool.open({ maxSize: 2 });
    const { pool } = test;
    const [first, second] = [await pool.acquire(), await pool.acquire()];
    const closed = pool.close();
    await pool.release(first);
    expect(await stateOf(closed)).toBe('pending');
    pool.terminate();
    await closed;
    await pool.release(second);
    expect(pool.size).toBe(0);
  });

  it('warns of listeners that are left', async () => {
    await using test = await TestPool.open(ONE);
    const { pool } = test;
    const warning = new Promise<Error>((resolve) => process.once('warning', resolve));
    const connection = await pool.acquire();
    await connection.addListener('left', () => {});
    await pool.release(connection);
    expect((await warning).message).toContain('1 active notification or log listeners');
  });

  it('ends the iteration over a channel of its', async () => {
    await using test = await TestPool.open(ONE);
    const { pool } = test;
    const connection = await pool.acquire();
    const iterator = connection.notifications('news of release')[Symbol.asyncIterator]();
    const next = iterator.next();
    await connection.fetchVal('SELECT 1');
    await pool.release(connection);
    expect(await next).toMatchObject({ done: true });
  });
});

describe('listeners of a holder', () => {
  it('hear nothing of the next one', async () => {
    await using test = await TestPool.open(ONE);
    const { pool } = test;
    const heard: string[] = [];
    const connection = await pool.acquire();
    connection.addQueryLogger(({ query }) => heard.push(query));
    connection.addLogListener(({ message }) => heard.push(message));
    connection.addTerminationListener(() => heard.push('terminated'));
    await connection.addListener('news of release', ({ payload }) => {
      heard.push(payload);
    });
    await connection.execute("DO $$ BEGIN RAISE NOTICE 'first'; END $$");
    expect(heard).toContain('first');
    await pool.release(connection);
    heard.length = 0;
    const next = await pool.acquire();
    await next.execute("DO $$ BEGIN RAISE NOTICE 'second'; END $$");
    await next.execute('LISTEN "news of release"');
    await next.notify('news of release', 'private');
    next.terminate();
    await sleep(10);
    expect(heard).toEqual([]);
    await pool.release(next);
  });

  it('that init has set up are there for every one', async () => {
    const logged: string[] = [];
    const notices: string[] = [];
    let ended = 0;
    await using test = await TestPool.open({
      ...ONE,
      init: async (connection) => {
        connection.addQueryLogger(({ query }) => logged.push(query));
        connection.addLogListener(({ message }) => notices.push(message));
        connection.addTerminationListener(() => {
          ended += 1;
        });
      },
    });
    const { pool } = test;
    for (const name of ['one', 'two']) {
      await using connection = await pool.acquire();
      await connection.execute(`DO $$ BEGIN RAISE NOTICE '${name}'; END $$`);
    }
    expect(logged).toHaveLength(2);
    expect(notices).toEqual(['one', 'two']);
    await pool.close();
    await until(() => ended === 1);
  });
});

/**
 * Another session alters a table after a COPY of decoded or encoded values was prepared, and before it
 * is carried out. The format of the data does not tell: an int8 and a timestamp look alike.
 */
import type net from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import {
  type Connection,
  type ConnectOptions,
  connect,
  InterfaceError,
} from '../../../src/index.ts';
import { collect, describeEach, failure, openWithSchema } from '../../support/connections.ts';
import { connectedTo } from '../../support/counting-dial.ts';
import { until } from '../../support/pool.ts';
import { serverDsn } from '../../support/servers/server.ts';

const DONE: Promise<unknown> = Promise.resolve();

/** An option `dial` that does something before the flight is sent that has a COPY in it. */
class BeforeCopy {
  /** What to do before the next one. */
  act: (() => Promise<unknown>) | null = null;
  /** What is ahead of the COPY in that flight is sent before. */
  isBehindRest = false;

  readonly dial = async (host: { host: string; port: number }): Promise<net.Socket> => {
    const socket = await connectedTo(host);
    const write = socket.write.bind(socket) as (chunk: Buffer) => boolean;
    let before = DONE;
    socket.write = ((chunk: Buffer, ...rest: unknown[]): boolean => {
      if (this.act !== null && chunk.includes('COPY ')) {
        before = this.act();
        this.act = null;
      }
      let copy = Buffer.from(chunk);
      if (this.isBehindRest && before !== DONE) {
        // The Query begins with its type and its length.
        const at = chunk.indexOf('COPY ') - 5;
        write(copy.subarray(0, at));
        copy = copy.subarray(at);
        this.isBehindRest = false;
      }
      const done = rest.find((each) => typeof each === 'function') as (() => void) | undefined;
      void before.then(() => {
        write(copy);
        done?.();
      });
      return true;
    }) as typeof socket.write;
    return socket;
  };
}

describeEach('a table that is altered meanwhile', (version) => {
  let beforeCopy: BeforeCopy;

  /** A connection with a table t, and another that may alter it. */
  async function openBoth(options: ConnectOptions = {}): Promise<{
    connection: Connection;
    alter: (text: string) => void;
    alterBetween: (text: string) => void;
    lock: () => Promise<Connection>;
  }> {
    beforeCopy = new BeforeCopy();
    const connection = await openWithSchema(version, { ...options, dial: beforeCopy.dial });
    await connection.execute('CREATE TABLE t (a int, b int8, c text)');
    await connection.execute("INSERT INTO t VALUES (1, 86400000000, 'one')");
    const path = await connection.fetchVal<string>('SHOW search_path');
    const table = await connection.fetchVal("SELECT 't'::regclass::oid");
    const alter = (text: string): void => {
      beforeCopy.act = async () => {
        await using other = await connect(serverDsn(version));
        await other.execute(`SET search_path = ${path}; ${text}`);
      };
    };
    /** The same when the server has been asked of the tables, until that is done or waits. */
    const alterBetween = (text: string): void => {
      beforeCopy.isBehindRest = true;
      beforeCopy.act = async () => {
        const other = await connect(serverDsn(version));
        await other.execute(`SET search_path = ${path}`);
        await using watch = await connect(serverDsn(version));
        // The server has looked at the table once it holds that.
        const isHeld = 'SELECT EXISTS (SELECT FROM pg_locks WHERE pid = $1 AND relation = $2)';
        await until(
          async () => (await watch.fetchVal(isHeld, connection.serverPid, table)) === true,
        );
        let isDone = false;
        const altering = other.execute(text).then(() => {
          isDone = true;
        });
        onTestFinished(() => altering.then(() => other.close()));
        const isWaiting = `SELECT wait_event_type IS NOT DISTINCT FROM 'Lock' FROM pg_stat_activity WHERE pid = $1`;
        await until(
          async () => isDone || (await watch.fetchVal(isWaiting, other.serverPid)) === true,
        );
      };
    };
    /** Has another session lock t, and resolves to that when it has. */
    const lock = (): Promise<Connection> =>
      new Promise((resolve, reject) => {
        beforeCopy.act = async () => {
          const other = await connect(serverDsn(version));
          await other.execute(`SET search_path = ${path}; BEGIN; LOCK t`).catch(reject);
          resolve(other);
        };
      });
    return { connection, alter, alterBetween, lock };
  }

  const CHANGES: readonly [change: string, told: RegExp][] = [
    [
      `ALTER TABLE t ALTER b TYPE timestamp USING timestamp '2000-01-01' + b * interval '1 us'`,
      /the type of column "b"/,
    ],
    ['ALTER TABLE t RENAME a TO d', /column 1 is "d", not "a"/],
    ['ALTER TABLE t DROP a, ADD a int', /column 1 is "b", not "a"/],
    ['ALTER TABLE t ADD d int', /4, not 3/],
    ['DROP TABLE t; CREATE TABLE t (a int, b float8, c text)', /the type of column "b"/],
  ];

  test.each(CHANGES)('is not read by what it was: %s', async (change, told) => {
    const { connection, alter } = await openBoth();
    const read = () => collect(connection.copyRecordsFromQuery('SELECT * FROM t WHERE c > $1', ''));
    const asBefore = await read();
    alter(change);
    const error = await failure(read());
    expect(error).toBeInstanceOf(InterfaceError);
    expect(error).toMatchObject({ isTransient: true, message: expect.stringMatching(told) });
    expect(asBefore).toEqual([{ a: 1, b: 86400000000n, c: 'one' }]);
    const now = await collect(connection.copyRecordsFromQuery('SELECT * FROM t'));
    expect(now).toEqual(await connection.fetch('SELECT * FROM t'));
  });

  test.each(CHANGES)('is not written as what it was: %s', async (change, told) => {
    const { connection, alter } = await openBoth();
    const copy = () => connection.copyRecordsToTable('t', { records: [[2, 5n, 'two']] });
    expect(await copy()).toBe('COPY 1');
    const before = await connection.fetchVal('SELECT count(*) FROM t');
    alter(`${change}; TRUNCATE t`);
    const error = await failure(copy());
    expect(error).toBeInstanceOf(InterfaceError);
    expect(error).toMatchObject({ isTransient: true, message: expect.stringMatching(told) });
    expect([before, await connection.fetchVal('SELECT count(*) FROM t')]).toEqual([2n, 0n]);
  });

  const TO_TIMESTAMP = CHANGES[0]![0].replace("'1 us'", "'2 us'");

  test.each(['SELECT b FROM t', 'UPDATE t SET a = 2 RETURNING b'])(
    'waits until it is read, once the server has said what it is: %s',
    async (query) => {
      const { connection, alterBetween } = await openBoth();
      alterBetween(TO_TIMESTAMP);
      const rows = await collect(connection.copyRecordsFromQuery(query));
      expect(rows).toEqual([{ b: 86400000000n }]);
      expect(await connection.fetchVal('SELECT b FROM t')).toEqual(new Date('2000-01-03'));
    },
  );

  test('waits until it is written, once the server has said what it is', async () => {
    const { connection, alterBetween } = await openBoth();
    alterBetween(TO_TIMESTAMP);
    await connection.copyRecordsToTable('t', { records: [[2, 86400000000n, 'two']] });
    const days = await connection.fetch('SELECT b FROM t');
    expect(days.map(({ b }) => b)).toEqual([new Date('2000-01-03'), new Date('2000-01-03')]);
  });

  // The transaction holds the tables that it has read, but not the functions.
  test('the transaction that it was to be read in goes on', async () => {
    const { connection, alter } = await openBoth();
    await connection.execute("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'");
    await connection.transaction(async (tx) => {
      await tx.execute('CREATE TABLE u (a int)');
      alter(
        `DROP FUNCTION f; CREATE FUNCTION f() RETURNS float4 LANGUAGE sql AS 'SELECT 2::float4'`,
      );
      const error = await failure(collect(tx.copyRecordsFromQuery('SELECT f() FROM t')));
      expect(error.message).toContain('the type of column "f"');
      expect(await collect(tx.copyRecordsFromQuery('SELECT f() FROM t'))).toEqual([{ f: 2 }]);
    });
    expect(await connection.fetchVal('SELECT count(*) FROM u')).toBe(0n);
  });

  test('that is gone: the error is of what was asked then, and the connection goes on', async () => {
    const { connection, alter } = await openBoth();
    const query = 'SELECT a FROM t';
    alter('DROP TABLE t');
    const read = await failure(collect(connection.copyRecordsFromQuery(query)));
    expect(read).toMatchObject({ sqlstate: '42P01', query });
    await connection.execute('CREATE TABLE t (a int)');
    alter('DROP TABLE t');
    const written = failure(connection.copyRecordsToTable('t', { records: [[1]] }));
    const behind = connection.fetchVal('SELECT 5');
    expect(await written).toMatchObject({ sqlstate: '42P01' });
    expect(await behind).toBe(5);
  });

  test('that is locked too long is not written, though it is free then', async () => {
    const { connection, lock } = await openBoth();
    await connection.execute("SET lock_timeout = '300ms'");
    const locked = lock();
    const written = failure(connection.copyRecordsToTable('t', { records: [[2, 5n, 'two']] }));
    await using other = await locked;
    await setTimeout(450);
    await other.execute('COMMIT');
    expect(await written).toMatchObject({ sqlstate: '55P03' });
    expect(await connection.fetchVal('SELECT count(*) FROM t')).toBe(1n);
  });

  test.each(['DELETE FROM t RETURNING *', 'WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d'])(
    'that is locked too long is not emptied, though it is free then: %s',
    async (query) => {
      const { connection, lock } = await openBoth();
      await connection.execute("SET lock_timeout = '100ms'");
      const locked = lock();
      const read = failure(collect(connection.copyRecordsFromQuery(query)));
      await using other = await locked;
      await setTimeout(150);
      await other.execute('COMMIT');
      expect(await read).toMatchObject({ sqlstate: '55P03' });
      expect(await connection.fetchVal('SELECT count(*) FROM t')).toBe(1n);
    },
  );

  const EMPTYING = 'DELETE FROM t RETURNING *';

  test.each(CHANGES)('is not emptied by what it was: %s', async (change, told) => {
    const { connection, alter } = await openBoth();
    alter(`${change}; TRUNCATE t; INSERT INTO t DEFAULT VALUES`);
    const error = await failure(collect(connection.copyRecordsFromQuery(EMPTYING)));
    expect(error).toMatchObject({ isTransient: true, message: expect.stringMatching(told) });
    expect(await connection.fetchVal('SELECT count(*) FROM t')).toBe(1n);
    expect(await collect(connection.copyRecordsFromQuery(EMPTYING))).toHaveLength(1);
    expect(await connection.fetchVal('SELECT count(*) FROM t')).toBe(0n);
  });

  // There may be a pooler between that has no transactions.
  test('that has been emptied is not said to be worth another try where no statements are kept', async () => {
    const { connection, alter } = await openBoth({ statementCacheSize: 0 });
    alter('ALTER TABLE t ADD d int');
    const error = await failure(collect(connection.copyRecordsFromQuery(EMPTYING)));
    expect(error).toMatchObject({
      isTransient: false,
      message: expect.stringContaining('4, not 3'),
    });
    expect(await connection.fetchVal('SELECT count(*) FROM t')).toBe(0n);
  });

  test('that is locked leaves a call that is ended no hold on its connection', async () => {
    const { connection, lock } = await openBoth();
    for (const call of [
      (signal: AbortSignal) =>
        connection.copyRecordsToTable('t', { records: [[2, 5n, 'two']], signal }),
      (signal: AbortSignal) =>
        collect(connection.copyRecordsFromQuery({ text: 'SELECT * FROM t', signal })),
    ]) {
      const controller = new AbortController();
      const locked = lock();
      const ended = failure(call(controller.signal));
      await using _ = await locked;
      await setTimeout(50);
      controller.abort();
      expect(await connection.fetchVal('SELECT 5')).toBe(5);
      expect(await ended).toMatchObject({ name: 'AbortError' });
    }
  });

  test('columns of domains and arrays are what they were', async () => {
    const { connection } = await openBoth();
    await connection.execute(`CREATE DOMAIN small AS int; CREATE DOMAIN smaller AS small;
      CREATE TABLE d (a smaller, b small[], c varchar(3), d smaller[])`);
    const records = [[1, [2, 3], 'abc', [4]]];
    expect(await connection.copyRecordsToTable('d', { records })).toBe('COPY 1');
    expect(await collect(connection.copyRecordsFromQuery('SELECT * FROM d'))).toEqual([
      { a: 1, b: [2, 3], c: 'abc', d: [4] },
    ]);
  });
});

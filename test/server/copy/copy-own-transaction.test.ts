/** Outside of a transaction a COPY of records begins one for itself, of which nobody is to notice anything. */
import type net from 'node:net';
import { expect, test } from 'vitest';
import { type Connection, type PostgresLogMessage, TimeoutError } from '../../../src/index.ts';
import { collect, describeEach, failure, openWithSchema } from '../../support/connections.ts';
import { connectedTo } from '../../support/counting-dial.ts';

describeEach('the own transaction of a COPY', (version) => {
  /** A connection with a table t, whose rows `end` sees at the end of their transaction. */
  async function open(end: string, dial?: typeof failingCommit): Promise<Connection> {
    const connection = await openWithSchema(version, dial === undefined ? {} : { dial });
    await connection.execute(`CREATE TABLE t (a int PRIMARY KEY);
      CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN ${end}; RETURN NULL; END';
      CREATE CONSTRAINT TRIGGER c AFTER INSERT OR DELETE ON t DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION f()`);
    return connection;
  }

  const REFUSAL = `RAISE SQLSTATE ''23514'' USING MESSAGE = ''no ten''`;

  test('fails at its end as the COPY does', async () => {
    const connection = await open(`IF NEW.a = 10 THEN ${REFUSAL}; END IF`);
    const error = await failure(connection.copyRecordsToTable('t', { records: [[1], [10]] }));
    expect(error).toMatchObject({ sqlstate: '23514', query: expect.stringMatching(/^COPY "t"/) });
    expect(connection.isInTransaction()).toBe(false);
    expect(await connection.copyRecordsToTable('t', { records: [[1], [2]] })).toBe('COPY 2');
    const query = 'INSERT INTO t VALUES (3), (10) RETURNING a';
    const failed = await failure(collect(connection.copyRecordsFromQuery(query)));
    expect(failed).toMatchObject({ sqlstate: '23514' });
    expect(await connection.fetch('SELECT a FROM t ORDER BY a')).toEqual([{ a: 1 }, { a: 2 }]);
  });

  test('is over when its call is ended at its end', async () => {
    const connection = await open('PERFORM pg_sleep(60)');
    const copies = [
      () => connection.copyRecordsToTable('t', { records: [[1]], timeout: 100 }),
      () =>
        collect(
          connection.copyRecordsFromQuery({
            text: 'INSERT INTO t VALUES (1) RETURNING a',
            timeout: 100,
          }),
        ),
    ];
    for (const copy of copies) {
      const ended = failure(copy());
      const behind = connection.fetchVal('SELECT count(*) FROM t');
      expect(await ended).toBeInstanceOf(TimeoutError);
      expect(await behind).toBe(0n);
      expect(connection.isInTransaction()).toBe(false);
    }
  });

  /** An option `dial` by which a CancelRequest comes when what it is meant for is over. */
  function lateCancels(): typeof failingCommit {
    let dials = 0;
    return async (host) => {
      dials += 1;
      if (dials > 1) await new Promise((resolve) => setTimeout(resolve, 400));
      return connectedTo(host);
    };
  }

  test('is undone when its call has ended before it, though the cancel comes too late', async () => {
    const connection = await open('NULL', lateCancels());
    const text = 'INSERT INTO t SELECT 1 FROM pg_sleep(0.2) RETURNING a';
    const ended = failure(collect(connection.copyRecordsFromQuery({ text, timeout: 50 })));
    const behind = connection.fetchVal('SELECT count(*) FROM t');
    expect(await ended).toBeInstanceOf(TimeoutError);
    expect(await behind).toBe(0n);
    expect(connection.isInTransaction()).toBe(false);
  });

  /** An option `dial` by which the server fails at COMMIT before it has begun with it, as at one that a cancel strikes. */
  const failingCommit = async (host: { host: string; port: number }): Promise<net.Socket> => {
    const socket = await connectedTo(host);
    const write = socket.write.bind(socket) as (chunk: Buffer, ...rest: unknown[]) => boolean;
    socket.write = ((chunk: Buffer, ...rest: unknown[]): boolean => {
      const at = chunk.indexOf('COMMIT\0');
      if (at >= 0) chunk.write('COMMIX', at);
      return write(chunk, ...rest);
    }) as typeof socket.write;
    return socket;
  };

  test('does not stay open when its end fails', async () => {
    const connection = await open('NULL', failingCommit);
    const messages: PostgresLogMessage[] = [];
    connection.addLogListener((message) => messages.push(message));
    const copies = [
      () => connection.copyRecordsToTable('t', { records: [[1]] }),
      () => collect(connection.copyRecordsFromQuery('SELECT a FROM t')),
      () => collect(connection.copyRecordsFromQuery('INSERT INTO t VALUES (1) RETURNING a')),
    ];
    for (const copy of copies) {
      const failed = failure(copy());
      const behind = connection.fetchVal('SELECT count(*) FROM t');
      expect(await failed).toMatchObject({ sqlstate: '42601' });
      expect(await behind).toBe(0n);
      expect(connection.isInTransaction()).toBe(false);
    }
    expect(messages).toEqual([]);
  });

  test('is none for those who ask meanwhile', async () => {
    const connection = await open('NULL');
    const seen: unknown[] = [];
    async function* records() {
      for (let a = 0; a < 3; a++) {
        seen.push(connection.isInTransaction());
        yield [a];
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
    const copying = connection.copyRecordsToTable('t', { records: records() });
    const behind = connection.transaction((tx) => tx.fetchVal('SELECT count(*) FROM t'));
    expect(await copying).toBe('COPY 3');
    expect(await behind).toBe(3n);
    for await (const _ of connection.copyRecordsFromQuery(
      'SELECT a FROM t, generate_series(1, 9999)',
    )) {
      seen.push(connection.isInTransaction());
      break;
    }
    expect(seen).toEqual([false, false, false, false]);
    expect(await connection.fetchVal('SELECT count(*) FROM t')).toBe(3n);
  });

  test('is not begun where one is open', async () => {
    const connection = await open('NULL');
    const undone = connection.transaction(async (tx) => {
      await tx.copyRecordsToTable('t', { records: [[1]] });
      await collect(tx.copyRecordsFromQuery('INSERT INTO t VALUES (2) RETURNING a'));
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    await connection.execute('BEGIN');
    await connection.copyRecordsToTable('t', { records: [[1]] });
    expect(connection.isInTransaction()).toBe(true);
    await connection.execute('ROLLBACK');
    expect(await connection.fetchVal('SELECT count(*) FROM t')).toBe(0n);
  });
});

/**
 * Attributes that are renamed or exchanged while a session knows them. No message has their names,
 * so each occasion on which they are asked for again is tested here, and each way to read and write.
 */
import { expect, it } from 'vitest';
import { type Connection, createPool, InvalidArgumentError, sql } from '../../../src/index.ts';
import {
  collect,
  describeEach,
  failure,
  openBeside,
  openWithSchema,
} from '../../support/connections.ts';
import { CountingDial } from '../../support/counting-dial.ts';
import { sleep } from '../../support/pool.ts';
import { serverDsn } from '../../support/servers/server.ts';

const SETUP = `
  CREATE TYPE pair AS (a int, b int);
  CREATE TABLE pairs (v pair);
  INSERT INTO pairs VALUES ('(1,2)');
  CREATE TABLE acct (debit int, credit int);
  INSERT INTO acct VALUES (1, 2)`;
const READ = 'SELECT p.v, x AS whole FROM pairs p, acct x';
const BEFORE = { v: { a: 1, b: 2 }, whole: { debit: 1, credit: 2 } };
const CHANGE = 'ALTER TYPE pair RENAME ATTRIBUTE b TO c';
const CHANGE_TABLE = 'ALTER TABLE acct RENAME credit TO owed';
const AFTER = { v: { a: 1, c: 2 }, whole: { debit: 1, owed: 2 } };

describeEach('attributes that are renamed while they are known', (version) => {
  async function prepared(options: Parameters<typeof openWithSchema>[1] = {}): Promise<Connection> {
    const connection = await openWithSchema(version, options);
    await connection.execute(SETUP);
    expect(await connection.fetchRow(READ)).toEqual(BEFORE);
    return connection;
  }

  it.each<[string, (connection: Connection) => Promise<unknown>]>([
    [
      'statements',
      async (c) => {
        await c.execute(CHANGE);
        await c.execute(CHANGE_TABLE);
      },
    ],
    ['a script', (c) => c.execute(`${CHANGE}; ${CHANGE_TABLE}`)],
    ['fetch', (c) => Promise.all([c.fetch(CHANGE), c.fetch(CHANGE_TABLE)])],
    ['a batch', (c) => c.batch([{ text: CHANGE }, { text: CHANGE_TABLE }])],
    ['a DO block', (c) => c.execute(`DO $$ BEGIN ${CHANGE}; ${CHANGE_TABLE}; END $$`)],
    [
      'a prepared statement',
      async (c) => {
        for (const text of [CHANGE, CHANGE_TABLE]) await (await c.prepare(text)).fetch();
      },
    ],
    [
      'a transaction',
      (c) =>
        c.transaction(async (tx) => {
          await tx.execute(CHANGE);
          await tx.execute(CHANGE_TABLE);
          expect(await tx.fetchRow(READ)).toEqual(AFTER);
        }),
    ],
  ])('by the connection itself, have their new names at once: by %s', async (_name, change) => {
    const connection = await prepared();
    const statement = await connection.prepare(READ);
    await change(connection);
    expect(await connection.fetchRow(READ)).toEqual(AFTER);
    expect(await statement.fetchRow()).toEqual(AFTER);
    expect(await collect(connection.stream(READ))).toEqual([AFTER]);
    const [first] = await connection.batch([{ text: READ }]);
    expect(first!.rows).toEqual([AFTER]);
  });

  it('have their new names for what is sent right behind the change, and the old ones before', async () => {
    const connection = await prepared();
    await connection.fetch('INSERT INTO pairs SELECT $1 WHERE false', { a: 1, b: 2 });
    const [before, , , after, written] = await Promise.allSettled([
      connection.fetchRow(READ),
      connection.execute(CHANGE),
      connection.execute(CHANGE_TABLE),
      connection.fetchRow(READ),
      connection.execute('INSERT INTO pairs SELECT $1 WHERE false', { a: 1, b: 2 }),
    ]);
    expect(before).toEqual({ status: 'fulfilled', value: BEFORE });
    expect(after).toEqual({ status: 'fulfilled', value: AFTER });
    expect((written as PromiseRejectedResult).reason).toBeInstanceOf(InvalidArgumentError);
    expect((written as PromiseRejectedResult).reason.message).toContain('has no field "b"');
  });

  it('have the names that they have at each place of a batch', async () => {
    const connection = await prepared();
    const results = await connection.batch([
      { text: READ },
      { text: CHANGE },
      { text: CHANGE_TABLE },
      { text: READ },
      { text: READ },
    ]);
    const rows = results.map((result) => result.rows);
    expect(rows).toEqual([[BEFORE], [], [], [AFTER], [AFTER]]);
  });

  it('have their old names again after the rollback of the change', async () => {
    const connection = await prepared();
    const change = async (tx: { execute(text: string): Promise<string> }): Promise<void> => {
      await tx.execute(CHANGE);
      await tx.execute(CHANGE_TABLE);
    };
    await connection
      .transaction(async (tx) => {
        await change(tx);
        expect(await tx.fetchRow(READ)).toEqual(AFTER);
        throw new Error('undo');
      })
      .catch(() => {});
    expect(await connection.fetchRow(READ)).toEqual(BEFORE);
    await connection.transaction(async (tx) => {
      await tx
        .transaction(async (inner) => {
          await change(inner);
          expect(await inner.fetchRow(READ)).toEqual(AFTER);
          throw new Error('undo');
        })
        .catch(() => {});
      expect(await tx.fetchRow(READ)).toEqual(BEFORE);
    });
    await connection.execute('BEGIN; SAVEPOINT s');
    await change(connection);
    expect(await connection.fetchRow(READ)).toEqual(AFTER);
    await connection.execute('ROLLBACK TO s');
    expect(await connection.fetchRow(READ)).toEqual(BEFORE);
    await change(connection);
    expect(await connection.fetchRow(READ)).toEqual(AFTER);
    await connection.batch([{ text: 'ROLLBACK' }]);
    expect(await connection.fetchRow(READ)).toEqual(BEFORE);
    const failed = connection.execute(`${CHANGE}; ${CHANGE_TABLE}; SELECT 1 / 0`);
    expect((await failure(failed)).message).toBe('division by zero');
    expect(await connection.fetchRow(READ)).toEqual(BEFORE);
  });

  it('have their new names on the other connections of the pool once that is committed', async () => {
    const owner = await openWithSchema(version);
    await owner.execute(SETUP);
    const path = (await owner.fetchVal<string>('SHOW search_path'))!;
    await using pool = await createPool(serverDsn(version), {
      minSize: 0,
      maxSize: 2,
      serverSettings: { search_path: path },
    });
    await using one = await pool.acquire();
    await using other = await pool.acquire();
    expect(await one.fetchRow(READ)).toEqual(BEFORE);
    expect(await other.fetchRow(READ)).toEqual(BEFORE);
    await one.transaction(async (tx) => {
      await tx.execute(CHANGE);
      // It is not theirs yet; the table of the statement must not be locked here.
      expect(await other.fetchVal("SELECT '(1,2)'::pair")).toEqual({ a: 1, b: 2 });
    });
    expect(await other.fetchVal("SELECT '(1,2)'::pair")).toEqual({ a: 1, c: 2 });
    await one.execute(CHANGE_TABLE);
    expect(await other.fetchRow(READ)).toEqual(AFTER);
    expect(await one.fetchRow(READ)).toEqual(AFTER);
  });

  it('are written as those of a type that another connection of the pool has made anew', async () => {
    await using pool = await createPool(serverDsn(version), { maxSize: 2 });
    await using one = await pool.acquire();
    await using other = await pool.acquire();
    const write = 'SELECT ($1::made_anew).a';
    try {
      for (const type of ['int4', 'int4', 'text']) {
        const a = type === 'text' ? 'x' : 5;
        await one.execute(`DROP TYPE IF EXISTS made_anew; CREATE TYPE made_anew AS (a ${type})`);
        expect(await other.fetchVal(write, { a })).toBe(a);
        expect(await other.fetchMany(write, [[{ a }]])).toEqual([{ a }]);
      }
    } finally {
      await one.execute('DROP TYPE made_anew');
    }
  });

  it('by somebody else, have their new names with a new text', async () => {
    const connection = await prepared();
    const other = await openBeside(connection, version);
    await other.execute(`${CHANGE}; ${CHANGE_TABLE}`);
    expect(await connection.fetchRow(`${READ} -- new`)).toEqual(AFTER);
    // And with that, wherever they are known.
    expect(await connection.fetchRow(READ)).toEqual(AFTER);
  });

  it.each<[string, (connection: Connection) => Promise<unknown>]>([
    ['a statement that is not prepared', (c) => c.fetchRow({ text: READ, prepare: false })],
    [
      'a batch of those',
      async (c) => (await c.batch([{ text: READ, prepare: false }]))[0]!.rows[0],
    ],
    ['a new prepared statement', async (c) => (await c.prepare(READ)).fetchRow()],
    ['COPY of a query', async (c) => (await collect(c.copyRecordsFromQuery(READ)))[0]],
    [
      'reloadSchemaState',
      async (c) => {
        await c.reloadSchemaState();
        return c.fetchRow(READ);
      },
    ],
  ])('by somebody else, have their new names by %s', async (_name, read) => {
    const connection = await prepared();
    await read(connection);
    const other = await openBeside(connection, version);
    await other.execute(`${CHANGE}; ${CHANGE_TABLE}`);
    expect(await read(connection)).toEqual(AFTER);
    expect(await connection.fetchRow(READ)).toEqual(AFTER);
  });

  it('by somebody else, have their new names where no statement is kept', async () => {
    const connection = await prepared({ statementCacheSize: 0 });
    const other = await openBeside(connection, version);
    await other.execute(`${CHANGE}; ${CHANGE_TABLE}`);
    expect(await connection.fetchRow(READ)).toEqual(AFTER);
  });

  it('by somebody else, have their new names when the statement is prepared anew', async () => {
    const connection = await prepared({ maxCachedStatementLifetime: 1 });
    const other = await openBeside(connection, version);
    await other.execute(`${CHANGE}; ${CHANGE_TABLE}`);
    await sleep(2);
    expect(await connection.fetchRow(READ)).toEqual(AFTER);
  });

  it('by somebody else, have their new names on a new connection of the pool', async () => {
    const owner = await openWithSchema(version);
    await owner.execute(SETUP);
    const path = (await owner.fetchVal<string>('SHOW search_path'))!;
    await using pool = await createPool(serverDsn(version), {
      minSize: 0,
      maxSize: 1,
      serverSettings: { search_path: path },
    });
    expect(await pool.fetchRow(READ)).toEqual(BEFORE);
    await owner.execute(`${CHANGE}; ${CHANGE_TABLE}`);
    await pool.expireConnections();
    expect(await pool.fetchRow(READ)).toEqual(AFTER);
  });

  it('are refused in an object by their old names, after each occasion, rather than misplaced', async () => {
    const INSERT = 'INSERT INTO lines VALUES ($1)';
    const occasions: Record<string, (c: Connection, other: Connection, ddl: string) => unknown> = {
      'the connection itself': (c, _other, ddl) => c.execute(ddl),
      'a transaction of its own': (c, _other, ddl) => c.transaction((tx) => tx.execute(ddl)),
      'a new text': async (c, other, ddl) => {
        await other.execute(ddl);
        await c.fetch('SELECT v AS fresh FROM lines');
      },
      reloadSchemaState: async (c, other, ddl) => {
        await other.execute(ddl);
        await c.reloadSchemaState();
      },
    };
    const writes: Record<string, (c: Connection) => Promise<unknown>> = {
      execute: (c) => c.execute(INSERT, { amount: 10, tax: 5 }),
      fetch: (c) => c.fetch(sql`INSERT INTO lines VALUES (${{ amount: 10, tax: 5 }}) RETURNING v`),
      executeMany: (c) => c.executeMany(INSERT, [[{ amount: 10, tax: 5 }]]),
      batch: (c) => c.batch([{ text: INSERT, args: [{ amount: 10, tax: 5 }] }]),
      COPY: (c) => c.copyRecordsToTable('lines', { records: [[{ amount: 10, tax: 5 }]] }),
    };
    const connection = await openWithSchema(version);
    const other = await openBeside(connection, version);
    for (const [occasion, make] of Object.entries(occasions)) {
      await connection.execute(
        `DROP TABLE IF EXISTS lines; DROP TYPE IF EXISTS line_item;
         CREATE TYPE line_item AS (amount int, tax int); CREATE TABLE lines (v line_item)`,
      );
      for (const write of Object.values(writes)) await write(connection);
      const DDL = 'ALTER TYPE line_item DROP ATTRIBUTE tax, ADD ATTRIBUTE discount int';
      await make(connection, other, DDL);
      for (const [name, write] of Object.entries(writes)) {
        const error = await failure(write(connection));
        expect(error, `${name} after ${occasion}`).toBeInstanceOf(InvalidArgumentError);
        expect(error.message).toContain('the type line_item has no field "tax"');
      }
      const stored = await connection.fetch('SELECT v FROM lines WHERE (v).discount IS NOT NULL');
      expect(stored).toEqual([]);
      await connection.execute(INSERT, { amount: 10, discount: 5 });
      const found = await connection.fetchVal('SELECT v FROM lines WHERE (v).discount = 5');
      expect(found).toEqual({ amount: 10, discount: 5 });
    }
  });

  it('cost a flight only where they are used, and nothing is in doubt for other changes', async () => {
    const flights = new CountingDial();
    const connection = await openWithSchema(version, { dial: flights.dial });
    await connection.execute(SETUP);
    const plain = 'SELECT $1::int4';
    for (const text of [READ, READ]) await connection.fetch(text);
    await connection.fetch(plain, 1);
    await connection.execute(
      'CREATE TEMP TABLE t (a int); DROP TABLE t; CREATE INDEX ON acct (debit)',
    );
    expect(await flights.during(() => connection.fetch(READ))).toBe(1);
    await connection.execute(CHANGE);
    expect(await flights.during(() => connection.fetch(plain, 1))).toBe(1);
    expect(await flights.during(() => connection.fetch(READ))).toBe(2);
    expect(await flights.during(() => connection.fetch(READ))).toBe(1);
    expect(await flights.during(() => connection.fetch(plain, 1))).toBe(1);
  });
});

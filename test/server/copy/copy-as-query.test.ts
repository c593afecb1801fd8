/** A COPY from or to the client as the text of a query: refused before anything is sent. */
import { expect, it } from 'vitest';
import { type Connection, createPool, InterfaceError } from '../../../src/index.ts';
import { collect, describeEach, failure, open, openWithSchema } from '../../support/connections.ts';
import { serverDsn } from '../../support/servers/server.ts';

const OUT = 'COPY t TO STDOUT';
const IN = 'COPY t FROM STDIN';
const EFFECT = 'COPY (INSERT INTO t VALUES (9) RETURNING a) TO STDOUT';

function checkRefused(error: Error): void {
  expect(error).toBeInstanceOf(InterfaceError);
  expect(error.message).toContain('a COPY from or to the client is not possible as a query');
  expect(error).toMatchObject({ safeToRetry: true });
}

async function openWithTable(version: 15 | 18): Promise<Connection> {
  const c = await openWithSchema(version);
  await c.execute('CREATE TABLE t (a int4); CREATE TABLE stdin (stdout int4)');
  return c;
}

const count = (c: Connection): Promise<bigint | null> => c.fetchVal('SELECT count(*) FROM t');

/** Every way to have a text executed, with texts before and behind it. */
const WAYS: [string, (c: Connection, copy: string) => Promise<unknown>][] = [
  ['execute', (c, copy) => c.execute(copy)],
  [
    'a script',
    (c, copy) => c.execute(`INSERT INTO t VALUES (1); ${copy}; INSERT INTO t VALUES (2)`),
  ],
  ['a script begun by hand', (c, copy) => c.execute(`BEGIN; INSERT INTO t VALUES (1); ${copy}`)],
  ['fetch', (c, copy) => c.fetch(copy)],
  ['fetchRow', (c, copy) => c.fetchRow(`/* a */ -- b\n ${copy} ;`)],
  ['fetchVal, unkept', (c, copy) => c.fetchVal({ text: copy, prepare: false })],
  ['batch', (c, copy) => c.batch(['INSERT INTO t VALUES (1)', copy, 'INSERT INTO t VALUES (2)'])],
  ['the end of a batch', (c, copy) => c.batch(['INSERT INTO t VALUES (1)', copy])],
  ['executeMany', (c, copy) => c.executeMany(copy, [[], []])],
  ['executeMany of one', (c, copy) => c.executeMany(copy, [[]])],
  ['fetchMany', (c, copy) => c.fetchMany(copy, [[], [], []])],
  ['stream', (c, copy) => collect(c.stream(copy))],
  ['prepare', (c, copy) => c.prepare(copy)],
];

describeEach('a COPY as a query', (version) => {
  for (const copy of [
    OUT,
    IN,
    EFFECT,
    'copy t (a) from stdin',
    'COPY t TO STDOUT (FORMAT binary)',
  ]) {
    it(`is refused before anything is sent: ${copy}`, async () => {
      const c = await openWithTable(version);
      for (const [, call] of WAYS) {
        const refused = failure(call(c, copy));
        const behind = c.fetchVal('SELECT 7');
        checkRefused(await refused);
        expect(await behind).toBe(7);
      }
      expect(await count(c)).toBe(0n);
      expect(c.isClosed).toBe(false);
    });
  }

  it('leaves a transaction as it is', async () => {
    const c = await openWithTable(version);
    await c.transaction(async (tx) => {
      await tx.execute('INSERT INTO t VALUES (3)');
      for (const copy of [OUT, IN, EFFECT]) {
        for (const [, call] of WAYS) checkRefused(await failure(call(c, copy)));
        checkRefused(await failure(c.cursor(copy).fetch(1)));
      }
      await tx.execute('INSERT INTO t VALUES (4)');
    });
    expect(await count(c)).toBe(2n);
  });

  it('is refused by a pool, with neighbours in flight', async () => {
    await using pool = await createPool(serverDsn(version), { minSize: 1, maxSize: 1 });
    const results = await Promise.all([
      pool.fetchVal('SELECT 1'),
      failure(pool.fetch('COPY (SELECT 1) TO STDOUT')),
      failure(pool.batch(['SELECT 1', 'COPY pg_class FROM STDIN', 'SELECT 2'])),
      pool.fetchVal('SELECT 2'),
    ]);
    expect([results[0], results[3]]).toEqual([1, 2]);
    checkRefused(results[1]);
    checkRefused(results[2]);
    expect(results[2].message).toContain('query 1 of the batch');
  });

  it('names the call to make instead', async () => {
    const c = await open(version);
    expect((await failure(c.execute('COPY t FROM STDIN'))).message).toContain('copyToTable()');
    expect((await failure(c.execute('COPY t TO STDOUT'))).message).toContain('copyFromTable()');
  });

  it('is not seen where there is none', async () => {
    const c = await openWithTable(version);
    await c.execute("INSERT INTO t VALUES (1); SELECT 'COPY t TO STDOUT; COPY t FROM STDIN'");
    await c.execute('SELECT $$; COPY t TO STDOUT;$$ /* ; COPY t FROM STDIN */');
    expect(await c.fetch("SELECT a AS copy, 'to' AS stdout FROM t")).toEqual([
      { copy: 1, stdout: 'to' },
    ]);
    expect(await c.execute("COPY (SELECT stdout FROM stdin) TO '/dev/null'")).toBe('COPY 0');
    expect(await c.execute("INSERT INTO t VALUES (2); COPY stdin TO '/dev/null'")).toBe('COPY 0');
    expect(await c.execute('INSERT INTO t SELECT stdout FROM stdin')).toBe('INSERT 0 0');
  });

  it('is looked for as the server reads the text', async () => {
    const c = await openWithTable(version);
    // The first string ends at its second quote, or at its fourth.
    const text = "SELECT 'a\\'; COPY t FROM STDIN; --'";
    checkRefused(await failure(c.execute(text)));
    await c.execute('SET standard_conforming_strings = off; SET escape_string_warning = off');
    expect(await c.execute(text)).toBe('SELECT 1');
  });
});

describeEach('a call that the server has carried out, and the driver rejects', (version) => {
  it('says so, wherever a value cannot be decoded', async () => {
    const c = await openWithTable(version);
    await c.setTypeCodec('int4', {
      schema: 'pg_catalog',
      decoder: (text) => {
        if (text === '5') throw new Error('not five');
        return Number(text);
      },
      encoder: String,
    });
    const insert = 'INSERT INTO t VALUES (5) RETURNING a';
    const calls: (() => Promise<unknown>)[] = [
      () => c.fetch(insert),
      () => c.batch(['INSERT INTO t VALUES (1)', insert, 'INSERT INTO t VALUES (2)']),
      () => c.fetchMany('INSERT INTO t VALUES ($1) RETURNING a', [[4], [5], [6]]),
    ];
    const counts: (bigint | null)[] = [];
    for (const call of calls) {
      const error = await failure(call());
      expect(error.name).toBe('DecodeError');
      expect(error.message).toContain('not five');
      expect(error).toMatchObject({
        detail: 'The server has carried it out all the same.',
        safeToRetry: false,
      });
      counts.push(await count(c));
    }
    expect(counts).toEqual([1n, 4n, 7n]);
    // Inside of a transaction it is undone with that.
    await failure(c.transaction((tx) => tx.fetch(insert)));
    expect(await count(c)).toBe(7n);
  });

  it('is refused before, where it asks for a column that there is not', async () => {
    const c = await openWithTable(version);
    for (const column of ['b', 1, -1, 0.5]) {
      const text = 'INSERT INTO t VALUES (1) RETURNING a';
      for (const prepare of [true, false]) {
        const error = await failure(c.fetchVal({ text, column, prepare }));
        expect(error.message).toContain('there is no column');
        expect(error).toMatchObject({ safeToRetry: true });
      }
    }
    expect(await count(c)).toBe(0n);
  });
});

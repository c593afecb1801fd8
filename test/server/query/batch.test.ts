import { expect, it } from 'vitest';
import {
  AdminShutdownError,
  type Connection,
  InterfaceError,
  InvalidArgumentError,
  type PostgresError,
  sql,
  TimeoutError,
  UndefinedTableError,
  UniqueViolationError,
} from '../../../src/index.ts';
import { describeEach, failure, openBeside, openWithSchema } from '../../support/connections.ts';

describeEach('batches', (version) => {
  for (const options of [{}, { statementCacheSize: 0 }]) {
    const mode = 'statementCacheSize' in options ? 'unnamed' : 'named';
    const withTable = async (): Promise<Connection> => {
      const c = await openWithSchema(version, options);
      await c.execute('CREATE TABLE t (a int4 UNIQUE)');
      return c;
    };

    it(`give rows and tag of each query (${mode})`, async () => {
      const c = await withTable();
      const results = await c.batch([
        sql`INSERT INTO t VALUES (${1}), (${2})`,
        'SELECT a FROM t ORDER BY a',
        { text: 'UPDATE t SET a = a + $1 RETURNING a', args: [10] },
        { text: 'SELECT $1::text AS x', args: ['y'], prepare: false },
        '',
      ]);
      expect(results).toEqual([
        { rows: [], tag: 'INSERT 0 2' },
        { rows: [{ a: 1 }, { a: 2 }], tag: 'SELECT 2' },
        { rows: [{ a: 11 }, { a: 12 }], tag: 'UPDATE 2' },
        { rows: [{ x: 'y' }], tag: 'SELECT 1' },
        { rows: [], tag: '' },
      ]);
      expect(await c.batch([])).toEqual([]);
    });

    it(`have no effect at all if one query fails, and name that (${mode})`, async () => {
      const c = await withTable();
      const error = await failure<UniqueViolationError>(
        c.batch([sql`INSERT INTO t VALUES (${1})`, sql`INSERT INTO t VALUES (${1})`, 'SELECT 1']),
      );
      expect(error).toBeInstanceOf(UniqueViolationError);
      expect(error.itemIndex).toBe(1);
      expect(error.query).toBe('INSERT INTO t VALUES ($1)');
      const unencodable = await failure(
        c.batch([sql`INSERT INTO t VALUES (${1})`, sql`INSERT INTO t VALUES (${'x'})`]),
      );
      expect(unencodable).toBeInstanceOf(InvalidArgumentError);
      expect(unencodable.message).toContain('query 1 in the batch');
      const unknown = await failure<UndefinedTableError>(
        c.batch([sql`INSERT INTO t VALUES (${1})`, 'SELECT * FROM nowhere']),
      );
      expect(unknown).toBeInstanceOf(UndefinedTableError);
      expect(unknown.query).toBe('SELECT * FROM nowhere');
      expect(unknown.itemIndex).toBe(1);
      await expect(c.batch([sql`SELECT ${1}::int4`, null as never])).rejects.toThrow(
        InterfaceError,
      );
      expect(await c.fetchVal('SELECT count(*) FROM t')).toBe(0n);
    });
  }

  it('cannot use what one of their queries makes, and say so', async () => {
    const c = await openWithSchema(version);
    const hint = expect.stringContaining('described before the first one is executed');
    await c.execute('CREATE TABLE had (a int)');
    for (const [define, use] of [
      ['CREATE TABLE made (a int)', 'INSERT INTO made VALUES (1)'],
      ["CREATE TYPE mood AS ENUM ('ok')", 'SELECT $1::mood'],
      ['ALTER TABLE had ADD COLUMN b int', 'SELECT b FROM had'],
      ["CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'", 'SELECT one()'],
      ['SELECT 1 AS a INTO made', 'TABLE made'],
    ] as const) {
      const error = await failure<PostgresError>(c.batch(['SELECT 1', define, use]));
      expect(error, use).toMatchObject({ hint, itemIndex: 2, query: use });
    }
    const wrong = await failure<PostgresError>(c.batch(['SELECT 1', 'SELECT * FROM nowhere']));
    expect(wrong.hint).toBe(null);
    const late = await failure<PostgresError>(
      c.batch(['TABLE nowhere', 'CREATE TABLE nowhere ()']),
    );
    expect(late.hint).toBe(null);
  });

  it('refuse what is no list of queries', async () => {
    const c = await openWithSchema(version);
    for (const queries of ['SELECT 1', null, { text: 'SELECT 1' }, [1], [null]]) {
      await expect(c.batch(queries as never)).rejects.toThrow(InvalidArgumentError);
    }
  });

  it('are part of a transaction that is open', async () => {
    const c = await openWithSchema(version);
    await c.execute('CREATE TABLE t (a int4)');
    await failure(
      c.transaction(async (tx) => {
        await tx.batch([sql`INSERT INTO t VALUES (${1})`, 'SELECT 1']);
        throw new Error('undo');
      }),
    );
    await c.transaction((tx) => tx.batch([sql`INSERT INTO t VALUES (${2})`]));
    expect(await c.fetch('SELECT a FROM t')).toEqual([{ a: 2 }]);
  });

  it('do not lock up when both sides have much to say', async () => {
    const c = await openWithSchema(version);
    const big = 'x'.repeat(30_000);
    const results = await c.batch(Array.from({ length: 500 }, () => sql`SELECT ${big}::text AS v`));
    expect(results).toHaveLength(500);
    expect(results.every(({ rows }) => rows[0]!['v'] === big)).toBe(true);
  });

  it('end with the shortest time-out of their queries, and with each of their signals', async () => {
    const c = await openWithSchema(version);
    const late = await failure(
      c.batch([
        { text: 'SELECT 1', timeout: 60_000 },
        { text: 'SELECT pg_sleep(60)', timeout: 20 },
      ]),
    );
    expect(late.name).toBe('TimeoutError');
    const abort = new AbortController();
    const other = new AbortController();
    const call = failure(
      c.batch([
        { text: 'SELECT pg_sleep(60)', signal: other.signal },
        { text: 'SELECT 1', signal: abort.signal },
      ]),
    );
    abort.abort(new Error('enough'));
    expect(await call).toBe(abort.signal.reason);
    expect(await c.fetchVal('SELECT 1')).toBe(1);
  });

  it('returns to savepoints, its own and older ones', async () => {
    const c = await openWithSchema(version);
    await c.execute('CREATE TABLE t (a text)');
    const column = ({ rows }: { rows: readonly object[] }): unknown[] =>
      rows.map((row) => Object.values(row)[0]);
    const own = [
      'SAVEPOINT one',
      "INSERT INTO t VALUES ('x')",
      'ROLLBACK TO one',
      'SELECT a FROM t',
    ];
    const quoted = [
      'SAVEPOINT "One ""1"" "',
      'SAVEPOINT two',
      "INSERT INTO t VALUES ('y')",
      'rollback work to savepoint "One ""1"" ";',
      'SELECT a FROM t -- behind it',
    ];
    const older = ['ROLLBACK TO older', 'SELECT count(*)::int4 FROM t'];
    await c.transaction(async (tx) => {
      for (let round = 0; round < 2; round++) {
        expect((await tx.batch(own)).map(({ tag }) => tag)).toEqual([
          'SAVEPOINT',
          'INSERT 0 1',
          'ROLLBACK',
          'SELECT 0',
        ]);
        expect(column((await tx.batch(quoted)).at(-1)!)).toEqual([]);
        await tx.execute('SAVEPOINT older');
        await tx.execute("INSERT INTO t VALUES ('z')");
        expect(column((await tx.batch(older)).at(-1)!)).toEqual([0]);
      }
      await tx.execute("INSERT INTO t VALUES ('kept')");
    });
    expect(await c.fetchVal('SELECT a FROM t')).toBe('kept');
  });

  it('knows what names mean behind a savepoint that it returns to', async () => {
    const c = await openWithSchema(version);
    await c.execute('CREATE TABLE t (a int4); INSERT INTO t VALUES (1)');
    await c.execute("CREATE TEMP TABLE t (a text); INSERT INTO pg_temp.t VALUES ('apart')");
    const schema = await c.fetchVal<string>('SELECT quote_ident(current_schema())');
    await c.execute(`SET search_path = ${schema}, pg_temp`);
    const queries = [
      'SAVEPOINT here',
      'SET LOCAL search_path = pg_temp',
      'SELECT a FROM t',
      'ROLLBACK TO here',
      'SELECT a FROM t',
    ];
    for (let round = 0; round < 2; round++) {
      const results = await c.transaction((tx) => tx.batch(queries));
      const values = results.map(({ rows }) => rows.map((row) => row.a));
      expect(values).toEqual([[], [], ['apart'], [], [1]]);
    }
  });

  it('that change the surroundings keep the calls behind them out of what is tried and undone', async () => {
    const c = await openWithSchema(version);
    await c.execute('CREATE TABLE kept (how text)');
    const path = await c.fetchVal('SHOW search_path');
    const insert = 'INSERT INTO kept VALUES ($1)';
    for (let round = 0; round < 3; round++) {
      const calls: Promise<unknown>[] = [
        c.batch([`SET search_path = ${path}`, `SELECT 'other ${round}'`, 'SELECT 2']),
        c.execute(insert, 'query'),
        c.execute("INSERT INTO kept VALUES ('script')"),
        c.batch([{ text: insert, args: ['batch'] }]),
        c.executeMany(insert, [['many']]),
        c.copyRecordsToTable('kept', { records: [['copy']] }),
        c.transaction((tx) => tx.execute(insert, 'transaction')),
      ];
      await Promise.all(calls);
    }
    expect(
      await c.fetch('SELECT how, count(*)::int4 AS n FROM kept GROUP BY 1 ORDER BY 1'),
    ).toEqual(
      ['batch', 'copy', 'many', 'query', 'script', 'transaction'].map((how) => ({ how, n: 3 })),
    );
  });

  it('that change the surroundings fail when the connection is lost meanwhile', async () => {
    const c = await openWithSchema(version);
    const ending =
      "SELECT set_config('search_path', 'public', false), pg_terminate_backend(pg_backend_pid())";
    const behind = failure(c.batch([ending, 'SELECT 1']));
    expect(await behind).toBeInstanceOf(AdminShutdownError);
  });

  it('name the query that cannot be prepared, also behind one that changes the surroundings', async () => {
    const c = await openWithSchema(version);
    const second = await failure<PostgresError>(c.batch(['SELECT 1', 'SELECT nowhere']));
    expect(second.itemIndex).toBe(1);
    const queries = ['SELECT 2', 'SET search_path = pg_catalog', 'SELECT 3', 'SELECT nowhere'];
    const fourth = await failure<PostgresError>(c.batch(queries));
    expect(fourth.itemIndex).toBe(3);
    const setting = await failure<PostgresError>(c.batch(['SET TimeZone = nowhere', 'SELECT 4']));
    expect(setting.itemIndex).toBe(0);
  });

  it('that fail leave no question behind in the middle of a COPY', async () => {
    const c = await openWithSchema(version);
    await c.execute(`CREATE TYPE inner_pair AS (x int4, y text); CREATE TYPE pair AS (a inner_pair, b inner_pair[]);
      CREATE TABLE t (a int4)`);
    const schema = await c.fetchVal<string>('SELECT quote_ident(current_schema())');
    for (let round = 0; round < 3; round++) {
      const other = await openBeside(c, version);
      const batch = failure(other.batch(['SELECT nowhere', `SELECT NULL::${schema}.pair`]));
      const source = async function* () {
        for (let i = 0; i < 100; i++) {
          yield '1\n'.repeat(100);
          if (i % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
        }
      };
      expect(await other.copyToTable('t', { source: source() })).toBe('COPY 10000');
      expect((await batch).message).toContain('nowhere');
    }
  });

  it('that wait for locks to be prepared are cancelled as a whole', async () => {
    const c = await openWithSchema(version);
    await c.execute('CREATE TABLE one (a int4); CREATE TABLE two (a int4)');
    const other = await openBeside(c, version);
    await c.transaction(async (tx) => {
      await tx.execute('LOCK one, two');
      const waiting = other.batch([
        { text: 'SELECT a FROM one', timeout: 50 },
        'SELECT a FROM two',
      ]);
      await expect(waiting).rejects.toThrow(TimeoutError);
      // The server has been told to stop both: what follows need not wait for the locks.
      expect(await other.fetchVal('SELECT 1')).toBe(1);
    });
  });
});

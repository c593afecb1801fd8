import { expect, it } from 'vitest';
import { CLIENT } from '../../../src/client/internals.ts';
import type { Connection } from '../../../src/index.ts';
import { QueryRequest } from '../../../src/session/requests/query-request.ts';
import type { QueryResult } from '../../../src/session/requests/query-result.ts';
import { ScriptResultsRequest } from '../../../src/session/requests/script-results-request.ts';
import { describeEach, failure, open, openWithSchema } from '../../support/connections.ts';

type Form = 'record' | 'array';

/** Submits a query to the connection's session and asks for all that it comes to. */
async function resultOf(
  connection: Connection,
  text: string,
  args: readonly unknown[] = [],
  options: { form?: Form; prepare?: boolean } = {},
): Promise<QueryResult> {
  const { session } = connection[CLIENT]('a test');
  const request = new QueryRequest(text, args, { wanted: 'result', ...options }, null);
  session.submit(request);
  return (await request.promise) as QueryResult;
}

/** The same for a script, statement by statement. */
async function resultsOf(
  connection: Connection,
  text: string,
  form?: Form,
): Promise<QueryResult[]> {
  const { session } = connection[CLIENT]('a test');
  const request = new ScriptResultsRequest(text, null, form);
  session.submit(request);
  return request.promise;
}

const names = ({ fields }: QueryResult) => fields?.map(({ name }) => name) ?? null;

describeEach('a query asked for its whole result', (version) => {
  it('has its rows, its columns and its command tag', async () => {
    const c = await openWithSchema(version);
    await c.execute('CREATE TABLE t (a int4, b text)');
    for (const prepare of [true, false]) {
      const inserted = await resultOf(c, 'INSERT INTO t VALUES (1, $1)', ['x'], { prepare });
      expect(inserted).toEqual({ rows: [], fields: null, tag: 'INSERT 0 1' });
      const selected = await resultOf(c, 'SELECT a, b FROM t', [], { prepare });
      expect(selected.tag).toBe(prepare ? 'SELECT 1' : 'SELECT 2');
      expect(selected.rows[0]).toEqual({ a: 1, b: 'x' });
      expect(names(selected)).toEqual(['a', 'b']);
      expect(selected.fields!.map(({ typeOid, columnNumber }) => [typeOid, columnNumber])).toEqual([
        [23, 1],
        [25, 2],
      ]);
    }
    expect(await resultOf(c, '')).toEqual({ rows: [], fields: null, tag: '' });
    const none = await resultOf(c, 'SELECT a FROM t WHERE false');
    expect([none.rows, names(none), none.tag]).toEqual([[], ['a'], 'SELECT 0']);
  });

  it('has rows as arrays, in which columns of one name are all there', async () => {
    const c = await open(version);
    const text = 'SELECT 1 AS x, 2 AS x, NULL::text AS y, ARRAY[3, 4] AS z';
    const { rows, fields } = await resultOf(c, text, [], { form: 'array' });
    expect(rows).toEqual([[1, 2, null, [3, 4]]]);
    expect(Object.getPrototypeOf(rows[0])).toBe(Array.prototype);
    expect(fields!.length).toBe(4);
    // Records of the same statement are as they were.
    expect(await c.fetchRow(text)).toEqual({ x: 2, y: null, z: [3, 4] });
  });

  it('has arrays as well where types must be asked for when the rows have come', async () => {
    const c = await openWithSchema(version);
    await c.execute("CREATE TYPE mood AS ENUM ('sad', 'glad')");
    const { rows } = await resultOf(c, "SELECT ROW(1, 'glad'::mood) AS r", [], { form: 'array' });
    expect(rows).toEqual([[[1, 'glad']]]);
  });

  it('has arrays of the columns that an unnamed statement really has', async () => {
    const c = await openWithSchema(version);
    const other = await open(version);
    const [schema] = await c.fetch('SELECT current_schema() AS name');
    await c.execute('CREATE TABLE t (a int4)');
    await c.execute('INSERT INTO t VALUES (1)');
    const get = () => resultOf(c, 'SELECT * FROM t', [], { form: 'array', prepare: false });
    expect((await get()).rows).toEqual([[1]]);
    await other.execute(`ALTER TABLE ${schema!['name']}.t ALTER a TYPE text USING 'one'`);
    expect((await get()).rows).toEqual([['one']]);
  });
});

describeEach('a script asked for its results', (version) => {
  it('has those of each statement, with rows decoded from text', async () => {
    const c = await openWithSchema(version);
    const results = await resultsOf(
      c,
      `CREATE TABLE t (a int4, b jsonb, c timestamptz);
       INSERT INTO t VALUES (1, '{"k": [1]}', '2024-02-29T12:00Z'), (2, NULL, NULL) RETURNING a;
       SELECT * FROM t ORDER BY a; ;
       SELECT FROM t; UPDATE t SET a = 3 WHERE false`,
    );
    expect(results.map(({ tag }) => tag)).toEqual([
      'CREATE TABLE',
      'INSERT 0 2',
      'SELECT 2',
      'SELECT 2',
      'UPDATE 0',
    ]);
    expect(results.map(names)).toEqual([null, ['a'], ['a', 'b', 'c'], [], null]);
    expect(results[1]!.rows).toEqual([{ a: 1 }, { a: 2 }]);
    expect(results[2]!.rows).toEqual([
      { a: 1, b: { k: [1] }, c: new Date('2024-02-29T12:00:00Z') },
      { a: 2, b: null, c: null },
    ]);
    expect(results[3]!.rows).toEqual([{}, {}]);
    expect(await resultsOf(c, '')).toEqual([{ rows: [], fields: null, tag: '' }]);
  });

  it('has rows as arrays', async () => {
    const c = await open(version);
    const results = await resultsOf(c, "SELECT 1 AS x, 'a' AS x; SELECT NULL::bool", 'array');
    expect(results.map(({ rows }) => rows)).toEqual([[[1, 'a']], [[null]]]);
  });

  it('has values of types that are asked for when the rows have come', async () => {
    const c = await openWithSchema(version);
    await c.execute(
      "CREATE TYPE mood AS ENUM ('sad', 'glad'); CREATE TYPE pair AS (a int4, m mood)",
    );
    const [moods, pairs] = await resultsOf(
      c,
      "SELECT 'glad'::mood AS m; SELECT ROW(1, 'sad')::pair AS p, ARRAY['sad'::mood] AS ms",
    );
    expect(moods!.rows).toEqual([{ m: 'glad' }]);
    expect(pairs!.rows).toEqual([{ p: { a: 1, m: 'sad' }, ms: ['sad'] }]);
    expect(await c.fetchVal('SELECT 1')).toBe(1);
  });

  it('has the rows of a binary cursor', async () => {
    const c = await open(version);
    const results = await resultsOf(
      c,
      'BEGIN; DECLARE b BINARY CURSOR FOR SELECT 7 AS n; FETCH b; COMMIT',
    );
    expect(results.map(({ rows }) => rows)).toEqual([[], [], [{ n: 7 }], []]);
    expect(results[2]!.fields![0]!.format).toBe(1);
  });

  it('fails as a whole, and leaves the session usable', async () => {
    const c = await openWithSchema(version);
    const error = await failure(resultsOf(c, 'CREATE TABLE t (a int4); SELECT 1; SELECT 1 / 0'));
    expect(error['sqlstate']).toBe('22012');
    expect(await c.fetchVal("SELECT to_regclass('t') IS NULL")).toBe(true);
    await expect(resultsOf(c, 'SELECT 1; COPY (SELECT 1) TO STDOUT')).rejects.toThrow(
      'copyFromTable',
    );
    const unreadable = await failure(
      resultsOf(await open(version, { types: { int8: 'number' } }), 'SELECT 9007199254740993'),
    );
    expect(unreadable.name).toBe('InterfaceError');
    expect(await c.fetchVal('SELECT 1')).toBe(1);
  });
});

import { expect, it } from 'vitest';
import {
  connect,
  createPool,
  InterfaceError,
  type Queryable,
  type RowForm,
  sql,
} from '../../../src/index.ts';
import { describeEach, failure, open } from '../../support/connections.ts';
import { serverDsn } from '../../support/servers/server.ts';

const TEXT = `SELECT g AS id, 'a' || g AS name, NULL::text AS "__proto__", 1 AS "toString", 2 AS "0",
  3 AS "constructor", g + 1 AS id FROM generate_series(1, $1) AS g`;

/** A row of it, without a prototype to compare with. */
const entriesOf = (id: number): [string, unknown][] => [
  ['0', 2],
  ['id', id + 1],
  ['name', `a${id}`],
  ['__proto__', null],
  ['toString', 1],
  ['constructor', 3],
];
const valuesOf = (id: number): unknown[] => [id, `a${id}`, null, 1, 2, 3, id + 1];

/** Every way to get rows of this query. */
async function everyWay(db: Queryable<RowForm>): Promise<Record<string, unknown[]>> {
  const list = async (rows: AsyncIterable<unknown>): Promise<unknown[]> => {
    const all: unknown[] = [];
    for await (const row of rows) all.push(row);
    return all;
  };
  const [batched] = await db.batch([{ text: TEXT, args: [2] }]);
  const many = 'SELECT $1::int4 + 0 AS id, 1 AS id';
  return {
    fetch: await db.fetch(TEXT, 2),
    'fetch, unprepared': await db.fetch({ text: TEXT, args: [2], prepare: false }),
    fetchRow: [await db.fetchRow(TEXT, 2)],
    fetchOne: [await db.fetchOne(TEXT, 1)],
    batch: batched!.rows,
    fetchMany: await db.fetchMany(many, [[7]]),
    stream: await list(db.stream(TEXT, 2)),
    copyRecordsFromQuery: await list(db.copyRecordsFromQuery(TEXT, 2)),
    'in a transaction': await db.transaction((tx) => tx.fetch(TEXT, 2)),
    'in a nested transaction': await db.transaction((tx) =>
      tx.transaction((inner) => inner.fetch(TEXT, 2)),
    ),
    'stream in a transaction': await db.transaction((tx) => list(tx.stream(TEXT, 2))),
    cursor: await db.transaction((tx) => tx.cursor(TEXT, 2).fetch(5)),
  };
}

function check(form: RowForm, ways: Record<string, unknown[]>): void {
  for (const [way, rows] of Object.entries(ways)) {
    for (const [i, row] of rows.entries()) {
      const isMany = way === 'fetchMany';
      if (form === 'array') {
        expect([way, Array.isArray(row), row]).toEqual([
          way,
          true,
          isMany ? [7, 1] : valuesOf(i + 1),
        ]);
        continue;
      }
      expect([way, Object.getPrototypeOf(row) === Object.prototype]).toEqual([
        way,
        form === 'object',
      ]);
      expect([way, Object.entries(row as object)]).toEqual([
        way,
        isMany ? [['id', 1]] : entriesOf(i + 1),
      ]);
      expect(Symbol.iterator in (row as object)).toBe(form === 'record');
      if (form === 'object') {
        expect(Reflect.ownKeys(row as object)).toEqual(Object.keys(row as object));
        expect(row).toStrictEqual(Object.fromEntries(Object.entries(row as object)));
      }
    }
  }
}

describeEach('rows', (version) => {
  it.each<RowForm>(['record', 'object', 'array'])(
    'are %s of a pool and a connection',
    async (rows) => {
      await using pool = await createPool(serverDsn(version), { minSize: 1, rows });
      check(rows, await everyWay(pool));
      await using c = await connect(serverDsn(version), { rows });
      check(rows, await everyWay(c));
      await pool.withConnection(async (held) => {
        await using statement = await held.prepare(TEXT);
        const streamed: unknown[] = [];
        for await (const row of statement.stream(2)) streamed.push(row);
        check(rows, {
          prepared: await statement.fetch(2),
          'prepared row': [await statement.fetchRow(1)],
          'prepared many': await statement.fetchMany([[1]]),
          'prepared stream': streamed,
          'prepared cursor': await held.transaction(() => statement.cursor(2).fetch(5)),
        });
      });
      const tx = await c.begin();
      check(rows, { begun: await tx.fetch(TEXT, 2) });
      await tx.rollback();
    },
  );

  it('are what with() and the query say, the query first', async () => {
    const c = await open(version);
    check('object', await everyWay(c.with({ rows: 'object' })));
    check('array', await everyWay(c.with({ rows: 'array' })));
    check('record', await everyWay(c));
    const arrays = c.with({ rows: 'array' });
    expect(await arrays.fetch({ ...sql`SELECT ${1}::int4 AS a`, rows: 'object' })).toEqual([
      { a: 1 },
    ]);
    expect(await c.fetchRow({ text: 'SELECT 1 AS a, 2 AS a', rows: 'array' })).toEqual([1, 2]);
    const mixed = await c.batch([
      'SELECT 1 AS a',
      { text: 'SELECT 2 AS a', rows: 'array' },
      { text: 'SELECT 3 AS a', rows: 'object' },
    ]);
    expect(mixed.map(({ rows }) => Array.isArray(rows[0]))).toEqual([false, true, false]);
    expect(mixed.map(({ rows: [row] }) => row)).toEqual([{ a: 1 }, [2], { a: 3 }]);
    // One text in all forms, from one kept statement.
    for (const rows of ['array', 'object', 'record', 'array'] as const) {
      check(rows, { again: await c.fetch({ text: TEXT, args: [1], rows }) });
    }
  });

  it('do not matter to fetchVal, nor to rows that wait for a type', async () => {
    await using c = await connect(serverDsn(version), { rows: 'array' });
    expect(await c.fetchVal('SELECT 1 AS a, 2 AS b')).toBe(1);
    expect(await c.fetchVal({ text: 'SELECT 1 AS a, 2 AS b', column: 'b' })).toBe(2);
    await c.execute(
      'CREATE TEMPORARY TABLE t (a int4); CREATE TYPE pg_temp.pair AS (x int4, y text)',
    );
    expect(await c.fetch("SELECT ROW(1, ROW(2, 'b')::pg_temp.pair) AS r")).toEqual([
      [expect.objectContaining({ length: 2 })],
    ]);
  });

  it('are refused in a form that there is not', async () => {
    const c = await open(version);
    const rows = 'objects' as never;
    expect(await failure(c.fetch({ text: 'SELECT 1', rows }))).toBeInstanceOf(InterfaceError);
    expect(() => c.with({ rows })).toThrow("rows must be one of 'record', 'object', 'array'");
    await expect(connect(serverDsn(version), { rows })).rejects.toThrow('rows (from the options)');
    expect(await c.fetchVal('SELECT 1')).toBe(1);
  });

  it('have plain objects of composite types in them, and records have records', async () => {
    const c = await open(version);
    await c.execute(`CREATE TYPE leaf AS ("0" int4, "__proto__" text, a text);
      CREATE TYPE tree AS (top leaf, leaves leaf[])`);
    try {
      const text = `SELECT '(1,p,x)'::leaf AS leaf, ARRAY[ROW('(1,p,x)', '{"(1,p,x)"}')::tree] AS trees,
        ROW(2, '(1,p,x)'::leaf) AS record, '[0:0]={"(1,p,x)"}'::leaf[] AS "__proto__"
        WHERE $1::int4 = 1`;
      const leavesOf = (row: unknown): unknown[] => {
        const [leaf, trees, record, bounded] = Array.isArray(row)
          ? row
          : ['leaf', 'trees', 'record', '__proto__'].map((name) =>
              Reflect.get(row as object, name),
            );
        return [leaf, trees[0], trees[0].top, trees[0].leaves[0], record[1], bounded[0]];
      };
      const leaf = Object.fromEntries([...Object.entries({ 0: 1, a: 'x' }), ['__proto__', 'p']]);
      for (const rows of ['record', 'object', 'array'] as const) {
        const db = c.with({ rows });
        const streamed: unknown[] = [];
        for await (const row of db.stream(text, 1)) streamed.push(row);
        for await (const row of db.copyRecordsFromQuery(text, 1)) streamed.push(row);
        const some = [
          ...streamed,
          ...(await db.fetchMany(text, [[1]])),
          await db.fetchOne(text, 1),
        ];
        for (let i = 0; i < 5; i++) some.push(...(await db.fetch(text, 1)));
        for (const row of some) {
          const leaves = leavesOf(row);
          const plain = leaves.map((each) => Object.getPrototypeOf(each) === Object.prototype);
          expect(plain).toEqual(Array(6).fill(rows !== 'record'));
          expect({ ...(leaves[3] as object) }).toStrictEqual(leaf);
          expect(await db.fetchVal('SELECT ($1::tree).top = $2::leaf', leaves[1], leaves[4])).toBe(
            true,
          );
        }
        const value = await db.fetchVal({ text, args: [1], column: 'leaf' });
        expect(Object.getPrototypeOf(value) === Object.prototype).toBe(rows !== 'record');
      }
    } finally {
      await c.execute('DROP TYPE tree, leaf');
    }
  });

  it('are of a query object whose prepare is true or false: a text such as "no" was true unseen', async () => {
    const c = await open(version);
    for (const prepare of ['no', 0, null]) {
      const error = await failure(c.fetch({ text: 'SELECT 1', prepare: prepare as never }));
      expect(error.message).toBe('prepare must be true or false');
    }
    expect(await c.fetchVal({ text: 'SELECT 1', prepare: false })).toBe(1);
  });
});

describeEach('rows of a statement, from its first result to its tenth', (version) => {
  it.each(['record', 'object', 'array'] as const)('%s', async (rows) => {
    const connection = await open(version);
    const text = `SELECT g AS id, g::text || '${rows}' AS name, g AS id, NULL::bool AS "0" FROM generate_series(1, $1) AS g`;
    for (let result = 1; result <= 10; result++) {
      const given = (await connection.fetch({ text, args: [40], rows })) as Iterable<unknown>[];
      expect(given).toHaveLength(40);
      for (const [i, row] of given.entries()) {
        const name = `${i + 1}${rows}`;
        if (rows === 'array') expect(row).toEqual([i + 1, name, i + 1, null]);
        else expect(Object.entries(row)).toEqual(Object.entries({ id: i + 1, name, 0: null }));
        if (rows === 'record') expect([...row]).toEqual([i + 1, name, i + 1, null]);
      }
    }
  });
});

describeEach('an instance of a class', (version) => {
  it('is a query or options like another object, whatever rows are made', async () => {
    class UserQuery {
      get text(): string {
        return 'SELECT $1::int4 AS a, $2::text AS b';
      }
      get args(): unknown[] {
        return [1, 'x'];
      }
      get column(): string {
        return 'b';
      }
    }
    class LateQuery extends UserQuery {
      get timeout(): number {
        return 0;
      }
    }
    class Serializable {
      get isolation() {
        return 'serializable' as const;
      }
    }
    const level = 'SHOW transaction_isolation';
    for (const rows of ['record', 'object', 'array'] as const) {
      await using c = await connect<RowForm>(serverDsn(version), { rows });
      expect(await c.fetchVal(new UserQuery())).toBe('x');
      expect((await c.batch([new UserQuery()]))[0].rows).toHaveLength(1);
      expect((await failure(c.fetch(new LateQuery()))).name).toBe('TimeoutError');
      const db = c.with({ timeout: 60_000 });
      expect(await db.transaction(new Serializable(), (tx) => tx.fetchVal(level))).toBe(
        'serializable',
      );
    }
  });
});

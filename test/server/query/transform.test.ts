import { describe, expect, it } from 'vitest';
import {
  camelCase,
  connect,
  createPool,
  InterfaceError,
  type Queryable,
  type RowForm,
  sql,
} from '../../../src/index.ts';
import { describeEach, failure, open } from '../../support/connections.ts';
import { serverDsn } from '../../support/servers/server.ts';

describe('camelCase', () => {
  it.each([
    ['created_at', 'createdAt'],
    ['id', 'id'],
    ['a_b_c', 'aBC'],
    ['line_2', 'line_2'],
    ['address_line_2', 'addressLine_2'],
    ['v2_name', 'v2Name'],
    ['_id', '_id'],
    ['__proto__', '__proto__'],
    ['a__b', 'a__b'],
    ['?column?', '?column?'],
    ['größe_m', 'größeM'],
    ['maß_m', 'maß_m'],
  ])('reads %s as %s, and back', (column, key) => {
    expect(camelCase(column)).toBe(key);
    expect(camelCase.inverse!(key)).toBe(column);
  });
});

describeEach('transform', (version) => {
  it('changes the names of rows in every form and by every way', async () => {
    const transform = { column: camelCase };
    const text = 'SELECT 1 AS user_id, 2 AS created_at';
    const row = { userId: 1, createdAt: 2 };
    const list = async (rows: AsyncIterable<unknown>): Promise<unknown[]> => {
      const all: unknown[] = [];
      for await (const each of rows) all.push(each);
      return all;
    };
    for (const rows of ['record', 'object'] as const) {
      await using pool = await createPool(serverDsn(version), { transform, rows, minSize: 1 });
      const db: Queryable<RowForm> = pool;
      expect(await db.fetch(text)).toEqual([row]);
      expect(await db.fetch({ text, prepare: false })).toEqual([row]);
      expect(await db.fetchVal({ text, column: 'createdAt' })).toBe(2);
      expect((await db.batch([text]))[0]!.rows).toEqual([row]);
      expect(await list(db.stream(text))).toEqual([row]);
      expect(await list(db.copyRecordsFromQuery(text))).toEqual([row]);
      expect(await db.transaction((tx) => tx.cursor(text).fetchRow())).toEqual(row);
      expect(await db.fetchMany('SELECT $1::int4 AS user_id', [[3]])).toEqual([{ userId: 3 }]);
      await pool.withConnection(async (c) => {
        await using statement = await c.prepare(text);
        expect(await statement.fetch()).toEqual([row]);
        expect(statement.attributes.map(({ name }) => name)).toEqual(['user_id', 'created_at']);
      });
    }
    await using arrays = await connect(serverDsn(version), { transform, rows: 'array' });
    expect(await arrays.fetch(text)).toEqual([[1, 2]]);
  });

  it('is asked once for each column of a statement', async () => {
    const asked: string[] = [];
    const column = (name: string): string => {
      asked.push(name);
      return name.toUpperCase();
    };
    await using c = await connect(serverDsn(version), { transform: { column } });
    const text = 'SELECT g AS a, 1 AS b FROM generate_series(1, 100) AS g';
    for (let i = 0; i < 3; i++) expect((await c.fetch(text))[99]).toEqual({ A: 100, B: 1 });
    expect(asked).toEqual(['a', 'b']);
  });

  it('is undone in the lists of sql, nested and with more said of the call', async () => {
    await using c = await connect(serverDsn(version), { transform: { column: camelCase } });
    await c.execute('CREATE TEMPORARY TABLE t (user_id int4, full_name text)');
    const users = [
      { userId: 1, fullName: 'Ada' },
      { userId: 2, fullName: 'Bob' },
    ];
    const insert = sql`INSERT INTO t (${sql.columns(users[0]!)}) ${sql.values(users)}`;
    expect(insert.text).toBe('INSERT INTO t ("userId", "fullName") VALUES ($1, $2), ($3, $4)');
    expect(await c.execute(insert)).toBe('INSERT 0 2');
    const change = sql`UPDATE t ${sql.set({ fullName: 'Eve' })} WHERE user_id = ${2}`;
    expect(await c.execute({ ...change, timeout: 60_000 })).toBe('UPDATE 1');
    expect(await c.fetch('SELECT * FROM t ORDER BY user_id')).toEqual([
      users[0],
      { userId: 2, fullName: 'Eve' },
    ]);
    const [{ rows }] = await c.batch([
      sql`SELECT ${sql.columns(['fullName'])} FROM t WHERE ${sql.and([sql`user_id = ${1}`])}`,
    ]);
    expect(rows).toEqual([{ fullName: 'Ada' }]);
    const table = sql.unnest({ userId: [5], fullName: ['x'] }, ['int4', 'text']);
    expect(await c.fetch(sql`SELECT user_id, full_name FROM ${table}`)).toEqual([
      { userId: 5, fullName: 'x' },
    ]);
    const copied: unknown[] = [];
    await c.copyFromQuery(sql`SELECT ${sql.columns(['fullName'])} FROM t WHERE user_id = ${1}`, {
      output: (chunk) => void copied.push(String(chunk)),
    });
    expect(copied.join('')).toBe('Ada\n');
    const seen: unknown[] = [];
    await c.transaction(async (tx) => {
      for await (const row of tx.stream(sql`SELECT ${sql.columns(['userId'])} FROM t`))
        seen.push(row);
    });
    expect(seen).toHaveLength(2);
    // A name that the function makes of no column's usual name stays as it is.
    const column = (name: string): string => name;
    await using other = await connect(serverDsn(version), { transform: { column } });
    expect(
      (
        await failure(
          other.fetch(sql`SELECT ${sql.columns(['userId'])} FROM (SELECT 1 AS user_id) x`),
        )
      ).message,
    ).toContain('userId');
  });

  it.each<[string, (column: string) => string, string]>([
    [
      'camel case',
      (name) => name.replace(/_([a-z])/g, (_, c: string) => c.toUpperCase()),
      'userId',
    ],
    [
      'Pascal case',
      (name) => name.replace(/(?:^|_)(.)/g, (_, c: string) => c.toUpperCase()),
      'UserId',
    ],
    ['upper case', (name) => name.toUpperCase(), 'USER_ID'],
    ['a name that it never makes', (name) => name.replaceAll('_', '-'), 'user_id'],
  ])('derives the way back of %s', async (_, column, key) => {
    await using c = await connect(serverDsn(version), { transform: { column } });
    await c.execute('CREATE TEMPORARY TABLE t (user_id int4, name text)');
    expect(await c.execute(sql`INSERT INTO t (${sql.columns([key])}) ${sql.values([[1]])}`)).toBe(
      'INSERT 0 1',
    );
    expect(await c.execute(sql`UPDATE t ${sql.set({ [key]: 2 })}`)).toBe('UPDATE 1');
    expect(await c.fetchVal('SELECT user_id FROM t')).toBe(2);
  });

  it('fails the call with what it throws, and with what is no name', async () => {
    const column = (name: string): string => {
      if (name === 'bad') throw new Error('not this one');
      return name === 'none' ? (undefined as unknown as string) : name;
    };
    await using c = await connect(serverDsn(version), { transform: { column } });
    expect((await failure(c.fetch('SELECT 1 AS bad'))).message).toBe('not this one');
    expect(await failure(c.fetch('SELECT 1 AS none'))).toBeInstanceOf(InterfaceError);
    expect(await c.fetch('SELECT 1 AS good')).toEqual([{ good: 1 }]);
  });

  it.each([
    ['x', /transform \(from the options\): expected an object/],
    [{ columns: camelCase }, /unknown key "columns"/],
    [{ column: 'camel' }, /its column must be a function/],
    [{ column: Object.assign((x: string) => x, { inverse: 1 }) }, /the inverse/],
  ])('refuses %j', async (transform, message) => {
    await expect(connect(serverDsn(version), { transform } as never)).rejects.toThrow(message);
  });

  it('leaves a connection without it as it is', async () => {
    const c = await open(version);
    expect(await c.fetch('SELECT 1 AS user_id')).toEqual([{ user_id: 1 }]);
  });

  it('lets records be copied as they were read, and under the names of the table', async () => {
    await using c = await connect(serverDsn(version), { transform: { column: camelCase } });
    await c.execute('CREATE TEMP TABLE read (user_id int, created_at text, "constructor" int)');
    await c.execute("INSERT INTO read VALUES (1, 'x', 5)");
    await c.execute('CREATE TEMP TABLE copied (LIKE read)');
    const rows = await c.fetch('SELECT * FROM read');
    await c.copyRecordsToTable('copied', { records: rows });
    await using other = await connect(serverDsn(version));
    await c.copyRecordsToTable('copied', {
      records: [
        { userId: 2, created_at: 'y', constructor: 6 },
        { user_id: 3, userId: 9, createdAt: null, constructor: 7 },
      ],
    });
    await c.copyRecordsToTable('copied', { columns: ['user_id'], records: [{ userId: 4 }] });
    expect(await c.with({ rows: 'array' }).fetch('SELECT * FROM copied ORDER BY 1')).toEqual([
      [1, 'x', 5],
      [2, 'y', 6],
      [3, null, 7],
      [4, null, null],
    ]);
    // The names of columns are the server's own, as in a text.
    const named = { columns: ['userId'], records: [[5]] };
    expect(await failure(c.copyRecordsToTable('copied', named))).toMatchObject({
      sqlstate: '42703',
    });
    const missing = failure(
      c.copyRecordsToTable('copied', { records: [{ userId: 5, createdAt: 'z' }] }),
    );
    expect((await missing).message).toMatch(/record 0 has no value for the column "constructor"/);
    await other.execute('CREATE TEMP TABLE copied (user_id int)');
    const unknown = failure(other.copyRecordsToTable('copied', { records: [{ userId: 5 }] }));
    expect((await unknown).message).toMatch(/record 0 has no value for the column "user_id"/);
  });

  it('gives a record’s value to no column that another one is called as', async () => {
    await using c = await connect(serverDsn(version), { transform: { column: camelCase } });
    await c.execute('CREATE TEMP TABLE twins (user_id int, "userId" int, a_b int)');
    const rows = await c.fetch('SELECT 1 AS user_id, 2 AS "userId", 3 AS a_b');
    for (const columns of [undefined, ['user_id', 'a_b']]) {
      const refused = await failure(c.copyRecordsToTable('twins', { columns, records: rows }));
      expect(refused.message).toMatch(/record 0 has no value for the column "user_id"/);
    }
    await c.copyRecordsToTable('twins', { columns: ['userId', 'a_b'], records: rows });
    await c.copyRecordsToTable('twins', { records: [{ user_id: 4, userId: 5, aB: 6 }] });
    expect(await c.with({ rows: 'array' }).fetch('SELECT * FROM twins ORDER BY 2')).toEqual([
      [null, 2, 3],
      [4, 5, 6],
    ]);
  });
});

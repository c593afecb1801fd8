import { expect, it } from 'vitest';
import {
  InterfaceError,
  MultipleRowsFoundError,
  NoRowFoundError,
  rowsAffected,
  sql,
} from '../../../src/index.ts';
import { describeEach, failure, open } from '../../support/connections.ts';

describeEach('fetchOne', (version) => {
  it('resolves to the only row', async () => {
    const c = await open(version);
    const row = await c.fetchOne<{ a: number }>('SELECT 1 AS a, $1::text AS b', 'x');
    expect(row).toEqual({ a: 1, b: 'x' });
    expect(row[1]).toBe('x');
    expect(await c.fetchOne(sql`SELECT ${null}::text AS b`)).toEqual({ b: null });
    expect(await c.transaction((tx) => tx.fetchOne('SELECT 2 AS a'))).toEqual({ a: 2 });
    await using statement = await c.prepare('SELECT g FROM generate_series(1, $1) AS g');
    expect(await statement.fetchOne(1)).toEqual({ g: 1 });
    expect(await failure(statement.fetchOne(0))).toBeInstanceOf(NoRowFoundError);
    expect(await failure(statement.fetchOne(3))).toBeInstanceOf(MultipleRowsFoundError);
  });

  it.each([
    ['SELECT 1 AS a WHERE false', NoRowFoundError],
    ['CREATE TEMPORARY TABLE none (a int4)', NoRowFoundError],
    ['SELECT g FROM generate_series(1, 2) AS g', MultipleRowsFoundError],
    ['SELECT g FROM generate_series(1, 5000) AS g', MultipleRowsFoundError],
  ])('refuses the result of %s, and the connection goes on', async (text, type) => {
    const c = await open(version);
    const error = await failure(c.fetchOne(text));
    expect(error).toBeInstanceOf(type);
    expect(error).toBeInstanceOf(InterfaceError);
    expect(error).toMatchObject({ safeToRetry: false, isTransient: false });
    expect(await c.fetchVal('SELECT 1')).toBe(1);
  });

  it('undoes what the statement did with the transaction around it', async () => {
    const c = await open(version);
    await c.execute('CREATE TEMPORARY TABLE t (a int4)');
    const insert = 'INSERT INTO t VALUES (1), (2) RETURNING a';
    await failure(c.transaction((tx) => tx.fetchOne(insert)));
    expect(await c.fetchVal('SELECT count(*) FROM t')).toBe(0n);
  });
});

describeEach('the lists of sql', (version) => {
  it('insert, update and select', async () => {
    const c = await open(version);
    await c.execute('CREATE TEMPORARY TABLE u (id int4 DEFAULT 7, "na""me" text, tags text[])');
    const rows = [
      { id: 1, 'na"me': 'Ada', tags: ['a', 'b'] },
      { id: sql`DEFAULT`, 'na"me': null, tags: [] },
    ];
    expect(
      rowsAffected(
        await c.execute(sql`INSERT INTO u (${sql.columns(rows[0]!)}) VALUES ${sql.values(rows)}`),
      ),
    ).toBe(2);
    await c.execute(sql`INSERT INTO u (id, tags) ${sql.values([[9, ['c']]])}`);
    const where = sql.and([sql`id > ${1}`, sql.or([sql`"na""me" IS NULL`, sql`id = ${9}`])]);
    expect(await c.fetch(sql`SELECT id FROM u WHERE ${where} ORDER BY id`)).toEqual([
      { id: 7 },
      { id: 9 },
    ]);
    const changes = sql.set({ 'na"me': 'Bob', id: sql`id + ${1}` });
    expect(await c.execute(sql`UPDATE u ${changes} WHERE id = ${9}`)).toBe('UPDATE 1');
    expect(await c.fetchOne(sql`SELECT * FROM u WHERE id = ${10}`)).toEqual({
      id: 10,
      'na"me': 'Bob',
      tags: ['c'],
    });
    const table = sql.unnest(
      { id: [1, 2], at: [new Date(0), null] },
      { id: 'int8', at: 'timestamp with time zone' },
    );
    expect(await c.fetch(sql`SELECT * FROM ${table}`)).toEqual([
      { id: 1n, at: new Date(0) },
      { id: 2n, at: null },
    ]);
    expect(await c.fetch(sql`SELECT t.id FROM ${table} AS t WHERE t.at IS NULL`)).toEqual([
      { id: 2n },
    ]);
    expect(await c.fetch(sql`SELECT t.x FROM u, ${table} t(x, y) WHERE u.id = t.x`)).toEqual([
      { x: 1n },
    ]);
    expect(await c.fetch(sql`SELECT id FROM ${sql.unnest({ id: [] }, ['int4'])}`)).toEqual([]);
  });
});

describeEach('Transaction.cursor', (version) => {
  it('reads in steps, and ends with the transaction', async () => {
    const c = await open(version);
    const series = 'SELECT g FROM generate_series(1, $1) AS g';
    const ended = await c.transaction(async (tx) => {
      const cursor = tx.cursor<{ g: number }>(series, 5);
      expect((await cursor.fetch(2)).map(({ g }) => g)).toEqual([1, 2]);
      expect(await cursor.forward(1)).toBe(1);
      const rest: number[] = [];
      for await (const { g } of tx.cursor<{ g: number }>(
        sql`SELECT g FROM generate_series(1, ${3}) AS g`,
      ))
        rest.push(g);
      expect(rest).toEqual([1, 2, 3]);
      expect(await cursor.fetchRow()).toEqual({ g: 4 });
      return cursor;
    });
    expect((await failure(ended.fetch(1))).message).toMatch(/Transaction.cursor\(\)/);
    const tx = await c.begin();
    await tx.rollback();
    expect(() => tx.cursor(series, 1)).toThrow(InterfaceError);
  });
});

it.each([
  ['INSERT 0 3', 3],
  ['UPDATE 12', 12],
  ['DELETE 0', 0],
  ['MERGE 4', 4],
  ['SELECT 7', 7],
  ['COPY 100000', 100000],
  ['FETCH 2', 2],
  ['MOVE 1', 1],
  ['CREATE TABLE', 0],
  ['BEGIN', 0],
  ['', 0],
])('rowsAffected of %j is %i', (tag, count) => {
  expect(rowsAffected(tag)).toBe(count);
});

it('rowsAffected refuses what is no tag', () => {
  expect(() => rowsAffected(3 as unknown as string)).toThrow(InterfaceError);
});

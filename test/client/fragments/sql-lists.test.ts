import { describe, expect, it } from 'vitest';
import { InvalidArgumentError, sql } from '../../../src/index.ts';

const ada = { email: 'ada@example.org', name: 'Ada' };
const bob = { name: 'Bob', email: 'bob@example.org' };

describe('sql.columns', () => {
  it('quotes names, or the keys of an object', () => {
    expect(sql.columns(['id', 'a"b']).text).toBe('"id", "a""b"');
    expect(sql`INSERT INTO users (${sql.columns(ada)})`.text).toBe(
      'INSERT INTO users ("email", "name")',
    );
  });

  it('refuses an empty list and what has no names', () => {
    for (const names of [[], {}, null, 5, 'id'] as object[]) {
      expect(() => sql.columns(names)).toThrow(InvalidArgumentError);
    }
  });
});

describe('sql.values', () => {
  it('takes the values of objects in the order of the first, or of the columns given', () => {
    const whole = sql.values([ada, bob]);
    expect(whole.text).toBe('VALUES ($1, $2), ($3, $4)');
    expect(whole.args).toEqual(['ada@example.org', 'Ada', 'bob@example.org', 'Bob']);
    const part = sql.values([ada, { ...bob, age: 5 }], ['name']);
    expect([part.text, part.args]).toEqual(['VALUES ($1), ($2)', ['Ada', 'Bob']]);
  });

  it('takes arrays, and arrays beside objects where the columns are named', () => {
    expect(
      sql.values([
        [1, null],
        [2, 'b'],
      ]),
    ).toMatchObject({
      text: 'VALUES ($1, $2), ($3, $4)',
      args: [1, null, 2, 'b'],
    });
    expect(sql.values([ada, ['x', 'y']], ['email', 'name']).args).toEqual([
      ...Object.values(ada),
      'x',
      'y',
    ]);
  });

  it('puts the keyword in front where it is not there already', () => {
    const rows = sql.values([[1]]);
    expect(sql`INSERT INTO t ${rows}`.text).toBe('INSERT INTO t VALUES ($1)');
    expect(
      sql`INSERT INTO t values
      ${rows}`.text,
    ).toMatch(/^INSERT INTO t values\s+\(\$1\)$/);
    expect(sql`INSERT INTO t VALUES${rows}`.text).toBe('INSERT INTO t VALUES($1)');
    expect(sql`SELECT * FROM (${rows}) AS v (a)`.text).toBe('SELECT * FROM (VALUES ($1)) AS v (a)');
    expect(sql`INSERT INTO my_values ${rows}`.text).toBe('INSERT INTO my_values VALUES ($1)');
    expect(sql`INSERT INTO "values" ${rows}`.text).toBe('INSERT INTO "values" VALUES ($1)');
    expect(sql`INSERT INTO mévalues ${rows}`.text).toBe('INSERT INTO mévalues VALUES ($1)');
    expect(sql`INSERT INTO app.values ${rows}`.text).toBe('INSERT INTO app.values VALUES ($1)');
    const nested = sql`VALUES ${sql`${rows}`}`;
    expect(nested.text).toBe('VALUES ($1)');
  });

  it('counts its values on with those around it, and takes fragments', () => {
    const { text, args } = sql`WITH x AS (SELECT ${1}) INSERT INTO t ${sql.values([
      [2, sql`DEFAULT`],
      [sql`now() + ${3}`, 4],
    ])} RETURNING ${5}`;
    expect(text).toBe(
      'WITH x AS (SELECT $1) INSERT INTO t VALUES ($2, DEFAULT), (now() + $3, $4) RETURNING $5',
    );
    expect(args).toEqual([1, 2, 3, 4, 5]);
  });

  it.each<[unknown, unknown, RegExp]>([
    [[], undefined, /at least one row/],
    [[ada], [], /at least one column/],
    [[{}], undefined, /at least one column/],
    [[[]], undefined, /row 0 of sql.values has 0 values/],
    ['rows', undefined, /takes an array of rows$/],
    [{ sku: 'tea' }, undefined, /takes an array of rows\nHINT: {2}One row is an array of one/],
    [[[1, 2], [3]], undefined, /row 1 of sql.values has 1 values, and 2 would be right/],
    [[null], undefined, /row 0 of sql.values must be an object or an array/],
    [[undefined], ['a'], /row 0 of sql.values must be an object or an array/],
    [[7], undefined, /row 0 of sql.values must be an object or an array/],
    [['ab'], undefined, /row 0 of sql.values must be an object or an array/],
    [[[1], { a: 1 }], undefined, /row 1 of sql.values must be an array/],
    [[ada, 7], undefined, /row 1 of sql.values must be an object or an array/],
    [[ada, { email: 'x' }], undefined, /row 1 of sql.values has no column "name"/],
    [[ada, { ...bob, age: 1 }], undefined, /row 1 of sql.values has the column "age"/],
    [[{ a: undefined }], undefined, /the value of "a" in row 0 is undefined/],
    [[[undefined]], undefined, /the value of 0 in row 0 is undefined/],
    [[{ toString: undefined }], ['hasOwnProperty'], /has no column "hasOwnProperty"/],
  ])('refuses %j with %j', (rows, columns, message) => {
    const call = () => sql.values(rows as object[], columns as string[]);
    expect(call).toThrow(InvalidArgumentError);
    expect(call).toThrow(message);
  });
});

describe('sql.set', () => {
  it('assigns values and fragments', () => {
    const { text, args } =
      sql`UPDATE t SET ${sql.set({ 'a"b': 1, n: sql`n + ${2}`, z: null })} WHERE id = ${3}`;
    expect(text).toBe('UPDATE t SET "a""b" = $1, "n" = n + $2, "z" = $3 WHERE id = $4');
    expect(args).toEqual([1, 2, null, 3]);
    expect(sql`UPDATE t ${sql.set({ a: 1 })}`.text).toBe('UPDATE t SET "a" = $1');
  });

  it('goes on with a list that has begun, as VALUES does', () => {
    expect(sql`UPDATE t SET at = now(), ${sql.set({ a: 1 })}`.text).toBe(
      'UPDATE t SET at = now(), "a" = $1',
    );
    const [one, two] = [sql.set({ a: 1 }), sql.set({ b: 2 })];
    expect(sql`UPDATE t ${sql.join([one, two])}`.text).toBe('UPDATE t SET "a" = $1, "b" = $2');
    expect(sql`INSERT INTO t VALUES (1), ${sql.values([[2]])},\n${sql.values([[3]])}`.text).toBe(
      'INSERT INTO t VALUES (1), ($1),\n($2)',
    );
  });

  it.each([[{}], [{ a: undefined }], [[1]], [null], ['a']])('refuses %j', (values) => {
    expect(() => sql.set(values as object)).toThrow(InvalidArgumentError);
  });
});

describe('sql.and and sql.or', () => {
  it('keep every part and the whole in brackets', () => {
    const either = sql.or([sql`a = ${1}`, sql`b = ${2} OR c`]);
    expect(either.text).toBe('((a = $1) OR (b = $2 OR c))');
    expect(sql`WHERE ${sql.and([either, sql`d`])}`.text).toBe(
      'WHERE ((((a = $1) OR (b = $2 OR c))) AND (d))',
    );
    expect(sql.and([sql`x`]).text).toBe('((x))');
  });

  it('refuse an empty list, and what is no fragment: a condition that is dropped widens a DELETE', () => {
    expect(() => sql.and([])).toThrow(/TRUE/);
    expect(() => sql.or([])).toThrow(/FALSE/);
    for (const part of [undefined, false, null, 'a = 1', true]) {
      expect(() => sql.and([sql`a`, part as never])).toThrow(/part 1 of sql.and is no fragment/);
    }
  });
});

describe('sql.unnest', () => {
  const users = sql.unnest({ id: [1], name: ['a'] }, ['int4', 'text']);
  const called = 'unnest($1::int4[], $2::text[]) AS "unnest"("id", "name")';

  it.each([
    sql`SELECT u.id FROM ${users} AS u`,
    sql`SELECT u.id FROM ${users} u WHERE true`,
    sql`SELECT "U".id FROM ${users}\n "U"`,
    sql`SELECT é.id FROM ${users} é`,
    sql`SELECT 表.id FROM ${users} 表`,
    sql`SELECT 🙂.id FROM ${users} 🙂`,
    sql`SELECT u.a FROM t JOIN ${users} AS u(a, b) ON true`,
    sql`${sql`SELECT u.id FROM ${users}`} AS u`,
  ])('takes the alias that the text behind gives it: %#', ({ text, args }) => {
    expect(text).toContain(`(SELECT * FROM ${called})`);
    expect(args).toEqual([[1], ['a']]);
  });

  it.each([
    sql`SELECT id FROM ${users}`,
    sql`SELECT id FROM ${users} WHERE true`,
    sql`SELECT id FROM ${users}, t`,
    sql`SELECT id FROM (SELECT * FROM ${users}) AS u`,
    sql`SELECT id FROM ${users} left join t USING (id)`,
    sql`SELECT id FROM ${users} ORDER BY id`,
    sql`SELECT id FROM ${users}${sql` WHERE true`}`,
  ])('is called unnest where it has none: %#', ({ text }) => {
    expect(text.split(called)[1]).not.toMatch(/^\)(?! AS u)/);
    expect(text).toContain(`FROM ${called}`);
  });

  it('makes a table of columns, with types by name or in order', () => {
    const byName = sql.unnest({ id: [1, 2], name: ['a', null] }, { name: 'text', id: 'int4' });
    expect(byName.text).toBe('unnest($1::int4[], $2::text[]) AS "unnest"("id", "name")');
    expect(byName.args).toEqual([
      [1, 2],
      ['a', null],
    ]);
    expect(sql.unnest({ a: [] }, ['app."Mood"']).text).toContain('$1::app."Mood"[]');
    for (const type of [
      'double precision',
      'numeric(10, 2)',
      'timestamp with time zone',
      'timestamp(3) without time zone',
      'app.größe',
      'état2(3)',
      '"🙂".類型',
    ]) {
      expect(sql.unnest({ a: [] }, [type]).text).toContain(`$1::${type}[]`);
    }
  });

  it('takes values that are written as arrays, of types that have such', () => {
    for (const type of [
      'int4range',
      'int4multirange',
      'daterange',
      'jsonb',
      'point',
      'text_pair',
    ]) {
      expect(sql.unnest({ a: [[1, 2]] }, [type]).args).toEqual([[[1, 2]]]);
    }
  });

  it.each<[object, unknown, RegExp]>([
    [{}, {}, /at least one column/],
    [{ a: [1], b: [1, 2] }, ['int4', 'int4'], /"a" has 1 values, "b" has 2/],
    [{ a: [1] }, {}, /needs the type of the column "a"/],
    [{ a: [1] }, undefined, /needs the type of the column "a"/],
    [{ a: 1 }, ['int4'], /the column "a" of sql.unnest is no array/],
    [{ a: [undefined] }, ['int4'], /the value of "a" in sql.unnest is undefined/],
    [{ a: [[1]] }, ['int4[]'], /unnest makes rows of arrays in arrays too/],
    [{ a: [[1]] }, ['int4'], /unnest makes rows of arrays in arrays too/],
    [{ a: ['x', ['y']] }, ['pg_catalog.varchar(5)'], /unnest makes rows of arrays in arrays too/],
    [{ a: [[1]] }, ['timestamp with time zone'], /unnest makes rows of arrays in arrays too/],
    [{ a: [1] }, ['int4); DROP TABLE t; --'], /needs the type/],
    [{ a: [1] }, ["int4'"], /needs the type/],
    [{ a: [1] }, ['a.b.c'], /needs the type/],
    [{ a: [1] }, ['2é'], /needs the type/],
    [{ a: [1] }, ['é; é'], /needs the type/],
  ])('refuses %j of %j', (columns, types, message) => {
    expect(() => sql.unnest(columns as never, types as never)).toThrow(message);
  });
});

// biome-ignore-start lint/suspicious/noSparseArray: holes are what this is about
describe('a hole in a list is undefined', () => {
  it.each([
    ['columns', () => sql.columns(['a', , 'b'] as string[]), /must be a string/],
    ['values', () => sql.values([[1], , [3]] as number[][]), /row 1 of sql.values must be/],
    ['a row of values', () => sql.values([[1, , 3]]), /the value of 1 in row 0 is undefined/],
    ['unnest', () => sql.unnest({ a: [1, , 3] }, ['int4']), /"a" in sql.unnest is undefined/],
    ['and', () => sql.and([sql`a`, , sql`b`] as never), /part 1 of sql.and is no fragment/],
    ['or', () => sql.or([sql`a`, , sql`b`] as never), /part 1 of sql.or is no fragment/],
  ])('in sql.%s, and refused', (_, make, message) => {
    expect(make).toThrow(InvalidArgumentError);
    expect(make).toThrow(message);
  });

  it('in sql.join, and refused as an argument', () => {
    const list = sql.join([1, , 3]);
    expect([list.text, list.args]).toEqual(['$1, $2, $3', [1, undefined, 3]]);
  });
});
// biome-ignore-end lint/suspicious/noSparseArray: see above

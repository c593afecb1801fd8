import { expect, it } from 'vitest';
import type { Connection } from '../../../src/index.ts';
import { describeEach, open, openWithSchema } from '../../support/connections.ts';

/** Two shapes of one cursor or statement: what is selected, and the row that it is. */
const SHAPES: readonly (readonly [name: string, one: string, two: string, row: object])[] = [
  ['int4, then a text of its length', '1 AS n', "'abcd'::text AS code", { code: 'abcd' }],
  ['int4, then float4', '1 AS n', '1.5::float4 AS n', { n: 1.5 }],
  ['int4, then date', '1 AS n', "date '2026-01-02' AS n", { n: '2026-01-02' }],
  ['int8, then float8', '1::int8 AS n', '1.5::float8 AS n', { n: 1.5 }],
  ['timestamptz, then int8', 'now() AS n', '5::int8 AS n', { n: 5n }],
  ['bool, then "char"', 'true AS n', `'x'::"char" AS n`, { n: 'x' }],
  ['text, then int4', "'a'::text AS n", '65 AS n', { n: 65 }],
  ['text, then jsonb', "'a'::text AS n", `'{"a": 1}'::jsonb AS n`, { n: { a: 1 } }],
  ['the same under other names', '1 AS a, 2 AS b', '3 AS b, 4 AS a', { b: 3, a: 4 }],
  ['another width', '1::int2 AS n', '2::int8 AS n', { n: 2n }],
  ['arrays of others', 'ARRAY[1] AS n', "ARRAY['x'] AS n", { n: ['x'] }],
  ['more columns', '1 AS n', '2 AS n, 3 AS m', { n: 2, m: 3 }],
  ['fewer columns', '1 AS n, 2 AS m', '3 AS n', { n: 3 }],
];

type Get = (c: Connection, text: string) => Promise<unknown>;

const WAYS: Readonly<Record<string, Get>> = {
  fetch: async (c, text) => (await c.fetch(text))[0],
  fetchRow: (c, text) => c.fetchRow(text),
  fetchVal: (c, text) => c.fetchVal(text),
  stream: async (c, text) => {
    for await (const row of c.stream(text)) return row;
    return null;
  },
  batch: async (c, text) => (await c.batch([text]))[0]!.rows[0],
  fetchMany: async (c, text) => (await c.fetchMany(text, [[]]))[0],
  'a comment in front': (c, text) => c.fetchRow(`/* job:1 */ -- x\n ${text}`),
};

describeEach('a statement whose columns are those of what it names', (version) => {
  it.each(Object.keys(WAYS))('has the columns of a cursor as it is now, by %s', async (way) => {
    const c = await open(version);
    const job = (select: string): Promise<unknown> =>
      c.transaction(async (tx) => {
        await tx.execute(`DECLARE cur CURSOR FOR SELECT ${select}`);
        return WAYS[way]!(c, 'FETCH 100 FROM cur');
      });
    for (const [name, one, two, row] of SHAPES) {
      await job(one);
      const expected = way === 'fetchVal' ? Object.values(row)[0] : row;
      expect(await job(two), name).toEqual(expected);
    }
  });

  it.each(Object.keys(WAYS))('has those of a statement prepared by SQL, by %s', async (way) => {
    const c = await open(version);
    for (const [name, one, two, row] of SHAPES) {
      await c.execute(`PREPARE q AS SELECT ${one}`);
      await WAYS[way]!(c, 'EXECUTE q');
      await c.execute(`DEALLOCATE q; PREPARE q AS SELECT ${two}`);
      const expected = way === 'fetchVal' ? Object.values(row)[0] : row;
      expect(await WAYS[way]!(c, 'EXECUTE q'), name).toEqual(expected);
      await c.execute('DEALLOCATE q');
    }
  });

  it('has those of a prepared statement’s own execution, too', async () => {
    const c = await open(version);
    await c.execute('PREPARE q AS SELECT 1 AS n');
    const statement = await c.prepare('EXECUTE q');
    expect(await statement.fetchVal()).toBe(1);
    for (const [name, , two, row] of SHAPES) {
      await c.execute(`DEALLOCATE q; PREPARE q AS SELECT ${two}`);
      expect(await statement.fetchRow(), name).toEqual(row);
    }
  });

  it('has those of a function’s cursor under one name', async () => {
    const c = await openWithSchema(version);
    await c.execute(`CREATE FUNCTION res(query text) RETURNS refcursor LANGUAGE plpgsql AS
      $$ DECLARE r refcursor := 'res'; BEGIN OPEN r FOR EXECUTE query; RETURN r; END $$`);
    for (const [name, , two, row] of SHAPES) {
      const got = await c.transaction(async (tx) => {
        await tx.fetchVal('SELECT res($1)', `SELECT ${two}`);
        return tx.fetchRow('FETCH ALL IN res');
      });
      expect(got, name).toEqual(row);
    }
  });
});

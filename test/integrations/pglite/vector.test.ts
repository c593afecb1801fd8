/** pgvector's types, as the guide "Extensions" has them, by the real extension in PGlite. */
import { PGlite } from '@electric-sql/pglite';
import { vector as extension } from '@electric-sql/pglite-pgvector';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { halfvec, sparsevec, vector } from '../../../examples/extensions/vector.ts';
import { BitString, createPool, type Pool } from '../../../src/index.ts';
import { pglite } from '../../../src/integrations/pglite/index.ts';

let db: PGlite;
let pool: Pool;

beforeAll(async () => {
  db = await PGlite.create({ extensions: { vector: extension } });
  await db.exec('CREATE EXTENSION vector');
  const codecs = { vector, halfvec, sparsevec };
  pool = await createPool({ dial: pglite(db), codecs });
}, 120_000);

afterAll(async () => {
  await pool.close();
  await db.close();
});

const echo = (type: string, value: unknown) => pool.fetchVal(`SELECT $1::${type}`, value);
const floats = (...values: number[]) => new Float32Array(values);

test('a vector is a Float32Array, and given as that or as an array', async () => {
  for (const value of [floats(1, -2.5, 3e38, 1e-45), floats(0)]) {
    expect(await echo('vector', value)).toEqual(value);
    expect(await echo('vector', [...value])).toEqual(value);
  }
  const wide = Float32Array.from({ length: 16_000 }, (_, i) => i / 7);
  expect(await echo('vector', wide)).toEqual(wide);
  expect(await pool.fetchVal("SELECT '[1,0.1]'::vector")).toEqual(floats(1, 0.1));
  expect(await echo('vector[]', [floats(1, 2), null, floats(3)])).toEqual([
    floats(1, 2),
    null,
    floats(3),
  ]);
});

test('what is no vector is refused, by the codec or by the server, and the pool goes on', async () => {
  await expect(echo('vector', 1)).rejects.toThrow(/encoder of vector failed: a list of numbers/);
  await expect(echo('vector[]', [[1, 2]])).rejects.toThrow(/a list of numbers/);
  await expect(echo('vector', [])).rejects.toMatchObject({ sqlstate: '22000' });
  await expect(echo('vector', [Number.NaN])).rejects.toMatchObject({ sqlstate: '22000' });
  await expect(echo('vector(3)', [1, 2])).rejects.toMatchObject({ sqlstate: '22000' });
  expect(await echo('vector', [1])).toEqual(floats(1));
});

test('a halfvec is a Float32Array, rounded as the server rounds', async () => {
  const values = [0, 1, 0.1, -65504, 2 ** -24, 2 ** -14, 1.5 * 2 ** -24, 2.5 * 2 ** -24];
  values.push(1 + 2 ** -11, 1 + 3 * 2 ** -11, 2047.5, 2048.5, 6.1e-5, 3e-8, 2e-8, 65519);
  const query =
    'SELECT $1::text::halfvec AS theirs, $2::halfvec AS ours, $2::halfvec::text AS text';
  const row = await pool.fetchRow(query, `[${values}]`, values);
  expect(row!.ours).toEqual(row!.theirs);
  expect(row!.ours).toEqual(Float32Array.from(JSON.parse(row!.text)));
  expect(await echo('halfvec[]', [floats(1), null])).toEqual([floats(1), null]);
  for (const value of [65520, 1e9, Number.NaN])
    await expect(echo('halfvec', [value])).rejects.toMatchObject({ sqlstate: '22000' });
});

test('a sparsevec is its values by their indices', async () => {
  for (const values of [
    new Map(),
    new Map([
      [4, -2],
      [0, 1.5],
    ]),
  ]) {
    const sparse = { dimensions: 5, values };
    expect(await echo('sparsevec', sparse)).toEqual(sparse);
    expect(await echo('sparsevec[]', [sparse, null])).toEqual([sparse, null]);
  }
  const text = 'SELECT $1::sparsevec::text';
  const values = new Map([
    [4, -2],
    [0, 1.5],
  ]);
  expect(await pool.fetchVal(text, { dimensions: 5, values })).toBe('{1:1.5,5:-2}/5');
});

test('vectors are loaded by COPY and found by an index', async () => {
  await pool.execute(
    `CREATE TABLE items (id int4 PRIMARY KEY, whole vector(3), half halfvec(3), sparse sparsevec(3), bits bit(3));
     CREATE INDEX ON items USING hnsw (whole vector_l2_ops)`,
  );
  const sparse = { dimensions: 3, values: new Map([[1, 2]]) };
  const records = Array.from({ length: 300 }, (_, id) => [
    ...[id, floats(id, 0, 1), floats(id, 0, 1), sparse, new BitString('101')],
  ]);
  await pool.copyRecordsToTable('items', { records });
  const nearest = 'SELECT id, whole, half, sparse, bits FROM items ORDER BY whole <-> $1 LIMIT 2';
  const rows = await pool.fetch(nearest, [41.6, 0, 1]);
  expect(rows.map((row) => [...row])).toEqual([records[42], records[41]]);
  const batches = await pool.fetchMany('SELECT $1::vector <=> $2::vector AS d', [
    [floats(1, 0), [0, 1]],
    [
      [1, 1],
      [2, 2],
    ],
  ]);
  expect(batches.map(({ d }) => d)).toEqual([1, expect.closeTo(0)]);
  const copied = [];
  for await (const row of pool.copyRecordsFromQuery('SELECT whole FROM items WHERE id = 7'))
    copied.push([...row]);
  expect(copied).toEqual([[floats(7, 0, 1)]]);
});
